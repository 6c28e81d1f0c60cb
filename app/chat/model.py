"""What this room is about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

RoomKind = Literal["public"]
MemberRole = Literal["owner", "member"]
EventKind = Literal["message.posted", "member.changed", "room.changed"]

UNREAD_MAX = 999
"""Unread messages are counted up to this number."""


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
class Message:
    """Something said. `client_id` is the sender's name for this one intent to say it."""

    id: int
    room_id: int
    seq: int
    client_id: str
    author: Author
    body: str
    at: int


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """A change of a room, with the full state it led to: applying it twice does what applying it once does."""

    room_id: int
    seq: int
    kind: EventKind
    at: int
    actor: Author
    message: Message | None = None
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
