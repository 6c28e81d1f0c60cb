"""What the economy does by itself from time to time: let run-out money expire, sum ended days, and seal history.

Nothing rests on it being punctual. Expired money is never spent, whether it was taken out yet or not; this only makes
it show in the history, gives what expired holds set aside back, and keeps analytics cheap. Several nodes may do it
side by side.
"""

from __future__ import annotations

from functools import partial

from app.core.clock import Calendar, Clock
from app.economy.earning import store
from app.economy.ledger import store as ledger_store
from app.economy.ledger import wallet_store
from app.economy.ledger.rollup import Rollup
from app.economy.ledger.sealing import Sealing
from app.economy.ledger.service import Ledger
from app.economy.oversight.decay import DormantBalances
from app.infra.database import Database
from app.infra.unit_of_work import Transactor, UnitOfWork

BATCH = 100
"""How many of each are done in one round; what is left waits for the next."""

SEALS = 200
"""How many seals one round adds at most: with full batches, 100 000 rows."""

MARGIN_MS = 3_600_000
"""How far back a round looks for holds that ran out before the last one: more than any two clocks disagree."""

CLAIM_DAYS = 3
"""How long it is kept which content was rewarded on a day: past any day that still counts on some node."""


class Housekeeping:
    """One round of duties, each in a transaction of its own."""

    def __init__(
        self,
        database: Database,
        transactor: Transactor,
        ledger: Ledger,
        dormant: DormantBalances,
        clock: Clock,
        calendar: Calendar,
    ) -> None:
        self._database = database
        self._transactor = transactor
        self._ledger = ledger
        self._dormant = dormant
        self._rollup = Rollup(clock, calendar)
        self._sealing = Sealing(clock, database.dialect)
        self._clock = clock
        self._calendar = calendar
        # The first round after a start looks at all holds there ever were; the later ones need not.
        self._holds_since = 0

    async def run_once(self) -> int:
        """Do what is due; return how many holds, owners and days there were."""
        now = self._clock.now_ms()
        async with self._database.reader() as db:
            holds = await ledger_store.overdue_holds(db, self._holds_since, now, BATCH)
            owners = await wallet_store.overdue_owners(db, now, BATCH)
            days = await self._rollup.open_days(db)
        for hold_id in holds:
            await self._transactor.run(partial(self._ledger.expire_hold, hold_id=hold_id))
        for owner in owners:
            await self._transactor.run(partial(self._ledger.expire_lots, owner=owner))
        for day in days:
            await self._transactor.run(partial(self._rollup.close_day, day=day))
        await self._transactor.run(partial(self._drop_claims, before=self._calendar.day(now) - CLAIM_DAYS))
        await self._dormant.run_once()
        await self._seal()
        if len(holds) < BATCH:
            self._holds_since = now - MARGIN_MS
        return len(holds) + len(owners) + len(days)

    async def _drop_claims(self, work: UnitOfWork, before: int) -> None:
        await store.drop_daily_claims(work.db, before)

    async def _seal(self) -> None:
        for _ in range(SEALS):
            if not await self._transactor.run(self._sealing.seal_next):
                break
