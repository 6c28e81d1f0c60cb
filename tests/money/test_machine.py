"""Random programs of the ledger, against the reference, with crashes, replays and a moving clock; audited each step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar, cast

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.core.clock import Calendar
from app.core.errors import KeyReused
from app.core.ids import TimeOrderedIds
from app.core.money import AMOUNT_MAX
from app.economy.earning.model import Activity
from app.economy.ledger import store
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest, Outcome, Purpose
from app.economy.ledger.rollup import Rollup
from app.economy.oversight.audit import audit
from app.economy.rules.model import Multipliers, RewardRule, Tier
from app.infra.database import database_from_url
from app.infra.unit_of_work import UnitOfWork
from tests.harness.databases import DatabaseSource
from tests.harness.economy import POLICY as SHIPPED
from tests.harness.economy import house, reward
from tests.harness.fakes import FrozenClock
from tests.money.faults import Crash, CrashingConnection
from tests.money.reference import Reference, Refused, Terms

T = TypeVar("T")
HOUR, DAY = 3_600_000, 86_400_000

POLICY = replace(
    SHIPPED,
    name="narrow",
    day_cap=20,
    week_cap=22,
    rewards={
        "registration": RewardRule(9, once="ever"),
        "create_room": RewardRule(7, once="subject"),
        "join_room": RewardRule(5, once="subject", not_own=True, cap_day=8),
        "send_message": RewardRule(3, distinct=True, cap_day=10),
    },
    multipliers=Multipliers(),
    tiers=(Tier("low", 0), Tier("high", 25)),
)

owners = st.sampled_from([101, 102, 103])
amounts = st.one_of(st.integers(1, 30), st.integers(1, 30), st.sampled_from([AMOUNT_MAX, AMOUNT_MAX - 5]))
small = st.integers(1, 12)
others = st.sampled_from([1, 2, 1, 2, 1, 2, 0])
"""How far round the circle of three the other person stands; 0 is oneself, which is refused."""
purposes = st.sampled_from(list(Purpose))
crashes = st.one_of(st.none(), st.integers(1, 14))
lot_terms = st.builds(
    LotTerms,
    key=st.sampled_from(["a", "b", "c"]),
    source=st.just("event"),
    priority=st.sampled_from([10, 20, 60]),
    expires_at=st.sampled_from([HOUR, DAY, 2 * DAY, 400 * DAY]),
    giftable=st.booleans(),
    reserved_for=st.sampled_from([None, Purpose.TOOLS]),
)


class LedgerMachine(RuleBasedStateMachine):
    """One program: every rule gives the same command to the ledger and to the reference."""

    def __init__(self, source: DatabaseSource) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.source = source
        self.url = self.runner.run(source.create())
        self.database = database_from_url(self.url)
        self.runner.run(self.database.open())
        self.clock = FrozenClock()
        self.calendar = Calendar("UTC")
        self.ids = TimeOrderedIds(self.clock)
        rooms = house(self.clock, self.ids, self.calendar, POLICY)
        self.ledger, self.economy = rooms.ledger, rooms.economy
        self.rollup = Rollup(self.clock, self.calendar)
        self.reference = Reference()
        self.done: list[tuple[Callable[[UnitOfWork], Awaitable[Outcome]], Outcome, OpRequest]] = []
        self.terms: dict[tuple[int, str], LotTerms] = {}
        self.count = 0

    def teardown(self) -> None:
        self.runner.run(self.database.close())
        self.runner.run(self.source.drop(self.url))
        self.runner.close()

    @initialize(terms=lot_terms)
    def begin_with_money(self, terms: LotTerms) -> None:
        """Most programs are dull for people who have nothing."""
        for owner in (101, 102):
            self.grant(owner=owner, amount=30, crash=None)
            self.grant_lot(owner=owner, amount=20, terms=terms, crash=None)

    # -- commands ------------------------------------------------------------------------------------------------

    @rule(owner=owners, amount=amounts, crash=crashes)
    def grant(self, owner: int, amount: int, crash: int | None) -> None:
        self._give(
            "grant",
            lambda work, op: self.ledger.grant(
                work, op, owner=owner, amount=amount, code="test", faucet=SystemAccount.ADMIN
            ),
            lambda op: self.reference.grant(op, owner, amount, self.now),
            crash,
        )

    @rule(owner=owners, amount=small, terms=lot_terms, crash=crashes)
    def grant_lot(self, owner: int, amount: int, terms: LotTerms, crash: int | None) -> None:
        # A lot keeps the terms it was opened with; the next program of a key uses those.
        fresh = replace(terms, expires_at=self.now + terms.expires_at)
        lot = self.terms.setdefault((owner, terms.key), fresh)
        reference = Terms(lot.priority, lot.expires_at, lot.giftable, lot.reserved_for or "", len(self.reference.lots))
        self._give(
            "grant_lot",
            lambda work, op: self.ledger.grant(
                work, op, owner=owner, amount=amount, code="test", faucet=SystemAccount.ADMIN, lot=lot
            ),
            lambda op: self.reference.grant(op, owner, amount, self.now, lot.key, reference),
            crash,
        )

    @rule(owner=owners, amount=small, purpose=purposes, crash=crashes)
    def spend(self, owner: int, amount: int, purpose: Purpose, crash: int | None) -> None:
        self._give(
            "spend",
            lambda work, op: self.ledger.spend(
                work, op, owner=owner, amount=amount, code="test", sink=SystemAccount.SHOP, purpose=purpose
            ),
            lambda op: self.reference.spend(op, owner, amount, purpose, self.now),
            crash,
        )

    @rule(sender=owners, other=others, amount=small, crash=crashes)
    def gift(self, sender: int, other: int, amount: int, crash: int | None) -> None:
        recipient = _beside(sender, other)
        self._give(
            "gift",
            lambda work, op: self.ledger.transfer(
                work, op, sender=sender, recipient=recipient, amount=amount, code="gift"
            ),
            lambda op: self.reference.gift(op, sender, recipient, amount, self.now),
            crash,
        )

    @rule(
        owner=owners,
        amount=small,
        purpose=purposes,
        other=st.one_of(st.none(), others),
        lasts=st.sampled_from([1000, HOUR, 3 * DAY]),
        crash=crashes,
    )
    def hold(self, owner: int, amount: int, purpose: Purpose, other: int | None, lasts: int, crash: int | None) -> None:
        to = SystemAccount.BURN if other is None else _beside(owner, other)
        expires_at = self.now + lasts
        self._give(
            "hold",
            lambda work, op: self.ledger.hold(
                work, op, owner=owner, amount=amount, code="test", to=to, expires_at=expires_at, purpose=purpose
            ),
            lambda op: self.reference.hold(op, owner, amount, purpose, int(to), expires_at, self.now),
            crash,
        )

    @rule(choice=st.integers(0, 9), amount=st.one_of(st.none(), small), crash=crashes)
    def capture(self, choice: int, amount: int | None, crash: int | None) -> None:
        hold_id = self._a_hold(choice)
        self._give(
            "capture",
            lambda work, op: self.ledger.capture(work, op, hold_id=hold_id, amount=amount),
            lambda op: self.reference.capture(op, hold_id, amount, self.now),
            crash,
        )

    @rule(choice=st.integers(0, 9), crash=crashes)
    def void(self, choice: int, crash: int | None) -> None:
        hold_id = self._a_hold(choice)
        self._give(
            "void",
            lambda work, op: self.ledger.void(work, op, hold_id=hold_id),
            lambda _op: self.reference.release(hold_id, self.now),
            crash,
        )

    @rule()
    def keep_house(self) -> None:
        self._expire_overdue_holds()
        self._close_days()

    def _expire_overdue_holds(self) -> None:
        async def overdue() -> list[int]:
            async with self.database.reader() as db:
                return await store.overdue_holds(db, 0, self.now, 100)

        found = self.runner.run(overdue())
        unresolved = {op for op, hold in self.reference.holds.items() if not hold.resolved}
        assert set(found) == {op for op in unresolved if self.reference.holds[op].expires_at <= self.now}
        for hold_id in found:
            self.run(partial(self.ledger.expire_hold, hold_id=hold_id))
            self.reference.release(hold_id, self.now)

    def _close_days(self) -> None:
        async def close(work: UnitOfWork) -> None:
            for day in await self.rollup.open_days(work.db):
                await self.rollup.close_day(work, day)

        self.run(close)

    @rule(choice=st.integers(0, 30), amount=st.one_of(st.none(), small), crash=crashes)
    def reverse(self, choice: int, amount: int | None, crash: int | None) -> None:
        moved = list(self.reference.moves)
        original = moved[-1 - choice % len(moved)]
        self._give(
            "reverse",
            lambda work, op: self.ledger.reverse(work, op, original_op=original, amount=amount),
            lambda _op: self.reference.reverse(original, amount, self.now),
            crash,
        )

    @rule(
        owner=owners,
        kind=st.sampled_from(["registration", "create_room", "join_room", "send_message", "send_message"]),
        subject=st.integers(1, 5),
        other=others,
        weight=st.sampled_from([1, 1, 1, 4]),
        crash=crashes,
    )
    def earn(self, owner: int, kind: str, subject: int, other: int, weight: int, crash: int | None) -> None:
        self.count += 1
        activity = Activity(
            kind, owner, self.now, f"a{self.count}", _beside(owner, other), f"{subject}", f"{subject}", weight
        )
        before = self.reference.copy()
        granted, full = 0, False
        try:
            granted = self.reference.earn(POLICY, activity, self.calendar.day(self.now), self.now)
        except Refused:
            self.reference, full = before, True

        async def tell(work: UnitOfWork) -> tuple[int, bool]:
            decision = (await reward(self.economy, work, activity)).decision
            return decision.granted, decision.withheld == "balance_full"

        assert self._crash_then_run(tell, crash, before) == (granted, full)
        assert self.run(tell) == (granted, full)

    @rule(choice=st.integers(0, 30))
    def replay(self, choice: int) -> None:
        if self.done:
            command, outcome, _ = self.done[choice % len(self.done)]
            again = self.run(command)
            assert again.replayed
            assert (again.op_id, again.result) == (outcome.op_id, outcome.result)
            assert _code(again) == _code(outcome)

    @rule(choice=st.integers(0, 30))
    def reuse_key(self, choice: int) -> None:
        if self.done:
            op = replace(self.done[choice % len(self.done)][2], request={"other": True})
            try:
                self.run(
                    lambda work: self.ledger.grant(
                        work, op, owner=101, amount=1, code="test", faucet=SystemAccount.ADMIN
                    )
                )
            except KeyReused:
                return
            raise AssertionError("a key was accepted for another request")

    @rule(ms=st.sampled_from([1, 999, -5000, HOUR, DAY, DAY, 7 * DAY]))
    def move_clock(self, ms: int) -> None:
        self.clock.advance(ms=ms)

    # -- what must hold after every command ----------------------------------------------------------------------

    @invariant()
    def the_ledger_agrees_with_the_reference(self) -> None:
        self._compare(self.reference)
        assert self.reference.total() == 0

    @invariant()
    def the_audit_finds_nothing(self) -> None:
        async def check() -> None:
            async with self.database.reader() as db:
                report = await audit(db, [POLICY])
            assert report.ok, report.to_json()

        self.runner.run(check())

    # -- how a command is given ----------------------------------------------------------------------------------

    @property
    def now(self) -> int:
        return self.clock.now_ms()

    def run(self, command: Callable[[UnitOfWork], Awaitable[T]], crash_at: int | None = None) -> T:
        async def transact() -> T:
            async with self.database.transaction() as db:
                return await command(UnitOfWork(CrashingConnection(db, crash_at) if crash_at else db))

        return self.runner.run(transact())

    def _give(
        self,
        kind: str,
        command: Callable[[UnitOfWork, OpRequest], Awaitable[Outcome]],
        expected: Callable[[int], None],
        crash: int | None,
    ) -> None:
        self.count += 1
        op = OpRequest("test", f"k{self.count}", kind, 1, {"count": self.count})
        before = self.reference.copy()
        outcome = self._crash_then_run(lambda work: command(work, op), crash, before)
        code = None
        try:
            expected(outcome.op_id)
        except Refused as refused:
            self.reference, code = before, refused.code
        assert _code(outcome) == code
        self.done.append((lambda work: command(work, op), outcome, op))

    def _crash_then_run(self, command: Callable[[UnitOfWork], Awaitable[T]], crash: int | None, before: Reference) -> T:
        if crash is not None:
            try:
                return self.run(command, crash)
            except Crash:
                self._compare(before)
        return self.run(command)

    def _compare(self, reference: Reference) -> None:
        async def read() -> dict[int, Any]:
            found: dict[int, Any] = {}
            async with self.database.reader() as db:
                for owner in (101, 102, 103):
                    wallet = await store.wallet(db, owner)
                    lots = await store.spendable_lots(db, wallet.id) if wallet else []
                    spendable = {lot.lot_key: lot.available for lot in lots if lot.expires_at > self.now}
                    main, held = (wallet.main_available, wallet.held) if wallet else (0, 0)
                    found[owner] = ({"": main, **spendable}, held)
            return found

        expected = {
            owner: (reference.spendable(owner, self.now), reference.held.get(owner, 0)) for owner in (101, 102, 103)
        }
        assert self.runner.run(read()) == expected

    def _a_hold(self, choice: int) -> int:
        """Mostly one that waits to be resolved, made for it if need be; now and then any, or one that never was."""
        if choice > 6:
            holds = [*self.reference.holds, 1]
            return holds[choice % len(holds)]
        waiting = [op for op, hold in self.reference.holds.items() if not hold.resolved]
        if not waiting:
            self.hold(owner=101 + choice % 3, amount=9, purpose=Purpose.TOOLS, other=None, lasts=HOUR, crash=None)
            return self.done[-1][1].op_id
        return waiting[choice % len(waiting)]


def _beside(owner: int, steps: int) -> int:
    return 101 + (owner - 101 + steps) % 3


def _code(outcome: Outcome) -> str | None:
    return outcome.refusal.code if outcome.refusal else None


@pytest.mark.timeout(240)
def test_random_programs_agree_with_the_reference(database_source: DatabaseSource, request: Any) -> None:
    sqlite = "sqlite" in request.node.name
    run_state_machine_as_test(
        cast("type[RuleBasedStateMachine]", lambda: LedgerMachine(database_source)),
        settings=settings(
            max_examples=60 if sqlite else 25,
            stateful_step_count=35,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
