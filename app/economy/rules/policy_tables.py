"""The policy as people read it: its tables in Markdown, written from the same rules that pay."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from app.core.money import format_amount
from app.economy.rules.model import ONE, Policy, RewardRule

_WHEN = {
    "registration": "when an account is made",
    "daily_login": "for claiming the daily reward",
    "create_room": "for each room made",
    "join_room": "for joining a room",
    "send_message": "for each message",
    "share_file": "for each file shared",
    "weekly_streak": "every seventh day of a streak, once an ISO week",
    "monthly_active": "when active on {least} days of a calendar month",
    "invite_friend": "when somebody one invited is first active: claims a daily reward after having written",
    "receive_gift": "to the recipient of a gift; once a day for each sender",
    "room_moderator": "for becoming a moderator of a room with at least {least} other members",
    "popular_message": "when {least} people reacted to a message",
    "helpful_content": "when {least} people found a message helpful",
    "media_shared": "when {least} people opened a file",
    "achievement": "for an achievement, as listed below",
    "quest": "for a quest, as listed below",
}
_BASIS = {
    "balance": "Held by whoever has the threshold to spend, not counting the daily allowance.",
    "lifetime": "Held by whoever has ever earned the threshold.",
    "earned_90d": "Held by whoever has earned the threshold in the last 90 days.",
}


def render_policies(policies: Sequence[Policy]) -> str:
    """A Markdown page of several policies, one part each. Ends with a newline."""
    sections = [
        "# The economy",
        "This page is generated from the policy files; edit those and run `make generate`.",
        "Amounts are exact to six decimals. Days and ISO weeks (from Monday) are those of the platform's time zone.",
        "A reward that does not fit a cap is cut to what is left, not refused.",
    ]
    for policy in policies:
        sections += _policy(policy)
    return "\n\n".join(sections) + "\n"


def _policy(policy: Policy) -> Iterator[str]:
    yield f"## Policy `{policy.name}`"
    yield f"The token is the {policy.token} (`{policy.symbol}`)."
    yield "### Rewards"
    yield _table(("activity", "earns", "when", "multiplied", "at most"), _rewards(policy))
    yield "### Caps and multipliers"
    yield _table(("what", "value"), _caps(policy))
    yield "### Tiers"
    yield _BASIS[policy.tier_basis]
    head = ("tier", "from", "factor", "own rooms", "gifts a day", "storage GB", "file MB", "perks")
    yield _table(head, _tiers(policy))
    if policy.goals:
        yield "### Achievements and quests"
        yield _table(("goal", "what", "reward", "once"), _goals(policy))


def _rewards(policy: Policy) -> Iterable[Sequence[str]]:
    for activity, rule in policy.rewards.items():
        earns = f"{rule.share} %" if rule.share else format_amount(rule.amount)
        if activity in ("achievement", "quest"):
            earns = "as stated"
        yield f"`{activity}`", earns, _when(activity, rule), "yes" if rule.multiplied else "", _limits(rule)


def _when(activity: str, rule: RewardRule) -> str:
    conditions = [_WHEN[activity].format(least=rule.least)]
    if rule.once == "ever":
        conditions.append("once for each person")
    if rule.once == "subject" and activity not in ("achievement", "quest", "weekly_streak"):
        conditions.append("once for each person and subject")
    if rule.not_own:
        conditions.append("not one's own")
    if rule.distinct:
        conditions.append("equal content once a day")
    return "; ".join(conditions)


def _limits(rule: RewardRule) -> str:
    limits = []
    if rule.cap_day is not None:
        limits.append(f"{format_amount(rule.cap_day)} a day")
    if rule.cap_year is not None:
        limits.append(f"{format_amount(rule.cap_year)} a year")
    if rule.shared_cap is not None:
        limits.append(f"shared cap `{rule.shared_cap}`")
    return ", ".join(limits) or "-"


def _caps(policy: Policy) -> Iterable[Sequence[str]]:
    yield "all rewards of a day", _limit(policy.day_cap)
    yield "all rewards of a week", _limit(policy.week_cap)
    for name, cap in policy.shared_caps.items():
        yield f"shared cap `{name}`, a day", format_amount(cap)
    for days, factor in policy.multipliers.streak:
        yield f"streak of {days} days", f"x {_factor(factor)}"
    for kind, factor in policy.multipliers.events.items():
        yield f"event: {kind}", f"x {_factor(factor)}"
    if policy.multipliers.ceiling is not None:
        yield "all multipliers together, at most", f"x {_factor(policy.multipliers.ceiling)}"
    yield "smallest gift", format_amount(policy.gifts.minimum)
    yield "gifts a person sends in a day", str(policy.gifts.per_day)
    if policy.allowance is not None:
        yield "daily allowance for tools", format_amount(policy.allowance.amount)
        yield "building a website", format_amount(policy.allowance.website)
    if policy.decay is not None:
        decay = policy.decay
        above = f"above {format_amount(decay.floor)}, after {decay.idle_days} idle days"
        yield "dormant balances lose, every 30 days", f"{_factor(decay.rate)} of what is {above}"


def _tiers(policy: Policy) -> Iterable[Sequence[str]]:
    for tier in policy.tiers:
        yield (
            tier.name,
            format_amount(tier.threshold),
            _factor(tier.factor),
            "no limit" if tier.rooms_max is None else str(tier.rooms_max),
            _limit(tier.gifts_day),
            str(tier.storage_gb),
            str(tier.file_mb),
            ", ".join(sorted(tier.perks)) or "-",
        )


def _goals(policy: Policy) -> Iterable[Sequence[str]]:
    for goal in policy.goals:
        once = {"ever": "ever", "day": "a day", "week": "an ISO week"}[goal.window]
        yield f"`{goal.id}`", goal.titles["en"], format_amount(goal.reward), once


def _limit(amount: int | None) -> str:
    return "no limit" if amount is None else format_amount(amount)


def _factor(hundredths: int) -> str:
    return format_amount(hundredths * 1_000_000 // ONE)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
