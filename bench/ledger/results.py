"""From turns of the ledger to what is told: medians with their spread, kept as JSON."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.ledger.cases import PGBENCH, Case, Turn
from bench.results import Figure

METRICS = ("per_s", "p50_ms", "p99_ms", "client_cpu_us", "server_cpu_us")


@dataclass(frozen=True, slots=True)
class LedgerResults:
    """One run: when, where and how, and every turn. Each turn's books were counted and audited."""

    about: dict[str, str]
    turns: tuple[Turn, ...]

    def figure(self, subject: str, case: Case, metric: str) -> Figure | None:
        """A metric of one subject in one case; None when it had no turn."""
        values = [getattr(turn, metric) for turn in self.turns if (turn.subject, turn.case) == (subject, case)]
        return Figure(statistics.median(values), min(values), max(values)) if values else None

    def ratio(self, subject: str, case: Case) -> float | None:
        """A subject's rate by that of pgbench; None when either had no turn."""
        ours, theirs = self.figure(subject, case, "per_s"), self.figure(PGBENCH, case, "per_s")
        return None if ours is None or theirs is None else ours.median / theirs.median

    @property
    def cases(self) -> list[Case]:
        """The cases that were measured, in order."""
        return list(dict.fromkeys(turn.case for turn in self.turns))

    @property
    def subjects(self) -> list[str]:
        """The subjects that were measured, in order."""
        return list(dict.fromkeys(turn.subject for turn in self.turns))

    def save(self, path: Path) -> None:
        """Write everything, with the medians worked out for other readers."""
        path.parent.mkdir(parents=True, exist_ok=True)
        medians = [
            {**asdict(case), "subject": subject, **{metric: round(figure.median, 4) for metric, figure in told.items()}}
            for case in self.cases
            for subject in self.subjects
            if (told := {m: figure for m in METRICS if (figure := self.figure(subject, case, m)) is not None})
        ]
        path.write_text(json.dumps({**asdict(self), "medians": medians}, indent=1) + "\n", encoding="utf-8")


def load(path: Path) -> LedgerResults:
    """What `LedgerResults.save` wrote."""
    kept = json.loads(path.read_text(encoding="utf-8"))
    return LedgerResults(kept["about"], tuple(Turn(**turn) for turn in kept["turns"]))
