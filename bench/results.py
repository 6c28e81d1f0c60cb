"""From turns to what is told: medians with their spread, kept as JSON."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from bench.turns import Turn

METRICS = tuple(item.name for item in fields(Turn) if item.name not in ("subject", "shape"))


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of a subject's turns, and the lowest and highest of them."""

    median: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Results:
    """One run: when, where and how, what the load generator can count, and every turn."""

    about: dict[str, str]
    ceiling_deliveries_per_s: float
    turns: tuple[Turn, ...]

    def figure(self, subject: str, shape: str, metric: str) -> Figure:
        """A metric of one subject in one shape. Raises `statistics.StatisticsError` when it had no turn."""
        values = [getattr(turn, metric) for turn in self.turns if (turn.subject, turn.shape) == (subject, shape)]
        return Figure(statistics.median(values), min(values), max(values))

    @property
    def shapes(self) -> list[str]:
        """The shapes that were measured, in order."""
        return _in_order(turn.shape for turn in self.turns)

    @property
    def subjects(self) -> list[str]:
        """The subjects that were measured, in order."""
        return _in_order(turn.subject for turn in self.turns)

    def save(self, path: Path) -> None:
        """Write everything, with the medians worked out for other readers."""
        path.parent.mkdir(parents=True, exist_ok=True)
        medians = {
            shape: {
                subject: {metric: round(self.figure(subject, shape, metric).median, 4) for metric in METRICS}
                for subject in self.subjects
            }
            for shape in self.shapes
        }
        path.write_text(json.dumps({**asdict(self), "medians": medians}, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> Results:
    """What `Results.save` wrote."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    turns = tuple(Turn(**turn) for turn in kept["turns"])
    return Results(kept["about"], kept["ceiling_deliveries_per_s"], turns)


def _in_order(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
