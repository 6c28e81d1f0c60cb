"""Cards: posted by the product in a person's name, once, and only while they are in the room; on both engines."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import TypeAdapter, ValidationError

from app.chat.events import MessagePosted, RoomChanged
from app.chat.model import Author, GiftCard, Room
from app.chat.schemas import ClientId
from app.core.actor import Actor
from app.core.errors import Invalid, NotFound
from tests.chat.talk import Talk
from tests.harness.fakes import RecordedFacts


@pytest.fixture
def gift(ben: Actor) -> dict[str, str]:
    return {"kind": "gift", "recipient_id": str(ben.id), "amount": "12.5", "symbol": "SCT", "note": "ขอบคุณ ❤️"}


async def test_a_card_is_a_message_that_earns_nothing(
    talk: Talk, ann: Actor, ben: Actor, room: Room, gift: dict[str, str], facts: RecordedFacts
) -> None:
    facts.shown.clear()
    posted = await talk.post_card(ann, room, gift, body="ann gave ben 12.5 SCT")
    assert posted is not None
    message = posted.message
    assert message.card == GiftCard(Author(ben.id, "ben"), "12.5", "SCT", "ขอบคุณ ❤️")
    assert (message.seq, message.author.id, message.body, posted.duplicate) == (
        4, ann.id, "ann gave ben 12.5 SCT", False,
    )  # fmt: skip
    (changed,) = facts.shown
    assert isinstance(changed, RoomChanged)
    assert (changed.event.kind, changed.event.message) == ("message.posted", message)
    assert not [fact for fact in facts.kept if isinstance(fact, MessagePosted)]
    assert await talk.messages(ben, room) == [message]
    assert (await talk.events(ben, room))[-1].message == message
    assert (await talk.open(ben, room)).unread == 1


async def test_a_card_is_posted_once(talk: Talk, ann: Actor, room: Room, gift: dict[str, str]) -> None:
    posted = await asyncio.gather(*(talk.post_card(ann, room, gift) for _ in range(3)))
    assert len({one.message.id for one in posted if one}) == 1
    await talk.leave(ann, room)
    again = await talk.post_card(ann, room, gift)
    assert again is not None
    assert again.duplicate


async def test_no_client_can_take_its_name(talk: Talk, ann: Actor, room: Room, gift: dict[str, str]) -> None:
    await talk.post(ann, room, client_id="gift-1")
    posted = await talk.post_card(ann, room, gift, client_id="gift-1")
    assert posted is not None
    assert not posted.duplicate
    with pytest.raises(ValidationError):
        TypeAdapter(ClientId).validate_python(posted.message.client_id)


async def test_for_who_is_not_in_the_room_nothing_is_posted(
    talk: Talk, ann: Actor, ben: Actor, room: Room, gift: dict[str, str]
) -> None:
    await talk.leave(ben, room)
    head = (await talk.open(ann, room)).room.head
    assert await talk.post_card(ben, room, gift) is None
    assert await talk.post_card(ann, Room(1, "public", "", "", ann.id, 0, 0, 0), gift) is None
    assert await talk.post_card(await talk.person("stranger"), room, gift) is None
    assert (await talk.open(ann, room)).room.head == head
    assert [event.seq for event in await talk.events(ann, room)] == list(range(1, head + 1))


async def test_what_is_no_card_is_refused(talk: Talk, ann: Actor, room: Room, gift: dict[str, str]) -> None:
    for card in (
        {},
        gift | {"kind": "invoice"},
        gift | {"more": "x"},
        {name: value for name, value in gift.items() if name != "note"},
        gift | {"amount": "-1"},
        gift | {"amount": "1e3"},
        gift | {"symbol": ""},
        gift | {"recipient_id": "ben"},
        gift | {"note": "x" * 501},
    ):
        with pytest.raises(Invalid):
            await talk.post_card(ann, room, card)
    with pytest.raises(NotFound):
        await talk.post_card(ann, room, gift | {"recipient_id": "1"})
    with pytest.raises(Invalid):
        await talk.post_card(ann, room, gift, body=" ")
    assert await talk.messages(ann, room) == []
    assert (await talk.open(ann, room)).room.head == 3
