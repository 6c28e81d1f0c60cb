"""Two policies so narrow that a few steps reach every cap, tier, streak and ceiling; the second follows the first."""

from __future__ import annotations

from dataclasses import replace

from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.rules.model import (
    Allowance,
    GiftRules,
    Goal,
    Multipliers,
    Policy,
    Published,
    PublishedText,
    RewardRule,
    Tier,
)
from app.economy.rules.service import Rulebook
from tests.harness.economy import POLICY, House, house
from tests.harness.fakes import NOON, FrozenClock

SECOND_FROM = NOON + 40 * 3_600_000
"""When the second version comes into force: some programs go back and forth over it."""

_TITLES = {"en": "A goal", "th": "เป้าหมาย"}

FIRST = replace(
    POLICY,
    name="narrow",
    version=1,
    day_cap=60,
    week_cap=110,
    shared_caps={"received": 8},
    rewards={
        "registration": RewardRule(9, once="ever"),
        "daily_login": RewardRule(10, once="day", multiplied=True),
        "create_room": RewardRule(7, once="subject"),
        "join_room": RewardRule(5, once="subject", not_own=True, cap_day=8),
        "send_message": RewardRule(4, distinct=True, multiplied=True, cap_day=19),
        "weekly_streak": RewardRule(6, once="subject"),
        "monthly_active": RewardRule(8, once="subject", least=3),
        "invite_friend": RewardRule(5, once="subject", cap_year=12),
        "receive_gift": RewardRule(share=10, once="day", cap_day=2),
        "popular_message": RewardRule(5, once="subject", least=2, shared_cap="received"),
        "helpful_content": RewardRule(4, once="subject", multiplied=True, shared_cap="received"),
        "achievement": RewardRule(share=100, once="subject"),
        "quest": RewardRule(share=100, once="subject"),
    },
    multipliers=Multipliers(streak=((2, 150), (4, 225)), events={"weekend": 120, "special": 200}, ceiling=320),
    tiers=(Tier("low", 0, gifts_day=12), Tier("high", 25, 130, gifts_day=20), Tier("top", 70, 175)),
    tier_basis="balance",
    gifts=GiftRules(minimum=2, per_day=3),
    allowance=Allowance(5, 1),
    goals=(
        Goal("talker", "send_message", 3, 6, "ever", _TITLES),
        Goal("faithful", "streak_days", 2, 4, "ever", _TITLES),
        Goal("guest", "join_room", 1, 2, "day", _TITLES),
        Goal("giver", "gifts_sent", 1, 3, "week", _TITLES),
        Goal("present", "active_days", 2, 50, "week", _TITLES),
    ),
)

SECOND = replace(
    FIRST,
    name="narrower",
    version=2,
    day_cap=30,
    week_cap=None,
    shared_caps={"received": 6},
    rewards={
        **{kind: rule for kind, rule in FIRST.rewards.items() if kind not in ("weekly_streak", "registration")},
        "daily_login": RewardRule(12, once="day", multiplied=True, cap_day=15),
        "send_message": RewardRule(3, multiplied=True, cap_day=10),
    },
    multipliers=Multipliers(streak=((3, 110),), events={"weekend": 300}),
    tiers=(Tier("low", 0, 110, gifts_day=8), Tier("mid", 20, 150, gifts_day=15)),
    tier_basis="earned_90d",
    gifts=GiftRules(minimum=3, per_day=2),
    allowance=Allowance(3, 1),
    goals=(Goal("talker", "send_message", 3, 9, "ever", _TITLES), Goal("guest", "join_room", 1, 4, "day", _TITLES)),
)


def narrow_house(clock: FrozenClock, ids: Ids, calendar: Calendar) -> House:
    """The economy of one node under `FIRST`, and from `SECOND_FROM` on under `SECOND`."""
    published = [
        Published(PublishedText(policy.version, policy.name, "", begins, None, "", 0), policy)
        for policy, begins in ((FIRST, 0), (SECOND, SECOND_FROM))
    ]
    return house(clock, ids, calendar, rulebook=Rulebook(clock, ids, published))


def in_force(now: int) -> Policy:
    """The policy that decides at a moment."""
    return SECOND if now >= SECOND_FROM else FIRST
