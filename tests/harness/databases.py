"""Fresh databases, fast: migrated once per test process, copied for each test."""

from __future__ import annotations

import asyncio
import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import asyncpg
import pytest

from app.infra.database import database_from_url
from app.infra.database.migrations import migrate
from tests.harness.fakes import FrozenClock
from tests.harness.services import ServiceError, postgresql_server

REQUIRE_ALL = os.environ.get("REQUIRE_ALL") == "1"
"""Whether a missing program fails the tests that need it instead of skipping them."""
MIGRATIONS = Path(__file__).parents[2] / "migrations"


class DatabaseSource(Protocol):
    """Where tests of one engine get databases from."""

    async def create(self, *, migrated: bool = True) -> str:
        """Make a database that nobody has used; return its URL."""
        ...

    async def drop(self, url: str) -> None:
        """Remove a database that nobody uses any more."""
        ...


class SQLiteSource:
    """Databases as files in one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)
        self._template = folder / "template.db"
        asyncio.run(_migrate(f"sqlite:///{self._template}"))

    async def create(self, *, migrated: bool = True) -> str:
        path = self._folder / f"{next(self._numbers)}.db"
        if migrated:
            shutil.copyfile(self._template, path)
        return f"sqlite:///{path}"

    async def drop(self, url: str) -> None:
        path = url.removeprefix("sqlite:///")
        for suffix in ("", "-wal", "-shm"):
            Path(path + suffix).unlink(missing_ok=True)


class PostgreSQLSource:
    """Databases on one server, which is the test run's own."""

    def __init__(self, server_url: str) -> None:
        self.server_url = server_url
        """Without a database name."""
        self._numbers = itertools.count(1)
        asyncio.run(self._prepare())

    async def create(self, *, migrated: bool = True) -> str:
        name = f"test_{next(self._numbers)}"
        await self._administer(f"CREATE DATABASE {name} TEMPLATE {'migrated' if migrated else 'template0'}")
        return f"{self.server_url}/{name}"

    async def drop(self, url: str) -> None:
        await self._administer(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    async def _prepare(self) -> None:
        await self._administer("CREATE DATABASE migrated TEMPLATE template0")
        await _migrate(f"{self.server_url}/migrated")

    async def _administer(self, statement: str) -> None:
        connection = await asyncpg.connect(f"{self.server_url}/postgres")
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def own_postgresql(*, in_memory: bool) -> Iterator[PostgreSQLSource]:
    """Databases on a PostgreSQL server of this test process; without PostgreSQL, what needs it is skipped."""
    with ExitStack() as stack:
        try:
            url = stack.enter_context(postgresql_server(in_memory=in_memory))
        except ServiceError as error:
            if REQUIRE_ALL:
                raise
            pytest.skip(str(error))
        yield PostgreSQLSource(url)


async def _migrate(url: str) -> None:
    database = database_from_url(url)
    await database.open()
    try:
        await migrate(database, MIGRATIONS, FrozenClock())
    finally:
        await database.close()
