"""What the economy is told and what it answers. Amounts are micro-tokens, times are milliseconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

ACTIVITIES = frozenset({"registration", "create_room", "join_room", "send_message"})
"""Every kind of activity the platform tells of. A policy has a rule for each, and for nothing else."""

CapName = Literal["activity_day", "day", "week"]
Once = Literal["ever", "subject"]
Withheld = Literal["own", "already_rewarded", "duplicate", "balance_full"]


@dataclass(frozen=True, slots=True)
class RewardRule:
    """What one activity earns. `cap_day` limits what it earns in a day; None for no limit of its own."""

    amount: int
    once: Once | None = None
    not_own: bool = False
    distinct: bool = False
    cap_day: int | None = None


@dataclass(frozen=True, slots=True)
class Tier:
    """A standing and what it allows. `rooms_max` is how many rooms one may own; None for no limit."""

    name: str
    threshold: int
    rooms_max: int | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Every number of the economy. `tiers` are in ascending order and begin at 0."""

    name: str
    version: int
    token: str
    symbol: str
    day_cap: int
    week_cap: int
    rewards: Mapping[str, RewardRule]
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class Earned:
    """What a person has earned in the windows of `day`: by this activity, and in all."""

    day: int
    activity_day: int
    today: int
    week: int


@dataclass(frozen=True, slots=True)
class CapUse:
    """A cap as it stood before a decision."""

    name: CapName
    used_before: int
    limit: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used_before)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an activity earns and why: `granted` of `base`, cut by a cap, or withheld for a reason."""

    base: int
    granted: int
    capped_by: CapName | None = None
    withheld: Withheld | None = None
    caps: tuple[CapUse, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values, to be kept with the op."""
        return {
            "base": self.base,
            "granted": self.granted,
            "capped_by": self.capped_by,
            "withheld": self.withheld,
            "caps": [{"name": cap.name, "used_before": cap.used_before, "limit": cap.limit} for cap in self.caps],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Decision:
        """From what `to_json` gave, whatever else stands beside it."""
        return cls(
            base=stored["base"],
            granted=stored["granted"],
            capped_by=stored["capped_by"],
            withheld=stored["withheld"],
            caps=tuple(CapUse(**cap) for cap in stored["caps"]),
        )
