"""The numbers of a policy as Markdown, so that the documentation cannot say others."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.core.money import format_amount
from app.economy.model import Policy, RewardRule

_ONCE = {"ever": "once per person", "subject": "once per person and subject"}


def policy_tables(policy: Policy) -> str:
    """Rewards, caps and tiers of one policy."""
    rewards = [
        (f"`{kind}`", format_amount(rule.amount), _cap(rule), _guards(rule)) for kind, rule in policy.rewards.items()
    ]
    tiers = [
        (tier.name, format_amount(tier.threshold), "no limit" if tier.rooms_max is None else str(tier.rooms_max))
        for tier in policy.tiers
    ]
    parts = [
        f"Policy `{policy.name}`, version {policy.version}. Amounts are in {policy.symbol} ({policy.token}).",
        "## Rewards",
        _table(("activity", "reward", "at most in a day", "guard"), rewards),
        f"All rewards together come to at most {format_amount(policy.day_cap)} a day and "
        f"{format_amount(policy.week_cap)} an ISO week. A reward that does not fit is cut at the boundary.",
        "## Tiers",
        _table(("tier", "from a balance of", "rooms of one's own"), tiers),
    ]
    return "\n\n".join(parts) + "\n"


def _cap(rule: RewardRule) -> str:
    return "" if rule.cap_day is None else format_amount(rule.cap_day)


def _guards(rule: RewardRule) -> str:
    guards = [_ONCE[rule.once]] if rule.once else []
    if rule.not_own:
        guards.append("not one's own")
    if rule.distinct:
        guards.append("equal content earns once a day")
    return "; ".join(guards)


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
