"""What this room is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RoomKind = Literal["public"]
MemberRole = Literal["owner", "moderator", "member"]
GivenRole = Literal["moderator", "member"]
"""The roles that an owner gives; owning is not given."""
EventKind = Literal["message.posted", "reaction.changed", "helpful.changed", "member.changed", "room.changed"]

UNREAD_MAX = 999
"""Unread messages are counted up to this number."""
PEOPLE_NAMED = 10
"""Of those who reacted or voted, this many are named; all are counted."""


@dataclass(frozen=True, slots=True)
class Author:
    """A person, as named beside what they did."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class Room:
    """A place to talk. `head` is the number of its newest event."""

    id: int
    kind: RoomKind
    name: str
    topic: str
    owner_id: int
    head: int
    members: int
    created_at: int


@dataclass(frozen=True, slots=True)
class Membership:
    """A person's place in a room. Unread are the messages of others after `read_seq`."""

    room: Room
    role: MemberRole
    read_seq: int
    unread: int


@dataclass(frozen=True, slots=True)
class Member:
    """A person in a room; `role` is None for one who has left."""

    user: Author
    role: MemberRole | None
    joined_at: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """An emoji on a message: how many people put it there, and the first of them."""

    emoji: str
    count: int
    people: tuple[Author, ...]


@dataclass(frozen=True, slots=True)
class Helpful:
    """How many people find a message helpful, and the first of them."""

    count: int
    people: tuple[Author, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """What one person has given a message."""

    person_id: int
    emojis: tuple[str, ...]
    helpful: bool


@dataclass(frozen=True, slots=True)
class Feedback:
    """What people think of a message, as of the event `seq`. Reactions are in the order of their first.

    `choice` is the part of whoever it was read for; in an event told to many, that is the event's actor.
    """

    message_id: int
    seq: int
    reactions: tuple[Reaction, ...]
    helpful: Helpful
    choice: Choice


@dataclass(frozen=True, slots=True)
class GiftCard:
    """Shows that something was given. `amount` is a decimal string; what it is worth is not for this room to know."""

    recipient: Author
    amount: str
    symbol: str
    note: str


Card = GiftCard
"""What a message may show instead of its text; more kinds make this a union."""


@dataclass(frozen=True, slots=True)
class File:
    """What a message shows of a file. `media_type` is what its bytes are; `width` and `height` are a picture's."""

    id: int
    name: str
    size: int
    media_type: str
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class Message:
    """Something said. `client_id` is the sender's name for this one intent to say it.

    `feedback` is None while nobody has given any. With a `card`, `body` says the same for those who cannot show it.
    With `files`, `body` may be empty.
    """

    id: int
    room_id: int
    seq: int
    client_id: str
    author: Author
    body: str
    at: int
    card: Card | None = None
    feedback: Feedback | None = None
    files: tuple[File, ...] = ()


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """A change of a room, with the full state it led to: applying it twice does what applying it once does."""

    room_id: int
    seq: int
    kind: EventKind
    at: int
    actor: Author
    message: Message | None = None
    feedback: Feedback | None = None
    member: Member | None = None
    room: Room | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Messages, oldest first, and whether there are more in the direction asked for."""

    messages: list[Message]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Catchup:
    """What happened after a number. `limited`: too much to tell; drop what is cached and load the latest page."""

    events: list[RoomEvent]
    upto: int
    limited: bool


@dataclass(frozen=True, slots=True)
class Posted:
    """The message as stored; `duplicate` when an earlier request had stored it already."""

    message: Message
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Given:
    """What people think of a message after one of them had their say, in a room that has come to event `seq`."""

    feedback: Feedback
    seq: int
