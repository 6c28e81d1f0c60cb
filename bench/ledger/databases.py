"""Databases to measure on: seeded once on each engine, copied for every turn, audited after it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Protocol

import asyncpg

from app.economy.oversight.audit import audit
from app.economy.rules.service import published_policies
from app.infra.database import database_from_url
from app.main import Guildhall, create_app
from app.serve import spare_the_collector
from app.settings import Settings
from bench.ledger.cases import Operation, seats
from bench.seed import seed_guildhall
from bench.turns import BenchError

_COUNTED = """
SELECT (SELECT COUNT(*) FROM econ_op) AS ops, (SELECT COUNT(*) FROM econ_transfer) AS transfers,
  (SELECT COUNT(*) FROM econ_claim) AS claims,
  (SELECT CAST(SUM(done + came_ops + went_ops) AS BIGINT) FROM econ_tally) AS tallied
"""


@dataclass(frozen=True, slots=True)
class Books:
    """What is stored: ops, transfers, claims, and what the tallies count (done, came and went, together)."""

    ops: int
    transfers: int
    claims: int
    tallied: int

    def and_so_often(self, operation: Operation, count: int) -> Books:
        """What is to be stored after so many more of an operation."""
        pairs = zip(astuple(self), astuple(EACH[operation]), strict=True)
        return Books(*(stored + each * count for stored, each in pairs))


EACH: dict[Operation, Books] = {
    "earn": Books(ops=1, transfers=1, claims=1, tallied=2),
    "gift": Books(ops=1, transfers=1, claims=0, tallied=2),
    "hold_capture": Books(ops=2, transfers=2, claims=0, tallied=1),
}
"""What one operation stores, whoever does it: pgbench is to do the same work, no less and no more."""


class Engine(Protocol):
    """Where databases come from."""

    async def create(self, name: str, *, like: str | None = None) -> str:
        """Make an empty database, or a copy of another that nobody is connected to; return its URL."""
        ...

    async def drop(self, name: str) -> None:
        """Remove a database that nobody is connected to."""
        ...


class SQLiteFiles:
    """Databases as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def create(self, name: str, *, like: str | None = None) -> str:
        if like is not None:
            # A file that was closed has no write-ahead log beside it.
            shutil.copyfile(self._path(like), self._path(name))
        return f"sqlite:///{self._path(name)}"

    async def drop(self, name: str) -> None:
        self._path(name).unlink()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.db"


class PostgreSQLServer:
    """Databases on a server, by its URL without a database."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def create(self, name: str, *, like: str | None = None) -> str:
        await self._administer(f"CREATE DATABASE {name} TEMPLATE {like or 'template0'}")
        return f"{self._url}/{name}"

    async def drop(self, name: str) -> None:
        await self._administer(f"DROP DATABASE {name} WITH (FORCE)")

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(f"{self._url}/postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


class Databases:
    """Copies of one seeded database, so that every turn begins with the same money and nobody's caps used."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        """`folder` is for what the application keeps beside its database."""
        self._engine = engine
        self._folder = folder
        self._seeded = Books(0, 0, 0, 0)

    async def prepare(self) -> None:
        """Seed the database that is copied: people, wallets, history, and the policy in force."""
        url = await self._engine.create("seeded")
        await seed_guildhall(url, seats())
        async with opened(url, self._folder) as app:
            tier = app.bank.rulebook.policy().tiers[0].name
            async with app.database.transaction() as db:
                # As it is stored after a person's first reward; nobody has to be told of their tier within a turn.
                await db.execute("UPDATE econ_wallet SET tier = :tier", tier=tier)
        self._seeded = await _books(url)

    @asynccontextmanager
    async def copy(self) -> AsyncIterator[str]:
        """The URL of a copy, until the block ends."""
        url = await self._engine.create("turn", like="seeded")
        try:
            yield url
        finally:
            await self._engine.drop("turn")

    async def check(self, url: str, operation: Operation, count: int) -> None:
        """Raise `BenchError` unless exactly this was done since the copy was made, and the books add up."""
        stored, expected = await _books(url), self._seeded.and_so_often(operation, count)
        if stored != expected:
            raise BenchError(f"{count} times {operation}: stored are {stored} instead of {expected}")
        database = database_from_url(url)
        await database.open()
        try:
            async with database.snapshot() as db:
                report = await audit(db, await published_policies(db))
        finally:
            await database.close()
        if not report.ok:
            raise BenchError(f"After {operation} the books do not add up:\n{report.to_text()}")


@asynccontextmanager
async def opened(url: str, folder: Path) -> AsyncIterator[Guildhall]:
    """The application as it is shipped, on this database, doing all it does in the background."""
    app = create_app(Settings(_env_file=None, data_dir=folder, database_url=url))
    await app.start()
    spare_the_collector()
    try:
        yield app
    finally:
        await app.stop()


async def _books(url: str) -> Books:
    database = database_from_url(url)
    await database.open()
    try:
        async with database.reader() as db:
            row = await db.one(_COUNTED)
            assert row is not None
            return Books(row["ops"], row["transfers"], row["claims"], row["tallied"])
    finally:
        await database.close()
