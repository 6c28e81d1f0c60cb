"""Making, entering and leaving rooms, on both engines."""

from __future__ import annotations

import asyncio

import pytest

from app.chat import policy
from app.chat.errors import ClientIdReused, MembershipLimitReached, NotAMember, RoomLimitReached
from app.chat.events import RoomChanged, RoomCreated, RoomJoined, RoomLeft
from app.core.actor import Actor
from app.core.errors import NotFound
from app.infra.unit_of_work import Transactor
from tests.chat.talk import Talk
from tests.harness.fakes import RecordedFacts


async def test_a_room_is_made_with_its_maker_in_it(talk: Talk, ann: Actor, facts: RecordedFacts) -> None:
    made = await talk.create(ann, "  The\tHall ", topic=" welcome ")
    assert (made.room.name, made.room.topic, made.room.owner_id) == ("The Hall", "welcome", ann.id)
    assert (made.role, made.room.members, made.room.head, made.read_seq, made.unread) == ("owner", 1, 2, 2, 0)
    assert [type(fact) for fact in facts.shown] == [RoomChanged, RoomChanged, RoomCreated]
    assert [fact.event.kind for fact in facts.shown if isinstance(fact, RoomChanged)] == [
        "room.changed",
        "member.changed",
    ]


async def test_the_same_client_id_makes_one_room(talk: Talk, ann: Actor, ben: Actor, facts: RecordedFacts) -> None:
    first = await talk.create(ann, client_id="one")
    shown = len(facts.shown)
    assert await talk.create(ann, client_id="one") == first
    assert len(facts.shown) == shown
    with pytest.raises(ClientIdReused):
        await talk.create(ann, "Another", client_id="one")
    with pytest.raises(ClientIdReused):
        await talk.create(ann, topic="other", client_id="one")
    assert (await talk.create(ben, client_id="one")).room.id != first.room.id
    await talk.leave(ann, first.room)
    assert (await talk.create(ann, client_id="one")).room.id == first.room.id


async def test_the_same_client_id_at_the_same_moment_makes_one_room(talk: Talk, ann: Actor) -> None:
    made = await asyncio.gather(*(talk.create(ann, client_id="one") for _ in range(5)))
    assert len({membership.room.id for membership in made}) == 1


async def test_rooms_are_limited_also_at_the_same_moment(talk: Talk, ann: Actor, ben: Actor) -> None:
    talk.rooms_max.value = 2
    results = await asyncio.gather(*(talk.create(ann) for _ in range(6)), return_exceptions=True)
    refused = [result for result in results if isinstance(result, BaseException)]
    assert len(refused) == 4
    assert all(isinstance(error, RoomLimitReached) and error.data == {"limit": 2} for error in refused)
    await talk.create(ben)
    talk.rooms_max.value = 3
    await talk.create(ann)


async def test_a_repeated_request_is_answered_at_the_limit_too(talk: Talk, ann: Actor) -> None:
    talk.rooms_max.value = 1
    made = await talk.create(ann, client_id="one")
    assert (await talk.create(ann, client_id="one")) == made


async def test_joining_leaving_and_joining_again(talk: Talk, ann: Actor, ben: Actor, facts: RecordedFacts) -> None:
    room = (await talk.create(ann)).room
    joined = await talk.join(ben, room)
    assert (joined.role, joined.room.members, joined.room.head, joined.read_seq) == ("member", 2, 3, 3)
    assert await talk.join(ben, room) == joined
    await talk.leave(ben, room)
    await talk.leave(ben, room)
    with pytest.raises(NotAMember):
        await talk.open(ben, room)
    again = await talk.join(ben, room)
    assert (again.room.members, again.room.head, again.read_seq) == (2, 5, 5)
    assert [fact.first for fact in facts.shown if isinstance(fact, RoomJoined)] == [True, False]
    assert len([fact for fact in facts.shown if isinstance(fact, RoomLeft)]) == 1
    assert [(e.member.user.username, e.member.role) for e in await talk.events(ann, room) if e.member] == [
        ("ann", "owner"),
        ("ben", "member"),
        ("ben", "member"),
        ("ben", "member"),
    ]


async def test_an_owner_who_returns_owns_the_room_still(talk: Talk, ann: Actor, ben: Actor) -> None:
    room = (await talk.create(ann)).room
    await talk.join(ben, room)
    await talk.leave(ann, room)
    assert (await talk.join(ann, room)).role == "owner"


async def test_everybody_joins_at_the_same_moment_and_is_counted(talk: Talk, ann: Actor) -> None:
    room = (await talk.create(ann)).room
    people = [await talk.person(f"guest{number}") for number in range(8)]
    await asyncio.gather(*(talk.join(person, room) for person in people for _ in range(2)))
    opened = await talk.open(ann, room)
    assert (opened.room.members, opened.room.head) == (9, 10)
    assert [event.seq for event in await talk.events(ann, room)] == list(range(1, 11))


async def test_one_can_be_in_so_many_rooms_only(talk: Talk, ann: Actor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "MEMBERSHIPS_MAX", 2)
    first = (await talk.create(ann)).room
    await talk.create(ann)
    with pytest.raises(MembershipLimitReached):
        await talk.create(ann)
    await talk.leave(ann, first)
    await talk.create(ann)
    with pytest.raises(MembershipLimitReached):
        await talk.join(ann, first)


async def test_a_room_that_is_not_there(talk: Talk, ann: Actor) -> None:
    room = (await talk.create(ann)).room
    nowhere = type(room)(1, "public", "", "", ann.id, 0, 0, 0)
    for attempt in (talk.join, talk.leave, talk.open, talk.post):
        with pytest.raises(NotFound):
            await attempt(ann, nowhere)
    with pytest.raises(NotFound):
        await talk.read(ann, nowhere, 0)


async def test_a_stranger_sees_nothing_of_a_room(talk: Talk, ann: Actor, ben: Actor) -> None:
    room = (await talk.create(ann)).room
    for attempt in (talk.open, talk.post, talk.page, talk.events):
        with pytest.raises(NotAMember):
            await attempt(ben, room)
    with pytest.raises(NotAMember):
        await talk.read(ben, room, 1)
    async with talk.database.reader() as db:
        with pytest.raises(NotAMember):
            await talk.chat.members(db, ben, room.id, 10)


async def test_search_takes_text_literally_and_ignores_case(talk: Talk, ann: Actor, ben: Actor) -> None:
    for name in ("100% Wolle", "snake_case", "snakeXcase", r"back\slash", "Straße", "ЛОНДОН", "plain"):
        await talk.create(ann, name)

    async def found(search: str) -> set[str]:
        return {name for name, _ in await talk.discover(ben, search)}

    assert await found("%") == {"100% Wolle"}
    assert await found("e_c") == {"snake_case"}
    assert await found("\\") == {r"back\slash"}
    assert await found("STRASSE") == {"Straße"}
    assert await found("лондон") == {"ЛОНДОН"}
    assert await found("PLAIN") == {"plain"}
    assert await found("'; DROP TABLE room; --") == set()
    assert len(await found("")) == 7


async def test_the_largest_rooms_come_first_and_say_whether_one_is_in(talk: Talk, ann: Actor, ben: Actor) -> None:
    small, large = (await talk.create(ann, "small")).room, (await talk.create(ann, "large")).room
    await talk.join(ben, large)
    assert await talk.discover(ben) == [("large", True), ("small", False)]
    assert await talk.discover(ben, limit=1) == [("large", True)]
    await talk.leave(ben, large)
    await talk.join(ben, small)
    assert await talk.discover(ben) == [("small", True), ("large", False)]


async def test_a_refused_command_leaves_no_trace(
    talk: Talk, ann: Actor, transactor: Transactor, facts: RecordedFacts
) -> None:
    talk.rooms_max.value = 0
    with pytest.raises(RoomLimitReached):
        await talk.create(ann)
    async with talk.database.reader() as db:
        for table in ("room", "member", "room_event"):
            assert await db.all(f"SELECT * FROM {table}") == []
    assert facts.shown == []
