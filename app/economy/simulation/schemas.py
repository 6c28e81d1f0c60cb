"""Wire shapes of this room."""

from __future__ import annotations

from typing import Literal

from app.core.money import TOKEN, format_amount
from app.economy.simulation import model
from app.economy.simulation.model import BASIS_POINTS, HUNDREDTHS, THOUSANDTHS, Class, Group, ItemClass
from app.infra.wire import Amount, Schema


def decimal(value: int, parts: int) -> str:
    """So many parts of one as a decimal string: 125 hundredths are "1.25". `parts` divides a million."""
    return format_amount(value * (TOKEN // parts))


class SimulatedEarners(Schema):
    """Of one kind of people: how many came in a week, and what one of them earned in it."""

    active: int
    earned_each: Amount


class SimulatedWeek(Schema):
    """A week of a simulation. Shares and rates are decimal strings of one; `inflation` is null in the first week."""

    number: int
    issued: Amount
    burned: Amount
    circulation: Amount
    inflation: str | None
    mean: Amount
    median: Amount
    p90: Amount
    p99: Amount
    gini: str
    earners: dict[Group, SimulatedEarners]
    earned_by_activity: dict[str, Amount]
    spent_by_category: dict[str, Amount]
    gifts: Amount
    allowance_used: Amount
    allowance_lapsed: Amount
    cap_saturation: dict[str, str]
    tiers: dict[str, int]
    affordable: dict[ItemClass, str]

    @classmethod
    def of(cls, week: model.Week) -> SimulatedWeek:
        return cls(
            number=week.number,
            issued=week.issued,
            burned=week.burned,
            circulation=week.circulation,
            inflation=None if week.inflation is None else decimal(week.inflation, BASIS_POINTS),
            mean=week.mean,
            median=week.median,
            p90=week.p90,
            p99=week.p99,
            gini=decimal(week.gini, THOUSANDTHS),
            earners={
                group: SimulatedEarners(active=its.active, earned_each=its.mean) for group, its in week.earners.items()
            },
            earned_by_activity=dict(week.by_activity),
            spent_by_category=dict(week.spent),
            gifts=week.gifts,
            allowance_used=week.allowance_used,
            allowance_lapsed=week.allowance_lapsed,
            cap_saturation={cap: decimal(share, THOUSANDTHS) for cap, share in week.saturation.items()},
            tiers=dict(week.tiers),
            affordable={kind: decimal(share, THOUSANDTHS) for kind, share in week.affordable.items()},
        )


class SimulationTarget(Schema):
    """A target of balance: what was measured, the bounds it has to lie in, and whether it does.

    In tokens or as a ratio, by `unit`. `measured` is null when there was nobody to measure it with.
    """

    name: str
    meaning: str
    unit: Literal["tokens", "ratio"]
    measured: str | None
    least: str | None
    most: str | None
    passed: bool

    @classmethod
    def of(cls, verdict: model.Verdict) -> SimulationTarget:
        def text(value: int | None) -> str | None:
            return None if value is None else decimal(value, TOKEN if verdict.unit == "tokens" else HUNDREDTHS)

        return cls(
            name=verdict.name,
            meaning=verdict.meaning,
            unit=verdict.unit,
            measured=text(verdict.measured),
            least=text(verdict.least),
            most=text(verdict.most),
            passed=verdict.passed,
        )


class Simulation(Schema):
    """What came of a simulation: its whole weeks, and the targets of balance."""

    policy: str
    days: int
    agents: int
    mix: dict[Class, int]
    seed: int
    passed: bool
    targets: list[SimulationTarget]
    weeks: list[SimulatedWeek]

    @classmethod
    def of(cls, result: model.Result) -> Simulation:
        return cls(
            policy=result.policy,
            days=result.run.days,
            agents=result.run.agents,
            mix=dict(result.run.mix),
            seed=result.run.seed,
            passed=result.passed,
            targets=[SimulationTarget.of(verdict) for verdict in result.verdicts],
            weeks=[SimulatedWeek.of(week) for week in result.weeks],
        )
