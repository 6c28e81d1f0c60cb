"""SQLite: one writer, one shared reader, every commit synced to disk before it is reported."""

from __future__ import annotations

import asyncio
import itertools
import re
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any, cast

import aiosqlite

from app.infra.database.base import PARAMETER, Columns, Contention, Dialect, IntegrityViolation, Over, Row
from app.infra.tasks import settle

_PRAGMAS = (
    "synchronous = FULL",
    "foreign_keys = ON",
    # Without it INSERT OR REPLACE deletes history rows past their BEFORE DELETE trigger.
    "recursive_triggers = ON",
    "busy_timeout = 5000",
    "journal_size_limit = 67108864",
)

OPEN_SECONDS = 5.0

_COMMENT = re.compile(r"--[^\n]*")


@lru_cache(maxsize=128)
def _with_given(sql: str, columns: tuple[str, ...], rows: int) -> tuple[str, tuple[str, ...]]:
    """A statement with its table of rows before it, written out, and the names of the parameters that follow theirs.

    Read as JSON, a row would cost eight times as much; by name, SQLite would look for each value among all.
    """
    row = f"({', '.join('?' for _ in columns)})"
    table = f"VALUES {', '.join([row] * rows)}" if rows else f"SELECT {', '.join('NULL' for _ in columns)} WHERE false"
    names = tuple(match[1] for match in PARAMETER.finditer(sql) if match[1])
    positional = PARAMETER.sub(lambda match: "?" if match[1] else match[0], sql)
    return f"WITH given ({', '.join(columns)}) AS ({table}) {positional}", names


class SQLiteConnection:
    """`Connection` over one aiosqlite connection in autocommit mode."""

    for_update = ""

    def __init__(self, raw: aiosqlite.Connection) -> None:
        self._raw = raw
        self._savepoints = itertools.count()

    async def all(self, sql: str, **params: Any) -> list[Row]:
        with _translated():
            return cast("list[Row]", await self._raw.execute_fetchall(sql, params))

    async def one(self, sql: str, **params: Any) -> Row | None:
        rows = await self.all(sql, **params)
        return rows[0] if rows else None

    async def execute(self, sql: str, **params: Any) -> None:
        await self.all(sql, **params)

    async def many(self, sql: str, rows: Sequence[dict[str, Any]]) -> None:
        with _translated():
            await (await self._raw.executemany(sql, rows)).close()

    async def over(self, sql: str, columns: Columns, rows: Sequence[Sequence[Any]], **params: Any) -> list[Row]:
        statement, names = _with_given(sql, tuple(columns), len(rows))
        values = [*chain.from_iterable(rows), *(params[name] for name in names)]
        with _translated():
            return cast("list[Row]", await self._raw.execute_fetchall(statement, values))

    async def together(self, statements: Sequence[Over]) -> list[int]:
        return [len(await self.over(its.sql, its.columns, its.rows)) if its.rows else 0 for its in statements]

    async def script(self, sql: str) -> None:
        # sqlite3.executescript would commit the open transaction first.
        for statement in _statements(sql):
            await self.execute(statement)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        name = f"s{next(self._savepoints)}"
        await self.execute(f"SAVEPOINT {name}")
        try:
            yield
        except BaseException:
            await settle(self._undo(name))
            raise
        await self.execute(f"RELEASE {name}")

    async def _undo(self, name: str) -> None:
        if self._raw.in_transaction:
            await self.execute(f"ROLLBACK TO {name}")
            await self.execute(f"RELEASE {name}")

    async def roll_back(self) -> None:
        if self._raw.in_transaction:
            await self.execute("ROLLBACK")


class SQLite:
    """`Database` in one file. One process writes; others may read."""

    dialect: Dialect = "sqlite"

    def __init__(self, path: str) -> None:
        self._path = path
        self._writing = asyncio.Lock()
        self._writer: aiosqlite.Connection | None = None
        self._reader: aiosqlite.Connection | None = None

    async def open(self) -> None:
        self._writer = await self._connect()
        self._reader = await self._connect(read_only=True)

    async def close(self) -> None:
        async with self._writing:
            for connection in (self._reader, self._writer):
                if connection is not None:
                    await connection.close()
            self._reader = self._writer = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[SQLiteConnection]:
        async with self._writing:
            connection = SQLiteConnection(_opened(self._writer))
            try:
                # IMMEDIATE takes the write lock at once: a deferred BEGIN that reads before it writes fails
                # without waiting when another process has written meanwhile.
                await settle(connection.execute("BEGIN IMMEDIATE"))
                yield connection
                await settle(connection.execute("COMMIT"))
            except BaseException:
                await settle(connection.roll_back())
                raise

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[SQLiteConnection]:
        yield SQLiteConnection(_opened(self._reader))

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[SQLiteConnection]:
        raw = await self._connect(read_only=True)
        try:
            connection = SQLiteConnection(raw)
            await connection.execute("BEGIN")
            yield connection
        finally:
            await settle(raw.close())

    async def _connect(self, *, read_only: bool = False) -> aiosqlite.Connection:
        connection = await aiosqlite.connect(self._path, isolation_level=None)
        connection.row_factory = sqlite3.Row
        try:
            await _use_wal(connection)
            for pragma in _PRAGMAS:
                await connection.execute_fetchall(f"PRAGMA {pragma}")
            if read_only:
                await connection.execute_fetchall("PRAGMA query_only = ON")
        except BaseException:
            # Nobody else knows of it, and its thread would keep the process from ending.
            await settle(connection.close())
            raise
        return connection


async def _use_wal(connection: aiosqlite.Connection) -> None:
    """Of several that make this switch in a new file at once, SQLite refuses all but one, and does not wait as it does
    elsewhere.
    """
    async with asyncio.timeout(OPEN_SECONDS):
        while True:
            try:
                await connection.execute_fetchall("PRAGMA journal_mode = WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                await asyncio.sleep(0.02)
            else:
                return


def _opened(connection: aiosqlite.Connection | None) -> aiosqlite.Connection:
    if connection is None:
        raise RuntimeError("The database is not open")
    return connection


def _statements(script: str) -> Iterator[str]:
    """Split a script at the semicolons that end statements, leaving trigger bodies whole."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if _COMMENT.sub("", statement).strip():
        raise ValueError(f"The script ends within a statement: {statement.strip()[:80]}")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except sqlite3.IntegrityError as error:
        raise IntegrityViolation(str(error)) from error
    except sqlite3.OperationalError as error:
        if "locked" in str(error) or "busy" in str(error):
            raise Contention(str(error)) from error
        raise
