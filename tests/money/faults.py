"""A process that dies at a chosen step of what it does, as a process may at any moment."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from app.infra.database import Columns, Connection, Database, Over, Row
from tests.harness.application import InstantHasher


class Crash(Exception):
    """The process died here."""


class Life:
    """What is left of a process: it dies at its n-th step, counted from 1, or not at all."""

    def __init__(self, last: int | None = None) -> None:
        self._left = last
        self.commits = 0
        """How many transactions were committed."""
        self.hashes_seen = 0
        """How often a hash was looked at."""

    def step(self) -> None:
        """Take a step, or raise `Crash` instead."""
        if self._left is not None:
            self._left -= 1
            if self._left == 0:
                raise Crash


class CrashingConnection:
    """`Connection` on which each statement is a step of a life."""

    def __init__(self, inner: Connection, life: Life) -> None:
        self._inner = inner
        self._life = life
        self.for_update = inner.for_update

    async def all(self, sql: str, **params: Any) -> list[Row]:
        self._life.step()
        return await self._inner.all(sql, **params)

    async def one(self, sql: str, **params: Any) -> Row | None:
        self._life.step()
        return await self._inner.one(sql, **params)

    async def execute(self, sql: str, **params: Any) -> None:
        self._life.step()
        await self._inner.execute(sql, **params)

    async def many(self, sql: str, rows: Sequence[dict[str, Any]]) -> None:
        self._life.step()
        await self._inner.many(sql, rows)

    async def over(self, sql: str, columns: Columns, rows: Sequence[Sequence[Any]], **params: Any) -> list[Row]:
        self._life.step()
        return await self._inner.over(sql, columns, rows, **params)

    async def together(self, statements: Sequence[Over]) -> list[int]:
        # Each by itself, as on SQLite, so that a process may die between any two of them.
        return [len(await self.over(its.sql, its.columns, its.rows)) if its.rows else 0 for its in statements]

    async def script(self, sql: str) -> None:
        self._life.step()
        await self._inner.script(sql)

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        return self._inner.savepoint()


class CrashingDatabase:
    """`Database` for what takes several transactions: each of their statements and commits is a step of `life`."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.dialect = inner.dialect
        self.life = Life()

    async def open(self) -> None:
        await self._inner.open()

    async def close(self) -> None:
        await self._inner.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        async with self._inner.transaction() as db:
            yield CrashingConnection(db, self.life)
            self.life.step()
        self.life.commits += 1

    def reader(self) -> AbstractAsyncContextManager[Connection]:
        return self._inner.reader()

    def snapshot(self) -> AbstractAsyncContextManager[Connection]:
        return self._inner.snapshot()


class CrashingHasher(InstantHasher):
    """Looking at a hash is a step too, and the life knows that it was looked at."""

    def __init__(self, database: CrashingDatabase) -> None:
        super().__init__()
        self._database = database

    async def verify(self, hashed: str | None, password: str) -> bool:
        self._database.life.hashes_seen += 1
        self._database.life.step()
        return await super().verify(hashed, password)
