"""A small table of its own, so that the database door is tested without any room."""

from __future__ import annotations

import pytest

from app.infra.database import Database

NOTES = """
CREATE TABLE note (
  id BIGINT PRIMARY KEY,
  body VARCHAR(200) NOT NULL,
  CHECK (body <> 'refused')
);
"""


@pytest.fixture
async def notes(blank_database: Database) -> Database:
    """A database with an empty table `note (id, body)`."""
    async with blank_database.transaction() as db:
        await db.script(NOTES)
    return blank_database
