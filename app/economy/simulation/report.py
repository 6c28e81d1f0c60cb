"""Writes the report of the simulation: the prose of `report.md` with tables and plots of runs made for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import mean

from app.core.money import TOKEN
from app.economy.rules.policy_file import PRESETS
from app.economy.simulation.model import BASIS_POINTS, GROUPS, ITEM_CLASSES, THOUSANDTHS, Group, ItemClass, Result, Week
from app.economy.simulation.plots import Line, Plot, svg
from app.economy.simulation.scenario import SCENARIO
from app.economy.simulation.study import COMPARED, VARIANTS, Study
from app.economy.simulation.tables import EARNINGS, SERIES, Row, earnings_row, markdown, measure, series_row

SETTLED = 4
"""The week from which inflation is drawn; in the first weeks nearly all that there is was issued just now."""
TEMPLATE = Path(__file__).parent / "report.md"
PAGE = "economy-simulation.md"
SOURCES = (*(PRESETS / f"{name}.toml" for name in COMPARED), SCENARIO, VARIANTS)

Runs = Sequence[Result]
Value = Callable[[Week], float]


def write_report(study: Study, folder: Path) -> list[Path]:
    """Write the page, and its plots into `images` beside it; return what was written."""
    written = {folder / PAGE: page(study)}
    written |= {folder / "images" / f"economy-{name}.svg": svg(plot) for name, plot in plots(study).items()}
    for path, text in written.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return list(written)


def fingerprint() -> str:
    """What the files that the report is made from hash to; it stands in the report, so that a stale one is seen."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in SOURCES)).hexdigest()[:16]


def page(study: Study) -> str:
    """The report as Markdown."""
    run, shipped = study.run, study.policies[COMPARED[0]]
    parts = {
        "fingerprint": fingerprint(),
        "run": f"{run.days} days, {run.agents} agents, "
        + ", ".join(f"{part} % {kind}" for kind, part in run.mix.items()),
        "seeds": ", ".join(str(its.run.seed) for its in shipped),
        "small": str(study.unchanged.run.agents),
        "targets": markdown(("target", "bounds", *COMPARED), list(_target_rows(study))),
        "series": markdown(SERIES, [series_row(week) for week in shipped[0].weeks]),
        "earnings": markdown(EARNINGS, [earnings_row(week) for week in shipped[0].weeks]),
        "activities": markdown(("activity", "share of all that was issued"), list(_shares(shipped))),
        "knobs": _comparison(study.unchanged, study.knobs),
        "assumptions": _comparison(study.unchanged, study.assumptions),
    }
    text = TEMPLATE.read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace("{{" + name + "}}", part)
    return text


def plots(study: Study) -> dict[str, Plot]:
    """The plots of the report by name."""
    shipped = study.policies[COMPARED[0]]
    inflation = [Line(name, _band(runs, _inflation)[SETTLED - 1 :]) for name, runs in study.policies.items()]
    net = [Line(name, _band(runs, _net_each)) for name, runs in study.policies.items()]
    earned = [Line(group, _band(shipped, _earned_by(group))) for group in GROUPS]
    affordable = [Line(kind, _band(shipped, _can_afford(kind))) for kind in ITEM_CLASSES]
    flows = [
        Line("issued", _band(shipped, lambda week: week.issued / TOKEN)),
        Line("burned", _band(shipped, lambda week: week.burned / TOKEN)),
    ]
    balances = [
        Line("p90", _band(shipped, lambda week: week.p90 / TOKEN)),
        Line("mean", _band(shipped, lambda week: week.mean / TOKEN)),
        Line("median", _band(shipped, lambda week: week.median / TOKEN)),
    ]
    return {
        "inflation": Plot("Net inflation of a week", "% of the opening circulation", inflation, first=SETTLED),
        "net": Plot("Net issuance for each active account", "tokens a week", net),
        "earned": Plot("Earned by each who came, under balanced", "tokens a week", earned, bounds=(200, 300)),
        "flows": Plot("Issued and burned under balanced", "tokens a week", flows),
        "balances": Plot("Balances under balanced", "tokens", balances),
        "affordable": Plot("Who can pay the dearest of a class, under balanced", "% of the honest", affordable),
    }


def _inflation(week: Week) -> float:
    return (week.inflation or 0) * 100 / BASIS_POINTS


def _earned_by(group: Group) -> Value:
    return lambda week: week.earners[group].mean / TOKEN


def _can_afford(kind: ItemClass) -> Value:
    return lambda week: week.affordable.get(kind, 0) * 100 / THOUSANDTHS


def _net_each(week: Week) -> float:
    return week.net / TOKEN / max(1, week.earned(*GROUPS).active)


def _band(runs: Runs, value: Value) -> list[tuple[float, float, float]]:
    """The least, the mean and the most of several runs, week by week."""
    weeks = zip(*(run.weeks for run in runs), strict=True)
    each = [[value(week) for week in same] for same in weeks]
    return [(min(values), mean(values), max(values)) for values in each]


def _target_rows(study: Study) -> Iterator[Row]:
    for at, target in enumerate(study.unchanged.verdicts):
        least, most = measure(target, target.least), measure(target, target.most)
        bounds = f"{least} to {most}" if target.least and target.most else f"at least {least}"
        if target.least is None:
            bounds = f"at most {most}"
        yield target.meaning, bounds, *(_spread(runs, at) for runs in study.policies.values())


def _spread(runs: Runs, at: int) -> str:
    """The mean of a target over several runs, the least and the most, and how many passed."""
    verdicts = [run.verdicts[at] for run in runs]
    values = [verdict.measured for verdict in verdicts if verdict.measured is not None]
    passed = sum(verdict.passed for verdict in verdicts)
    if not values:
        return f"-; {passed} of {len(runs)} pass"
    middle, least, most = (measure(verdicts[0], value) for value in (round(mean(values)), min(values), max(values)))
    return f"{middle} ({least} to {most}); {passed} of {len(runs)} pass"


def _shares(runs: Runs) -> Iterator[Row]:
    issued = sum(week.issued for run in runs for week in run.weeks)
    by_activity: dict[str, int] = {}
    for run in runs:
        for week in run.weeks:
            for kind, amount in week.by_activity.items():
                by_activity[kind] = by_activity.get(kind, 0) + amount
    for kind, amount in sorted(by_activity.items(), key=lambda item: -item[1]):
        yield f"`{kind}`", f"{amount * 100 / issued:.1f} %"


def _comparison(unchanged: Result, variants: Sequence[tuple[str, Result]]) -> str:
    head = ("", "average", "power", "farmer by core", "premium", "inflation", "net issuance", "fails")
    rows = [_compared("**as shipped**", unchanged), *(_compared(title, result) for title, result in variants)]
    return markdown(head, rows)


def _compared(title: str, result: Result) -> Row:
    verdicts: Mapping[str, str] = {its.name: measure(its, its.measured) for its in result.verdicts}
    shown = ("average_active_user", "power_user", "farmer_to_core", "premium_each_two_months")
    moving = ("inflation_falls", "net_issuance_falls")
    fails = ", ".join(f"`{its.name}`" for its in result.verdicts if not its.passed)
    return (title, *(verdicts[name] for name in (*shown, *moving)), fails or "-")
