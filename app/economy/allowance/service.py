"""Use cases of the room: grant the day's allowance, hold money for work, and settle it."""

from __future__ import annotations

from functools import partial

from app.core.clock import Calendar, Clock
from app.economy.allowance import store
from app.economy.allowance.errors import NoAllowance
from app.economy.allowance.model import Budget, Page, Reset, Today
from app.economy.earning.model import Entry
from app.economy.earning.standing import ALLOWANCE_SOURCE
from app.economy.ledger.accounts import Priority, SystemAccount, system
from app.economy.ledger.errors import HoldResolved
from app.economy.ledger.model import JsonObject, LotTerms, OpRequest, Outcome, Purpose
from app.economy.ledger.open_op import OpenOp
from app.economy.ledger.service import Ledger
from app.economy.rules.service import Rulebook
from app.infra.database import Connection, Database
from app.infra.unit_of_work import Transactor, UnitOfWork

SCOPE = "allowance"
CODE = "allowance"
REGRANT = "allowance_again"
WORK_MS_MAX = 24 * 3600 * 1000
"""How long money may be held for one piece of work."""

BATCH = 100
BATCHES_MAX = 50
"""How many people one reset reaches at most: so many batches, each a transaction. What is left, the next one does."""


class Allowances:
    """Grants each day's allowance at the day's first touch, so that no job has to reach everybody at midnight."""

    def __init__(self, ledger: Ledger, rulebook: Rulebook, calendar: Calendar, clock: Clock) -> None:
        self._ledger = ledger
        self._rulebook = rulebook
        self._calendar = calendar
        self._clock = clock

    async def ensure(self, work: UnitOfWork, account_id: int) -> bool:
        """Grant today's allowance unless that was done; answer whether it was done now. Never accumulates."""
        policy = self._rulebook.policy()
        if policy.allowance is None:
            return False
        terms, day = self._terms(), self._calendar.day(self._clock.now_ms())
        op = OpRequest(SCOPE, f"{account_id}:{day}", "allowance", account_id, {"day": day}, policy.version)
        outcome = await self._ledger.grant(
            work,
            op,
            owner=account_id,
            amount=policy.allowance.amount,
            code=CODE,
            faucet=SystemAccount.ALLOWANCE,
            lot=terms,
        )
        return not outcome.replayed and outcome.refusal is None

    async def budget(self, work: UnitOfWork, account_id: int) -> Budget:
        """What a person can spend on tools today, today's allowance included."""
        await self.ensure(work, account_id)
        now, allowance = self._clock.now_ms(), self._rulebook.policy().allowance
        by_source = await store.spendable(work.db, account_id, Purpose.TOOLS, now)
        today = None
        if allowance is not None:
            terms = self._terms()
            available, held = await store.lot_of_day(work.db, account_id, terms.key) or (0, 0)
            today = Today(available, held, allowance.amount, terms.expires_at)
        return Budget(today, allowance.website if allowance else None, by_source)

    async def movements(self, db: Connection, account_id: int, *, before: int | None, limit: int) -> Page:
        """What the allowance and work on tools moved, newest first, from the cursor `before` of an earlier page."""
        upto = 2**62 if before is None else before
        legs = await store.movements(db, account_id, ALLOWANCE_SOURCE, upto, limit)
        return Page([Entry.of(leg) for leg in legs], legs[-1].version if len(legs) == limit else None)

    async def hold(
        self, work: UnitOfWork, account_id: int, *, key: str, amount: int, code: str, work_ms: int
    ) -> Outcome:
        """Set money aside for a piece of work that takes at most `work_ms`. The hold's id is the op's.

        Today's allowance is granted first and spent first. Refused with `InsufficientTokens`.
        """
        await self.ensure(work, account_id)
        op = OpRequest(
            f"work.{account_id}", key, "work_hold", account_id, {"amount": amount, "code": code}, self._version()
        )
        expires_at = self._clock.now_ms() + min(work_ms, WORK_MS_MAX)
        return await self._ledger.hold(
            work,
            op,
            owner=account_id,
            amount=amount,
            code=code,
            to=SystemAccount.BURN,
            expires_at=expires_at,
            purpose=Purpose.TOOLS,
        )

    async def succeed(self, work: UnitOfWork, hold_id: int) -> Outcome:
        """The work is done: burn what was held for it. Refused as `Ledger.capture` is."""
        op = OpRequest("work", f"done:{hold_id}", "work_done", 0, {"hold": str(hold_id)}, self._version())
        return await self._ledger.capture(work, op, hold_id=hold_id)

    async def fail(self, work: UnitOfWork, hold_id: int) -> Outcome:
        """The work has failed: give back what was held, and make good for allowance that expired meanwhile.

        What an expired lot gets back is gone at once; so much is added to today's allowance, as far as that stays
        within a day's amount. A hold that ran out and was given back by time is as good. Refused as `Ledger.void` is.
        """
        op = OpRequest("work", f"failed:{hold_id}", "work_failed", 0, {"hold": str(hold_id)}, self._version())
        outcome = await self._ledger.void(work, op, hold_id=hold_id)
        if isinstance(outcome.refusal, HoldResolved) and await store.ran_out(work.db, hold_id):
            outcome = Outcome(outcome.op_id, {"returned": 0}, replayed=outcome.replayed)
        if outcome.refusal is None and not outcome.replayed:
            for owner, amount in (await store.returned_too_late(work.db, hold_id, ALLOWANCE_SOURCE)).items():
                await self._grant_again(work, owner, hold_id, amount)
        return outcome

    async def reset_status(self, db: Connection) -> Reset:
        """How many people today's allowance has not reached yet."""
        day = self._calendar.day(self._clock.now_ms())
        if self._rulebook.policy().allowance is None:
            return Reset(day, 0, 0)
        return Reset(day, await store.count_due(db, SCOPE, day), 0)

    async def reset(self, database: Database, transactor: Transactor) -> Reset:
        """Grant today's allowance to everybody who lacks it, in batches; may be repeated, and by several at once.

        Raises `NoAllowance`.
        """
        if self._rulebook.policy().allowance is None:
            raise NoAllowance
        day, granted = self._calendar.day(self._clock.now_ms()), 0
        for _ in range(BATCHES_MAX):
            async with database.reader() as db:
                owners = await store.due(db, SCOPE, day, BATCH)
            if not owners:
                break
            granted += await transactor.run(partial(self._ensure_all, owners=owners))
        async with database.reader() as db:
            return Reset(day, await store.count_due(db, SCOPE, day), granted)

    async def _ensure_all(self, work: UnitOfWork, owners: list[int]) -> int:
        """In the order of their wallets, which is how wallets are locked everywhere."""
        return sum([await self.ensure(work, owner) for owner in owners])

    async def _grant_again(self, work: UnitOfWork, owner: int, hold_id: int, lost: int) -> None:
        allowance = self._rulebook.policy().allowance
        if allowance is None:
            return
        await self.ensure(work, owner)
        op = OpRequest(SCOPE, f"again:{hold_id}", REGRANT, owner, {"hold": str(hold_id)}, self._version())

        async def body(opened: OpenOp) -> JsonObject:
            (wallet,) = await opened.lock(owner)
            place = await opened.open_lot(wallet.id, self._terms())
            today = opened.sheet.lots[place.account]
            amount = min(lost, allowance.amount - today.available - today.held)
            if amount > 0:
                opened.sheet.move(system(SystemAccount.ALLOWANCE), place, amount, REGRANT)
            return {"lost": lost, "amount": max(amount, 0)}

        await self._ledger.apply(work, op, body)

    def _terms(self) -> LotTerms:
        """The lot of today's allowance: for tools only, gone at midnight."""
        now = self._clock.now_ms()
        return LotTerms(
            key=f"allowance:{self._calendar.day(now)}",
            source=ALLOWANCE_SOURCE,
            priority=Priority.ALLOWANCE,
            expires_at=self._calendar.next_day_ms(now),
            reserved_for=Purpose.TOOLS,
        )

    def _version(self) -> int:
        return self._rulebook.policy().version
