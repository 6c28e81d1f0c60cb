"""Use cases of the room. The top of a board is the same for everybody and kept for a little while."""

from __future__ import annotations

from app.core.clock import Calendar, Clock
from app.economy.boards import store
from app.economy.boards.model import Board, Measure, Own, Place, Span
from app.economy.boards.policy import first_day
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork

PLACES_MAX = 100
KEPT_MS = 15_000
"""How long the top of a board is shown before it is counted anew. Whoever wants to be gone is gone at once."""


class Boards:
    """Leaderboards over the platform's days, weeks and calendar quarters."""

    def __init__(self, calendar: Calendar, clock: Clock) -> None:
        self._calendar = calendar
        self._clock = clock
        self._kept: dict[tuple[Measure, Span, int | None], tuple[int, list[Place]]] = {}

    async def board(self, db: Connection, account_id: int, measure: Measure, span: Span, limit: int) -> Board:
        """The top `limit` (1..100) of a board, and one's own place on it, always and exact."""
        now = self._clock.now_ms()
        first = None if measure == "balance" else first_day(span, self._calendar.day(now))
        places = await self._top(db, measure, span, first, now)
        hidden = await store.hidden(db, [place.account_id for place in places])
        places = [place for place in places if place.account_id not in hidden]
        amount = await store.amount_of(db, measure, first or 0, now, account_id)
        above = await store.people_above(db, measure, first or 0, now, amount)
        own = Own(above + 1 if amount > 0 else None, amount, await store.is_shown(db, account_id))
        return Board(measure, span, first, places[: min(max(limit, 1), PLACES_MAX)], own)

    async def choose(self, work: UnitOfWork, account_id: int, *, shown: bool) -> None:
        """Let oneself be shown on the boards, from the next count on; or not, at once."""
        await store.choose(work.db, account_id, shown)

    async def _top(self, db: Connection, measure: Measure, span: Span, first: int | None, now: int) -> list[Place]:
        kept = self._kept.get((measure, span, first))
        if kept is not None and now - kept[0] < KEPT_MS:
            return kept[1]
        places = await store.top(db, measure, first or 0, now, PLACES_MAX)
        self._kept = {at: its for at, its in self._kept.items() if now - its[0] < KEPT_MS}
        self._kept[measure, span, first] = (now, places)
        return places
