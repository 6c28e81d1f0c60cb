"""`python -m bench ledger`: measure the ledger, show a table, and keep the figures; or write its section."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

import uvloop

from app.infra.telemetry import configure_logging
from bench import document
from bench.ledger import report, results
from bench.ledger.cases import CASES, OPERATIONS, Plan
from bench.ledger.run import run
from bench.run import Told
from bench.subjects import ROOT
from bench.turns import BenchError
from tests.harness.services import ServiceError

KEPT = ROOT / "build" / "bench-ledger.json"
PLAN = Plan(warm_s=0.3, measured_s=0.7, rounds=4)
PLAN_QUICK = Plan(warm_s=0.3, measured_s=0.7, rounds=1)


def main(arguments: Sequence[str], told: Told) -> None:
    """Read the rest of the command line and do what it says."""
    parser = argparse.ArgumentParser(prog="python -m bench ledger", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one turn each: about a minute, and rough")
    parser.add_argument("--only", nargs="+", metavar="OPERATION", choices=OPERATIONS)
    parser.add_argument("--write-docs", action="store_true", help="write its section of docs/performance.md")
    asked = parser.parse_args(arguments)
    if asked.write_docs:
        document.write(ledger=report.section(results.load(KEPT)))
        return
    cases = [case for case in CASES if not asked.only or case.operation in asked.only]
    command = " ".join(["python -m bench ledger", *arguments])
    configure_logging("warning", pretty=False)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(run(cases, PLAN_QUICK if asked.quick else PLAN, command, told))
    except (BenchError, ServiceError) as error:
        sys.exit(f"No figures: {error}")
    found.save(KEPT)
    print(report.text(found))
