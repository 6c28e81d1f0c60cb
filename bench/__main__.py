"""`python -m bench`: measure, show a table, and keep the figures; or write the document from what was kept.

`python -m bench ledger` does the same for the ledger alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from bench import document, report, results
from bench.ledger import command as ledger
from bench.run import run
from bench.shapes import SHAPES, SHAPES_FULL
from bench.subjects import ROOT, SUBJECTS, Subject
from bench.turns import BenchError, Plan
from tests.harness.services import ServiceError

KEPT = ROOT / "build" / "bench.json"
PLAN = Plan(warm_s=0.7, measured_s=2.0, rounds=3)
PLAN_QUICK = Plan(warm_s=0.4, measured_s=1.0, rounds=1)


def main(arguments: Sequence[str]) -> None:
    """Read the command line and do what it says."""
    if arguments[:1] == ["ledger"]:
        ledger.main(arguments[1:], _tell)
        return
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short turn each: about a minute, and rough")
    parser.add_argument("--full", action="store_true", help="also one room of 1000")
    parser.add_argument("--only", nargs="+", metavar="SUBJECT", choices=[subject.name for subject in SUBJECTS])
    parser.add_argument("--write-docs", action="store_true", help="write docs/performance.md from the last run")
    asked = parser.parse_args(arguments)
    if asked.write_docs:
        document.write(servers=report.document(results.load(KEPT)))
        return
    subjects = [subject for subject in SUBJECTS if _wanted(subject, asked.only)]
    shapes = SHAPES_FULL if asked.full else SHAPES
    command = " ".join(["python -m bench", *arguments])
    try:
        found = run(subjects, shapes, PLAN_QUICK if asked.quick else PLAN, command, _tell)
    except (BenchError, ServiceError) as error:
        sys.exit(f"No figures: {error}")
    found.save(KEPT)
    print(report.text(found))


def _wanted(subject: Subject, only: Sequence[str] | None) -> bool:
    return not only or subject.name in only


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
