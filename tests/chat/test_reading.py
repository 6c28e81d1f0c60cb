"""Read positions and unread counts, against a model that counts on its fingers."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.chat.events import ReadMoved
from app.chat.model import Membership, Room
from app.core.actor import Actor
from app.core.ids import TimeOrderedIds
from app.infra.database import database_from_url
from app.infra.unit_of_work import Transactor
from tests.chat.talk import Talk
from tests.harness.databases import SQLiteSource
from tests.harness.fakes import FrozenClock, RecordedFacts

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), st.integers(0, 1)),
        st.tuples(st.just("read"), st.integers(0, 1), st.integers(0, 20)),
        st.tuples(st.just("leave"), st.just(1)),
        st.tuples(st.just("join"), st.just(1)),
    ),
    max_size=14,
)


@dataclass
class Model:
    """Two people in a room, the second of whom comes and goes."""

    head: int = 3
    messages: list[tuple[int, int]] = field(default_factory=list)
    read: list[int] = field(default_factory=lambda: [2, 3])
    inside: list[bool] = field(default_factory=lambda: [True, True])

    def apply(self, step: tuple[object, ...]) -> None:
        kind, who, *numbers = step
        assert isinstance(who, int)
        if kind == "join" and not self.inside[who]:
            self.head += 1
            self.inside[who], self.read[who] = True, self.head
        elif not self.inside[who]:
            return
        elif kind == "leave":
            self.head += 1
            self.inside[who] = False
        elif kind == "post":
            self.head += 1
            self.messages.append((self.head, who))
        elif kind == "read" and isinstance(seq := numbers[0], int) and self.read[who] < seq <= self.head:
            self.read[who] = seq

    def unread(self, who: int) -> int:
        return sum(1 for seq, author in self.messages if seq > self.read[who] and author != who)


async def perform(talk: Talk, people: list[Actor], room: Room, step: tuple[object, ...]) -> None:
    kind, who, *numbers = step
    assert isinstance(who, int)
    inside = {membership.room.id for membership in await memberships(talk, people[who])}
    if kind == "join":
        await talk.join(people[who], room)
    elif kind == "leave":
        await talk.leave(people[who], room)
    elif room.id in inside and kind == "post":
        await talk.post(people[who], room)
    elif room.id in inside and isinstance(seq := numbers[0], int):
        await talk.read(people[who], room, seq)


async def memberships(talk: Talk, actor: Actor) -> list[Membership]:
    async with talk.database.reader() as db:
        return await talk.chat.rooms(db, actor)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@settings(max_examples=40, deadline=None)
@given(steps=STEPS)
def test_positions_and_counts_are_those_of_the_model(
    sqlite_source: SQLiteSource, loop: asyncio.AbstractEventLoop, steps: list[tuple[object, ...]]
) -> None:
    loop.run_until_complete(follow(sqlite_source, steps))


async def follow(source: SQLiteSource, steps: list[tuple[object, ...]]) -> None:
    url = await source.create()
    database, clock = database_from_url(url), FrozenClock()
    await database.open()
    try:
        talk = Talk(clock, TimeOrderedIds(clock), Transactor(database, RecordedFacts()), database)
        people = [await talk.person("ann"), await talk.person("ben")]
        room = (await talk.create(people[0])).room
        await talk.join(people[1], room)
        model = Model()
        for step in steps:
            model.apply(step)
            await perform(talk, people, room, step)
            for who, actor in enumerate(people):
                if model.inside[who]:
                    seen = await talk.open(actor, room)
                    assert (seen.room.head, seen.read_seq) == (model.head, model.read[who])
                    assert seen.unread == model.unread(who)
    finally:
        await database.close()
        await source.drop(url)


async def test_a_position_moves_forward_only_and_is_told_when_it_does(
    talk: Talk, ann: Actor, ben: Actor, facts: RecordedFacts
) -> None:
    room = (await talk.create(ann)).room
    await talk.join(ben, room)
    for _ in range(3):
        await talk.post(ann, room)
    assert (await talk.open(ben, room)).unread == 3
    assert (await talk.open(ann, room)).unread == 0
    for seq, read, unread in ((5, 5, 1), (4, 5, 1), (5, 5, 1), (7, 5, 1), (2**53, 5, 1), (6, 6, 0)):
        moved = await talk.read(ben, room, seq)
        assert (moved.read_seq, moved.unread) == (read, unread)
    told = [(fact.read_seq, fact.unread) for fact in facts.shown if isinstance(fact, ReadMoved)]
    assert told == [(5, 1), (6, 0)]


async def test_positions_set_at_the_same_moment_end_at_the_furthest(talk: Talk, ann: Actor, ben: Actor) -> None:
    room = (await talk.create(ann)).room
    await talk.join(ben, room)
    for _ in range(6):
        await talk.post(ann, room)
    await asyncio.gather(*(talk.read(ben, room, seq) for seq in (9, 4, 7, 5, 8, 6)))
    assert (await talk.open(ben, room)).read_seq == 9


async def test_unread_is_counted_up_to_a_bound(talk: Talk, ann: Actor, ben: Actor) -> None:
    room = (await talk.create(ann)).room
    await talk.join(ben, room)
    async with talk.database.transaction() as db:
        await db.many(
            """
            INSERT INTO message (id, room_id, seq, author_id, client_id, body, at)
            VALUES (:seq, :room, :seq, :author, :client, 'x', 0)
            """,
            [{"seq": seq, "room": room.id, "author": ann.id, "client": f"bulk{seq}"} for seq in range(10, 1110)],
        )
    assert (await talk.open(ben, room)).unread == 999
