"""Pages in both directions, catching up, and the equivalence of the two."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest

from app.chat import message_store, store
from app.chat.model import Member, Message, Room, RoomEvent
from app.core.actor import Actor
from tests.chat.talk import Talk


@pytest.fixture
async def room(talk: Talk, ann: Actor, ben: Actor) -> Room:
    """Ann's room: made (1), entered by Ann (2) and Ben (3), messages 4 to 13, left by Ben (14), one message (15)."""
    room = (await talk.create(ann)).room
    await talk.join(ben, room)
    for number in range(4, 14):
        await talk.post(ann if number % 2 else ben, room, f"number {number}")
    await talk.leave(ben, room)
    await talk.post(ann, room, "number 15")
    return (await talk.open(ann, room)).room


async def test_pages_backward_and_forward(talk: Talk, ann: Actor, room: Room) -> None:
    async def seqs(*, before: int | None = None, after: int | None = None, limit: int = 4) -> tuple[list[int], bool]:
        page = await talk.page(ann, room, before=before, after=after, limit=limit)
        return [message.seq for message in page.messages], page.has_more

    assert await seqs() == ([11, 12, 13, 15], True)
    assert await seqs(before=11) == ([7, 8, 9, 10], True)
    assert await seqs(before=7) == ([4, 5, 6], False)
    assert await seqs(before=8) == ([4, 5, 6, 7], False)
    assert await seqs(before=4) == ([], False)
    assert await seqs(before=0) == ([], False)
    assert await seqs(after=0) == ([4, 5, 6, 7], True)
    assert await seqs(after=7) == ([8, 9, 10, 11], True)
    assert await seqs(after=11) == ([12, 13, 15], False)
    assert await seqs(after=13, limit=1) == ([15], False)
    assert await seqs(after=15) == ([], False)
    assert await seqs(after=2**53) == ([], False)
    assert await seqs(limit=200) == ([*range(4, 14), 15], False)


async def test_catching_up(talk: Talk, ann: Actor, room: Room) -> None:
    whole = await talk.sync(ann, room, 0)
    assert ([event.seq for event in whole.events], whole.upto, whole.limited) == (list(range(1, 16)), 15, False)
    part = await talk.sync(ann, room, 12)
    assert (part.events, part.upto, part.limited) == (whole.events[12:], 15, False)
    assert await talk.sync(ann, room, 5, limit=10) == type(whole)(whole.events[5:], 15, limited=False)
    head = await talk.sync(ann, room, 15)
    assert (head.events, head.upto, head.limited) == ([], 15, False)


@pytest.mark.parametrize(("since", "limit"), [(16, 500), (2**53, 500), (0, 14), (5, 9), (13, 1)])
async def test_too_large_a_gap_or_a_number_from_elsewhere_is_limited(
    talk: Talk, ann: Actor, room: Room, since: int, limit: int
) -> None:
    found = await talk.sync(ann, room, since, limit)
    assert (found.events, found.upto, found.limited) == ([], 15, True)


async def test_an_event_committed_meanwhile_is_left_for_the_next_time(talk: Talk, ann: Actor, room: Room) -> None:
    """Told now, it would carry the state of the room as it was read before."""
    async with talk.database.reader() as db:
        before = await store.room(db, room.id)
        assert before is not None
        await talk.join(await talk.person("late"), room)
        assert await message_store.events_after(db, before, room.head, 10, reader_id=ann.id) == []


@dataclass
class Screen:
    """What a client shows of a room, kept by the rules of the protocol: replace by id, ignore what is known."""

    seq: int = 0
    room: Room | None = None
    members: dict[int, Member] = field(default_factory=dict)
    messages: dict[int, Message] = field(default_factory=dict)

    def apply(self, event: RoomEvent) -> None:
        if event.seq <= self.seq:
            return
        assert event.seq == self.seq + 1
        self.seq = event.seq
        self.room = event.room or self.room
        if event.message:
            self.messages[event.message.id] = event.message
        if event.feedback:
            about = self.messages[event.feedback.message_id]
            self.messages[about.id] = replace(about, feedback=event.feedback)
        if event.member:
            self.members[event.member.user.id] = event.member

    def content(self) -> tuple[object, ...]:
        """What is shown: who is in the room by role, the messages, and the room but for its number."""
        assert self.room is not None
        inside = {member for member in self.members.values() if member.role is not None}
        shown = (self.room.id, self.room.name, self.room.topic, self.room.owner_id, self.room.members)
        return shown, inside, sorted(self.messages.values(), key=lambda message: message.seq)


async def fetch(talk: Talk, actor: Actor, room: Room) -> Screen:
    """What a client that has just opened the room shows."""
    opened = (await talk.open(actor, room)).room
    members = await talk.members(actor, room)
    messages = await talk.messages(actor, room)
    return Screen(opened.head, opened, {m.user.id: m for m in members}, {m.id: m for m in messages})


async def test_old_state_and_events_are_a_fresh_fetch(talk: Talk, ann: Actor, ben: Actor, room: Room) -> None:
    """For every kind of event, from every earlier state, whether told live or replayed, once or twice."""
    screens, cat = [Screen()], await talk.person("cat")
    said = (await talk.messages(ann, room))[-2]
    for act in (
        lambda: talk.post(ann, room, "another"),
        lambda: talk.join(ben, room),
        lambda: talk.post(ben, room, "back"),
        lambda: talk.leave(ben, room),
        lambda: talk.join(ben, room),
        lambda: talk.set_role(ann, room, ben, "moderator"),
        lambda: talk.react(ann, said, "🎉"),
        lambda: talk.react(ben, said, "🎉"),
        lambda: talk.react(ben, said),
        lambda: talk.vote(ben if said.author.id == ann.id else ann, said),
        lambda: talk.react(ann, said, "🎉", on=False),
        lambda: talk.set_role(ann, room, ben, "member"),
        lambda: talk.join(cat, room),
        lambda: talk.leave(cat, room),
    ):
        screens.append(await fetch(talk, ann, room))
        await act()
    fresh = await fetch(talk, ann, room)
    for screen in screens:
        events = (await talk.sync(ann, room, screen.seq)).events
        for event in [*events, *events]:
            screen.apply(event)
        assert screen.seq == fresh.seq
        assert screen.content() == fresh.content()
