"""Dormant balances: untouched by the shipped policy; with a decay, a share once every thirty days, above a floor."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.core.money import TOKEN
from app.economy.earning.model import Activity
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import OpRequest
from app.economy.oversight.audit import audit
from app.economy.oversight.decay import DormantBalances
from app.economy.rules.model import Decay, Policy
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from tests.harness.economy import POLICY, House, house, reward
from tests.harness.fakes import FrozenClock

ANA, BEN, CYD = 71, 72, 73
DECAYING = replace(POLICY, decay=Decay(rate=1, idle_days=90, floor=100 * TOKEN))


@pytest.fixture
def policy() -> Policy:
    return DECAYING


@pytest.fixture
def dormant(
    rooms: House, database: Database, transactor: Transactor, clock: FrozenClock, calendar: Calendar
) -> DormantBalances:
    return DormantBalances(database, transactor, rooms.ledger, rooms.rulebook, clock, calendar)


async def has(database: Database, rooms: House, account_id: int) -> int:
    async with database.reader() as db:
        return (await rooms.standings.balance_of(db, account_id)).balance


async def give(transactor: Transactor, rooms: House, owner: int, tokens: int) -> None:
    op = OpRequest("test", f"give:{owner}", "grant", owner, {})
    await transactor.run(
        lambda work: rooms.ledger.grant(
            work, op, owner=owner, amount=tokens * TOKEN, code="award", faucet=SystemAccount.ADMIN
        )
    )


async def test_the_idle_lose_a_share_of_what_is_above_the_floor_once_a_period(
    dormant: DormantBalances, rooms: House, transactor: Transactor, database: Database, clock: FrozenClock
) -> None:
    for owner, tokens in ((ANA, 1100), (BEN, 1100), (CYD, 100)):
        await give(transactor, rooms, owner, tokens)
    clock.advance(days=91)
    spoke = Activity("send_message", BEN, clock.now_ms(), "m", fingerprint="hi")
    await transactor.run(lambda work: reward(rooms.economy, work, spoke))
    assert await dormant.run_once() == 1
    assert await dormant.run_once() == 0
    assert await has(database, rooms, ANA) == 1090 * TOKEN
    assert await has(database, rooms, BEN) > 1100 * TOKEN
    assert await has(database, rooms, CYD) == 100 * TOKEN
    clock.advance(days=30)
    assert await dormant.run_once() == 1
    assert await has(database, rooms, ANA) == 1090 * TOKEN - (990 * TOKEN) // 100
    async with database.snapshot() as db:
        report = await audit(db, [DECAYING])
    assert report.ok, report.to_json()


async def test_the_shipped_policy_takes_nothing(
    transactor: Transactor, database: Database, clock: FrozenClock, ids: Ids, calendar: Calendar
) -> None:
    rooms = house(clock, ids, calendar)
    await give(transactor, rooms, ANA, 1100)
    clock.advance(days=400)
    dormant = DormantBalances(database, transactor, rooms.ledger, rooms.rulebook, clock, calendar)
    assert await dormant.run_once() == 0
    assert await has(database, rooms, ANA) == 1100 * TOKEN
