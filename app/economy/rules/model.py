"""The rules as data, and what is decided by them. Amounts are micro-tokens, factors are hundredths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

ACTIVITIES = frozenset(
    {
        "registration",
        "daily_login",
        "create_room",
        "join_room",
        "send_message",
        "share_file",
        "weekly_streak",
        "monthly_active",
        "invite_friend",
        "receive_gift",
        "room_moderator",
        "popular_message",
        "helpful_content",
        "media_shared",
        "achievement",
        "quest",
    }
)
"""Every kind of activity the platform tells of. A policy rewards some of them, and nothing else."""

COUNTERS = ACTIVITIES | {"active_days", "streak_days", "gifts_sent", "gifts_received", "tokens_given", "tokens_earned"}
"""What a goal can count: how often a person did something that counted, and a few sums."""

PERKS = frozenset(
    {
        "avatar_frame",
        "badge",
        "list_priority",
        "private_rooms",
        "advanced_reactions",
        "priority_support",
        "room_themes",
        "call_priority",
    }
)
"""What a tier may allow beside its limits. Each is checked where the feature lives."""

CapName = Literal["activity_day", "shared_day", "activity_year", "day", "week"]
FactorName = Literal["streak", "tier", "event"]
EventKind = Literal["weekend", "holiday", "special"]
Once = Literal["ever", "subject", "day"]
TierBasis = Literal["balance", "lifetime", "earned_90d"]
GoalWindow = Literal["ever", "day", "week"]
Withheld = Literal["own", "already_rewarded", "duplicate", "balance_full"]

ONE = 100
"""The factor that changes nothing, in hundredths."""


@dataclass(frozen=True, slots=True)
class RewardRule:
    """What one activity earns: `amount`, or `share` hundredths of the amount it is told with.

    `least` is how much must have been reached before it counts: people, or days. `shared_cap` names a cap of the
    policy that several rules fill together. Caps are of what is earned in a day or a calendar year; None for none.
    """

    amount: int = 0
    share: int = 0
    once: Once | None = None
    not_own: bool = False
    distinct: bool = False
    least: int = 1
    multiplied: bool = False
    cap_day: int | None = None
    cap_year: int | None = None
    shared_cap: str | None = None

    def base(self, weight: int, told: int) -> int:
        """What it earns before multipliers and caps, for `weight` times an activity told with an amount."""
        return (self.amount + told * self.share // ONE) * weight


@dataclass(frozen=True, slots=True)
class Tier:
    """A standing and what it allows. `gifts_day` is in micro-tokens; None is no limit."""

    name: str
    threshold: int
    factor: int = ONE
    rooms_max: int | None = None
    gifts_day: int | None = None
    storage_gb: int = 1
    file_mb: int = 10
    perks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Multipliers:
    """What raises a reward. `streak` pairs days with a factor, ascending; `ceiling` bounds the product."""

    streak: tuple[tuple[int, int], ...] = ()
    events: Mapping[EventKind, int] = field(default_factory=dict)
    ceiling: int | None = None


@dataclass(frozen=True, slots=True)
class GiftRules:
    """The smallest gift, and how many a person may send in a day whatever they are worth."""

    minimum: int
    per_day: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What everybody gets each day for tools, gone at midnight, and what a piece of work costs."""

    amount: int
    website: int


@dataclass(frozen=True, slots=True)
class Decay:
    """What dormant balances lose: `rate` hundredths of what is above `floor`, every 30 days after `idle_days`."""

    rate: int
    idle_days: int
    floor: int


@dataclass(frozen=True, slots=True)
class Goal:
    """Something to reach: `count` of `counter` within the window pays `reward`, once. Titles are by language."""

    id: str
    counter: str
    count: int
    reward: int
    window: GoalWindow
    titles: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Policy:
    """Every number of the economy. `tiers` ascend from 0. `version` is 0 until the policy is published."""

    name: str
    version: int
    token: str
    symbol: str
    day_cap: int | None
    week_cap: int | None
    shared_caps: Mapping[str, int]
    rewards: Mapping[str, RewardRule]
    multipliers: Multipliers
    tiers: tuple[Tier, ...]
    tier_basis: TierBasis
    gifts: GiftRules
    allowance: Allowance | None
    decay: Decay | None
    goals: tuple[Goal, ...]


@dataclass(frozen=True, slots=True)
class PublishedText:
    """A version of the policy as it was published. `author_id` is None for the one the platform began with."""

    version: int
    name: str
    source: str
    effective_from: int
    author_id: int | None
    note: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Published:
    """A version of the policy, ready to decide by."""

    text: PublishedText
    policy: Policy


@dataclass(frozen=True, slots=True)
class SeasonalEvent:
    """A window in which a kind of event multiplies rewards: from `starts_at` up to, not including, `ends_at`."""

    id: int
    kind: EventKind
    name: str
    starts_at: int
    ends_at: int
    author_id: int
    created_at: int
    cancelled_at: int | None = None

    def runs_at(self, moment: int) -> bool:
        return self.starts_at <= moment < self.ends_at


class Earned(NamedTuple):
    """What a person has earned in the windows of `day`: by this activity, with those it shares a cap with, in all."""

    day: int
    activity_day: int = 0
    shared_day: int = 0
    activity_year: int = 0
    today: int = 0
    week: int = 0


@dataclass(frozen=True, slots=True)
class Factor:
    """One multiplier of a reward, in hundredths."""

    name: FactorName
    hundredths: int


class CapUse(NamedTuple):
    """A cap as it stood before a decision."""

    name: CapName
    used_before: int
    limit: int

    @property
    def remaining(self) -> int:
        return max(0, self.limit - self.used_before)


@dataclass(frozen=True, slots=True)
class Decision:
    """What an activity earns and why.

    `base` times the factors is `multiplied`, or what the `ceiling` on their product (hundredths) left of it; `granted`
    is that, cut by a cap or withheld for a reason.
    """

    base: int
    granted: int
    factors: tuple[Factor, ...] = ()
    ceiling: int | None = None
    multiplied: int = 0
    capped_by: CapName | None = None
    withheld: Withheld | None = None
    caps: tuple[CapUse, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As JSON values, to be kept with the op."""
        return {
            "base": self.base,
            "granted": self.granted,
            "factors": [{"name": factor.name, "hundredths": factor.hundredths} for factor in self.factors],
            "ceiling": self.ceiling,
            "multiplied": self.multiplied,
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
            # The first decisions were kept without these.
            factors=tuple(Factor(**factor) for factor in stored.get("factors", ())),
            ceiling=stored.get("ceiling"),
            multiplied=stored.get("multiplied", stored["base"]),
            capped_by=stored["capped_by"],
            withheld=stored["withheld"],
            caps=tuple(CapUse(**cap) for cap in stored["caps"]),
        )
