"""What a store may rely on, whichever engine is behind it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

Dialect = Literal["sqlite", "postgresql"]
PARAMETER = re.compile(r"""'[^']*'|"[^"]*"|--[^\n]*|::|:([a-z_][a-z0-9_]*)""")
"""A `:name` in SQL is the first group. Literals, quoted names and comments are matched before it, for a colon within
them is text; `::` is a cast."""
Columns = Mapping[str, Literal["bigint", "integer", "text"]]
"""The columns of rows that are handed to a statement, in their order."""


@dataclass(frozen=True, slots=True)
class Over:
    """A statement that reads `rows` from a table named `given`, and has no other parameters."""

    sql: str
    columns: Columns
    rows: Sequence[Sequence[Any]]


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

    for_update: str
    """Ends a SELECT that locks the rows it reads, in the order it reads them, until the transaction ends.

    Empty where a writing transaction has locked everything already.
    """

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

    async def over(self, sql: str, columns: Columns, rows: Sequence[Sequence[Any]], **params: Any) -> list[Row]:
        """Run one statement that reads `rows` from a table named `given`; what its RETURNING clause or query gives.

        An `INSERT ... SELECT ... FROM given ON CONFLICT` needs a `WHERE true` before its ON, or SQLite reads a join.
        Rows and columns come to at most 30 000 values, or SQLite refuses them.
        """
        ...

    async def together(self, statements: Sequence[Over]) -> list[int]:
        """Run statements that write, none of which reads or writes what another writes; how many rows each returned.

        Each has a RETURNING clause. A server is asked once for all of them. A statement over no rows is not run.
        """
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
    rests on is locked first, by an UPDATE or a SELECT with `for_update`, and read in a later statement.
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
