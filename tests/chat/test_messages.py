"""Posting: once for each intent, numbered without gaps, by members alone; on both engines."""

from __future__ import annotations

import asyncio

import pytest

from app.chat.errors import ClientIdReused, NotAMember
from app.chat.events import MessagePosted, RoomChanged
from app.chat.model import Room
from app.core.actor import Actor
from app.core.errors import Invalid
from tests.chat.talk import Talk
from tests.harness.engines import POSTGRESQL_ONLY
from tests.harness.fakes import RecordedFacts


async def test_a_message_is_stored_numbered_and_told(talk: Talk, ann: Actor, room: Room, facts: RecordedFacts) -> None:
    facts.shown.clear()
    posted = await talk.post(ann, room, "hello\r\n", client_id="c1")
    message = posted.message
    assert (message.seq, message.body, message.client_id, message.author.username) == (4, "hello", "c1", "ann")
    assert (message.at, posted.duplicate) == (talk.clock.now_ms(), False)
    assert await talk.messages(ann, room) == [message]
    changed, told = facts.shown
    assert isinstance(changed, RoomChanged)
    assert isinstance(told, MessagePosted)
    assert (changed.event.message, changed.event.seq) == (message, 4)
    assert told.message_id == message.id


async def test_a_retry_gets_what_is_stored(talk: Talk, ann: Actor, room: Room, facts: RecordedFacts) -> None:
    first = await talk.post(ann, room, client_id="c1")
    told = len(facts.shown)
    talk.clock.advance(seconds=30)
    again = await talk.post(ann, room, "hello  ", client_id="c1")
    assert (again.message, again.duplicate) == (first.message, True)
    assert len(facts.shown) == told
    assert (await talk.open(ann, room)).room.head == 4


async def test_a_client_id_names_one_intent(talk: Talk, ann: Actor, ben: Actor, room: Room) -> None:
    other = (await talk.create(ann, "Other")).room
    await talk.post(ann, room, client_id="c1")
    with pytest.raises(ClientIdReused):
        await talk.post(ann, room, "something else", client_id="c1")
    with pytest.raises(ClientIdReused):
        await talk.post(ann, other, client_id="c1")
    assert not (await talk.post(ben, room, client_id="c1")).duplicate
    assert (await talk.open(ann, other)).room.head == other.head


async def test_the_same_intent_at_the_same_moment_is_stored_once(talk: Talk, ann: Actor, room: Room) -> None:
    posted = await asyncio.gather(*(talk.post(ann, room, client_id="c1") for _ in range(4)))
    assert len({one.message.id for one in posted}) == 1
    assert sorted(one.duplicate for one in posted) == [False, True, True, True]
    assert len(await talk.messages(ann, room)) == 1
    assert (await talk.open(ann, room)).room.head == 4


async def test_one_intent_for_two_rooms_at_the_same_moment_goes_to_one(talk: Talk, ann: Actor, room: Room) -> None:
    other = (await talk.create(ann, "Other")).room
    posting = (talk.post(ann, where, client_id="c1") for where in (room, other))
    results = await asyncio.gather(*posting, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["ClientIdReused", "Posted"]


async def test_numbers_have_no_gaps_whoever_posts_at_once(talk: Talk, ann: Actor, ben: Actor, room: Room) -> None:
    posting = [talk.post(actor, room, f"{number}") for number in range(12) for actor in (ann, ben)]
    posted = await asyncio.gather(*posting)
    assert sorted(one.message.seq for one in posted) == list(range(4, 28))
    assert [event.seq for event in await talk.events(ann, room)] == list(range(1, 28))
    assert [message.seq for message in await talk.messages(ben, room)] == list(range(4, 28))


async def test_who_has_left_posts_no_more_though_both_come_at_once(talk: Talk, ann: Actor, room: Room) -> None:
    """Nothing of a person stands in the room after the event of their leaving."""
    for number in range(5):
        guest = await talk.person(f"guest{number}")
        await talk.join(guest, room)
        results = await asyncio.gather(
            talk.post(guest, room), talk.leave(guest, room), talk.post(guest, room), return_exceptions=True
        )
        assert all(not isinstance(result, BaseException) or isinstance(result, NotAMember) for result in results)
        last = [event for event in await talk.events(ann, room) if event.actor.id == guest.id][-1]
        assert last.kind == "member.changed"
        with pytest.raises(NotAMember):
            await talk.post(guest, room)


@POSTGRESQL_ONLY
async def test_membership_is_read_after_the_room_is_locked(talk: Talk, ann: Actor, ben: Actor, room: Room) -> None:
    """A message that waits for somebody's leaving to be committed sees it."""
    async with talk.database.transaction() as db:
        await db.execute("UPDATE room SET seq = seq + 1 WHERE id = :id", id=room.id)
        await db.execute("UPDATE member SET active = 0 WHERE account_id = :id", id=ben.id)
        posting = asyncio.create_task(talk.post(ben, room))
        await asyncio.sleep(0.2)
        assert not posting.done()
    with pytest.raises(NotAMember):
        await posting


async def test_a_refused_message_takes_no_number(talk: Talk, ann: Actor, room: Room) -> None:
    stranger = await talk.person("stranger")
    with pytest.raises(NotAMember):
        await talk.post(stranger, room)
    with pytest.raises(Invalid):
        await talk.post(ann, room, "\u200b")
    assert (await talk.post(ann, room)).message.seq == 4


@pytest.mark.parametrize("body", ["x" * 8000, "😀" * 8000, "สวัสดี", "\u202eabc", "'; DROP TABLE message; --", "\\x00"])
async def test_any_text_comes_back_as_it_was(talk: Talk, ann: Actor, room: Room, body: str) -> None:
    await talk.post(ann, room, body)
    assert [message.body for message in await talk.messages(ann, room)] == [body]
