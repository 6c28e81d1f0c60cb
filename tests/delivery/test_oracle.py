"""The oracle: people talk while everything goes wrong; afterwards nothing is lost, doubled, out of order or unpaid.

ORACLE_SEED repeats a run's choices (not its timing), ORACLE_SECONDS lengthens it.
"""

from __future__ import annotations

import asyncio
import gc
import os
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import httpx2
import pytest

from app.infra.database import Database, database_from_url
from tests.delivery import judge
from tests.delivery.faults import kill_server, lossy, trouble_network
from tests.delivery.town import Town, keep_talking, settled
from tests.harness.server import Server, running_server

SECONDS = float(os.environ.get("ORACLE_SECONDS", "30"))
SEED = int(os.environ.get("ORACLE_SEED", str(random.SystemRandom().randrange(1_000_000))))
HEADS_SECONDS = 1.0


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[Server]:
    """A real server whose day has hours to go, so that all rewards of the run fall in one."""
    ahead = (12 - datetime.now(UTC).hour) % 24
    zone = f"Etc/GMT-{ahead}" if ahead <= 14 else f"Etc/GMT+{24 - ahead}"
    settings = {"timezone": zone, "heads_interval_s": str(HEADS_SECONDS), "log_level": "warning"}
    with running_server(tmp_path / "data", database_url=database_url, **settings) as server:
        yield server


# The client library drops a connection that dies between the upgrade and the first packet without closing it.
@pytest.mark.filterwarnings("ignore:Unclosed connection:ResourceWarning")
@pytest.mark.timeout(SECONDS + 150)
async def test_what_was_acknowledged_is_there_once(server: Server, database_url: str) -> None:
    print(f"ORACLE_SEED={SEED} ORACLE_SECONDS={SECONDS:g}")
    async with settled(server, random.Random(SEED)) as town, opened(database_url) as database:
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(device.run()) for device in town.devices]
            kills = await talk_in_trouble(town)
            tell(town, kills)
            await come_to_rest(town, database)
            await lose_the_last_push(town)
            await come_to_rest(town, database)
            for task in running:
                task.cancel()
        await judge_all(town, database)
    gc.collect()  # while the filter above holds, not in the middle of another test


async def talk_in_trouble(town: Town) -> int:
    """Everybody talks while faults happen; return how often the server was killed."""
    for device in town.devices:
        device.proxy.loses = partial(lossy, town.chance)
    async with asyncio.TaskGroup() as tasks:
        doing = [tasks.create_task(keep_talking(town, device)) for device in town.devices]
        doing.append(tasks.create_task(trouble_network(town)))
        kills = await kill_server(town, SECONDS)
        for task in doing:
            task.cancel()
    for device in town.devices:
        device.proxy.loses = lambda text: False
    return kills


async def lose_the_last_push(town: Town) -> None:
    """The last event of each room reaches nobody, on connections that stay: no gap tells of it, only the beacon."""
    for device in town.devices:
        device.proxy.loses = lambda text: text.startswith('42["room.event"')
    lost_before = {device: len(device.proxy.lost) for device in town.devices}
    for room in town.rooms.values():
        author = next(device for device in town.devices if room in device.rooms)
        author.post(town.intents.write(author.person.id, room, f"The last word in {room}"))

    async def is_lost() -> bool:
        return all(len(device.proxy.lost) - lost_before[device] >= len(device.rooms) for device in town.devices)

    await eventually(is_lost, "The last pushes were not sent", seconds=10)
    for device in town.devices:
        device.proxy.loses = lambda text: False


async def come_to_rest(town: Town, database: Database) -> None:
    """Wait, without any fault, until clients and outbox have nothing left to do. Raises when they do not get there."""

    async def all_sent() -> bool:
        return all(device.online and device.idle for device in town.devices)

    async def all_shown() -> bool:
        heads = await judge.heads(database)
        shown = ((timeline.last, heads[room]) for device in town.devices for room, timeline in device.timelines.items())
        return all(last == head for last, head in shown)

    async def all_applied() -> bool:
        waiting = await judge.rows(database, "SELECT COUNT(*) AS n FROM outbox WHERE done_at IS NULL")
        return bool(waiting[0]["n"] == 0)

    await eventually(all_sent, "Some messages or read positions were never acknowledged", seconds=30)
    await eventually(all_shown, "Some client does not show the newest event", seconds=10 * HEADS_SECONDS)
    await eventually(all_applied, "The outbox does not empty", seconds=20)


async def judge_all(town: Town, database: Database) -> None:
    async with httpx2.AsyncClient(base_url=town.server.base_url, timeout=20) as http:
        await judge.judge_intents(town, database)
        await judge.judge_order(town, database)
        await judge.judge_timelines(town, database)
        await judge.judge_reading(town, database, http)
        await judge.judge_money(town, database, http)
        applied = await errands_applied(http)
        await asyncio.sleep(1.5)  # longer than the relay's slow poll
        assert await errands_applied(http) == applied, "errands that were done are done again"
    audit = await asyncio.to_thread(town.server.run_command, "audit")
    assert audit.returncode == 0, audit.stdout + audit.stderr
    assert '"bug"' not in town.server.log, town.server.log


async def errands_applied(http: httpx2.AsyncClient) -> float:
    metrics = (await http.get("/metrics")).raise_for_status().text
    found = re.findall(r"^\w*outbox_applied_total\{.*\} (\S+)$", metrics, flags=re.MULTILINE)
    return sum(float(value) for value in found)


async def eventually(holds: Callable[[], Awaitable[bool]], complaint: str, *, seconds: float) -> None:
    """Wait until something holds. Raises `AssertionError` when it does not within this time."""
    try:
        async with asyncio.timeout(seconds):
            while not await holds():
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise AssertionError(f"{complaint} within {seconds:g} s") from None


def tell(town: Town, kills: int) -> None:
    """Say what the run was made of, and that the faults happened: a run in which nothing went wrong proves nothing."""
    intents = town.intents.all.values()
    repeated = sum(intent.attempts > 1 for intent in intents)
    duplicates = sum(any(answer.duplicate for answer in intent.answers) for intent in intents)
    lost = sum(len(device.proxy.lost) for device in town.devices)
    reloads = sum(device.reloads for device in town.devices)
    print(
        f"{len(intents)} intents, {repeated} sent again, {duplicates} answered as duplicates, {lost} frames lost, "
        f"{reloads} reloads, {kills} kills"
    )
    assert min(repeated, lost, reloads, kills) > 0, "too quiet a run"


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    """The database beside the server, for looking."""
    database = database_from_url(url)
    await database.open()
    try:
        yield database
    finally:
        await database.close()
