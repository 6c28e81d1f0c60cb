"""The process dies at each step of a gift with a PIN in turn: a try may be used up, and no gift is ever half given."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.gifts.endpoints import GiftEndpoints
from app.economy.gifts.schemas import Giving, SettingPin
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest
from app.economy.oversight.audit import audit
from app.infra.database import Database
from app.infra.unit_of_work import UnitOfWork
from app.infra.wire import Schema
from tests.harness.application import PASSWORD
from tests.harness.economy import House
from tests.harness.fakes import FrozenClock
from tests.money.gift_desk import REQUEST, Ask, GiftDesk, Visit, actor
from tests.money.giving import HALL, MINUTE
from tests.money.machine import begin, everything
from tests.money.narrow import FIRST, SECOND, narrow_house
from tests.money.reference import Refusal

ANA, BEN = 101, 102
PIN, WRONG = "4071", "5062"


class Town:
    """Ana, who has money in two pockets and a PIN, and the desk she goes to."""

    def __init__(self, rooms: House, database: Database) -> None:
        self.desk = GiftDesk(rooms, database, Calendar("UTC"))
        self._rooms = rooms
        self._database = database

    async def begin(self) -> None:
        ledger = self._rooms.ledger
        lot = LotTerms("event", "event", 20, expires_at=self._rooms.clock.now_ms() + 1000, giftable=True)
        async with self._database.transaction() as db:
            work = UnitOfWork(db)
            await begin(self._rooms, work)
            for pocket in (None, lot):
                op = OpRequest("test", str(pocket), "grant", ANA, {})
                await ledger.grant(work, op, owner=ANA, amount=5, code="test", faucet=SystemAccount.EVENT, lot=pocket)
        assert isinstance((await self.desk.serve(set_pin(PIN))).told, dict)

    async def dies_in_turn(self, ask: Ask) -> list[tuple[Visit, int]]:
        """Let a process die at each step of it, and then none: the visits, and how many tries each left."""
        visits = []
        for last in count(1):
            before = await self.money()
            visit = await self.desk.serve(ask, last)
            visits.append((visit, await self.tries_left()))
            if visit.told is not None:
                break
            assert await self.money() == before, f"step {last}"
        return visits

    async def money(self) -> dict[str, list[dict[str, Any]]]:
        """All there is but PINs."""
        async with self._database.reader() as db:
            return {table: rows for table, rows in (await everything(db)).items() if table != "econ_pin"}

    async def tries_left(self) -> int:
        async with self._database.reader() as db:
            return (await self.desk.operations.pin_status(db, actor(ANA))).tries_left

    async def assert_sound(self) -> None:
        async with self._database.snapshot() as db:
            report = await audit(db, [FIRST, SECOND])
        assert report.ok, report.to_json()


def give(pin: str, key: str = "cake") -> Ask:
    body = Giving.model_validate(
        {"recipient_id": str(BEN), "amount": "0.000008", "pin": pin, "note": "x", "room_id": str(HALL)}
    )

    async def ask(operations: GiftEndpoints) -> Schema:
        return await operations.send_gift(REQUEST, actor(ANA), body, key)

    return ask


def set_pin(pin: str) -> Ask:
    async def ask(operations: GiftEndpoints) -> Schema:
        return await operations.set_pin(REQUEST, actor(ANA), SettingPin(password=PASSWORD, pin=pin))

    return ask


@pytest.fixture
async def town(database: Database, clock: FrozenClock, ids: Ids) -> Town:
    town = Town(narrow_house(clock, ids, Calendar("UTC")), database)
    await town.begin()
    return town


async def test_a_crash_at_any_step_of_a_gift_leaves_no_half_of_it_and_the_retry_gives_once(town: Town) -> None:
    before = await town.money()
    *died, (done, left) = await town.dies_in_turn(give(PIN))
    assert left == 5
    # Before the try was counted; looking at the hash and forgetting the tries; the gift itself.
    stages = [[left for visit, left in died if visit.commits == commits] for commits in range(3)]
    assert stages[:2] == [[5, 5, 5], [4, 3, 2]]
    assert set(stages[2]) == {5}
    assert len(stages[2]) > 15
    given = await town.money()
    assert given != before
    assert isinstance(done.told, dict)
    assert (await town.desk.serve(give(PIN))).told == done.told
    assert await town.money() == given
    await town.assert_sound()


async def test_a_crash_at_any_step_of_a_refused_gift_leaves_no_half_of_the_refusal(town: Town) -> None:
    assert isinstance((await town.desk.serve(give(PIN))).told, dict)
    *_, (refused, _) = await town.dies_in_turn(give(PIN, "more than is left"))
    assert refused.told == Refusal("gift_limit", {"limit": "0.000012", "sent": "0.000008", "left": "0.000004"})
    after = await town.money()
    assert (await town.desk.serve(give(PIN, "more than is left"))).told == refused.told
    assert await town.money() == after
    await town.assert_sound()


async def test_a_try_is_used_up_before_anybody_looks_whether_it_is_right(town: Town, clock: FrozenClock) -> None:
    visits = await town.dies_in_turn(give(WRONG)) + await town.dies_in_turn(give(WRONG))
    # Of each round one try was lost with the process that looked, and one was told to be wrong.
    assert [left for _, left in visits] == [5, 5, 5, 4, 3, 3, 3, 3, 2, 1]
    assert [visit.hashes_seen for visit, _ in visits] == [0, 0, 0, 1, 1] * 2
    assert (await town.desk.serve(give(PIN), last=4)).told is None
    locked = {"locked_until": clock.now_ms() + 15 * MINUTE, "retry_after": 15 * 60}
    assert (await town.desk.serve(give(PIN))).told == Refusal("pin_locked", locked)


async def test_a_crash_while_a_pin_is_changed_keeps_the_old_one(town: Town) -> None:
    await town.desk.serve(give(WRONG))
    *died, (_, left) = await town.dies_in_turn(set_pin("8301"))
    assert ({left for _, left in died}, left) == ({4}, 5)
    assert (await town.desk.serve(give(PIN))).told == Refusal("pin_wrong", {"tries_left": 4})
    assert isinstance((await town.desk.serve(give("8301"))).told, dict)
