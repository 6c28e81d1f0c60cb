"""Facts of this room."""

from __future__ import annotations

from dataclasses import dataclass

from app.chat.model import RoomEvent
from app.core.events import Fact


@dataclass(frozen=True, slots=True)
class RoomChanged(Fact):
    """A numbered event was added to a room; whoever is in it wants to see it."""

    event: RoomEvent


@dataclass(frozen=True, slots=True)
class MessagePosted(Fact):
    """A message with text was stored for the first time. `fingerprint` is equal for equal text of any spelling."""

    message_id: int
    room_id: int
    author_id: int
    fingerprint: str
    at: int


@dataclass(frozen=True, slots=True)
class RoomCreated(Fact):
    """A person made a room."""

    room_id: int
    owner_id: int
    at: int


@dataclass(frozen=True, slots=True)
class RoomJoined(Fact):
    """A person joined a room; `first` unless they had been in it before."""

    room_id: int
    account_id: int
    owner_id: int
    first: bool
    at: int


@dataclass(frozen=True, slots=True)
class RoomLeft(Fact):
    """A person is no longer in a room."""

    room_id: int
    account_id: int


@dataclass(frozen=True, slots=True)
class ReadMoved(Fact):
    """A person read on; all their devices should know."""

    room_id: int
    account_id: int
    read_seq: int
    unread: int


@dataclass(frozen=True, slots=True)
class MessageReacted(Fact):
    """A person put an emoji on another's message; `people` who are not its author have reacted to it now."""

    message_id: int
    room_id: int
    author_id: int
    reactor_id: int
    people: int
    at: int


@dataclass(frozen=True, slots=True)
class MessageVotedHelpful(Fact):
    """A person voted another's message helpful; `people` have now."""

    message_id: int
    room_id: int
    author_id: int
    voter_id: int
    people: int
    at: int


@dataclass(frozen=True, slots=True)
class ModeratorAppointed(Fact):
    """The owner made a member a moderator; `others` is how many people are in the room besides the appointed."""

    room_id: int
    account_id: int
    by: int
    others: int
    at: int
