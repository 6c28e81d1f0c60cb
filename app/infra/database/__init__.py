"""One small door to two engines: SQLite, embedded, and PostgreSQL.

Stores speak SQL that both engines read alike, with `:name` parameters; what they may rely on is written in `base`.
"""

from __future__ import annotations

from app.infra.database.base import Columns, Connection, Contention, Database, IntegrityViolation, Over, Row
from app.infra.database.postgresql import PostgreSQL
from app.infra.database.sqlite import SQLite

__all__ = [
    "Columns",
    "Connection",
    "Contention",
    "Database",
    "IntegrityViolation",
    "Over",
    "PostgreSQL",
    "Row",
    "SQLite",
    "database_from_url",
]


def database_from_url(url: str, *, pool_max: int = 10) -> Database:
    """The engine a URL names: `sqlite:///path/to/file` or `postgresql://user:password@host:port/name`.

    `pool_max` bounds the connections to a server.
    """
    if url.startswith("sqlite:///"):
        return SQLite(url.removeprefix("sqlite:///"))
    if url.startswith(("postgresql://", "postgres://")):
        return PostgreSQL(url, pool_max=pool_max)
    raise ValueError("DATABASE_URL begins with sqlite:/// or postgresql://")
