"""The decisions made by the rules. Pure: state and rule in, decision out."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from math import prod

from app.economy.rules.model import ONE, CapUse, Decision, Earned, EventKind, Factor, Policy, RewardRule, Tier, Withheld


def decide(policy: Policy, rule: RewardRule, base: int, earned: Earned, factors: Sequence[Factor] = ()) -> Decision:
    """What an activity earns that nothing withholds: its base, multiplied, cut to what the tightest cap leaves."""
    applied = tuple(factor for factor in factors if rule.multiplied and factor.hundredths != ONE)
    ceiling = policy.multipliers.ceiling
    scale = ONE ** len(applied)
    product = prod(factor.hundredths for factor in applied)
    if ceiling is None or product * ONE <= ceiling * scale:
        ceiling, multiplied = None, base * product // scale
    else:
        multiplied = base * ceiling // ONE
    caps = caps_of(policy, rule, earned)
    tightest = min(caps, key=lambda cap: cap.remaining, default=None)
    granted = multiplied if tightest is None else min(multiplied, tightest.remaining)
    capped_by = tightest.name if tightest and granted < multiplied else None
    return Decision(base, granted, applied, ceiling, multiplied, capped_by, caps=caps)


def withhold(base: int, reason: Withheld) -> Decision:
    """The decision to give nothing."""
    return Decision(base, 0, multiplied=base, withheld=reason)


def caps_of(policy: Policy, rule: RewardRule, earned: Earned) -> tuple[CapUse, ...]:
    """The caps a reward must fit, the narrowest kind first."""
    shared = None if rule.shared_cap is None else policy.shared_caps[rule.shared_cap]
    limits = (
        CapUse("activity_day", earned.activity_day, rule.cap_day) if rule.cap_day is not None else None,
        CapUse("shared_day", earned.shared_day, shared) if shared is not None else None,
        CapUse("activity_year", earned.activity_year, rule.cap_year) if rule.cap_year is not None else None,
        CapUse("day", earned.today, policy.day_cap) if policy.day_cap is not None else None,
        CapUse("week", earned.week, policy.week_cap) if policy.week_cap is not None else None,
    )
    return tuple(limit for limit in limits if limit is not None)


def sharers(policy: Policy, rule: RewardRule, kind: str) -> tuple[str, ...]:
    """The activities that fill the same shared cap as this one, itself among them."""
    if rule.shared_cap is None:
        return (kind,)
    return tuple(other for other, its in policy.rewards.items() if its.shared_cap == rule.shared_cap)


def factors_of(policy: Policy, *, streak: int, tier: str, events: Sequence[EventKind]) -> tuple[Factor, ...]:
    """The multipliers of somebody with this streak (days) and tier while these kinds of event run."""
    multipliers = policy.multipliers
    by_streak = max((factor for days, factor in multipliers.streak if days <= streak), default=ONE)
    by_tier = next((its.factor for its in policy.tiers if its.name == tier), ONE)
    by_event = max((multipliers.events.get(kind, ONE) for kind in events), default=ONE)
    return (Factor("streak", by_streak), Factor("tier", by_tier), Factor("event", by_event))


@lru_cache(maxsize=64)
def week_of(day: int) -> int:
    """The ISO week a day belongs to, as `year * 100 + week`."""
    year, week, _ = date.fromordinal(day).isocalendar()
    return year * 100 + week


def month_of(day: int) -> int:
    """The month a day belongs to, as `year * 100 + month`."""
    that = date.fromordinal(day)
    return that.year * 100 + that.month


def first_of_month(day: int) -> int:
    """The first day of the month of a day."""
    return date.fromordinal(day).replace(day=1).toordinal()


def first_of_year(day: int) -> int:
    """The first day of the year of a day."""
    return date(date.fromordinal(day).year, 1, 1).toordinal()


def window_day(last_day: int, today: int) -> int:
    """The day whose window counts: never an earlier one than this wallet has seen.

    Two nodes whose clocks disagree around midnight then share one window, instead of opening each in turn anew.
    """
    return max(last_day, today)


def streak_on(day: int, last_day: int, length: int) -> int:
    """How long a streak is that was `length` days when it was last lengthened on `last_day`: 0 once a day is missed."""
    return length if last_day >= day - 1 else 0


def tier_at(policy: Policy, basis: int) -> tuple[Tier, Tier | None]:
    """The tier somebody with this basis holds, and the next one, if there is one."""
    held = bisect_right(policy.tiers, basis, key=lambda tier: tier.threshold) - 1
    return policy.tiers[held], policy.tiers[held + 1] if held + 1 < len(policy.tiers) else None
