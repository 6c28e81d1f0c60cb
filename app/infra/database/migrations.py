"""Brings a database to the newest schema: numbered SQL files, each applied once, in one transaction with its mark.

`0004_name.sql` runs on both engines; `0005_name.sqlite.sql` and `0005_name.postgresql.sql` are two spellings of one
step. An applied file never changes again: its hash is kept and compared.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from app.core.clock import Clock
from app.infra.database.base import Connection, Database, Dialect

_MARKS = """
CREATE TABLE IF NOT EXISTS schema_migration (
  name VARCHAR(120) PRIMARY KEY, sha256 CHAR(64) NOT NULL, applied_at BIGINT NOT NULL
);
"""
# Any constant will do; it keeps two nodes that start together from migrating side by side.
_ADVISORY_LOCK = "SELECT pg_advisory_xact_lock(4711)"


class MigrationError(Exception):
    """The database and the migration files do not fit together."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema: its name without dialect and ending, and the SQL for one engine."""

    name: str
    sql: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def load_migrations(folder: Path, dialect: Dialect) -> list[Migration]:
    """The steps for one engine, in order."""
    found: dict[str, Migration] = {}
    for path in sorted(folder.glob("[0-9]*.sql")):
        name, _, spelling = path.name.removesuffix(".sql").partition(".")
        if spelling in ("", dialect):
            if name in found:
                raise MigrationError(f"Two files spell the migration {name}")
            found[name] = Migration(name, path.read_text(encoding="utf-8"))
    return list(found.values())


async def migrate(database: Database, folder: Path, clock: Clock) -> list[str]:
    """Apply what is missing and return the names of the steps applied.

    Raises `MigrationError` when an applied file was edited, or when the database knows steps this release does not.
    """
    migrations = load_migrations(folder, database.dialect)
    async with database.transaction() as connection:
        await _lock(connection, database.dialect)
        await connection.script(_MARKS)
        applied = {
            row["name"]: row["sha256"] for row in await connection.all("SELECT name, sha256 FROM schema_migration")
        }
        _check_history(migrations, applied)
    missing = [migration for migration in migrations if migration.name not in applied]
    for migration in missing:
        await _apply(database, migration, clock)
    return [migration.name for migration in missing]


async def pending_migrations(connection: Connection, folder: Path, dialect: Dialect) -> list[str]:
    """The names of the steps that have not been applied yet."""
    applied = {row["name"] for row in await connection.all("SELECT name FROM schema_migration")}
    return [migration.name for migration in load_migrations(folder, dialect) if migration.name not in applied]


async def _apply(database: Database, migration: Migration, clock: Clock) -> None:
    async with database.transaction() as connection:
        await _lock(connection, database.dialect)
        marked = await connection.one(
            """
            INSERT INTO schema_migration (name, sha256, applied_at) VALUES (:name, :sha256, :now)
            ON CONFLICT (name) DO NOTHING RETURNING name
            """,
            name=migration.name,
            sha256=migration.sha256,
            now=clock.now_ms(),
        )
        if marked is not None:
            await connection.script(migration.sql)


async def _lock(connection: Connection, dialect: Dialect) -> None:
    if dialect == "postgresql":
        await connection.execute(_ADVISORY_LOCK)


def _check_history(migrations: list[Migration], applied: dict[str, str]) -> None:
    known = {migration.name: migration.sha256 for migration in migrations}
    unknown = sorted(applied.keys() - known.keys())
    if unknown:
        raise MigrationError(f"The database is newer than this release: it knows {', '.join(unknown)}")
    edited = sorted(name for name, sha256 in applied.items() if known[name] != sha256)
    if edited:
        raise MigrationError(f"Applied migrations were edited: {', '.join(edited)}")
