"""A ledger that is lived in and sealed, and the hands that change it past every guard."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.chain import ChainReport, verify_chain
from app.economy.ledger.model import LotTerms, OpRequest, Purpose
from app.economy.ledger.sealing import Sealing
from app.economy.ledger.service import Ledger
from app.infra.database import Database
from app.infra.unit_of_work import Transactor, UnitOfWork
from tests.harness.fakes import FrozenClock, RecordedFacts

ANA, BEN = 1, 2
STEP_MS = 5


class House:
    """A ledger and who seals it, over one database."""

    def __init__(self, database: Database, url: str, clock: FrozenClock, ids: Ids) -> None:
        self.url = url
        self.database = database
        self.clock = clock
        self.transactor = Transactor(database, RecordedFacts())
        self.ledger = Ledger(clock, ids, Calendar("UTC"))
        self.sealing = Sealing(clock, database.dialect)
        self._keys = 0

    async def live(self) -> None:
        """A grant with text of all kinds, a gift, a refusal, a hold and its capture, `STEP_MS` after the last."""
        self._keys += 1
        self.clock.advance(ms=STEP_MS)
        lot = LotTerms(f"lot{self._keys}", "event", 20, expires_at=self.clock.now_ms() + 10**10, giftable=True)

        def op(kind: str) -> OpRequest:
            return OpRequest("test", f"{kind}{self._keys} \u00fc\u2028\U0001f600\"'\\", kind, ANA, {})

        async def everything(work: UnitOfWork) -> None:
            faucet, burn = SystemAccount.EVENT, SystemAccount.BURN
            await self.ledger.grant(work, op("grant"), owner=ANA, amount=50, code="t", faucet=faucet, lot=lot)
            await self.ledger.transfer(work, op("gift"), sender=ANA, recipient=BEN, amount=20, code="gift")
            await self.ledger.transfer(work, op("refused"), sender=ANA, recipient=BEN, amount=10**9, code="gift")
            held = await self.ledger.hold(
                work,
                op("hold"),
                owner=ANA,
                amount=10,
                code="job",
                to=burn,
                expires_at=self.clock.now_ms() + 10**9,
                purpose=Purpose.TOOLS,
            )
            await self.ledger.capture(work, op("capture"), hold_id=held.op_id, amount=4)

        await self.transactor.run(everything)

    async def seal(self) -> int:
        """Seal all that can be; return how many batches there were."""
        batches = 0
        while await self.transactor.run(self.sealing.seal_next):
            batches += 1
        return batches

    async def verify(self, expect: str | None = None) -> ChainReport:
        async with self.database.snapshot() as db:
            return await verify_chain(db, expect)


async def by_force(house: House, *statements: str) -> None:
    """Do what somebody with the database in their hands can do, past every guard; the guards are back afterwards."""
    if house.database.dialect == "sqlite":
        with closing(sqlite3.connect(house.url.removeprefix("sqlite:///"))) as raw, raw:
            guards = raw.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
            lift = [f"DROP TRIGGER {name}" for name, _ in guards]
            for statement in ["PRAGMA ignore_check_constraints = ON", *lift, *statements, *(sql for _, sql in guards)]:
                raw.execute(statement)
        return
    async with house.database.transaction() as db:
        await db.execute("SET LOCAL session_replication_role = replica")
        for table in ("econ_op", "econ_transfer", "econ_seal"):
            for row in await db.all(
                f"SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = '{table}'::regclass"
            ):
                await db.execute(f"ALTER TABLE {table} DROP CONSTRAINT {row['conname']}")
        for statement in statements:
            await db.execute(statement)
