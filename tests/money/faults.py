"""A connection that dies at a chosen statement, as a process does at any moment."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from app.infra.database import Columns, Connection, Over, Row


class Crash(Exception):
    """The process died here."""


class CrashingConnection:
    """`Connection` that raises `Crash` instead of running its n-th statement, counted from 1."""

    def __init__(self, inner: Connection, crash_at: int) -> None:
        self._inner = inner
        self._left = crash_at
        self.for_update = inner.for_update

    async def all(self, sql: str, **params: Any) -> list[Row]:
        self._count()
        return await self._inner.all(sql, **params)

    async def one(self, sql: str, **params: Any) -> Row | None:
        self._count()
        return await self._inner.one(sql, **params)

    async def execute(self, sql: str, **params: Any) -> None:
        self._count()
        await self._inner.execute(sql, **params)

    async def many(self, sql: str, rows: Sequence[dict[str, Any]]) -> None:
        self._count()
        await self._inner.many(sql, rows)

    async def over(self, sql: str, columns: Columns, rows: Sequence[Sequence[Any]], **params: Any) -> list[Row]:
        self._count()
        return await self._inner.over(sql, columns, rows, **params)

    async def together(self, statements: Sequence[Over]) -> list[list[Row]]:
        # Each by itself, as on SQLite, so that a process may die between any two of them.
        return [await self.over(its.sql, its.columns, its.rows) if its.rows else [] for its in statements]

    async def script(self, sql: str) -> None:
        self._count()
        await self._inner.script(sql)

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        return self._inner.savepoint()

    def _count(self) -> None:
        self._left -= 1
        if self._left == 0:
            raise Crash
