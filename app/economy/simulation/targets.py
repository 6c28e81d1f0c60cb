"""The targets of balance, each defined once: what is measured, over what, and where it must lie.

All are measured over the whole weeks of the run, the first one too, in which people find the rewards that come once. A
person is active in a week when they came on any day of it. The average active user is the mean of everybody honest
(casual, core and power) who was active in a week; weeks weigh by how many were.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from app.core.money import TOKEN
from app.economy.simulation.model import HONEST, HUNDREDTHS, Group, ItemClass, Verdict, Week

FORTNIGHT, MONTH, TWO_MONTHS = 14, 30, 60
PAR = 100
"""A ratio of one."""
FALLEN = 90
"""The ratio of something that has fallen by a tenth, which is more than chance does."""

T = TypeVar("T")
Prices = Mapping[ItemClass, int]


def judge(weeks: Sequence[Week], dearest: Prices) -> tuple[Verdict, ...]:
    """Every target of a run of at least four weeks; `dearest` is what each class of the shop costs at most."""
    average = _weekly(weeks, *HONEST)
    power, core, farmer = _weekly(weeks, "power"), _weekly(weeks, "core", "power"), _weekly(weeks, "farmer")
    return (
        Verdict(
            "average_active_user",
            "What an average active user earns in a week",
            "tokens",
            average,
            200 * TOKEN,
            300 * TOKEN,
        ),
        Verdict("power_user", "What a power user earns in a week", "tokens", power, 500 * TOKEN, 1000 * TOKEN),
        *_affordability(average or 0, dearest),
        *_inflation(weeks),
        Verdict(
            "farmer_to_core",
            "What a farmer earns in a week, in what a core user does, power users among them",
            "ratio",
            farmer * HUNDREDTHS // core if farmer is not None and core else None,
            None,
            2 * PAR,
        ),
    )


def _affordability(weekly: int, dearest: Prices) -> tuple[Verdict, ...]:
    """Earnings of the average active user by prices. The dearest item counts, and each class on top of those before.

    In a fortnight a cosmetic; in a month a functional upgrade after a cosmetic every fortnight; in two months a premium
    feature after both of these.
    """
    cosmetic, functional, premium = (dearest.get(kind, 0) for kind in ("cosmetic", "functional", "premium"))
    fortnight, month, months = (weekly * days // 7 for days in (FORTNIGHT, MONTH, TWO_MONTHS))
    after_cosmetics = month - cosmetic * MONTH // FORTNIGHT
    after_both = months - cosmetic * TWO_MONTHS // FORTNIGHT - functional * TWO_MONTHS // MONTH
    asked = (
        ("cosmetic_each_fortnight", "A fortnight's earnings by the price of a cosmetic", fortnight, cosmetic),
        (
            "functional_each_month",
            "A month's earnings, a cosmetic each fortnight paid, by the price of a functional upgrade",
            after_cosmetics,
            functional,
        ),
        (
            "premium_each_two_months",
            "Two months' earnings, cosmetics and functional upgrades paid, by the price of a premium feature",
            after_both,
            premium,
        ),
    )
    return tuple(
        Verdict(name, meaning, "ratio", left * HUNDREDTHS // price if price else None, PAR, None)
        for name, meaning, left, price in asked
    )


def _inflation(weeks: Sequence[Week]) -> tuple[Verdict, Verdict]:
    """The rate falls by itself as the circulation grows, so what is added for each active person must fall as well."""
    rates = [week.inflation for week in weeks if week.inflation is not None]
    first, middle, last = (sum(part) for part in _thirds(rates))
    before, _, after = (_net_for_each(part) for part in _thirds(weeks))
    return (
        Verdict(
            "inflation_falls",
            "Mean weekly net inflation of each third of the run by that of the third before; the higher of the two",
            "ratio",
            max(middle * HUNDREDTHS // first, last * HUNDREDTHS // middle) if first > 0 and middle > 0 else None,
            None,
            PAR - 1,
        ),
        Verdict(
            "net_issuance_falls",
            "Net issuance for each active account in the last third of the run by that in the first",
            "ratio",
            after * HUNDREDTHS // before if before > 0 else None,
            None,
            FALLEN,
        ),
    )


def _thirds(whole: Sequence[T]) -> tuple[Sequence[T], Sequence[T], Sequence[T]]:
    size = len(whole) // 3
    return whole[:size], whole[size : 2 * size], whole[-size:]


def _net_for_each(weeks: Sequence[Week]) -> int:
    active = sum(its.active for week in weeks for its in week.earners.values())
    return sum(week.net for week in weeks) // active if active else 0


def _weekly(weeks: Sequence[Week], *groups: Group) -> int | None:
    earners = [week.earned(*groups) for week in weeks]
    active = sum(its.active for its in earners)
    return sum(its.earned for its in earners) // active if active else None
