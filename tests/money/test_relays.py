"""Two relays over one outbox: every activity is paid once, and neither relay stalls the other."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.core.money import TOKEN
from app.economy.earning.model import Activity
from app.economy.oversight.audit import audit
from app.infra.database import Database
from app.infra.outbox import Errand, Outbox, Relay
from app.infra.telemetry import Metrics
from app.infra.unit_of_work import Transactor, UnitOfWork
from tests.harness.economy import POLICY, house
from tests.harness.fakes import FrozenClock

PEOPLE = range(1, 11)


@pytest.mark.timeout(120)
async def test_two_relays_pay_each_message_once(
    database: Database, transactor: Transactor, clock: FrozenClock, ids: Ids, metrics: Metrics
) -> None:
    calendar = Calendar("UTC")
    economy = house(clock, ids, calendar).economy
    dice = random.Random(3)
    told = [
        Activity("send_message", dice.choice(PEOPLE), clock.now_ms(), f"m{number}", fingerprint=f"{number}")
        for number in range(320)
    ]

    async def earn(work: UnitOfWork, payloads: Sequence[dict[str, Any]]) -> None:
        await economy.reward_many(work, [Activity.from_json(payload) for payload in payloads])

    outbox = Outbox(clock, ids)
    async with database.transaction() as db:
        await outbox.put(db, [Errand("earn", activity.to_json(), owner=activity.actor) for activity in told])
    relays = [Relay(database, transactor, {"earn": earn}, clock=clock, metrics=metrics) for _ in "ab"]
    await asyncio.gather(*(relay.drain() for relay in relays))
    async with database.reader() as db:
        assert await outbox.oldest_waiting_ms(db) is None
    async with database.snapshot() as db:
        report = await audit(db, [POLICY])
        paid = await db.one("SELECT COUNT(*) AS n, CAST(SUM(amount) AS BIGINT) AS total FROM econ_transfer")
    assert report.ok, report.to_json()
    assert paid is not None
    assert (paid["n"], paid["total"]) == (320, 320 * TOKEN)
