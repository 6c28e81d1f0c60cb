"""Token buckets: so many at once, refilled at so many a second, for each key."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from app.core.clock import Clock
from app.core.errors import TooMany

KEYS_MAX = 100_000
"""Buckets kept by one limit; the longest unused goes first. A forgotten bucket is a full one."""


@dataclass(frozen=True, slots=True)
class Rate:
    """`burst` at once, and `per_second` in the long run."""

    burst: int
    per_second: float


class RateLimit:
    """One limit, in the memory of this process."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: OrderedDict[object, tuple[float, int]] = OrderedDict()

    def take(self, key: object) -> None:
        """Count one use for `key`, or raise `TooMany` saying when the next one is allowed."""
        level = self._level(key)
        if level < 1:
            raise TooMany((1 - level) / self._rate.per_second)
        self._store(key, level - 1)

    def give_back(self, key: object) -> None:
        """Undo one use, for something that turned out not to count."""
        self._store(key, min(float(self._rate.burst), self._level(key) + 1))

    def _level(self, key: object) -> float:
        level, at_ms = self._buckets.get(key, (float(self._rate.burst), self._clock.now_ms()))
        elapsed = max(0, self._clock.now_ms() - at_ms) / 1000
        return min(float(self._rate.burst), level + elapsed * self._rate.per_second)

    def _store(self, key: object, level: float) -> None:
        self._buckets[key] = (level, self._clock.now_ms())
        self._buckets.move_to_end(key)
        if len(self._buckets) > KEYS_MAX:
            self._buckets.popitem(last=False)
