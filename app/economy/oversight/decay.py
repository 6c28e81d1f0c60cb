"""The decay of dormant balances, when the policy has one: off in every shipped preset."""

from __future__ import annotations

from functools import partial

from app.core.clock import Calendar, Clock
from app.economy.ledger.accounts import SystemAccount, main_of, system
from app.economy.ledger.model import JsonObject, OpRequest
from app.economy.ledger.open_op import OpenOp
from app.economy.ledger.service import Ledger
from app.economy.oversight.decay_store import dormant
from app.economy.rules.model import ONE, Decay
from app.economy.rules.service import Rulebook
from app.infra.database import Database
from app.infra.unit_of_work import Transactor, UnitOfWork

SCOPE = "decay"
PERIOD_DAYS = 30
BATCH = 100


class DormantBalances:
    """Takes the policy's share from main money of people who have been idle, once every thirty days."""

    def __init__(
        self,
        database: Database,
        transactor: Transactor,
        ledger: Ledger,
        rulebook: Rulebook,
        clock: Clock,
        calendar: Calendar,
    ) -> None:
        self._database = database
        self._transactor = transactor
        self._ledger = ledger
        self._rulebook = rulebook
        self._clock = clock
        self._calendar = calendar

    async def run_once(self) -> int:
        """Let at most `BATCH` balances decay that are due; return how many there were."""
        policy = self._rulebook.policy()
        if policy.decay is None:
            return 0
        today = self._calendar.day(self._clock.now_ms())
        period, since = today // PERIOD_DAYS, today - policy.decay.idle_days
        async with self._database.reader() as db:
            owners = await dormant(
                db, scope=SCOPE, period=period, active_before=since, floor=policy.decay.floor, limit=BATCH
            )
        for owner in owners:
            await self._transactor.run(
                partial(self._decay, owner=owner, period=period, rule=policy.decay, version=policy.version)
            )
        return len(owners)

    async def _decay(self, work: UnitOfWork, owner: int, period: int, rule: Decay, version: int) -> None:
        op = OpRequest(SCOPE, f"{owner}:{period}", SCOPE, owner, {"period": period}, version)

        async def body(opened: OpenOp) -> JsonObject:
            (wallet,) = await opened.lock(owner)
            amount = max(0, wallet.main_available - rule.floor) * rule.rate // ONE
            if amount > 0:
                opened.sheet.move(main_of(wallet.id), system(SystemAccount.DECAY), amount, SCOPE)
            return {"amount": amount}

        await self._ledger.apply(work, op, body)
