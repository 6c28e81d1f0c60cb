"""Wire shapes of this room."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, Field

from app.accounts.schemas import Author
from app.chat import model
from app.chat.policy import BODY_MAX, DISCOVER_MAX, NAME_MAX, PAGE_MAX, TOPIC_MAX
from app.infra.wire import Id, Moment, Schema, check_text

ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$", description="Made once for each intent")]
Text = AfterValidator(check_text)
Body = Annotated[str, Field(min_length=1, max_length=BODY_MAX), Text]
Seq = Annotated[int, Field(ge=0, le=2**53, strict=True)]


class Message(Schema):
    id: Id
    room_id: Id
    seq: int
    client_id: str
    author: Author
    body: str
    at: Moment

    @classmethod
    def of(cls, message: model.Message) -> Message:
        return cls(
            id=message.id,
            room_id=message.room_id,
            seq=message.seq,
            client_id=message.client_id,
            author=author(message.author),
            body=message.body,
            at=message.at,
        )


class Room(Schema):
    id: Id
    kind: model.RoomKind
    name: str
    topic: str
    owner_id: Id
    head: int
    members: int
    created_at: Moment

    @classmethod
    def of(cls, room: model.Room) -> Room:
        return cls(**_room(room))


class Membership(Room):
    """A room one is in."""

    role: model.MemberRole
    read_seq: int
    unread: Annotated[int, Field(le=model.UNREAD_MAX, description="Counted up to this bound")]

    @classmethod
    def of_member(cls, membership: model.Membership) -> Membership:
        return cls(
            **_room(membership.room),
            role=membership.role,
            read_seq=membership.read_seq,
            unread=membership.unread,
        )


class DiscoveredRoom(Room):
    joined: bool

    @classmethod
    def of_found(cls, room: model.Room, *, joined: bool) -> DiscoveredRoom:
        return cls(**_room(room), joined=joined)


class Member(Schema):
    user: Author
    role: Annotated[model.MemberRole | None, Field(description="None for a person who has left")]
    joined_at: Moment

    @classmethod
    def of(cls, member: model.Member) -> Member:
        return cls(user=author(member.user), role=member.role, joined_at=member.joined_at)


class Rooms(Schema):
    """The rooms one is in. `epoch` names this history: another one means that everything is to be reloaded."""

    epoch: str
    rooms: list[Membership]


class DiscoveredRooms(Schema):
    rooms: list[DiscoveredRoom]


class Members(Schema):
    members: list[Member]


class Page(Schema):
    """Messages, oldest first; `has_more` in the direction that was asked for."""

    messages: list[Message]
    has_more: bool

    @classmethod
    def of(cls, page: model.Page) -> Page:
        return cls(messages=[Message.of(message) for message in page.messages], has_more=page.has_more)


class NewRoom(Schema):
    name: Annotated[str, Field(min_length=1, max_length=NAME_MAX), Text]
    topic: Annotated[str, Field(max_length=TOPIC_MAX), Text] = ""
    client_id: Annotated[ClientId | None, Field(description="Sent again, it makes no second room")] = None


class HistoryQuery(Schema):
    """Numbers are exclusive. With neither, the latest page."""

    before: Annotated[int | None, Field(ge=0, le=2**53)] = None
    after: Annotated[int | None, Field(ge=0, le=2**53)] = None
    limit: Annotated[int, Field(ge=1, le=PAGE_MAX)] = 50


class DiscoverQuery(Schema):
    q: Annotated[str, Field(max_length=NAME_MAX), Text] = ""
    limit: Annotated[int, Field(ge=1, le=DISCOVER_MAX)] = 50


def author(person: model.Author) -> Author:
    """A person as named beside what they did."""
    return Author(id=person.id, username=person.username)


def _room(room: model.Room) -> dict[str, Any]:
    return {
        "id": room.id,
        "kind": room.kind,
        "name": room.name,
        "topic": room.topic,
        "owner_id": room.owner_id,
        "head": room.head,
        "members": room.members,
        "created_at": room.created_at,
    }
