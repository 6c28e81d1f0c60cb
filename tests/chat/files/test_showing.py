"""Showing files in messages: one's own, of the same room, once; the same in every way a message is read."""

from __future__ import annotations

import asyncio

import pytest

from app.chat.errors import ClientIdReused, NotAMember
from app.chat.events import MessagePosted, RoomChanged
from app.chat.files import store
from app.chat.files.errors import FileNotFound, FileShownAlready
from app.chat.files.events import FileOpened, FileShared
from app.chat.model import File, Message, Room
from app.core.actor import Actor
from app.core.errors import AppError, Invalid
from app.infra.database import Connection
from tests.chat.files.desk import PIXEL, Desk
from tests.chat.talk import Talk
from tests.harness.fakes import RecordedFacts


@pytest.fixture
async def file(desk: Desk, ann: Actor, room: Room) -> File:
    """A file of Ann's that no message shows yet."""
    return await desk.hand_in(ann, room)


async def test_a_message_with_files_is_the_same_however_it_is_read(
    desk: Desk, talk: Talk, ann: Actor, ben: Actor, room: Room, facts: RecordedFacts
) -> None:
    files = tuple([await desk.hand_in(ann, room, content) for content in (PIXEL, b"words", b"\0\1\2")])
    facts.shown.clear()
    posted = await desk.show(ann, room, files[::-1], "look", client_id="c1")
    message = posted.message
    assert (posted.duplicate, message.body, message.files) == (False, "look", files[::-1])
    pushed = [fact.event.message for fact in facts.shown if isinstance(fact, RoomChanged)]
    assert pushed == [message]
    shared = [fact for fact in facts.shown if isinstance(fact, FileShared)]
    assert [(fact.file_id, fact.message_id, fact.author_id) for fact in shared] == [
        (file.id, message.id, ann.id) for file in files[::-1]
    ]
    assert sum(isinstance(fact, MessagePosted) for fact in facts.shown) == 1
    assert (await talk.messages(ben, room))[-1] == message
    assert (await talk.page(ben, room, after=0)).messages[-1] == message
    assert (await talk.sync(ben, room, message.seq - 1)).events[0].message == message
    again = await desk.show(ann, room, files[::-1], "look", client_id="c1")
    assert (again.duplicate, again.message) == (True, message)


async def test_files_alone_need_no_text_and_are_not_something_said(
    desk: Desk, ann: Actor, room: Room, file: File, facts: RecordedFacts
) -> None:
    facts.shown.clear()
    posted = await desk.show(ann, room, [file], " \u200b", client_id="c1")
    assert posted.message.body == ""
    assert {type(fact) for fact in facts.shown} == {RoomChanged, FileShared}


async def test_a_page_asks_for_files_once_and_only_when_there_are_any(
    desk: Desk, talk: Talk, ann: Actor, room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        await talk.post(ann, room, f"word {number}")
    asked: list[tuple[int, int]] = []
    of_messages = store.of_messages

    async def counted(db: Connection, room_id: int, first: int, last: int) -> dict[int, tuple[File, ...]]:
        asked.append((first, last))
        return await of_messages(db, room_id, first, last)

    monkeypatch.setattr(store, "of_messages", counted)
    await talk.messages(ann, room)
    assert asked == []
    shown = [
        (await desk.show(ann, room, [await desk.hand_in(ann, room)], client_id=f"f{number}")).message
        for number in range(3)
    ]
    page = await talk.messages(ann, room)
    assert [message.files for message in page[-3:]] == [message.files for message in shown]
    await talk.sync(ann, room, 0)
    assert asked == [(shown[0].seq, shown[-1].seq)] * 2


async def unseen(desk: Desk, talk: Talk, actor: Actor, room: Room) -> tuple[int, list[Message]]:
    return (await talk.open(actor, room)).room.head, await talk.messages(actor, room)


async def test_a_message_shows_only_ones_own_files_of_its_room_and_each_once(
    desk: Desk, talk: Talk, ann: Actor, ben: Actor, room: Room, file: File
) -> None:
    elsewhere = (await talk.create(ann, "Elsewhere")).room
    other = await desk.hand_in(ann, elsewhere)
    bens = await desk.hand_in(ben, room)
    shown = await desk.hand_in(ann, room)
    await desk.show(ann, room, [shown], client_id="first")
    before = await unseen(desk, talk, ann, room)
    cases: list[tuple[list[File | int], type[AppError]]] = [
        ([file, other], FileNotFound),
        ([file, bens], FileNotFound),
        ([file, 1], FileNotFound),
        ([file, shown], FileShownAlready),
        ([file, file], Invalid),
        ([file, 1, 2, 3, 4], Invalid),
    ]
    for files, refusal in cases:
        with pytest.raises(refusal):
            await desk.show(ann, room, files, "look", client_id="c1")
    assert await unseen(desk, talk, ann, room) == before
    assert (await desk.show(ann, room, [file], "look", client_id="c1")).message.files == (file,)


async def test_the_same_client_id_with_other_files_is_refused(desk: Desk, ann: Actor, room: Room, file: File) -> None:
    other = await desk.hand_in(ann, room)
    await desk.show(ann, room, [file], "look", client_id="c1")
    for files in ([other], [], [file, other]):
        with pytest.raises(ClientIdReused):
            await desk.show(ann, room, files, "look", client_id="c1")


async def test_one_who_left_shows_nothing(desk: Desk, talk: Talk, ben: Actor, room: Room) -> None:
    file = await desk.hand_in(ben, room)
    await talk.leave(ben, room)
    with pytest.raises(NotAMember):
        await desk.show(ben, room, [file], client_id="c1")


async def test_of_two_messages_at_once_one_shows_the_file(
    desk: Desk, talk: Talk, ann: Actor, room: Room, file: File
) -> None:
    results = await asyncio.gather(
        *(desk.show(ann, room, [file], client_id=f"c{number}") for number in range(6)), return_exceptions=True
    )
    assert sum(isinstance(result, FileShownAlready) for result in results) == 5
    assert [message.files for message in await talk.messages(ann, room)] == [(file,)]


async def test_openings_count_people_other_than_the_author_once_each(
    desk: Desk, talk: Talk, ann: Actor, ben: Actor, room: Room, file: File, facts: RecordedFacts
) -> None:
    await desk.show(ann, room, [file], client_id="c1")
    guests = [await talk.person(f"guest{number}") for number in range(5)]
    for guest in guests:
        await talk.join(guest, room)
    facts.shown.clear()
    await asyncio.gather(*(desk.opened(actor, file) for actor in [ann, *guests, *guests, ann, ben] * 2))
    opened = [fact for fact in facts.shown if isinstance(fact, FileOpened)]
    assert facts.shown == opened
    assert sorted(fact.people for fact in opened) == [1, 2, 3, 4, 5, 6]
    assert {(fact.file_id, fact.room_id, fact.author_id) for fact in opened} == {(file.id, room.id, ann.id)}


async def test_what_cannot_be_read_cannot_be_opened(
    desk: Desk, talk: Talk, ann: Actor, ben: Actor, room: Room, file: File, facts: RecordedFacts
) -> None:
    with pytest.raises(FileNotFound):
        await desk.opened(ben, file)
    await desk.show(ann, room, [file], client_id="c1")
    eve = await talk.person("eve")
    facts.shown.clear()
    with pytest.raises(NotAMember):
        await desk.opened(eve, file)
    with pytest.raises(FileNotFound):
        await desk.opened(ben, File(1, "", 1, "", None, None))
    assert facts.shown == []
