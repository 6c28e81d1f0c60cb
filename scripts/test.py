"""Run the stages of `make test` one after another and say at the end what passed, failed and was skipped, by name.

A stage that runs tests is counted by its JUnit report, any other counts as one test. With REQUIRE_ALL=1 what is
skipped has failed. The last line reads `N passed, N failed, N skipped`; the exit code is 1 when anything failed.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

from scripts.programs import install_missing

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
REPORTS = ROOT / "build" / "reports"


@dataclass(frozen=True, slots=True)
class Stage:
    """One command of the run. `counted` stages write a JUnit report; all are ended after `seconds`."""

    name: str
    command: tuple[str, ...]
    seconds: int
    folder: Path = ROOT
    counted: bool = False

    @property
    def report(self) -> Path:
        return REPORTS / f"{self.name}.xml"


@dataclass(slots=True)
class Outcome:
    """What became of one stage; failures and skips by name."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    seconds: float = 0.0


def stages() -> list[Stage]:
    """Every stage, cheapest first, so that a slip is told early."""
    python, npm, client = str(BIN / "python"), "npm", ROOT / "static"

    def pytest(name: str, seconds: int, *arguments: str) -> Stage:
        junit = f"--junitxml={REPORTS / name}.xml"
        return Stage(name, (python, "-m", "pytest", "-q", junit, *arguments), seconds, counted=True)

    on_two_cores, measured = ("-n", "2", "--dist=worksteal"), "tests/e2e/test_lighthouse.py"
    vitest = ("--reporter=default", "--reporter=junit", f"--outputFile.junit={REPORTS / 'client-unit'}.xml")
    return [
        Stage("lint", (str(BIN / "ruff"), "check"), 60),
        Stage("format", (str(BIN / "ruff"), "format", "--check"), 60),
        Stage("types", (str(BIN / "mypy"),), 300),
        Stage("imports", (str(BIN / "lint-imports"),), 60),
        pytest("tidy", 120, "tests/tidy"),
        Stage("generated", (python, "-m", "app", "generate", "--check"), 60),
        Stage("client-generated", (npm, "run", "--silent", "types", "--", "--check"), 60, client),
        Stage("client-types", (npm, "run", "--silent", "check"), 300, client),
        Stage("client-unit", (npm, "test", "--silent", "--", *vitest), 300, client, counted=True),
        pytest("unit", 1800, "tests", "--ignore=tests/tidy", "--ignore=tests/e2e", *on_two_cores),
        pytest("e2e", 1200, "tests/e2e", f"--ignore={measured}", *on_two_cores),
        # By itself, because what runs beside it would be measured as well.
        pytest("lighthouse", 600, measured),
    ]


def run(stage: Stage) -> Outcome:
    """Run one stage with its output on this terminal, in a process group of its own that ends with it."""
    print(f"\n=== {stage.name}: {' '.join(stage.command)}", flush=True)
    stage.report.unlink(missing_ok=True)
    started = time.monotonic()
    process = subprocess.Popen(stage.command, cwd=stage.folder, stdin=subprocess.DEVNULL, start_new_session=True)
    try:
        code = process.wait(timeout=stage.seconds)
        trouble = f"ended with code {code}" if code else ""
    except subprocess.TimeoutExpired:
        trouble = f"took longer than {stage.seconds} s"
    finally:
        end_group(process)
    outcome = judge(stage, trouble)
    outcome.seconds = time.monotonic() - started
    print(f"=== {stage.name}: {outcome.seconds:.1f} s", flush=True)
    return outcome


def end_group(process: subprocess.Popen[bytes]) -> None:
    """End whatever still runs of a stage: asked first, so that test servers clean up, then killed."""
    with suppress(ProcessLookupError, subprocess.TimeoutExpired):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=10)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def judge(stage: Stage, trouble: str) -> Outcome:
    """Count a stage. `trouble` says how its command failed and is empty when it did not."""
    if stage.counted and stage.report.exists():
        outcome = read_report(stage.report)
        if trouble and not outcome.failed:
            outcome.failed.append(f"{stage.name}: {trouble}")
        elif not (outcome.passed or outcome.failed or outcome.skipped):
            outcome.failed.append(f"{stage.name}: ran no test")
        return outcome
    if stage.counted and not trouble:
        trouble = "wrote no report"
    return Outcome(failed=[f"{stage.name}: {trouble}"]) if trouble else Outcome(passed=1)


def read_report(path: Path) -> Outcome:
    """Count a JUnit report, the form that pytest and vitest share."""
    outcome = Outcome()
    for case in ET.parse(path).iter("testcase"):
        name = f"{case.get('classname', '')} > {case.get('name', '')}"
        if case.find("failure") is not None or case.find("error") is not None:
            outcome.failed.append(name)
        elif (skip := case.find("skipped")) is not None:
            outcome.skipped.append(f"{name}: {skip.get('message', 'no reason given')}")
        else:
            outcome.passed += 1
    return outcome


def summarise(outcomes: dict[str, Outcome], *, require_all: bool) -> int:
    """Print the summary, names first and totals last; return the exit code."""
    failed = [name for outcome in outcomes.values() for name in outcome.failed]
    skipped = [name for outcome in outcomes.values() for name in outcome.skipped]
    if require_all:
        failed, skipped = failed + [f"{name} (skipped, and REQUIRE_ALL=1)" for name in skipped], []
    print("\n=== summary")
    for title, names in (("skipped", skipped), ("failed", failed)):
        for name in names:
            print(f"{title}: {name}")
    print(f"{'stage':<14}{'passed':>8}{'failed':>8}{'skipped':>8}{'seconds':>9}")
    for stage, outcome in outcomes.items():
        counts = (outcome.passed, len(outcome.failed), len(outcome.skipped))
        print(f"{stage:<14}{counts[0]:>8}{counts[1]:>8}{counts[2]:>8}{outcome.seconds:>9.1f}")
    passed = sum(outcome.passed for outcome in outcomes.values())
    print(f"{passed} passed, {len(failed)} failed, {len(skipped)} skipped", flush=True)
    return 1 if failed else 0


def main() -> int:
    known = {stage.name: stage for stage in stages()}
    parser = argparse.ArgumentParser(description="Run the stages of `make test`.")
    parser.add_argument(
        "stages", nargs="*", metavar="STAGE", help=f"some of: {', '.join(known)}; all when none is named"
    )
    parser.add_argument("--install", action="store_true", help="install missing system programs first when allowed to")
    arguments = parser.parse_args()
    if unknown := set(arguments.stages) - known.keys():
        parser.error(f"no such stage: {', '.join(sorted(unknown))}")
    if arguments.install:
        install_missing()
    REPORTS.mkdir(parents=True, exist_ok=True)
    outcomes = {name: run(stage) for name, stage in known.items() if not arguments.stages or name in arguments.stages}
    return summarise(outcomes, require_all=os.environ.get("REQUIRE_ALL") == "1")


if __name__ == "__main__":
    sys.exit(main())
