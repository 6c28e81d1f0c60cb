"""The policy as people read it: its tables in Markdown, written from the same rules that pay."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.core.money import format_amount
from app.economy.rules.model import Policy, RewardRule

_GUARDS = {
    "registration": "when an account is made",
    "create_room": "for each room made",
    "join_room": "for joining a room",
    "send_message": "for each message",
}


def render_policy(policy: Policy) -> str:
    """A Markdown page of a policy: rewards, caps and tiers. Ends with a newline."""
    sections = [
        f"# The economy: policy `{policy.name}`, version {policy.version}",
        "This page is generated from the policy file; edit that and run `make generate`.",
        f"The token is the {policy.token} (`{policy.symbol}`). Amounts are exact to six decimals.",
        "## Rewards",
        _table(("activity", "earns", "when", "at most in a day"), _rewards(policy)),
        "Days and weeks (ISO weeks, from Monday) are those of the platform's time zone, at the moment of payment.",
        "## Caps",
        "All rewards together; a reward that does not fit is cut to what is left, not refused.",
        _table(("window", "at most"), [("day", _tokens(policy.day_cap)), ("week", _tokens(policy.week_cap))]),
        "## Tiers",
        "Held by whoever has the threshold to spend, not counting the daily allowance.",
        _table(("tier", "from", "own rooms"), _tiers(policy)),
    ]
    return "\n\n".join(sections) + "\n"


def _rewards(policy: Policy) -> Iterable[Sequence[str]]:
    for activity, rule in policy.rewards.items():
        limit = "-" if rule.cap_day is None else _tokens(rule.cap_day)
        yield f"`{activity}`", _tokens(rule.amount), _when(activity, rule), limit


def _when(activity: str, rule: RewardRule) -> str:
    conditions = [_GUARDS[activity]]
    if rule.once == "ever":
        conditions.append("once for each person")
    if rule.once == "subject":
        conditions.append("once for each person and subject")
    if rule.not_own:
        conditions.append("not one's own")
    if rule.distinct:
        conditions.append("equal content once a day")
    return "; ".join(conditions)


def _tiers(policy: Policy) -> Iterable[Sequence[str]]:
    for tier in policy.tiers:
        yield tier.name, _tokens(tier.threshold), "no limit" if tier.rooms_max is None else str(tier.rooms_max)


def _tokens(amount: int) -> str:
    return format_amount(amount)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
