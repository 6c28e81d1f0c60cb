"""What is SQLite's own: durability settings, triggers that hold against REPLACE, and another process that writes."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from app.infra.database import Contention, IntegrityViolation, SQLite

INSERT = "INSERT INTO note (id, body) VALUES (:id, :body)"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "guild.db"


@pytest.fixture
async def file(path: Path) -> AsyncIterator[SQLite]:
    database = SQLite(str(path))
    await database.open()
    async with database.transaction() as db:
        await db.script("CREATE TABLE note (id BIGINT PRIMARY KEY, body TEXT NOT NULL);")
    yield database
    await database.close()


async def test_every_connection_is_durable_and_strict(file: SQLite) -> None:
    expected = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
    for opened in (file.transaction, file.reader, file.snapshot):
        async with opened() as db:
            rows = {name: await db.one(f"PRAGMA {name}") for name in expected}
            assert {name: row and row[name] for name, row in rows.items()} == expected


async def test_several_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    for number in range(30):
        nodes = [SQLite(str(tmp_path / f"{number}.db")) for _ in range(6)]
        await asyncio.gather(*(node.open() for node in nodes))
        await asyncio.gather(*(node.close() for node in nodes))


async def test_replace_does_not_slip_past_a_trigger(file: SQLite) -> None:
    async with file.transaction() as db:
        await db.script("CREATE TRIGGER kept BEFORE DELETE ON note\nBEGIN\n  SELECT RAISE(ABORT, 'kept');\nEND;\n")
        await db.execute(INSERT, id=1, body="one")
    with pytest.raises(IntegrityViolation, match="kept"):
        async with file.transaction() as db:
            await db.execute("INSERT OR REPLACE INTO note (id, body) VALUES (:id, :body)", id=1, body="other")


async def test_the_reader_cannot_write(file: SQLite) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        async with file.reader() as db:
            await db.execute(INSERT, id=1, body="one")


async def test_another_process_that_writes_is_waited_for_and_then_reported(file: SQLite, path: Path) -> None:
    # The wait is five seconds long in the product; here its end is what matters.
    async with file.transaction() as db:
        await db.execute("PRAGMA busy_timeout = 50")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Contention):
            async with file.transaction() as db:
                await db.execute(INSERT, id=1, body="one")
        other.execute("ROLLBACK")
    async with file.transaction() as db:
        await db.execute(INSERT, id=1, body="one")


async def test_a_commit_is_there_after_opening_again(file: SQLite, path: Path) -> None:
    async with file.transaction() as db:
        await db.execute(INSERT, id=1, body="one")
    await file.close()
    await file.open()
    async with file.reader() as db:
        assert len(await db.all("SELECT id FROM note")) == 1


async def test_a_script_that_ends_within_a_statement_is_refused(file: SQLite) -> None:
    with pytest.raises(ValueError, match="INSERT"):
        async with file.transaction() as db:
            await db.script("SELECT 1;\nINSERT INTO note (id, body)\n  VALUES (1, 'one') -- and no end\n")
