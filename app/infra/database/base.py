"""What a store may rely on, whichever engine is behind it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Literal, Protocol

Dialect = Literal["sqlite", "postgresql"]


class Row(Protocol):
    """One result row: columns by name. `Model(**row)` works too."""

    def __getitem__(self, column: str) -> Any: ...

    def keys(self) -> Any: ...


class Contention(Exception):
    """The engine gave up on this transaction in favour of another; the same command may be run again."""


class IntegrityViolation(Exception):
    """The engine refused a row because of a constraint or a trigger."""


class Connection(Protocol):
    """Runs statements. Values are only ever passed as parameters."""

    async def all(self, sql: str, **params: Any) -> list[Row]:
        """Every row of a query, or of the RETURNING clause of a statement."""
        ...

    async def one(self, sql: str, **params: Any) -> Row | None:
        """The first row, or None."""
        ...

    async def execute(self, sql: str, **params: Any) -> None:
        """Run a statement whose result is of no interest."""
        ...

    async def many(self, sql: str, rows: Sequence[dict[str, Any]]) -> None:
        """Run one statement for each set of parameters."""
        ...

    async def script(self, sql: str) -> None:
        """Run several statements without parameters, inside the transaction that is open."""
        ...

    def savepoint(self) -> AbstractAsyncContextManager[None]:
        """A part of the transaction that is undone by itself when its body raises."""
        ...


class Database(Protocol):
    """A database that has been opened.

    On SQLite one writing transaction runs at a time; on PostgreSQL (READ COMMITTED) many do, so whatever a decision
    rests on is locked by an UPDATE first and read in a later statement.
    """

    dialect: Dialect

    async def open(self) -> None: ...

    async def close(self) -> None: ...

    def transaction(self) -> AbstractAsyncContextManager[Connection]:
        """A writing transaction: committed when the body ends, rolled back when it raises or is cancelled."""
        ...

    def reader(self) -> AbstractAsyncContextManager[Connection]:
        """For reading alone. Each statement sees the newest committed state."""
        ...

    def snapshot(self) -> AbstractAsyncContextManager[Connection]:
        """For reading alone. All statements see one and the same committed state."""
        ...
