"""The database itself refuses to change history, on both engines."""

from __future__ import annotations

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import OpRequest
from app.economy.ledger.service import Ledger
from app.infra.database import Database, IntegrityViolation
from app.infra.unit_of_work import Transactor
from tests.harness.fakes import FrozenClock

TAMPERING = [
    "UPDATE econ_transfer SET amount = amount + 1",
    "UPDATE econ_transfer SET credit_account = -2",
    "DELETE FROM econ_transfer",
    "DELETE FROM econ_op",
    "UPDATE econ_op SET status = 2",
    "UPDATE econ_op SET result = '{}'",
    "UPDATE econ_op SET request_hash = 'x'",
    "UPDATE econ_wallet SET main_available = -1",
    "UPDATE econ_wallet SET main_available = 1000000000000001",
]
SQLITE_TAMPERING = [
    "INSERT OR REPLACE INTO econ_transfer SELECT * FROM econ_transfer",
    "REPLACE INTO econ_op SELECT * FROM econ_op",
    "UPDATE econ_wallet SET main_available = 1.5",
]
POSTGRESQL_TAMPERING = [
    "TRUNCATE econ_transfer CASCADE",
    "TRUNCATE econ_op CASCADE",
    """
    INSERT INTO econ_transfer SELECT * FROM econ_transfer ON CONFLICT (id) DO UPDATE SET amount = 7
    """,
]


@pytest.fixture
async def history(database: Database, transactor: Transactor, clock: FrozenClock, ids: Ids) -> list[tuple[object, ...]]:
    """One grant."""
    ledger = Ledger(clock, ids, Calendar("UTC"))
    op = OpRequest("test", "k", "grant", 1, {})
    await transactor.run(
        lambda work: ledger.grant(work, op, owner=1, amount=50, code="test", faucet=SystemAccount.ADMIN)
    )
    return await everything(database)


async def everything(database: Database) -> list[tuple[object, ...]]:
    """Every op, transfer and wallet."""
    found: list[tuple[object, ...]] = []
    async with database.reader() as db:
        for table in ("econ_op", "econ_transfer", "econ_wallet"):
            found += [tuple(dict(row).items()) for row in await db.all(f"SELECT * FROM {table}")]
    return found


async def test_history_cannot_be_changed(database: Database, history: list[tuple[object, ...]]) -> None:
    own = SQLITE_TAMPERING if database.dialect == "sqlite" else POSTGRESQL_TAMPERING
    for statement in [*TAMPERING, *own]:
        with pytest.raises(IntegrityViolation):
            async with database.transaction() as db:
                await db.execute(statement)
        assert await everything(database) == history, statement
