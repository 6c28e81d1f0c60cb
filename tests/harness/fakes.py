"""Stand-ins for the outside world that a test holds in its hand."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.events import Fact
from app.infra.database import Connection

NOON = 1_795_176_000_123
"""Friday, 20 November 2026, 12:00:00.123 UTC: mid-day, mid-week, and with milliseconds that a careless format loses."""


class FrozenClock:
    """A `Clock` that moves only when told to."""

    def __init__(self, at_ms: int = NOON) -> None:
        self._at_ms = at_ms

    def now_ms(self) -> int:
        return self._at_ms

    def advance(self, ms: int = 0, *, seconds: int = 0, days: int = 0) -> None:
        """Move on; negative values step back, as a clock that is being corrected does."""
        self._at_ms += ms + 1000 * seconds + 86_400_000 * days

    def set(self, at_ms: int) -> None:
        """Jump to a moment."""
        self._at_ms = at_ms


class RecordedFacts:
    """A `FactSink` that remembers: `kept` within transactions, also of those that fail later; `shown` after commits."""

    def __init__(self) -> None:
        self.kept: list[Fact] = []
        self.shown: list[Fact] = []

    async def keep(self, db: Connection, facts: Sequence[Fact]) -> None:
        self.kept.extend(facts)

    async def show(self, facts: Sequence[Fact]) -> None:
        self.shown.extend(facts)
