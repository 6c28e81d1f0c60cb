"""Gifts in parallel, on real connections: no balance and no limit is exceeded, and the books agree."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from app.core.actor import Actor
from app.core.errors import AppError
from app.core.ids import TimeOrderedIds
from app.core.money import TOKEN
from app.economy.gifts.model import NewGift
from app.economy.gifts.service import Gifts
from app.economy.ledger.model import Outcome
from app.economy.rules.model import Policy
from app.infra.unit_of_work import UnitOfWork
from app.main import Guildhall
from tests.economy.giving import Purse, set_pin
from tests.harness.api import Api
from tests.harness.application import Person, served
from tests.harness.economy import POLICY, house
from tests.harness.fakes import FrozenClock

People = Callable[..., Awaitable[Person]]


class Node:
    """One server process of several that share the database: ids and services of its own."""

    def __init__(self, app: Guildhall, clock: FrozenClock, number: int, policy: Policy = POLICY) -> None:
        rooms = house(clock, TimeOrderedIds(clock, number), app.calendar, policy)
        self._transactor = app.transactor
        self._gifts = Gifts(rooms.ledger, rooms.rulebook, rooms.standings, app.chat, app.calendar, clock)

    async def give(self, key: str, sender: Person, recipient: Person, amount: int) -> str:
        """Give so many tokens; return "given", or the code of the refusal."""
        actor = Actor(int(sender.id), sender.username, False, 1)
        new = NewGift(int(recipient.id), amount * TOKEN)

        async def command(work: UnitOfWork) -> Outcome:
            return (await self._gifts.send(work, actor, new, key))[0]

        try:
            (await self._transactor.run(command)).unwrap()
        except AppError as refusal:
            return refusal.code
        return "given"


@pytest.fixture
def purse(app: Guildhall, clock: FrozenClock) -> Purse:
    return Purse(app, clock)


@pytest.fixture
def nodes(app: Guildhall, clock: FrozenClock) -> list[Node]:
    return [Node(app, clock, number) for number in range(1, 9)]


@pytest.fixture
async def ann(purse: Purse, person: People) -> Person:
    ann = await person("ann")
    await purse.settle()
    return ann


@pytest.fixture
async def ben(purse: Purse, person: People) -> Person:
    ben = await person("ben")
    await purse.settle()
    return ben


async def given(app: Guildhall, sender: Person) -> int:
    """What the history of transfers says somebody has given away, in tokens."""
    async with app.database.reader() as db:
        row = await db.one(
            """
            SELECT CAST(COALESCE(SUM(t.amount), 0) AS BIGINT) AS total FROM econ_transfer t
            JOIN econ_wallet w ON w.id = t.debit_wallet WHERE t.code = 'gift' AND w.owner_id = :owner
            """,
            owner=int(sender.id),
        )
    assert row is not None
    return int(row["total"]) // TOKEN


async def test_eight_at_once_stay_within_the_balance(
    app: Guildhall, purse: Purse, clock: FrozenClock, ann: Person, ben: Person
) -> None:
    generous = replace(POLICY, tiers=(replace(POLICY.tiers[0], gifts_day=None),))
    nodes = [Node(app, clock, number, generous) for number in range(1, 9)]
    told = Counter(await asyncio.gather(*(node.give(f"k{n}", ann, ben, 9) for n, node in enumerate(nodes))))
    assert told == {"given": 5, "insufficient_tokens": 3}
    assert await given(app, ann) == 45
    await purse.assert_sound()


async def test_eight_at_once_stay_within_the_limit(purse: Purse, nodes: list[Node], ann: Person, ben: Person) -> None:
    await purse.endow(ann, "40")
    told = Counter(await asyncio.gather(*(node.give(f"k{n}", ann, ben, 10) for n, node in enumerate(nodes))))
    assert told == {"given": 5, "gift_limit": 3}
    assert await given(purse.app, ann) == 50
    await purse.assert_sound()


async def test_many_at_once_stay_within_the_count(purse: Purse, nodes: list[Node], ann: Person, ben: Person) -> None:
    told = Counter(await asyncio.gather(*(nodes[number % 8].give(f"k{number}", ann, ben, 1) for number in range(16))))
    assert told == {"given": 10, "gift_count": 6}
    await purse.assert_sound()


async def test_one_key_at_once_gives_once(purse: Purse, nodes: list[Node], ann: Person, ben: Person) -> None:
    told = await asyncio.gather(*(node.give("same", ann, ben, 5) for node in nodes))
    assert set(told) == {"given"}
    assert await given(purse.app, ann) == 5
    assert len((await ben.api.get("/api/gifts"))["gifts"]) == 1
    await purse.assert_sound()


async def test_gifts_in_opposite_directions_do_not_wait_for_each_other(
    purse: Purse, nodes: list[Node], ann: Person, ben: Person
) -> None:
    async def exchange(number: int) -> str:
        sender, recipient = ((ann, ben), (ben, ann))[number % 2]
        return await nodes[number % 8].give(f"k{number}", sender, recipient, 2)

    async with asyncio.timeout(30):
        told = Counter(await asyncio.gather(*(exchange(number) for number in range(20))))
    assert told == {"given": 20}
    await purse.assert_sound()


async def test_gifts_at_once_over_http(app: Guildhall, purse: Purse, ann: Person, ben: Person) -> None:
    await set_pin(ann)
    async with served(app) as base_url:

        async def from_a_device() -> int:
            async with Api(base_url, token=ann.token) as api:
                device = Person(api, ann.id, ann.username, ann.token)
                body = {"recipient_id": ben.id, "amount": "10", "pin": "4071"}
                return (await device.api.checked("POST", "/api/tokens/gift", json=body)).status_code

        told = Counter(await asyncio.gather(*(from_a_device() for _ in range(8))))
    assert told == {200: 5, 409: 3}
    assert await purse.balance(ann) == "0"
    await purse.assert_sound()
