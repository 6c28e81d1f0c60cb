"""PostgreSQL through asyncpg: a pool, READ COMMITTED transactions, `synchronous_commit` left on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import lru_cache
from typing import Any, cast

import asyncpg

from app.core.errors import Unavailable
from app.infra.database.base import PARAMETER, Columns, Contention, Dialect, IntegrityViolation, Over, Row
from app.infra.tasks import settle

FEW_ROWS = 4
"""So many rows are written out in a statement: the server plans it once. One over arrays is planned each time."""

_UNREACHABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    # What asyncpg says between the server's farewell and the end of the connection.
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


@lru_cache(maxsize=2048)
def _positional(sql: str) -> tuple[str, tuple[str, ...]]:
    """Turn `:name` parameters into asyncpg's `$n`; the same name is the same parameter."""
    names = tuple(dict.fromkeys(match[1] for match in PARAMETER.finditer(sql) if match[1]))
    numbered = {name: f"${position}" for position, name in enumerate(names, start=1)}
    return PARAMETER.sub(lambda match: numbered[match[1]] if match[1] else match[0], sql), names


Shape = tuple[str, tuple[tuple[str, str], ...], int | None]
"""A statement over rows as text: its SQL, its columns, and how many rows are written out; None for arrays."""


def _shape(its: Over) -> Shape:
    return its.sql, tuple(its.columns.items()), len(its.rows) if 0 < len(its.rows) <= FEW_ROWS else None


def _values(its: Over, prefix: str) -> dict[str, Any]:
    """The parameters of a statement over rows, by name."""
    if 0 < len(its.rows) <= FEW_ROWS:
        return {
            f"{prefix}{name}_{number}": value
            for number, row in enumerate(its.rows)
            for name, value in zip(its.columns, row, strict=True)
        }
    arrays = zip(*its.rows, strict=True) if its.rows else ((),) * len(its.columns)
    return {
        f"{prefix}{name}": _array(values, quoted=kind == "text")
        for (name, kind), values in zip(its.columns.items(), arrays, strict=True)
    }


def _array(values: Iterable[Any], *, quoted: bool) -> str:
    """An array in the server's own notation: asyncpg asks of each element whether it is an array, at twice the cost."""
    if quoted:
        return "{" + ",".join("NULL" if its is None else _element(its) for its in values) + "}"
    return "{" + ",".join(map(str, values)).replace("None", "NULL") + "}"


def _element(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@lru_cache(maxsize=512)
def _with_given(shape: Shape, prefix: str) -> str:
    """A statement with its table of rows before it."""
    sql, columns, rows = shape
    if rows is None:
        table = f"SELECT * FROM unnest({', '.join(f':{prefix}{name}::text::{kind}[]' for name, kind in columns)})"
    else:
        table = "VALUES " + ", ".join(
            f"({', '.join(f':{prefix}{name}_{row}::{kind}' for name, kind in columns)})" for row in range(rows)
        )
    return f"WITH given ({', '.join(name for name, _ in columns)}) AS ({table}) {sql}"


@lru_cache(maxsize=512)
def _in_one(shapes: tuple[Shape, ...]) -> str:
    """Statements that write, as parts of one, which counts the rows that each returns."""
    parts = [f"part_{number} AS ({_with_given(shape, f'part_{number}_')})" for number, shape in enumerate(shapes)]
    counts = [f"(SELECT COUNT(*) FROM part_{number}) AS part_{number}" for number in range(len(shapes))]
    return f"WITH {', '.join(parts)} SELECT {', '.join(counts)}"


class PostgreSQLConnection:
    """`Connection` over one asyncpg connection."""

    # What an UPDATE takes: foreign keys to the row may still be checked.
    for_update = "FOR NO KEY UPDATE"

    def __init__(self, raw: asyncpg.Connection) -> None:
        self._raw = raw

    async def all(self, sql: str, **params: Any) -> list[Row]:
        statement, names = _positional(sql)
        with _translated(self._raw):
            return cast("list[Row]", await self._raw.fetch(statement, *(params[name] for name in names)))

    async def one(self, sql: str, **params: Any) -> Row | None:
        statement, names = _positional(sql)
        with _translated(self._raw):
            row = await self._raw.fetchrow(statement, *(params[name] for name in names))
        return cast("Row | None", row)

    async def execute(self, sql: str, **params: Any) -> None:
        statement, names = _positional(sql)
        with _translated(self._raw):
            await self._raw.execute(statement, *(params[name] for name in names))

    async def many(self, sql: str, rows: Sequence[dict[str, Any]]) -> None:
        statement, names = _positional(sql)
        with _translated(self._raw):
            await self._raw.executemany(statement, [[row[name] for name in names] for row in rows])

    async def over(self, sql: str, columns: Columns, rows: Sequence[Sequence[Any]], **params: Any) -> list[Row]:
        its = Over(sql, columns, rows)
        return await self.all(_with_given(_shape(its), "given_"), **_values(its, "given_"), **params)

    async def together(self, statements: Sequence[Over]) -> list[int]:
        asked = [(position, its) for position, its in enumerate(statements) if its.rows]
        returned = [0] * len(statements)
        if asked:
            params: dict[str, Any] = {}
            for number, (_, its) in enumerate(asked):
                params |= _values(its, f"part_{number}_")
            counts = await self.one(_in_one(tuple(_shape(its) for _, its in asked)), **params)
            assert counts is not None
            for number, (position, _) in enumerate(asked):
                returned[position] = counts[f"part_{number}"]
        return returned

    async def script(self, sql: str) -> None:
        with _translated(self._raw):
            await self._raw.execute(sql)

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        async with _scope(self._raw):
            yield


class PostgreSQL:
    """`Database` on a PostgreSQL server. `pool_max` bounds the connections of this process."""

    dialect: Dialect = "postgresql"

    def __init__(self, url: str, *, pool_max: int = 10) -> None:
        self._url = url
        self._pool_max = pool_max
        self._pool: asyncpg.Pool | None = None

    async def open(self) -> None:
        with _translated():
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=1,
                max_size=self._pool_max,
                command_timeout=30,
                # What a transaction sets ends with it, so that there is nothing to ask the server to put back.
                reset=_nothing_to_put_back,
                statement_cache_size=512,
                server_settings={"application_name": "guildhall", "lock_timeout": "5s"},
            )

    async def close(self) -> None:
        if self._pool is not None:
            await self._pool.close()
            self._pool = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[PostgreSQLConnection]:
        async with self._acquired() as raw, _scope(raw):
            yield PostgreSQLConnection(raw)

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[PostgreSQLConnection]:
        async with self._acquired() as raw:
            yield PostgreSQLConnection(raw)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[PostgreSQLConnection]:
        async with self._acquired() as raw, _scope(raw, isolation="repeatable_read", readonly=True):
            yield PostgreSQLConnection(raw)

    @asynccontextmanager
    async def _acquired(self) -> AsyncIterator[asyncpg.Connection]:
        if self._pool is None:
            raise RuntimeError("The database is not open")
        with _translated():
            raw = await self._pool.acquire(timeout=10)
        try:
            yield raw
        finally:
            with _translated():
                await settle(self._pool.release(raw))


async def _nothing_to_put_back(raw: object) -> None:
    """In place of the round trip that asyncpg makes when a connection returns to the pool."""


@asynccontextmanager
async def _scope(raw: asyncpg.Connection, **options: Any) -> AsyncIterator[None]:
    """A transaction, or within one a savepoint, whose first and last statement no cancellation interrupts."""
    transaction = raw.transaction(**options)
    try:
        with _translated(raw):
            await settle(transaction.start())
        yield
        with _translated(raw):
            await settle(transaction.commit())
    except BaseException:
        await settle(_roll_back(raw, transaction))
        raise


async def _roll_back(raw: asyncpg.Connection, transaction: Any) -> None:
    # A connection that is lost rolls back by itself, and the pool replaces it.
    with suppress(*_UNREACHABLE, asyncpg.InterfaceError):
        if raw.is_in_transaction():
            await transaction.rollback()


@contextmanager
def _translated(raw: asyncpg.Connection | None = None) -> Iterator[None]:
    try:
        yield
    # A RaiseError is what a trigger says with RAISE EXCEPTION.
    except (asyncpg.IntegrityConstraintViolationError, asyncpg.RaiseError) as error:
        raise IntegrityViolation(str(error)) from error
    except (asyncpg.SerializationError, asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError) as error:
        raise Contention(str(error)) from error
    except _UNREACHABLE as error:
        raise Unavailable("The database cannot be reached") from error
    except asyncpg.InterfaceError as error:
        # Besides misuse, which is a bug, it says that the connection was lost before this statement.
        if raw is None or not _is_lost(raw):
            raise
        raise Unavailable("The database cannot be reached") from error


def _is_lost(raw: asyncpg.Connection) -> bool:
    try:
        return bool(raw.is_closed())
    except asyncpg.InterfaceError:
        return True  # the pool has taken it back, as it does when the server closes it
