"""Moderators: appointed and dismissed by the owner alone, told to everybody; on both engines."""

from __future__ import annotations

import pytest

from app.chat.errors import MemberNotFound, NotAMember, NotTheOwner, OwnerKeepsRole
from app.chat.events import ModeratorAppointed, RoomChanged
from app.chat.model import Room
from app.core.actor import Actor
from app.core.errors import NotFound
from tests.chat.talk import Talk
from tests.harness.fakes import RecordedFacts


async def test_an_appointed_member_is_a_moderator_and_everybody_is_told(
    talk: Talk, ann: Actor, ben: Actor, room: Room, facts: RecordedFacts
) -> None:
    await talk.join(await talk.person("cat"), room)
    facts.shown.clear()
    appointed = await talk.set_role(ann, room, ben, "moderator")
    assert (appointed.user.id, appointed.role) == (ben.id, "moderator")
    changed, fact = facts.shown
    assert isinstance(changed, RoomChanged)
    assert (changed.event.kind, changed.event.actor.id, changed.event.member) == ("member.changed", ann.id, appointed)
    assert fact == ModeratorAppointed(room.id, ben.id, ann.id, 2, talk.clock.now_ms())
    assert (await talk.open(ben, room)).role == "moderator"
    assert [member.role for member in await talk.members(ann, room)] == ["owner", "moderator", "member"]


async def test_asking_for_what_is_so_changes_nothing(
    talk: Talk, ann: Actor, ben: Actor, room: Room, facts: RecordedFacts
) -> None:
    facts.shown.clear()
    assert (await talk.set_role(ann, room, ben, "member")).role == "member"
    assert facts.shown == []
    await talk.set_role(ann, room, ben, "moderator")
    assert (await talk.set_role(ann, room, ben, "moderator")).role == "moderator"
    assert (await talk.set_role(ann, room, ben, "member")).role == "member"
    assert [type(fact) for fact in facts.shown] == [RoomChanged, ModeratorAppointed, RoomChanged]
    assert (await talk.open(ann, room)).room.head == room.head + 2


async def test_who_leaves_lays_their_role_down(talk: Talk, ann: Actor, ben: Actor, room: Room) -> None:
    await talk.set_role(ann, room, ben, "moderator")
    await talk.leave(ben, room)
    last = (await talk.events(ann, room))[-1].member
    assert last is not None
    assert last.role is None
    assert (await talk.join(ben, room)).role == "member"


async def test_the_owner_who_comes_back_is_the_owner(talk: Talk, ann: Actor, ben: Actor, room: Room) -> None:
    await talk.leave(ann, room)
    with pytest.raises(NotAMember):
        await talk.set_role(ann, room, ben, "moderator")
    assert (await talk.join(ann, room)).role == "owner"


async def test_what_is_refused_changes_nothing(talk: Talk, ann: Actor, ben: Actor, room: Room) -> None:
    stranger, gone = await talk.person("stranger"), await talk.person("gone")
    await talk.join(gone, room)
    await talk.leave(gone, room)
    head = (await talk.open(ann, room)).room.head
    nowhere = Room(1, "public", "", "", ann.id, 0, 0, 0)
    for actor, where, other, refusal in (
        (ann, nowhere, ben, NotFound),
        (stranger, room, ben, NotAMember),
        (ben, room, ben, NotTheOwner),
        (ben, room, ann, NotTheOwner),
        (ann, room, stranger, MemberNotFound),
        (ann, room, gone, MemberNotFound),
        (ann, room, ann, OwnerKeepsRole),
    ):
        with pytest.raises(refusal):
            await talk.set_role(actor, where, other, "moderator")
    await talk.set_role(ann, room, ben, "moderator")
    with pytest.raises(NotTheOwner):
        await talk.set_role(ben, room, ben, "member")
    assert (await talk.open(ann, room)).room.head == head + 1
