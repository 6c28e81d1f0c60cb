"""Puts the rooms of the economy together."""

from __future__ import annotations

from app.core.clock import Calendar, Clock
from app.core.ids import Ids
from app.economy.allowance.service import Allowances
from app.economy.boards.endpoints import BoardEndpoints
from app.economy.boards.service import Boards
from app.economy.earning.daily import DailyReward
from app.economy.earning.endpoints import EconomyEndpoints
from app.economy.earning.service import Economy
from app.economy.earning.standing import Standings
from app.economy.goals.endpoints import GoalEndpoints
from app.economy.goals.service import Goals
from app.economy.insight.endpoints import InsightEndpoints
from app.economy.insight.service import Insight
from app.economy.ledger.service import Ledger
from app.economy.oversight.decay import DormantBalances
from app.economy.oversight.housekeeping import Housekeeping
from app.economy.rules.endpoints import RulesEndpoints
from app.economy.rules.service import Rulebook
from app.economy.simulation.endpoints import SimulationEndpoints
from app.infra.database import Database
from app.infra.http import Operation
from app.infra.unit_of_work import Transactor


class Bank:
    """One economy: the rulebook, the ledger, and the rooms over them that need nothing from outside."""

    def __init__(self, clock: Clock, ids: Ids, calendar: Calendar) -> None:
        self._clock = clock
        self._calendar = calendar
        self.rulebook = Rulebook(clock, ids)
        self.standings = Standings(self.rulebook, calendar, clock)
        self.ledger = Ledger(clock, ids, calendar, self.standings.settle)
        self.economy = Economy(self.ledger, self.rulebook, self.standings, calendar, clock)
        self.daily = DailyReward(self.economy, self.ledger, self.rulebook, self.standings, calendar, clock)
        self.allowances = Allowances(self.ledger, self.rulebook, calendar, clock)
        self.goals = Goals(self.economy, self.ledger, self.rulebook, self.standings, calendar, clock)

    async def open(self, database: Database, transactor: Transactor, preset: str) -> None:
        """Learn the rules in force; those of `preset` if the database has none yet."""
        await transactor.run(lambda work: self.rulebook.begin(work, preset))
        await self.refresh(database)

    async def refresh(self, database: Database) -> None:
        """Learn what was published since."""
        async with database.reader() as db:
            await self.rulebook.refresh(db)

    def housekeeping(self, database: Database, transactor: Transactor) -> Housekeeping:
        """What is to be done from time to time."""
        dormant = DormantBalances(database, transactor, self.ledger, self.rulebook, self._clock, self._calendar)
        return Housekeeping(database, transactor, self.ledger, dormant, self._clock, self._calendar)

    def operations(self) -> list[Operation]:
        """Of the rooms that need nothing from outside."""
        rooms = (
            EconomyEndpoints(self.economy, self.daily, self.standings, self.rulebook),
            RulesEndpoints(self.rulebook),
            GoalEndpoints(self.goals, self.economy),
            BoardEndpoints(Boards(self._calendar, self._clock)),
            SimulationEndpoints(self.rulebook),
            InsightEndpoints(Insight(self.economy, self._calendar, self._clock)),
        )
        return [operation for room in rooms for operation in room.operations()]
