"""The database door, the same on both engines."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from app.infra.database import Columns, Connection, Database, IntegrityViolation, Over

NOTE: Columns = {"id": "bigint", "body": "text"}
INSERT = "INSERT INTO note (id, body) VALUES (:id, :body)"


async def ids(database: Database) -> list[int]:
    async with database.reader() as db:
        return [row["id"] for row in await db.all("SELECT id FROM note ORDER BY id")]


class TestStatements:
    async def test_a_name_used_twice_is_one_parameter(self, notes: Database) -> None:
        async with notes.transaction() as db:
            await db.execute("INSERT INTO note (id, body) VALUES (:id, :body)", id=1, body="one")
            row = await db.one("SELECT id FROM note WHERE id = :id OR (id = :id AND body = :body)", id=1, body="x")
        assert row is not None
        assert row["id"] == 1

    async def test_colons_within_literals_and_comments_are_text(self, notes: Database) -> None:
        async with notes.reader() as db:
            row = await db.one("SELECT 'at 12:ab, it''s :id' AS text, CAST(:id AS INTEGER) AS id -- and :nobody", id=3)
        assert row is not None
        assert (row["text"], row["id"]) == ("at 12:ab, it's :id", 3)

    async def test_rows_are_read_by_name_and_unpacked(self, notes: Database) -> None:
        async with notes.transaction() as db:
            await db.execute(INSERT, id=1, body="one")
            rows = await db.all("SELECT id, body FROM note")
        assert dict(**rows[0]) == {"id": 1, "body": "one"}

    async def test_returning_gives_every_row(self, notes: Database) -> None:
        async with notes.transaction() as db:
            await db.many(INSERT, [{"id": number, "body": "b"} for number in range(1, 4)])
            changed = await db.all("UPDATE note SET body = :body WHERE id >= :low RETURNING id", body="c", low=2)
        assert sorted(row["id"] for row in changed) == [2, 3]

    async def test_one_is_none_when_there_is_nothing(self, notes: Database) -> None:
        async with notes.reader() as db:
            assert await db.one("SELECT id FROM note WHERE id = :id", id=1) is None

    async def test_text_comes_back_as_it_went_in(self, notes: Database) -> None:
        body = "สวัสดี 👋🏽 ' \" ; -- :id %s \\"
        async with notes.transaction() as db:
            await db.execute(INSERT, id=2**63 - 1, body=body)
            row = await db.one("SELECT id, body FROM note")
        assert row is not None
        assert (row["id"], row["body"]) == (2**63 - 1, body)

    async def test_a_missing_parameter_is_an_error(self, notes: Database) -> None:
        with pytest.raises(Exception, match="body"):
            async with notes.transaction() as db:
                await db.execute(INSERT, id=1)

    @pytest.mark.parametrize("count", [1, 3, 6])
    async def test_a_statement_over_rows_reads_them_in_their_order(self, notes: Database, count: int) -> None:
        rows = [
            (3, "สาม 👋🏽 ' \" ; :id"),
            (2**63 - 1, None),
            (1, 'a\\"b\\\\,{NULL}\t'),
            (-1, "NULL"),
            (2, ""),
            (4, "\n"),
        ]
        rows = rows[:count]
        async with notes.reader() as db:
            read = await db.over("SELECT id, body, :kind AS kind FROM given", NOTE, rows, kind="x")
        assert [(row["id"], row["body"], row["kind"]) for row in read] == [(*row, "x") for row in rows]

    async def test_a_statement_over_rows_writes_all_but_what_is_there(self, notes: Database) -> None:
        insert = """
            INSERT INTO note (id, body) SELECT id, body FROM given WHERE true
            ON CONFLICT (id) DO NOTHING RETURNING id
        """
        async with notes.transaction() as db:
            await db.execute(INSERT, id=2, body="old")
            new = await db.over(insert, NOTE, [(1, "a"), (2, "b"), (3, "c"), (3, "again")])
            await db.over("UPDATE note SET body = given.body FROM given WHERE note.id = given.id", NOTE, [(1, "z")])
            kept = await db.all("SELECT id, body FROM note ORDER BY id")
        assert [row["id"] for row in new] == [1, 3]
        assert [(row["id"], row["body"]) for row in kept] == [(1, "z"), (2, "old"), (3, "c")]

    @pytest.mark.parametrize("count", [1, 20])
    async def test_statements_together_count_what_each_returns(self, notes: Database, count: int) -> None:
        new = Over(
            "INSERT INTO note (id, body) SELECT id, body FROM given WHERE true ON CONFLICT DO NOTHING RETURNING id",
            NOTE,
            [(number, f'"{number}"') for number in range(count)],
        )
        none = Over("DELETE FROM note WHERE id IN (SELECT id FROM given) RETURNING id", NOTE, [])
        change = "UPDATE note SET body = given.body FROM given WHERE note.id = given.id RETURNING 1 AS changed"
        changed = Over(change, NOTE, [(-2, "ก\\"), (-3, "nobody"), (-1, "told")])
        async with notes.transaction() as db:
            await db.many(INSERT, [{"id": number, "body": "old"} for number in (-1, -2, 0)])
            assert await db.together([new, none, changed]) == [count - 1, 0, 2]
            kept = {row["id"]: row["body"] for row in await db.all("SELECT id, body FROM note")}
        assert kept == {-1: "told", -2: "ก\\", 0: "old"} | {number: f'"{number}"' for number in range(1, count)}

    async def test_statements_together_over_nothing_are_none(self, notes: Database) -> None:
        async with notes.transaction() as db:
            delete = "DELETE FROM note WHERE id IN (SELECT id FROM given) RETURNING id"
            assert await db.together([Over(delete, NOTE, [])]) == [0]
            assert await db.together([]) == []

    async def test_a_statement_over_no_rows_does_nothing(self, notes: Database) -> None:
        async with notes.transaction() as db:
            assert await db.over("INSERT INTO note (id, body) SELECT id, body FROM given RETURNING id", NOTE, []) == []

    async def test_many_without_rows_does_nothing(self, notes: Database) -> None:
        async with notes.transaction() as db:
            await db.many(INSERT, [])
        assert await ids(notes) == []


class TestTransactions:
    async def test_a_body_that_ends_is_committed(self, notes: Database) -> None:
        async with notes.transaction() as db:
            await db.execute(INSERT, id=1, body="one")
        assert await ids(notes) == [1]

    async def test_a_body_that_raises_is_rolled_back(self, notes: Database) -> None:
        with pytest.raises(LookupError):
            async with notes.transaction() as db:
                await db.execute(INSERT, id=1, body="one")
                raise LookupError
        assert await ids(notes) == []

    async def test_nothing_is_seen_before_the_commit(self, notes: Database) -> None:
        async with notes.transaction() as db:
            await db.execute(INSERT, id=1, body="one")
            assert await ids(notes) == []
        assert await ids(notes) == [1]

    async def test_ddl_is_rolled_back_too(self, notes: Database) -> None:
        with pytest.raises(LookupError):
            async with notes.transaction() as db:
                await db.script("CREATE TABLE passing (id BIGINT);\nINSERT INTO note (id, body) VALUES (1, 'a');")
                raise LookupError
        async with notes.transaction() as db:
            await db.script("CREATE TABLE passing (id BIGINT);")
        assert await ids(notes) == []

    async def test_a_snapshot_sees_one_state(self, notes: Database) -> None:
        async with notes.snapshot() as db:
            before = await db.all("SELECT id FROM note")
            async with notes.transaction() as writer:
                await writer.execute(INSERT, id=1, body="one")
            assert await db.all("SELECT id FROM note") == before == []
        assert await ids(notes) == [1]

    async def test_a_snapshot_cannot_write(self, notes: Database) -> None:
        with pytest.raises(Exception, match=r"(?i)read-?only"):
            async with notes.snapshot() as db:
                await db.execute(INSERT, id=1, body="one")
        assert await ids(notes) == []

    async def test_many_writers_at_once_all_commit(self, notes: Database) -> None:
        async def write(number: int) -> None:
            async with notes.transaction() as db:
                await db.execute(INSERT, id=number, body="b")

        await asyncio.gather(*(write(number) for number in range(40)))
        assert await ids(notes) == list(range(40))

    async def test_a_closed_database_says_so(self, notes: Database) -> None:
        await notes.close()
        with pytest.raises(RuntimeError, match="not open"):
            await ids(notes)
        await notes.open()


class TestViolations:
    @pytest.mark.parametrize("row", [{"id": 1, "body": "again"}, {"id": 2, "body": "refused"}, {"id": 2, "body": None}])
    async def test_constraints(self, notes: Database, row: dict[str, Any]) -> None:
        async with notes.transaction() as db:
            await db.execute(INSERT, id=1, body="one")
        with pytest.raises(IntegrityViolation):
            async with notes.transaction() as db:
                await db.execute(INSERT, **row)
        assert await ids(notes) == [1]

    async def test_deferred_constraints_speak_at_the_commit(self, notes: Database) -> None:
        async with notes.transaction() as db:
            await db.script(
                "CREATE TABLE reply (id BIGINT PRIMARY KEY, note BIGINT NOT NULL,"
                " FOREIGN KEY (note) REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED);"
            )
        with pytest.raises(IntegrityViolation):
            async with notes.transaction() as db:
                await db.execute("INSERT INTO reply (id, note) VALUES (:id, :note)", id=1, note=7)
        async with notes.transaction() as db:
            await db.execute("INSERT INTO reply (id, note) VALUES (:id, :note)", id=1, note=7)
            await db.execute(INSERT, id=7, body="later")
        assert await ids(notes) == [7]

    async def test_triggers(self, notes: Database) -> None:
        trigger = {
            "sqlite": """
                CREATE TRIGGER note_kept BEFORE DELETE ON note
                BEGIN
                  SELECT RAISE(ABORT, 'kept; for ever');
                END;
                """,
            "postgresql": """
                CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN
                  RAISE EXCEPTION 'kept; for ever';
                END $$;
                CREATE TRIGGER note_kept BEFORE DELETE ON note FOR EACH ROW EXECUTE FUNCTION keep();
                """,
        }
        async with notes.transaction() as db:
            await db.script(trigger[notes.dialect])
            await db.execute(INSERT, id=1, body="one")
        with pytest.raises(IntegrityViolation, match="kept; for ever"):
            async with notes.transaction() as db:
                await db.execute("DELETE FROM note")
        assert await ids(notes) == [1]


class TestSavepoints:
    async def test_a_part_that_raises_is_undone_alone(self, notes: Database) -> None:
        async with notes.transaction() as db:
            await db.execute(INSERT, id=1, body="one")
            with pytest.raises(IntegrityViolation):
                await self._add(db, 1)
            await db.execute(INSERT, id=2, body="two")
        assert await ids(notes) == [1, 2]

    async def test_parts_nest(self, notes: Database) -> None:
        async with notes.transaction() as db:
            with pytest.raises(LookupError):
                async with db.savepoint():
                    await self._add(db, 1)
                    with pytest.raises(IntegrityViolation):
                        await self._add(db, 1)
                    raise LookupError
            await self._add(db, 3)
        assert await ids(notes) == [3]

    async def _add(self, db: Connection, number: int) -> None:
        async with db.savepoint():
            await db.execute(INSERT, id=number, body="b")
