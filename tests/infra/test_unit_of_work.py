"""One command, one transaction: retried on contention, its facts kept within and shown after."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from app.core.errors import Conflict, Unavailable
from app.core.events import Fact
from app.infra.database import Contention, Database
from app.infra.unit_of_work import ATTEMPTS, Transactor, UnitOfWork
from tests.harness.fakes import RecordedFacts

INSERT = "INSERT INTO note (id, body) VALUES (:id, :body)"


@dataclass(frozen=True, slots=True)
class NoteWritten(Fact):
    id: int


@pytest.fixture
def transactor(notes: Database, facts: RecordedFacts) -> Transactor:
    return Transactor(notes, facts)


async def count(database: Database) -> int:
    async with database.reader() as db:
        return len(await db.all("SELECT id FROM note"))


async def write(work: UnitOfWork) -> str:
    await work.db.execute(INSERT, id=1, body="one")
    work.record(NoteWritten(1))
    return "written"


class Contended:
    """A command that is in others' way a number of times before it goes through."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.tried = 0

    async def __call__(self, work: UnitOfWork) -> str:
        self.tried += 1
        result = await write(work)
        if self.tried <= self.times:
            raise Contention
        return result


async def test_a_command_commits_and_then_its_facts_are_shown(
    transactor: Transactor, notes: Database, facts: RecordedFacts
) -> None:
    async def command(work: UnitOfWork) -> str:
        result = await write(work)
        assert (facts.kept, facts.shown) == ([], [])
        return result

    assert await transactor.run(command) == "written"
    assert await count(notes) == 1
    assert facts.kept == facts.shown == [NoteWritten(1)]


async def test_facts_are_shown_after_the_commit(notes: Database) -> None:
    seen: list[int] = []

    class Watching(RecordedFacts):
        async def show(self, facts: object) -> None:
            seen.append(await count(notes))

    await Transactor(notes, Watching()).run(write)
    assert seen == [1]


async def test_a_refused_command_leaves_nothing_and_shows_nothing(
    transactor: Transactor, notes: Database, facts: RecordedFacts
) -> None:
    async def command(work: UnitOfWork) -> None:
        await write(work)
        raise Conflict

    with pytest.raises(Conflict):
        await transactor.run(command)
    assert await count(notes) == 0
    assert facts.shown == []


async def test_facts_that_cannot_be_kept_undo_the_command(notes: Database) -> None:
    class Full(RecordedFacts):
        async def keep(self, db: object, facts: object) -> None:
            raise OSError("full")

    sink = Full()
    with pytest.raises(OSError, match="full"):
        await Transactor(notes, sink).run(write)
    assert await count(notes) == 0
    assert sink.shown == []


async def test_facts_that_cannot_be_shown_do_not_fail_the_command(notes: Database) -> None:
    class Deaf(RecordedFacts):
        async def show(self, facts: object) -> None:
            raise ConnectionError

    assert await Transactor(notes, Deaf()).run(write) == "written"
    assert await count(notes) == 1


@pytest.mark.parametrize("times", range(ATTEMPTS))
async def test_contention_is_tried_again_with_fresh_facts(
    transactor: Transactor, notes: Database, facts: RecordedFacts, times: int
) -> None:
    command = Contended(times)
    assert await transactor.run(command) == "written"
    assert command.tried == times + 1
    assert facts.shown == [NoteWritten(1)]
    assert await count(notes) == 1


async def test_contention_without_end_is_unavailable(
    transactor: Transactor, notes: Database, facts: RecordedFacts
) -> None:
    command = Contended(ATTEMPTS)
    with pytest.raises(Unavailable):
        await transactor.run(command)
    assert command.tried == ATTEMPTS
    assert facts.shown == []
    assert await count(notes) == 0
