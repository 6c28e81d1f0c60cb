"""The pure decisions: caps cut and never refuse, tiers, weeks and windows."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import Calendar
from app.economy.rules.model import Decision, Earned, Policy, RewardRule, Tier
from app.economy.rules.policy import decide, tier_at, week_of, window_day, withhold

amounts = st.integers(1, 10**12)
used = st.integers(0, 10**12)


def policy(day_cap: int, week_cap: int) -> Policy:
    tiers = (Tier("bronze", 0), Tier("silver", 100), Tier("gold", 500))
    return Policy("test", 1, "Token", "T", day_cap, week_cap, {}, tiers)


@given(
    amount=amounts,
    weight=st.integers(1, 50),
    caps=st.tuples(amounts, amounts, st.none() | amounts),
    spent=st.tuples(used, used, used),
)
def test_a_grant_fits_every_cap_and_is_as_large_as_it_can_be(
    amount: int, weight: int, caps: tuple[int, int, int | None], spent: tuple[int, int, int]
) -> None:
    day, week, activity = caps
    rule = RewardRule(amount, cap_day=activity)
    decision = decide(policy(day, week), rule, weight, Earned(1, *spent))
    limits = [day - spent[1], week - spent[2]] + ([] if activity is None else [activity - spent[0]])
    assert decision.granted == max(0, min(amount * weight, *limits))
    assert (decision.capped_by is None) == (decision.granted == decision.base)
    assert Decision.from_json(decision.to_json()) == decision


def test_the_narrowest_cap_is_named_when_several_bind_alike() -> None:
    decision = decide(policy(10, 10), RewardRule(5, cap_day=10), 1, Earned(1, 8, 8, 8))
    assert (decision.granted, decision.capped_by) == (2, "activity_day")


def test_withheld_is_nothing_for_a_reason() -> None:
    decision = withhold(RewardRule(5), 3, "duplicate")
    assert (decision.base, decision.granted, decision.withheld) == (15, 0, "duplicate")


@pytest.mark.parametrize(
    ("basis", "held", "above"),
    [(0, "bronze", "silver"), (99, "bronze", "silver"), (100, "silver", "gold"), (10**9, "gold", None)],
)
def test_tiers_begin_at_their_threshold(basis: int, held: str, above: str | None) -> None:
    tier, next_tier = tier_at(policy(1, 1), basis)
    assert tier.name == held
    assert (next_tier.name if next_tier else None) == above


@given(st.dates(min_value=date(1971, 1, 1), max_value=date(2200, 1, 1)))
def test_weeks_are_the_calendars(day: date) -> None:
    at_ms = (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000
    assert week_of(day.toordinal()) == Calendar("UTC").week(at_ms)


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_window_never_goes_back(last: int, today: int) -> None:
    assert window_day(last, today) >= last
    assert window_day(last, today) >= today
