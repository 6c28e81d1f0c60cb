"""What is simulated and what came of it. Amounts are micro-tokens, shares are thousandths, rates are basis points."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Class = Literal["casual", "core", "farmer", "ring"]
"""What the people of a mix are."""

Group = Literal["casual", "core", "power", "farmer", "ring"]
"""How people behave. The power users of a run are a part of its core."""

ItemClass = Literal["cosmetic", "everyday", "functional", "premium"]

CLASSES: tuple[Class, ...] = ("casual", "core", "farmer", "ring")
GROUPS: tuple[Group, ...] = ("casual", "core", "power", "farmer", "ring")
HONEST: tuple[Group, ...] = ("casual", "core", "power")
ITEM_CLASSES: tuple[ItemClass, ...] = ("cosmetic", "everyday", "functional", "premium")

DAYS_MIN, DAYS_MAX = 28, 366
AGENTS_MIN, AGENTS_MAX = 20, 20_000
WEEK_DAYS = 7
HUNDREDTHS, THOUSANDTHS, BASIS_POINTS = 100, 1000, 10_000
MIX: Mapping[Class, int] = {"casual": 70, "core": 25, "farmer": 4, "ring": 1}


class SimulationError(ValueError):
    """A run that cannot be made; the message says why."""


@dataclass(frozen=True, slots=True)
class Run:
    """One simulation: how long, of how many, in which parts, and the seed all its chances come from.

    `days` is 28..366, `agents` 20..20 000; `mix` gives the classes parts of any common size. Raises `SimulationError`.
    """

    days: int = 90
    agents: int = 2000
    mix: Mapping[Class, int] = field(default_factory=lambda: dict(MIX))
    seed: int = 7

    def __post_init__(self) -> None:
        if not DAYS_MIN <= self.days <= DAYS_MAX:
            raise SimulationError(f"days is within {DAYS_MIN}..{DAYS_MAX}")
        if not AGENTS_MIN <= self.agents <= AGENTS_MAX:
            raise SimulationError(f"agents is within {AGENTS_MIN}..{AGENTS_MAX}")
        if not self.mix or not set(self.mix) <= set(CLASSES):
            raise SimulationError(f"a mix is of {', '.join(CLASSES)}")
        if min(self.mix.values()) < 0 or sum(self.mix.values()) == 0:
            raise SimulationError("the parts of a mix are not negative, and one of them is above 0")

    def heads(self) -> dict[Class, int]:
        """How many agents of each class; what division leaves over goes to the largest parts."""
        total = sum(self.mix.values())
        counts = {kind: self.agents * self.mix.get(kind, 0) // total for kind in CLASSES}
        by_part = sorted(CLASSES, key=lambda kind: -self.mix.get(kind, 0))
        for kind in by_part[: self.agents - sum(counts.values())]:
            counts[kind] += 1
        return counts


@dataclass(frozen=True, slots=True)
class Earners:
    """Of one group in one week: how many came at all, and what rewards brought them together."""

    active: int
    earned: int

    @property
    def mean(self) -> int:
        """What one of them earned."""
        return self.earned // self.active if self.active else 0


@dataclass(frozen=True, slots=True)
class Week:
    """A week of the run as the dashboard shows it; balances are those at its end.

    `inflation` is net issuance by opening circulation in basis points, None in the first week. The daily allowance is
    counted beside: it is gone at midnight and never part of the circulation. `saturation` is, for each cap, the
    thousandths of the days people came on which it cut something; `affordable`, for each class of the shop, those
    of the honest who came that week and could pay its dearest item.
    """

    number: int
    issued: int
    burned: int
    circulation: int
    inflation: int | None
    mean: int
    median: int
    p90: int
    p99: int
    gini: int
    earners: Mapping[Group, Earners]
    by_activity: Mapping[str, int]
    spent: Mapping[str, int]
    gifts: int
    allowance_used: int
    allowance_lapsed: int
    saturation: Mapping[str, int]
    tiers: Mapping[str, int]
    affordable: Mapping[ItemClass, int]

    @property
    def net(self) -> int:
        """What was added to the circulation."""
        return self.issued - self.burned

    def earned(self, *groups: Group) -> Earners:
        """Several groups as one."""
        those = [self.earners[group] for group in groups]
        return Earners(sum(its.active for its in those), sum(its.earned for its in those))


@dataclass(frozen=True, slots=True)
class Verdict:
    """A target, what was measured for it, and the bounds it had to lie in.

    In micro-tokens for `tokens`, in hundredths for `ratio`. `measured` is None when there was nobody to measure it
    with, and then it is not passed.
    """

    name: str
    meaning: str
    unit: Literal["tokens", "ratio"]
    measured: int | None
    least: int | None
    most: int | None

    @property
    def passed(self) -> bool:
        if self.measured is None:
            return False
        return (self.least is None or self.measured >= self.least) and (self.most is None or self.measured <= self.most)


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run: its whole weeks, and the targets. A part of a week at the end of the run is left out."""

    policy: str
    run: Run
    weeks: tuple[Week, ...]
    verdicts: tuple[Verdict, ...]

    @property
    def passed(self) -> bool:
        return all(verdict.passed for verdict in self.verdicts)
