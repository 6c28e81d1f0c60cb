"""The process dies at each statement of each kind of op in turn: nothing remains of it, and the retry does it once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.earning.model import Activity
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest, Purpose
from app.economy.oversight.audit import audit
from app.infra.database import Database
from app.infra.unit_of_work import UnitOfWork
from tests.harness.economy import POLICY, house
from tests.harness.fakes import FrozenClock
from tests.money.faults import Crash, CrashingConnection

ANA, BEN = 1, 2
TABLES = ("econ_wallet", "econ_lot", "econ_op", "econ_transfer", "econ_tally", "econ_claim")

Command = Callable[[UnitOfWork], Awaitable[object]]


@pytest.fixture
def commands(clock: FrozenClock, ids: Ids) -> list[Command]:
    """One of each, in an order in which each has something to do."""
    calendar = Calendar("UTC")
    rooms = house(clock, ids, calendar)
    ledger, economy = rooms.ledger, rooms.economy
    lot = LotTerms("event", "event", 20, expires_at=clock.now_ms() + 3_600_000, giftable=True)
    message = Activity("send_message", ANA, clock.now_ms(), "m", fingerprint="text")
    held: list[int] = []

    def op(key: str) -> OpRequest:
        return OpRequest("test", key, key, ANA, {})

    async def grant(work: UnitOfWork) -> None:
        await ledger.grant(work, op("grant"), owner=ANA, amount=50, code="t", faucet=SystemAccount.EVENT, lot=lot)

    async def gift(work: UnitOfWork) -> None:
        outcome = await ledger.transfer(work, op("gift"), sender=ANA, recipient=BEN, amount=20, code="gift")
        held[:] = [outcome.op_id]

    async def reverse(work: UnitOfWork) -> None:
        await ledger.reverse(work, op("reverse"), original_op=held[0], amount=5)

    async def hold(work: UnitOfWork) -> None:
        outcome = await ledger.hold(
            work,
            op("hold"),
            owner=ANA,
            amount=40,
            code="t",
            to=SystemAccount.BURN,
            expires_at=clock.now_ms() + 9_000_000,
            purpose=Purpose.TOOLS,
        )
        held[:] = [outcome.op_id]

    async def capture_after_the_lot_expired(work: UnitOfWork) -> None:
        clock.set(lot.expires_at + 1)
        await ledger.capture(work, op("capture"), hold_id=held[0], amount=30)

    async def refused(work: UnitOfWork) -> None:
        outcome = await ledger.spend(
            work, op("spend"), owner=ANA, amount=10**9, code="t", sink=SystemAccount.SHOP, purpose=Purpose.SHOP
        )
        assert outcome.refusal is not None

    async def reward(work: UnitOfWork) -> None:
        await economy.reward_activity(work, message)

    return [reward, grant, gift, reverse, hold, capture_after_the_lot_expired, refused]


async def test_a_crash_at_any_statement_leaves_nothing_and_the_retry_does_it_once(
    database: Database, commands: list[Command]
) -> None:
    for command in commands:
        before = await everything(database)
        statement = 1
        while await crashes(database, command, statement):
            assert await everything(database) == before
            statement += 1
        # The run that did not crash has done it; the same key again does nothing.
        after = await everything(database)
        assert statement > 3, "it was tried at several statements"
        assert after != before
        async with database.transaction() as db:
            await command(UnitOfWork(db))
        assert await everything(database) == after
    async with database.snapshot() as db:
        report = await audit(db, [POLICY])
    assert report.ok, report.to_json()


async def crashes(database: Database, command: Command, statement: int) -> bool:
    """Whether the command gets as far as this statement; it dies there."""
    try:
        async with database.transaction() as db:
            await command(UnitOfWork(CrashingConnection(db, statement)))
    except Crash:
        return True
    return False


async def everything(database: Database) -> list[dict[str, object]]:
    """Every row of the economy."""
    async with database.reader() as db:
        return [dict(row) for table in TABLES for row in await db.all(f"SELECT * FROM {table} ORDER BY 1, 2, 3")]
