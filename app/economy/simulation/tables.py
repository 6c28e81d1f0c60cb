"""What came of a run as tables: rows of text, for the terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.core.money import TOKEN
from app.economy.simulation.model import (
    BASIS_POINTS,
    GROUPS,
    HUNDREDTHS,
    ITEM_CLASSES,
    THOUSANDTHS,
    Result,
    Verdict,
    Week,
)

Row = Sequence[str]
SERIES: Row = ("week", "issued", "burned", "in circulation", "inflation", "mean", "median", "p90", "p99", "Gini")
EARNINGS: Row = ("week", *GROUPS)
AFFORDABLE: Row = ("week", *ITEM_CLASSES)
TARGETS: Row = ("target", "measured", "at least", "at most", "")


def series_row(week: Week) -> Row:
    """One week of the dashboard's series, in whole tokens."""
    money = (week.issued, week.burned, week.circulation)
    balances = (week.mean, week.median, week.p90, week.p99)
    inflation = "-" if week.inflation is None else percent(week.inflation, BASIS_POINTS, 1)
    gini = f"{week.gini / THOUSANDTHS:.2f}"
    return (str(week.number), *(map(tokens, money)), inflation, *(map(tokens, balances)), gini)


def earnings_row(week: Week) -> Row:
    """What one of each kind of people earned in a week."""
    return (str(week.number), *(tokens(week.earners[group].mean) for group in GROUPS))


def affordable_row(week: Week) -> Row:
    """How many of the honest can pay for the dearest item of each class."""
    return (str(week.number), *(percent(week.affordable.get(kind, 0), THOUSANDTHS) for kind in ITEM_CLASSES))


def target_row(verdict: Verdict) -> Row:
    """One target and its verdict."""
    measured, least, most = (measure(verdict, its) for its in (verdict.measured, verdict.least, verdict.most))
    return verdict.meaning, measured, least, most, "pass" if verdict.passed else "FAIL"


def measure(verdict: Verdict, value: int | None) -> str:
    """A value in the unit of a target."""
    if value is None:
        return "-"
    return tokens(value) if verdict.unit == "tokens" else f"{value / HUNDREDTHS:.2f}"


def tokens(micros: int) -> str:
    """Whole tokens, with a space between the thousands."""
    return f"{round(micros / TOKEN):,}".replace(",", " ")


def percent(parts: int, of: int, digits: int = 0) -> str:
    """So many parts of a whole, in percent."""
    return f"{parts * 100 / of:.{digits}f} %"


def terminal(result: Result) -> str:
    """A run for the terminal: series, earnings, caps, tiers and targets."""
    run, last = result.run, result.weeks[-1]
    mix = ", ".join(f"{kind} {part}" for kind, part in run.mix.items())
    parts = [
        f"policy {result.policy}, {run.days} days, {run.agents} agents ({mix}), seed {run.seed}; amounts in tokens",
        _aligned(SERIES, [series_row(week) for week in result.weeks]),
        "earned in a week by each who came",
        _aligned(EARNINGS, [earnings_row(week) for week in result.weeks]),
        "who of the honest can pay for the dearest of a class",
        _aligned(AFFORDABLE, [affordable_row(week) for week in result.weeks]),
        "in the last week",
        *_last_week(last),
        "targets",
        _aligned(TARGETS, [target_row(verdict) for verdict in result.verdicts]),
    ]
    return "\n\n".join(parts)


def markdown(head: Row, rows: Sequence[Row]) -> str:
    """A table of a Markdown page."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def _last_week(week: Week) -> Iterator[str]:
    earned = [f"{kind} {percent(amount, week.issued)}" for kind, amount in week.by_activity.items()]
    spent = [f"{kind} {percent(amount, week.burned)}" for kind, amount in week.spent.items()]
    yield "earned by: " + (", ".join(earned) or "-")
    yield "spent on: " + (", ".join(spent) or "-")
    cut = [f"{cap} {percent(share, THOUSANDTHS, 1)}" for cap, share in week.saturation.items()]
    yield "days on which a cap cut something: " + (", ".join(cut) or "-")
    yield "tiers: " + ", ".join(f"{tier} {count}" for tier, count in sorted(week.tiers.items()))
    yield (
        f"gifts {tokens(week.gifts)}; of the daily allowance {tokens(week.allowance_used)} used, "
        f"{tokens(week.allowance_lapsed)} lapsed"
    )


def _aligned(head: Row, rows: Sequence[Row]) -> str:
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if not column else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in table
    )
