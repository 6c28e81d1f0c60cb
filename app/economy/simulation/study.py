"""The runs behind the report: three policies over five seeds, and the shipped one with one thing changed at a time."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.economy.rules.model import Policy
from app.economy.rules.policy_file import DEFAULT_PRESET, PRESETS, load_policy, policy_of
from app.economy.simulation.model import Result, Run
from app.economy.simulation.scenario import SCENARIO, Scenario
from app.economy.simulation.service import simulate

VARIANTS = Path(__file__).parent / "variants.toml"
SEEDS = (1, 2, 3, 4, 5)
COMPARED = ("balanced", "enhanced", "legacy")
SMALL = 500
"""How many agents the comparisons have; the shipped policy is judged with the full number."""

Document = dict[str, Any]
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Variant:
    """The shipped policy and assumptions but for one thing."""

    title: str
    policy: Policy
    scenario: Scenario
    mix: Mapping[Any, int]
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Study:
    """Everything the report shows: runs by policy and seed, and one run of each variant."""

    run: Run
    policies: Mapping[str, Sequence[Result]]
    unchanged: Result
    knobs: Sequence[tuple[str, Result]]
    assumptions: Sequence[tuple[str, Result]]


def conduct(run: Run, tell: Progress, seeds: Sequence[int] = SEEDS, agents: int = SMALL) -> Study:
    """Make every run: the shipped policy as `run` says, the comparisons with at most `agents`. Takes minutes."""
    small = replace(run, agents=min(agents, run.agents))
    policies = {}
    for name in COMPARED:
        policy, its = load_policy(PRESETS / f"{name}.toml"), run if name == COMPARED[0] else small
        tell(f"{name}: {len(seeds)} runs of {its.agents}")
        policies[name] = [simulate(policy, replace(its, seed=seed)) for seed in seeds]
    tell("variants")
    knobs, assumptions = variants()

    def compare(those: Sequence[Variant]) -> list[tuple[str, Result]]:
        runs = [(its, replace(small, mix=its.mix, days=its.days or small.days)) for its in those]
        return [(its.title, simulate(its.policy, run, its.scenario)) for its, run in runs]

    return Study(run, policies, simulate(load_policy(), small), compare(knobs), compare(assumptions))


def variants(path: Path = VARIANTS) -> tuple[list[Variant], list[Variant]]:
    """Those of the policy's knobs, and those of the assumptions."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    policy, scenario = _document(DEFAULT_PRESET), _document(SCENARIO)
    shipped = Variant("", load_policy(), Scenario.model_validate(scenario), Run().mix)
    knobs = [
        replace(shipped, title=its["title"], policy=policy_of(altered(policy, its), its["title"]))
        for its in document["knobs"]
    ]
    assumptions = [
        replace(
            shipped,
            title=its["title"],
            scenario=Scenario.model_validate(altered(scenario, its)),
            mix=its.get("mix", shipped.mix),
            days=its.get("days"),
        )
        for its in document["assumptions"]
    ]
    return knobs, assumptions


def altered(document: Document, change: Document) -> Document:
    """A copy of a document, `set` laid over it and the keys `without` taken out; a KeyError when one is not there."""
    made = deepcopy(document)
    goals = {goal["id"]: goal for goal in made.get("goals", ())}
    if goals:
        made["goals"] = goals
    _lay_over(made, change.get("set", {}))
    for path in change.get("without", ()):
        *tables, key = path.split(".")
        table = made
        for name in tables:
            table = table[name]
        del table[key]
    if goals:
        made["goals"] = list(goals.values())
    return made


def _lay_over(document: Document, change: Document) -> None:
    for key, value in change.items():
        if isinstance(value, dict) and isinstance(document.get(key), dict):
            _lay_over(document[key], value)
        else:
            document[key] = deepcopy(value)


def _document(path: Path) -> Document:
    return tomllib.loads(path.read_text(encoding="utf-8"))
