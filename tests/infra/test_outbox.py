"""Errands: stored with the facts that cause them, applied exactly once, none held up by another."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest

from app.core.events import Fact
from app.core.ids import Ids
from app.infra.database import Database, database_from_url
from app.infra.outbox import BATCH, Errand, Handler, Outbox, Relay
from app.infra.telemetry import Metrics, correlated, current_correlation_id
from app.infra.unit_of_work import Transactor, UnitOfWork
from tests.harness.fakes import FrozenClock, RecordedFacts

DONE = "INSERT INTO applied (errand, correlation) VALUES (:errand, :correlation)"


@dataclass(frozen=True, slots=True)
class Counted(Fact):
    number: int


class Office:
    """An outbox, a table that tells which errands were applied, and relays over both."""

    def __init__(self, database: Database, clock: FrozenClock, ids: Ids) -> None:
        self.database = database
        self.clock = clock
        self.outbox = Outbox(clock, ids)
        self.facts = RecordedFacts()
        self.metrics = Metrics()

    async def put(self, *numbers: int, topic: str = "count") -> None:
        async with self.database.transaction() as db:
            await self.outbox.put(db, [Errand(topic, {"number": number}) for number in numbers])

    def relay(
        self,
        handlers: Mapping[str, Handler] | None = None,
        database: Database | None = None,
        wake: asyncio.Event | None = None,
    ) -> Relay:
        return Relay(
            self.database,
            Transactor(database or self.database, self.facts),
            handlers or {"count": count},
            clock=self.clock,
            metrics=self.metrics,
            wake=wake,
        )

    async def applied(self) -> list[int]:
        async with self.database.reader() as db:
            return [row["errand"] for row in await db.all("SELECT errand FROM applied ORDER BY errand")]

    async def waiting(self) -> int:
        async with self.database.reader() as db:
            return len(await db.all("SELECT id FROM outbox WHERE done_at IS NULL"))


Payloads = Sequence[dict[str, Any]]


async def count(work: UnitOfWork, payloads: Payloads) -> None:
    for payload in payloads:
        await work.db.execute(DONE, errand=payload["number"], correlation=current_correlation_id())


@pytest.fixture
async def office(database: Database, clock: FrozenClock, ids: Ids) -> Office:
    async with database.transaction() as db:
        # Without a key: what is applied twice stands there twice.
        await db.script("CREATE TABLE applied (errand BIGINT NOT NULL, correlation VARCHAR(64) NOT NULL);")
    return Office(database, clock, ids)


async def test_each_is_applied_once(office: Office) -> None:
    await office.put(*range(BATCH + 5))
    relay = office.relay()
    assert await relay.run_batch() == BATCH
    await relay.drain()
    await relay.drain()
    assert await office.applied() == list(range(BATCH + 5))
    assert await office.waiting() == 0


async def test_the_correlation_id_travels_along(office: Office) -> None:
    with correlated("request-17"):
        await office.put(1)
    await office.relay().drain()
    async with office.database.reader() as db:
        row = await db.one("SELECT correlation FROM applied")
    assert row is not None
    assert row["correlation"] == "request-17"


async def test_errands_of_a_command_that_failed_do_not_exist(office: Office) -> None:
    with suppress(LookupError):
        async with office.database.transaction() as db:
            await office.outbox.put(db, [Errand("count", {"number": 1})])
            raise LookupError
    assert await office.waiting() == 0


async def test_one_that_fails_is_postponed_and_the_others_go_on(office: Office) -> None:
    failing = True

    async def fussy(work: UnitOfWork, payloads: Payloads) -> None:
        await count(work, payloads)
        if failing and {"number": 2} in payloads:
            raise ValueError("not now")

    await office.put(1, 2, 3)
    relay = office.relay({"count": fussy})
    await relay.drain()
    assert await office.applied() == [1, 3]
    assert await office.waiting() == 1

    failing = False
    await relay.drain()
    assert await office.applied() == [1, 3], "it waits its time"
    office.clock.advance(seconds=2)
    await relay.drain()
    assert await office.applied() == [1, 2, 3]
    assert await office.waiting() == 0


async def test_what_fails_together_is_tried_in_halves(office: Office) -> None:
    tried: list[list[int]] = []

    async def fussy(work: UnitOfWork, payloads: Payloads) -> None:
        tried.append([payload["number"] for payload in payloads])
        await count(work, payloads)
        if {"number": 5} in payloads:
            raise ValueError("not this one")

    await office.put(*range(8))
    await office.relay({"count": fussy}).run_batch()
    assert tried == [[0, 1, 2, 3, 4, 5, 6, 7], [0, 1, 2, 3], [4, 5, 6, 7], [4, 5], [4], [5], [6, 7]]
    assert await office.applied() == [0, 1, 2, 3, 4, 6, 7]
    assert await office.waiting() == 1


async def test_waits_grow_and_stay_bounded(office: Office) -> None:
    async def never(work: UnitOfWork, payloads: Payloads) -> None:
        raise ValueError("never")

    await office.put(1)
    relay = office.relay({"count": never})
    waits = []
    for _ in range(14):
        await relay.run_batch()
        async with office.database.reader() as db:
            row = await db.one("SELECT next_attempt_at, last_error FROM outbox")
        assert row is not None
        assert row["last_error"] == "ValueError"
        waits.append(row["next_attempt_at"] - office.clock.now_ms())
        office.clock.set(row["next_attempt_at"])
    assert waits[0] == 1_000
    assert waits == sorted(waits)
    assert waits[-1] == 600_000


async def test_a_topic_nobody_handles_is_kept(office: Office) -> None:
    await office.put(1, topic="unheard")
    await office.put(2)
    await office.relay().drain()
    assert await office.applied() == [2]
    assert await office.waiting() == 1


async def test_facts_of_a_failed_handler_are_not_shown(office: Office) -> None:
    async def tell_and_fail(work: UnitOfWork, payloads: Payloads) -> None:
        for payload in payloads:
            work.record(Counted(payload["number"]))
        if {"number": 1} in payloads:
            raise ValueError

    await office.put(1, 2)
    await office.relay({"count": tell_and_fail}).drain()
    assert office.facts.shown == [Counted(2)]


@pytest.mark.parametrize("steps", [5, 10, 20, 30, 40, 60, 80, 120, 160])
async def test_a_crash_in_between_applies_none_twice_and_loses_none(office: Office, steps: int) -> None:
    await office.put(*range(5))
    batch = asyncio.get_running_loop().create_task(office.relay().run_batch())
    for _ in range(steps):
        await asyncio.sleep(0)
    batch.cancel()
    await asyncio.gather(batch, return_exceptions=True)
    await office.relay().drain()
    assert await office.applied() == list(range(5))


async def test_relays_that_race_apply_each_once(office: Office, database_url: str) -> None:
    async def slowly(work: UnitOfWork, payloads: Payloads) -> None:
        await asyncio.sleep(0.05)
        await count(work, payloads)

    nodes = [database_from_url(database_url) for _ in range(3)]
    await asyncio.gather(*(node.open() for node in nodes))
    await office.put(*range(4 * BATCH))
    relays = [office.relay({"count": slowly}, node) for node in nodes]
    await asyncio.gather(*(relay.drain() for relay in relays))
    assert await office.applied() == list(range(4 * BATCH))
    assert await office.waiting() == 0
    await asyncio.gather(*(node.close() for node in nodes))


async def test_a_wake_is_enough(office: Office) -> None:
    wake = asyncio.Event()
    relay = office.relay(wake=wake)
    running = asyncio.get_running_loop().create_task(relay.run())
    await asyncio.sleep(0.05)
    await office.put(1)
    wake.set()
    async with asyncio.timeout(0.9):  # sooner than the poll
        while await office.waiting():
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert await office.applied() == [1]


async def test_the_oldest_that_waits_is_told(office: Office) -> None:
    async with office.database.reader() as db:
        assert await office.outbox.oldest_waiting_ms(db) is None
    first = office.clock.now_ms()
    await office.put(1)
    office.clock.advance(seconds=5)
    await office.put(2)
    async with office.database.reader() as db:
        assert await office.outbox.oldest_waiting_ms(db) == first
    await office.relay().drain()
    async with office.database.reader() as db:
        assert await office.outbox.oldest_waiting_ms(db) is None


async def test_a_batch_is_worked_through_in_the_order_of_owners(office: Office) -> None:
    """Or two relays, each with errands of the same two people, would wait for each other's locks."""
    order: list[int] = []

    async def note(work: UnitOfWork, payloads: Payloads) -> None:
        order.extend(payload["number"] for payload in payloads)

    async with office.database.transaction() as db:
        await office.outbox.put(db, [Errand("note", {"number": owner}, owner=owner) for owner in (3, 1, 2, 1)])
    await office.relay({"note": note}).run_batch()
    assert order == [1, 1, 2, 3]
