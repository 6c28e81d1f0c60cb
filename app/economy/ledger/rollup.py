"""Closes days: sums their transfers, so that analytics never scan history.

A day is closed from the transfers themselves, whole, and closing it again gives the same. So there is no position to
keep, and none to get wrong: ids are taken before they become visible, and a reader by id would miss late ones.
"""

from __future__ import annotations

from app.core.clock import Calendar, Clock
from app.economy.ledger import rollup_store
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork

SETTLING_MS = 3_600_000
"""How long after its end a day is closed: longer than any transaction lasts and any two clocks disagree."""


class Rollup:
    """Sums of closed days."""

    def __init__(self, clock: Clock, calendar: Calendar) -> None:
        self._clock = clock
        self._calendar = calendar

    async def open_days(self, db: Connection, limit: int = 31) -> list[int]:
        """Days that can be closed and have not been, the oldest first."""
        return await rollup_store.days_without_sums(db, self._settled_before(), limit)

    async def close_day(self, work: UnitOfWork, day: int) -> None:
        """Sum a day that has ended. Raises `ValueError` for one that may still change."""
        if day >= self._settled_before():
            raise ValueError(f"Day {day} has not settled yet")
        await rollup_store.sum_day(work.db, day)

    def _settled_before(self) -> int:
        return self._calendar.day(self._clock.now_ms() - SETTLING_MS)
