"""The same work by pgbench: the scripts beside this file, one thread, prepared statements, as many connections."""

from __future__ import annotations

import math
import os
import resource
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from bench.ledger.cases import AMOUNT, PEOPLE, PGBENCH, REWARD, Case, Moment, Plan, Turn
from bench.ledger.spent import Spent
from bench.turns import BenchError
from tests.harness.services import find_program

SCRIPTS = Path(__file__).parent
FIRST_ID = 10**18
"""Ids begin above everything that is stored, and are as long as ours."""

_REAP_SECONDS = 0.1
"""What a backend has used belongs to it, then to the postmaster that waits for it; for a moment it is with neither."""


def command(url: str, case: Case, seconds: int, moment: Moment) -> list[str]:
    """How pgbench is called."""
    program = find_program("pgbench")
    if program is None:
        raise BenchError("pgbench is not installed")
    known = {
        "n": 0,
        "first_id": FIRST_ID,
        "people": PEOPLE,
        "amount": AMOUNT,
        "reward": REWARD,
        "now": moment.now,
        "day": moment.day,
    }
    variables = [word for name, value in known.items() for word in ("-D", f"{name}={value}")]
    script = SCRIPTS / f"{case.operation}.sql"
    fixed = [program, "-n", "-j", "1", "-M", "prepared", "-l", "-f", str(script)]
    return [*fixed, "-c", str(case.callers), "-T", str(seconds), *variables, url]


def measure(url: str, folder: Path, case: Case, plan: Plan, postmaster: int, moment: Moment) -> tuple[Turn, int]:
    """A turn, and how many operations were done in all, those of the warm-up too. pgbench counts whole seconds."""
    for log in folder.glob("pgbench_log.*"):
        log.unlink()
    asked = command(url, case, math.ceil(plan.warm_s + plan.measured_s), moment)
    spent = Spent(_ended_cpu_s, postmaster)
    done = subprocess.run(asked, cwd=folder, env=os.environ, capture_output=True, text=True, timeout=60, check=False)
    time.sleep(_REAP_SECONDS)
    costs = spent.since()
    if done.returncode != 0 or "number of failed transactions: 0 " not in done.stdout:
        raise BenchError(f"pgbench failed:\n{done.stdout}{done.stderr}")
    (log,) = folder.glob("pgbench_log.*")
    ended = sorted(_read(log.read_text().splitlines()))
    begin = ended[0][0] + plan.warm_s
    times = [took for at, took in ended if at > begin]
    return Turn.of(PGBENCH, case, times, ended[-1][0] - begin, costs, len(ended)), len(ended)


def _read(lines: Iterable[str]) -> Iterable[tuple[float, float]]:
    """When each transaction ended, and how long it took; seconds."""
    for line in lines:
        _client, _number, took_us, _script, second, us = map(int, line.split()[:6])
        yield second + us / 1e6, took_us / 1e6


def _ended_cpu_s() -> float:
    """CPU seconds of all pgbench that has ended; this process waits for nobody else meanwhile."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return children.ru_utime + children.ru_stime
