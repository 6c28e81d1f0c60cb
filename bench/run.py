"""A whole run: databases, the client's own ceiling, and turns taken alternately among subjects."""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from bench import machine
from bench.machine import Cores
from bench.results import Results
from bench.shapes import Seat, Shape, seating
from bench.subjects import CEILING, ROOT, Stage, Subject
from bench.turns import Plan, Turn, take_turn
from tests.harness.services import postgresql_server

_CEILING_SHAPE = Shape(1, 200)
_NODE = ROOT / "bench" / "node"

Told = Callable[[str], None]
"""Is told how far the run is, a line at a time."""


def install_node_rivals() -> None:
    """Install the packages the lock file names, where they are not yet."""
    installed = _NODE / "node_modules" / ".package-lock.json"
    if installed.exists() and installed.stat().st_mtime >= (_NODE / "package-lock.json").stat().st_mtime:
        return
    subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--silent"], cwd=_NODE, check=True, timeout=120)


def run(subjects: Sequence[Subject], shapes: Sequence[Shape], plan: Plan, command: str, told: Told) -> Results:
    """Measure every subject in every shape, as often as the plan says."""
    started = time.monotonic()
    cores = machine.share_cores()
    about = {"date": datetime.now(UTC).isoformat(timespec="minutes"), "command": command, **machine.describe()}
    about["load before"] = f"{machine.load_average():.2f}"
    about["cores used"] = "one for servers, one for the client" if cores.pinned else "one for all"
    if any(subject.kind == "node" for subject in subjects):
        install_node_rivals()
    with machine.on_cores(cores.client), scratch() as folder:
        ceiling = _ceiling(folder, plan, cores)
        told(f"the client counts up to {ceiling:,.0f} deliveries/s")
        turns = tuple(_turns(folder, subjects, shapes, plan, cores, told))
    taken = len(turns) // (len(subjects) * len(shapes))
    about["turns"] = f"{taken} each, of {plan.measured_s:g} s after {plan.warm_s:g} s of warm-up"
    about["took"] = f"{time.monotonic() - started:.0f} s"
    return Results(about, ceiling, turns)


def _turns(
    folder: Path, subjects: Sequence[Subject], shapes: Sequence[Shape], plan: Plan, cores: Cores, told: Told
) -> Iterator[Turn]:
    seats = seating(shapes, plan.rounds)
    everybody = sorted((seat for seated in seats.values() for seat in seated), key=lambda seat: seat.person)
    with ExitStack() as stack:
        url, pid = _postgresql(stack, cores, subjects)
        stages = [_stage(stack, subject, folder, url, everybody) for subject in subjects]
        told(f"{len(everybody)} people seeded")
        started = time.monotonic()
        for turn in range(plan.rounds):
            if turn and (time.monotonic() - started) / turn * (turn + 1) > plan.limit_s:
                told(f"no time for another round after {turn}")
                return
            for shape in shapes:
                # Whoever was first is last in the next round, so that none always follows the same one.
                for stage in stages[turn % len(stages) :] + stages[: turn % len(stages)]:
                    result = take_turn(stage, shape, seats[turn, shape], plan, cores, pid)
                    rate = f"{result.settled_per_s:9,.0f} messages/s"
                    told(f"{turn + 1}/{plan.rounds}  {shape.name:8}{stage.subject.name:22}{rate}")
                    yield result


def _stage(stack: ExitStack, subject: Subject, folder: Path, url: str, seats: Sequence[Seat]) -> Stage:
    stage = Stage(subject, folder / subject.name, f"{url}/{subject.name}" if subject.engine == "postgresql" else "")
    stack.callback(stage.close)
    stage.prepare(seats)
    return stage


def _postgresql(stack: ExitStack, cores: Cores, subjects: Sequence[Subject]) -> tuple[str, int | None]:
    """The URL and process id of a server for those who need it, on the servers' core."""
    if all(subject.engine != "postgresql" for subject in subjects):
        return "", None
    with machine.on_cores(cores.server):
        url = stack.enter_context(postgresql_server())
    return url, postmaster_of(url)


def postmaster_of(url: str) -> int:
    """The process id of the PostgreSQL server behind a URL without a database."""

    async def ask() -> int:
        db = await asyncpg.connect(f"{url}/postgres")
        try:
            return int((await db.fetchval("SELECT pg_read_file('postmaster.pid')")).split("\n")[0])
        finally:
            await db.close()

    return asyncio.run(ask())


def _ceiling(folder: Path, plan: Plan, cores: Cores) -> float:
    """Deliveries the load generator counts in a second of its own CPU, when the server costs next to nothing."""
    stage = Stage(CEILING, folder / CEILING.name)
    stage.prepare(())
    try:
        seats = seating([_CEILING_SHAPE], 1)[0, _CEILING_SHAPE]
        turn = take_turn(stage, _CEILING_SHAPE, seats, plan, cores, None)
        return turn.settled_per_s * _CEILING_SHAPE.members / turn.client_busy
    finally:
        stage.close()


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder of this run's own, until the block ends."""
    with tempfile.TemporaryDirectory(prefix="guildhall-bench-") as folder:
        yield Path(folder)
