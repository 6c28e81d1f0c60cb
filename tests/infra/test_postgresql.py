"""What only a server can do: be gone for a moment, and let writers meet."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.core.errors import Unavailable
from app.infra.database import Connection, Contention, PostgreSQL
from tests.harness.databases import PostgreSQLSource

INSERT = "INSERT INTO note (id, body) VALUES (:id, :body)"
UPDATE = "UPDATE note SET body = :body WHERE id = :id"


@pytest.fixture
async def server(postgresql_source: PostgreSQLSource) -> AsyncIterator[PostgreSQL]:
    """A pool of two connections, and a table `note` with the rows 1 and 2."""
    url = await postgresql_source.create(migrated=False)
    database = PostgreSQL(url, pool_max=2)
    await database.open()
    async with database.transaction() as db:
        await db.script("CREATE TABLE note (id BIGINT PRIMARY KEY, body TEXT NOT NULL);")
        await db.many(INSERT, [{"id": 1, "body": "one"}, {"id": 2, "body": "two"}])
    yield database
    await database.close()
    await postgresql_source.drop(url)


async def cut(server: PostgreSQL) -> None:
    """End every other connection of this database, as a server that is restarted does."""
    async with server.reader() as db:
        await db.all(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


async def works(server: PostgreSQL) -> None:
    async with server.transaction() as db:
        await db.execute(UPDATE, id=1, body="works")


class TestLostConnections:
    async def test_between_two_statements(self, server: PostgreSQL) -> None:
        with pytest.raises(Unavailable):
            async with server.transaction() as db:
                await db.execute(UPDATE, id=1, body="lost")
                await cut(server)
                await db.execute(UPDATE, id=2, body="lost")
        await works(server)
        async with server.reader() as db:
            rows = await db.all("SELECT body FROM note ORDER BY id")
        assert [row["body"] for row in rows] == ["works", "two"]

    async def test_before_the_commit(self, server: PostgreSQL) -> None:
        with pytest.raises(Unavailable):
            async with server.transaction() as db:
                await db.execute(UPDATE, id=1, body="lost")
                await cut(server)
        await works(server)

    async def test_within_a_savepoint(self, server: PostgreSQL) -> None:
        with pytest.raises(Unavailable):
            async with server.transaction() as db, db.savepoint():
                await cut(server)
                await db.execute(UPDATE, id=1, body="lost")
        await works(server)

    async def test_during_a_statement(self, server: PostgreSQL) -> None:
        async def slow() -> None:
            async with server.transaction() as db:
                await db.all("SELECT pg_sleep(20)")

        waiting = asyncio.get_running_loop().create_task(slow())
        await asyncio.sleep(0.2)
        await cut(server)
        with pytest.raises(Unavailable):
            await asyncio.wait_for(waiting, 5)
        await works(server)

    async def test_while_idle(self, server: PostgreSQL) -> None:
        async with server.reader(), server.reader():
            pass  # both connections are open now
        await cut(server)
        await asyncio.sleep(0.2)
        for _ in range(3):
            await asyncio.gather(works(server), works(server))

    async def test_a_database_that_is_not_there(self) -> None:
        with pytest.raises(Unavailable):
            await PostgreSQL("postgresql://guildhall@127.0.0.1:1/nothing").open()


class TestWritersThatMeet:
    async def test_a_deadlock_is_contention_for_one_and_nothing_for_the_other(self, server: PostgreSQL) -> None:
        both_hold_one = asyncio.Barrier(2)

        async def cross(first: int, second: int) -> str:
            try:
                async with server.transaction() as db:
                    await db.execute(UPDATE, id=first, body="crossed")
                    await both_hold_one.wait()
                    await db.execute(UPDATE, id=second, body="crossed")
            except Contention:
                return "contention"
            return "committed"

        assert sorted(await asyncio.gather(cross(1, 2), cross(2, 1))) == ["committed", "contention"]

    async def test_the_later_writer_sees_what_the_earlier_wrote(self, server: PostgreSQL) -> None:
        async def append(db: Connection) -> None:
            await db.execute("UPDATE note SET body = body || '+' WHERE id = :id", id=1)
            await asyncio.sleep(0.01)

        async def command() -> None:
            async with server.transaction() as db:
                await append(db)

        await asyncio.gather(*(command() for _ in range(8)))
        async with server.reader() as db:
            row = await db.one("SELECT body FROM note WHERE id = 1")
        assert row is not None
        assert row["body"] == "one++++++++"
