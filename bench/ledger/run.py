"""A whole run of the ledger: a server, seeded databases, and turns taken alternately among subjects."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from app.core.clock import Calendar, SystemClock
from bench import machine
from bench.ledger import ours, pgbench
from bench.ledger.cases import PGBENCH, SUBJECTS, Case, Moment, Plan, Turn
from bench.ledger.databases import Databases, PostgreSQLServer, SQLiteFiles
from bench.ledger.results import LedgerResults
from bench.run import Told, postmaster_of, scratch
from tests.harness.services import postgresql_server

_ABOUT = ("processor", "cores", "memory", "kernel", "fsync", "python", "postgresql", "asyncpg")


async def run(cases: Sequence[Case], plan: Plan, command: str, told: Told) -> LedgerResults:
    """Measure every case, as often as the plan says. Raises `BenchError` for a figure that would not be honest."""
    started = time.monotonic()
    machine_says = machine.describe()
    about = {"date": datetime.now(UTC).isoformat(timespec="minutes"), "command": command}
    about |= {name: machine_says[name] for name in _ABOUT}
    about["load before"] = f"{machine.load_average():.2f}"
    with ExitStack() as stack:
        folder, server = stack.enter_context(scratch()), stack.enter_context(postgresql_server())
        turns = tuple([turn async for turn in _turns(folder, server, cases, plan, told)])
    rounds = max(sum(turn.case == case and turn.subject == turns[0].subject for turn in turns) for case in cases)
    about["turns"] = f"{rounds} each, of {plan.measured_s:g} s after {plan.warm_s:g} s of warm-up"
    about["took"] = f"{time.monotonic() - started:.0f} s"
    return LedgerResults(about, turns)


async def _turns(folder: Path, server: str, cases: Sequence[Case], plan: Plan, told: Told) -> AsyncIterator[Turn]:
    stage = Stage(folder, server, await asyncio.to_thread(postmaster_of, server))
    await stage.prepare()
    told("seeded on both engines")
    started = time.monotonic()
    for turn in range(plan.rounds):
        if turn and (time.monotonic() - started) / turn * (turn + 1) > plan.limit_s:
            told(f"no time for another round after {turn}")
            return
        for case in cases:
            # Whoever was first is last in the next round, so that none always follows the same one.
            first = turn % len(case.subjects)
            for subject in case.subjects[first:] + case.subjects[:first]:
                result = await stage.take_turn(subject, case, plan)
                told(f"{turn + 1}/{plan.rounds}  {case.name:24}{SUBJECTS[subject]:24}{result.per_s:9,.0f}/s")
                yield result


class Stage:
    """The seeded databases of both engines, and turns on copies of them."""

    def __init__(self, folder: Path, server: str, postmaster: int) -> None:
        self._folder = folder
        self._postmaster = postmaster
        self._sqlite = Databases(SQLiteFiles(folder), folder)
        self._postgresql = Databases(PostgreSQLServer(server), folder)

    async def prepare(self) -> None:
        """Seed both."""
        await self._sqlite.prepare()
        await self._postgresql.prepare()

    async def take_turn(self, subject: str, case: Case, plan: Plan) -> Turn:
        """Measure one subject in one case; what it stored is counted and audited."""
        databases = self._sqlite if subject == "guildhall-sqlite" else self._postgresql
        async with databases.copy() as url:
            if subject == PGBENCH:
                moment = Moment.of(SystemClock(), Calendar("UTC"))
                turn, done = await asyncio.to_thread(
                    pgbench.measure, url, self._folder, case, plan, self._postmaster, moment
                )
            else:
                postmaster = None if databases is self._sqlite else self._postmaster
                turn, done = await ours.measure(url, self._folder, subject, case, plan, postmaster)
            await databases.check(url, case.operation, done)
        return turn
