"""The pure decisions: factors multiply exactly, caps cut and never refuse, tiers, weeks, streaks and windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.clock import Calendar
from app.core.money import TOKEN
from app.economy.rules.model import ONE, Decision, Earned, EventKind, Factor, Multipliers, Policy, RewardRule
from app.economy.rules.policy import (
    decide,
    factors_of,
    first_of_month,
    first_of_year,
    month_of,
    streak_on,
    tier_at,
    week_of,
    window_day,
    withhold,
)
from tests.harness.economy import POLICY

amounts = st.integers(1, 10**12)
used = st.integers(0, 10**12)
factors = st.integers(ONE, 10 * ONE)


def policy(day_cap: int | None, week_cap: int | None, shared: int = 10**15) -> Policy:
    return replace(
        POLICY, day_cap=day_cap, week_cap=week_cap, shared_caps={"received": shared}, multipliers=Multipliers()
    )


@given(
    amount=amounts,
    weight=st.integers(1, 50),
    caps=st.tuples(st.none() | amounts, st.none() | amounts, st.none() | amounts, amounts),
    spent=st.tuples(used, used, used, used, used),
)
def test_a_grant_fits_every_cap_and_is_as_large_as_it_can_be(
    amount: int,
    weight: int,
    caps: tuple[int | None, int | None, int | None, int],
    spent: tuple[int, int, int, int, int],
) -> None:
    day, week, activity, shared = caps
    rule = RewardRule(amount, cap_day=activity, cap_year=activity, shared_cap="received")
    decision = decide(policy(day, week, shared), rule, rule.base(weight, 0), Earned(1, *spent))
    pairs = ((activity, spent[0]), (shared, spent[1]), (activity, spent[2]), (day, spent[3]), (week, spent[4]))
    limits = [limit - used for limit, used in pairs if limit is not None]
    assert decision.granted == max(0, min([amount * weight, *limits]))
    assert (decision.capped_by is None) == (decision.granted == decision.base)
    assert Decision.from_json(decision.to_json()) == decision


@given(whole=st.integers(1, 500), chosen=st.tuples(factors, factors, factors), ceiling=st.none() | factors)
def test_three_factors_of_whole_tokens_are_exact(whole: int, chosen: tuple[int, int, int], ceiling: int | None) -> None:
    rules = replace(policy(None, None), multipliers=Multipliers(ceiling=ceiling))
    given_factors = [Factor("streak", chosen[0]), Factor("tier", chosen[1]), Factor("event", chosen[2])]
    decision = decide(rules, RewardRule(1, multiplied=True), whole * TOKEN, Earned(1), given_factors)
    product = Fraction(chosen[0], ONE) * Fraction(chosen[1], ONE) * Fraction(chosen[2], ONE)
    if ceiling is not None:
        product = min(product, Fraction(ceiling, ONE))
    assert decision.multiplied == whole * TOKEN * product
    assert decision.granted == decision.multiplied
    assert Decision.from_json(decision.to_json()) == decision


def test_only_rules_that_say_so_are_multiplied() -> None:
    doubled = [Factor("event", 200)]
    assert decide(policy(None, None), RewardRule(5), 5, Earned(1), doubled).granted == 5
    assert decide(policy(None, None), RewardRule(5, multiplied=True), 5, Earned(1), doubled).granted == 10


@pytest.mark.parametrize(
    ("streak", "tier", "events", "expected"),
    [
        (0, "", [], (100, 100, 100)),
        (2, "bronze", [], (100, 100, 100)),
        (3, "silver", ["weekend"], (110, 110, 120)),
        (7, "gold", ["weekend", "special", "holiday"], (125, 125, 200)),
        (14, "platinum", ["holiday"], (150, 150, 150)),
        (365, "no such tier", [], (200, 100, 100)),
    ],
)
def test_the_factors_are_those_of_streak_tier_and_the_highest_event(
    streak: int, tier: str, events: list[EventKind], expected: tuple[int, int, int]
) -> None:
    found = factors_of(POLICY, streak=streak, tier=tier, events=events)
    assert tuple(factor.hundredths for factor in found) == expected


def test_a_share_is_of_the_amount_told_rounded_down() -> None:
    rule = RewardRule(share=10)
    assert rule.base(1, 25 * TOKEN) == 2_500_000
    assert rule.base(1, 19) == 1


def test_the_narrowest_cap_is_named_when_several_bind_alike() -> None:
    decision = decide(policy(10, 10), RewardRule(5, cap_day=10), 5, Earned(1, activity_day=8, today=8, week=8))
    assert (decision.granted, decision.capped_by) == (2, "activity_day")


def test_withheld_is_nothing_for_a_reason() -> None:
    decision = withhold(15, "duplicate")
    assert (decision.base, decision.granted, decision.withheld) == (15, 0, "duplicate")


@pytest.mark.parametrize(
    ("basis", "held", "above"),
    [(0, "bronze", "silver"), (99, "bronze", "silver"), (100, "silver", "gold"), (10**6, "platinum", None)],
)
def test_tiers_begin_at_their_threshold(basis: int, held: str, above: str | None) -> None:
    tier, next_tier = tier_at(POLICY, basis * TOKEN)
    assert tier.name == held
    assert (next_tier.name if next_tier else None) == above


@given(st.dates(min_value=date(1971, 1, 1), max_value=date(2200, 1, 1)))
def test_weeks_months_and_years_are_the_calendars(day: date) -> None:
    at_ms = (day.toordinal() - date(1970, 1, 1).toordinal()) * 86_400_000
    assert week_of(day.toordinal()) == Calendar("UTC").week(at_ms)
    assert month_of(day.toordinal()) == day.year * 100 + day.month
    assert first_of_month(day.toordinal()) == day.replace(day=1).toordinal()
    assert first_of_year(day.toordinal()) == day.replace(month=1, day=1).toordinal()


@given(st.integers(1, 10**6), st.integers(1, 10**6))
def test_a_window_never_goes_back(last: int, today: int) -> None:
    assert window_day(last, today) >= last
    assert window_day(last, today) >= today


def test_a_streak_lives_through_today_and_yesterday_only() -> None:
    assert [streak_on(day, 10, 4) for day in (10, 11, 12)] == [4, 4, 0]
