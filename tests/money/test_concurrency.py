"""Many at once, on real connections: caps, balances and keys hold, and the audit agrees."""

from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest

from app.core.clock import Calendar
from app.core.ids import TimeOrderedIds
from app.core.money import TOKEN
from app.economy.earning.model import Activity, Rewarded
from app.economy.ledger import wallet_store
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest, Outcome, Purpose
from app.economy.oversight.audit import audit
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from tests.harness.economy import POLICY, house, reward
from tests.harness.fakes import FrozenClock

CALENDAR = Calendar("UTC")
ANA, BEN, EVE = 1, 2, 3
MIDNIGHT = 1_795_219_200_000


class Node:
    """One server process: its own clock and its own ids over the shared database."""

    def __init__(self, transactor: Transactor, number: int, at_ms: int) -> None:
        self.clock = FrozenClock(at_ms)
        rooms = house(self.clock, TimeOrderedIds(self.clock, number), CALENDAR)
        self.ledger, self._economy = rooms.ledger, rooms.economy
        self._transactor = transactor

    async def message(self, key: str, fingerprint: str | None = None) -> Rewarded:
        """Tell of a message by Ana."""
        activity = Activity("send_message", ANA, self.clock.now_ms(), key, fingerprint=fingerprint or key)
        return await self._transactor.run(lambda work: reward(self._economy, work, activity))

    async def grant(self, key: str, owner: int, amount: int, lot: LotTerms | None = None) -> Outcome:
        op = OpRequest("test", key, "grant", owner, {"owner": owner})
        return await self._transactor.run(
            lambda work: self.ledger.grant(
                work, op, owner=owner, amount=amount, code="test", faucet=SystemAccount.ADMIN, lot=lot
            )
        )

    async def spend(self, key: str, owner: int, amount: int) -> Outcome:
        op = OpRequest("test", key, "spend", owner, {"owner": owner, "amount": amount})
        return await self._transactor.run(
            lambda work: self.ledger.spend(
                work, op, owner=owner, amount=amount, code="test", sink=SystemAccount.SHOP, purpose=Purpose.SHOP
            )
        )

    async def gift(self, key: str, sender: int, recipient: int, amount: int) -> Outcome:
        op = OpRequest("test", key, "gift", sender, {"to": recipient})
        return await self._transactor.run(
            lambda work: self.ledger.transfer(work, op, sender=sender, recipient=recipient, amount=amount, code="gift")
        )

    async def hold(self, key: str, owner: int, amount: int) -> Outcome:
        op = OpRequest("test", key, "hold", owner, {"amount": amount})
        return await self._transactor.run(
            lambda work: self.ledger.hold(
                work,
                op,
                owner=owner,
                amount=amount,
                code="test",
                to=SystemAccount.BURN,
                expires_at=self.clock.now_ms() + 60_000,
                purpose=Purpose.TOOLS,
            )
        )

    async def resolve(self, key: str, hold_id: int, amount: int | None) -> Outcome:
        """Capture, or void if `amount` is None."""
        op = OpRequest("test", key, "resolve", ANA, {"amount": amount})
        if amount is None:
            return await self._transactor.run(lambda work: self.ledger.void(work, op, hold_id=hold_id))
        return await self._transactor.run(lambda work: self.ledger.capture(work, op, hold_id=hold_id, amount=amount))


@pytest.fixture
def node(transactor: Transactor) -> Node:
    return Node(transactor, 1, MIDNIGHT + 3_600_000)


async def earned(database: Database) -> int:
    async with database.reader() as db:
        row = await db.one("SELECT CAST(SUM(amount) AS BIGINT) AS total FROM econ_transfer WHERE debit_account = -1")
    assert row is not None
    return int(row["total"])


async def assert_sound(database: Database) -> None:
    async with database.snapshot() as db:
        report = await audit(db, [POLICY])
    assert report.ok, report.to_json()


async def test_a_cap_holds_for_earners_in_parallel(database: Database, node: Node) -> None:
    await asyncio.gather(*(node.message(f"m{number}") for number in range(80)))
    assert await earned(database) == 50 * TOKEN
    await assert_sound(database)


async def test_a_cap_holds_for_two_nodes_whose_clocks_disagree_at_midnight(
    database: Database, transactor: Transactor
) -> None:
    slow, fast = Node(transactor, 1, MIDNIGHT - 5000), Node(transactor, 2, MIDNIGHT + 5000)
    await fast.message("first")
    await asyncio.gather(*((slow, fast)[number % 2].message(f"m{number}") for number in range(120)))
    # The fast node opened the new day; the slow one does not open the old one again.
    assert await earned(database) == 50 * TOKEN
    await assert_sound(database)


async def test_one_key_told_in_parallel_pays_once(database: Database, node: Node) -> None:
    told = await asyncio.gather(*(node.message("same") for _ in range(12)))
    assert len({rewarded.op_id for rewarded in told}) == 1
    assert await earned(database) == TOKEN


async def test_one_gift_told_in_parallel_is_given_once(database: Database, node: Node) -> None:
    await node.grant("some", ANA, 100)
    gifts = await asyncio.gather(*(node.gift("same", ANA, BEN, 40) for _ in range(12)))
    assert Counter(gift.replayed for gift in gifts) == {False: 1, True: 11}
    assert len({gift.op_id for gift in gifts}) == 1
    async with database.reader() as db:
        assert await wallet_store.spendable_by_source(db, BEN, node.clock.now_ms()) == {"main": 40}


async def test_equal_content_in_parallel_pays_once(database: Database, node: Node) -> None:
    told = await asyncio.gather(*(node.message(f"m{number}", "copy") for number in range(12)))
    assert Counter(rewarded.decision.withheld for rewarded in told) == {None: 1, "duplicate": 11}
    assert await earned(database) == TOKEN


async def test_nobody_spends_more_than_there_is(database: Database, node: Node) -> None:
    await node.grant("g", ANA, 70)
    await node.grant("l", ANA, 35, LotTerms("event", "event", 20))
    spent = await asyncio.gather(*(node.spend(f"s{number}", ANA, 10) for number in range(30)))
    assert Counter(outcome.refusal is None for outcome in spent) == {True: 10, False: 20}
    await assert_sound(database)


async def test_gifts_in_a_circle_neither_lose_money_nor_wait_for_each_other(database: Database, node: Node) -> None:
    for owner in (ANA, BEN, EVE):
        await node.grant(f"g{owner}", owner, 50)
    dice = random.Random(7)
    pairs = [dice.sample([ANA, BEN, EVE], 2) for _ in range(60)]
    await asyncio.wait_for(
        asyncio.gather(*(node.gift(f"x{n}", sender, to, 7) for n, (sender, to) in enumerate(pairs))), timeout=30
    )
    async with database.reader() as db:
        row = await db.one("SELECT CAST(SUM(main_available) AS BIGINT) AS total FROM econ_wallet")
    assert row is not None
    assert row["total"] == 150
    await assert_sound(database)


async def test_a_hold_is_resolved_by_one_of_many(database: Database, node: Node) -> None:
    await node.grant("g", ANA, 20)
    hold = await node.hold("h", ANA, 20)
    amounts = [None, 5, 20, None, 11, 20, None, 1]
    resolved = await asyncio.gather(
        *(node.resolve(f"r{number}", hold.op_id, amount) for number, amount in enumerate(amounts))
    )
    codes = Counter(outcome.refusal.code if outcome.refusal else "applied" for outcome in resolved)
    assert codes == {"applied": 1, "hold_resolved": 7}
    await assert_sound(database)


async def test_a_reversal_in_parallel_gives_back_once(database: Database, node: Node, transactor: Transactor) -> None:
    await node.grant("g", ANA, 20)
    spent = await node.spend("s", ANA, 20)

    async def reverse(number: int) -> Outcome:
        op = OpRequest("test", f"r{number}", "reverse", ANA, {})
        return await transactor.run(lambda work: node.ledger.reverse(work, op, original_op=spent.op_id, amount=8))

    reversals = await asyncio.gather(*(reverse(number) for number in range(6)))
    assert Counter(outcome.refusal is None for outcome in reversals) == {True: 2, False: 4}
    await assert_sound(database)
