"""HTTP operations of this room."""

from __future__ import annotations

from app.core.actor import Actor
from app.core.errors import Forbidden
from app.economy.earning.endpoints import WhoseMoney, readable
from app.economy.insight.schemas import EarningStats, SpendingStats, StatsQuery
from app.economy.insight.service import Insight
from app.infra.database import Connection
from app.infra.http import Attachment, Operation


class InsightEndpoints:
    """A person's own figures."""

    def __init__(self, insight: Insight) -> None:
        self._insight = insight

    def operations(self) -> list[Operation]:
        tag, whose = "tokens", "{account_id}"
        doors = (Forbidden,)
        return [
            Operation("GET", f"/api/tokens/earning-stats/{whose}", self.earning_stats, errors=doors, tag=tag),
            Operation("GET", f"/api/tokens/spending-stats/{whose}", self.spending_stats, errors=doors, tag=tag),
            Operation("GET", f"/api/tokens/history/{whose}/csv", self.history_file, errors=doors, tag=tag),
        ]

    async def earning_stats(
        self, db: Connection, actor: Actor, account_id: WhoseMoney, query: StatsQuery
    ) -> EarningStats:
        """What came in over the last days, by activity and by day."""
        return EarningStats.of(await self._insight.earning(db, readable(actor, account_id), query.days))

    async def spending_stats(
        self, db: Connection, actor: Actor, account_id: WhoseMoney, query: StatsQuery
    ) -> SpendingStats:
        """What went out over the last days, by category and by day."""
        return SpendingStats.of(await self._insight.spending(db, readable(actor, account_id), query.days))

    async def history_file(self, db: Connection, actor: Actor, account_id: WhoseMoney) -> Attachment:
        """The statement as a CSV file, newest first: the latest ten thousand lines."""
        owner = readable(actor, account_id)
        return Attachment(await self._insight.history_file(db, owner), "text/csv", f"tokens-{owner}.csv")
