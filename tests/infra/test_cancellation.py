"""A command that is cancelled at any step leaves the engine usable, and nothing half done."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest

from app.infra.database import Database

STEPS = range(1, 81)
INSERT = "INSERT INTO note (id, body) VALUES (:id, :body)"


@pytest.fixture
def complaints() -> list[dict[str, Any]]:
    """What reached the loop's exception handler: a driver that found a mess it had to clear up."""
    told: list[dict[str, Any]] = []
    return told


async def write_pair(database: Database, number: int, *, savepoint: bool) -> None:
    """Two rows that belong together."""
    async with database.transaction() as db:
        await db.execute(INSERT, id=2 * number, body="first")
        if savepoint:
            async with db.savepoint():
                await db.execute(INSERT, id=2 * number + 1, body="second")
        else:
            await db.execute(INSERT, id=2 * number + 1, body="second")


async def cancelled_after(pause: Callable[[], Awaitable[None]], work: asyncio.Task[None]) -> None:
    """Cancel after a pause, and again while it clears up; it ends in nothing but that."""
    await pause()
    for _ in range(3):
        work.cancel()
        await asyncio.sleep(0)
    (outcome,) = await asyncio.gather(work, return_exceptions=True)
    assert outcome is None or isinstance(outcome, asyncio.CancelledError)


async def turns(count: int) -> None:
    """Let the loop run so many turns: the first moments of a command, one by one."""
    for _ in range(count):
        await asyncio.sleep(0)


async def lasting(command: Callable[[], Awaitable[None]]) -> float:
    """How many seconds a command takes here and now."""
    started = time.perf_counter()
    for _ in range(5):
        await command()
    return (time.perf_counter() - started) / 5


@pytest.mark.parametrize("sweep", ["turns", "time"])
@pytest.mark.parametrize("savepoint", [False, True])
async def test_a_cancelled_writer_leaves_the_engine_usable(
    notes: Database, complaints: list[dict[str, Any]], savepoint: bool, sweep: str
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    numbers = itertools.count(1000)
    whole = await lasting(lambda: write_pair(notes, next(numbers), savepoint=savepoint))
    for step in STEPS:
        # Over the whole length of a command and somewhat more, so that the commit is met as well.
        pause = partial(turns, step) if sweep == "turns" else partial(asyncio.sleep, 1.2 * whole * step / STEPS[-1])
        await cancelled_after(pause, loop.create_task(write_pair(notes, step, savepoint=savepoint)))
        await asyncio.wait_for(write_pair(notes, next(numbers), savepoint=savepoint), 2)
    async with notes.reader() as db:
        rows = await db.all("SELECT id FROM note ORDER BY id")
    stored = {row["id"] for row in rows}
    assert {2 * number for number in range(1000, next(numbers))} <= stored
    assert all(identifier ^ 1 in stored for identifier in stored), "half of a pair was committed"
    assert complaints == []


async def test_a_writer_cancelled_while_it_queues_holds_nobody_up(notes: Database) -> None:
    loop = asyncio.get_running_loop()
    for steps in range(1, 20):
        async with notes.transaction() as db:
            await db.execute(INSERT, id=steps, body="holder")
            queued = [loop.create_task(write_pair(notes, 100 * steps + n, savepoint=False)) for n in range(15)]
            await asyncio.gather(*(cancelled_after(partial(turns, steps), task) for task in queued[:10]))
        await asyncio.wait_for(asyncio.gather(*queued[10:]), 2)
    await asyncio.wait_for(write_pair(notes, 100_000, savepoint=False), 2)


async def test_a_cancelled_reader_leaves_the_engine_usable(notes: Database) -> None:
    async def read() -> None:
        async with notes.reader() as db:
            await db.all("SELECT id FROM note")
        async with notes.snapshot() as db:
            await db.all("SELECT id FROM note")

    threads = threading.active_count()
    for steps in STEPS:
        await cancelled_after(partial(turns, steps), asyncio.get_running_loop().create_task(read()))
        await asyncio.wait_for(read(), 2)
    await asyncio.wait_for(write_pair(notes, 1, savepoint=False), 2)
    # SQLite has a thread for each connection, which would keep the process from ending.
    async with asyncio.timeout(5):
        while threading.active_count() > threads:
            await asyncio.sleep(0.01)
