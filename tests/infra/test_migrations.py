"""Numbered SQL files: each applied once, in order, with its mark; never edited, never unknown."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.infra.database import Database, database_from_url
from app.infra.database.migrations import MigrationError, load_migrations, migrate, pending_migrations
from tests.harness.databases import MIGRATIONS, DatabaseSource
from tests.harness.fakes import FrozenClock

TABLE = "CREATE TABLE shelf (\n  id BIGINT PRIMARY KEY -- a ; within a comment\n);\n"
TRIGGER_SQLITE = """
CREATE TRIGGER shelf_kept BEFORE DELETE ON shelf
BEGIN
  SELECT RAISE(ABORT, 'kept; for ever');
  SELECT 1;
END;
INSERT INTO shelf (id) VALUES (7);
-- the end
"""
TRIGGER_POSTGRESQL = """
CREATE FUNCTION keep_shelf() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'kept; for ever';
END $$;
CREATE TRIGGER shelf_kept BEFORE DELETE ON shelf FOR EACH ROW EXECUTE FUNCTION keep_shelf();
INSERT INTO shelf (id) VALUES (7);
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two steps, the second spelled for each engine."""
    (tmp_path / "0001_shelf.sql").write_text(TABLE)
    (tmp_path / "0002_kept.sqlite.sql").write_text(TRIGGER_SQLITE)
    (tmp_path / "0002_kept.postgresql.sql").write_text(TRIGGER_POSTGRESQL)
    return tmp_path


async def shelves(database: Database) -> list[int]:
    async with database.reader() as db:
        return [row["id"] for row in await db.all("SELECT id FROM shelf")]


async def pending(database: Database, folder: Path) -> list[str]:
    async with database.reader() as db:
        return await pending_migrations(db, folder, database.dialect)


async def test_from_nothing_to_the_newest_and_then_nothing(
    blank_database: Database, folder: Path, clock: FrozenClock
) -> None:
    assert await migrate(blank_database, folder, clock) == ["0001_shelf", "0002_kept"]
    assert await shelves(blank_database) == [7]
    assert await pending(blank_database, folder) == []
    assert await migrate(blank_database, folder, clock) == []


async def test_a_later_step_is_applied_alone(blank_database: Database, folder: Path, clock: FrozenClock) -> None:
    await migrate(blank_database, folder, clock)
    (folder / "0003_more.sql").write_text("INSERT INTO shelf (id) VALUES (8);\n")
    assert await pending(blank_database, folder) == ["0003_more"]
    assert await migrate(blank_database, folder, clock) == ["0003_more"]
    assert await shelves(blank_database) == [7, 8]


async def test_triggers_survive_the_splitting(blank_database: Database, folder: Path, clock: FrozenClock) -> None:
    await migrate(blank_database, folder, clock)
    with pytest.raises(Exception, match="kept; for ever"):
        async with blank_database.transaction() as db:
            await db.execute("DELETE FROM shelf")


async def test_an_edited_step_is_refused(blank_database: Database, folder: Path, clock: FrozenClock) -> None:
    await migrate(blank_database, folder, clock)
    (folder / "0001_shelf.sql").write_text(TABLE.replace("id", "number"))
    with pytest.raises(MigrationError, match="0001_shelf"):
        await migrate(blank_database, folder, clock)


async def test_a_newer_database_is_refused(blank_database: Database, folder: Path, clock: FrozenClock) -> None:
    (folder / "0003_newer.sql").write_text("INSERT INTO shelf (id) VALUES (8);\n")
    await migrate(blank_database, folder, clock)
    (folder / "0003_newer.sql").unlink()
    with pytest.raises(MigrationError, match="0003_newer"):
        await migrate(blank_database, folder, clock)


async def test_a_step_that_fails_leaves_nothing_and_can_be_mended(
    blank_database: Database, folder: Path, clock: FrozenClock
) -> None:
    broken = folder / "0003_broken.sql"
    broken.write_text("INSERT INTO shelf (id) VALUES (8);\nINSERT INTO nowhere (id) VALUES (1);\n")
    with pytest.raises(Exception, match="nowhere"):
        await migrate(blank_database, folder, clock)
    assert await shelves(blank_database) == [7]
    broken.write_text("INSERT INTO shelf (id) VALUES (9);\n")
    assert await migrate(blank_database, folder, clock) == ["0003_broken"]
    assert await shelves(blank_database) == [7, 9]


async def test_two_nodes_that_start_together_apply_each_step_once(
    database_source: DatabaseSource, folder: Path, clock: FrozenClock
) -> None:
    url = await database_source.create(migrated=False)
    nodes = [database_from_url(url) for _ in range(3)]
    await asyncio.gather(*(node.open() for node in nodes))
    await asyncio.gather(*(migrate(node, folder, clock) for node in nodes))
    assert await shelves(nodes[0]) == [7]
    await asyncio.gather(*(node.close() for node in nodes))
    await database_source.drop(url)


def test_two_files_of_one_name_are_refused(folder: Path) -> None:
    (folder / "0002_kept.sql").write_text("SELECT 1;\n")
    with pytest.raises(MigrationError, match="0002_kept"):
        load_migrations(folder, "sqlite")


async def test_the_product_goes_from_nothing_to_the_newest(blank_database: Database, clock: FrozenClock) -> None:
    applied = await migrate(blank_database, MIGRATIONS, clock)
    assert applied == [migration.name for migration in load_migrations(MIGRATIONS, blank_database.dialect)]
    assert await pending(blank_database, MIGRATIONS) == []
