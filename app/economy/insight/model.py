"""What this room answers. Amounts are micro-tokens, days are numbers of the calendar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """What one activity earned, or one category cost, and by how many requests."""

    code: str
    amount: int
    times: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Sums over the days `first` to `last`; `series` has every day, the ones with nothing too.

    What was reversed is taken off on the day of the reversal, so that an amount can be below 0.
    """

    first: int
    last: int
    total: int
    shares: list[Share]
    series: list[tuple[int, int]]
    average_day: int
    """The mean of all days, rounded down to a micro-token."""
