"""The rules, and the decisions made by them. Pure: state and rule in, decision out."""

from __future__ import annotations

from datetime import date

from app.economy.rules.model import CapUse, Decision, Earned, Policy, RewardRule, Tier, Withheld


def decide(policy: Policy, rule: RewardRule, weight: int, earned: Earned) -> Decision:
    """What an activity earns that nothing withholds: its amount, cut to what the tightest cap leaves."""
    base = rule.amount * weight
    caps = caps_of(policy, rule, earned)
    tightest = min(caps, key=lambda cap: cap.remaining)
    granted = min(base, tightest.remaining)
    return Decision(base, granted, tightest.name if granted < base else None, caps=caps)


def withhold(rule: RewardRule, weight: int, reason: Withheld) -> Decision:
    """The decision to give nothing."""
    return Decision(rule.amount * weight, 0, withheld=reason)


def caps_of(policy: Policy, rule: RewardRule, earned: Earned) -> tuple[CapUse, ...]:
    """The caps a reward must fit, the narrowest kind first."""
    own = () if rule.cap_day is None else (CapUse("activity_day", earned.activity_day, rule.cap_day),)
    return (*own, CapUse("day", earned.today, policy.day_cap), CapUse("week", earned.week, policy.week_cap))


def week_of(day: int) -> int:
    """The ISO week a day belongs to, as `year * 100 + week`."""
    year, week, _ = date.fromordinal(day).isocalendar()
    return year * 100 + week


def window_day(last_day: int, today: int) -> int:
    """The day whose window counts: never an earlier one than this wallet has seen.

    Two nodes whose clocks disagree around midnight then share one window, instead of opening each in turn anew.
    """
    return max(last_day, today)


def tier_at(policy: Policy, basis: int) -> tuple[Tier, Tier | None]:
    """The tier somebody with this basis holds, and the next one, if there is one."""
    held = max(index for index, tier in enumerate(policy.tiers) if tier.threshold <= basis)
    return policy.tiers[held], policy.tiers[held + 1] if held + 1 < len(policy.tiers) else None
