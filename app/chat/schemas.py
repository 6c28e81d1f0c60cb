"""Wire shapes of this room."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from app.accounts.schemas import Author
from app.chat import model
from app.chat.emoji import EMOJI_MAX
from app.chat.files.policy import FILES_MAX
from app.chat.files.schemas import File
from app.chat.policy import BODY_MAX, DISCOVER_MAX, NAME_MAX, PAGE_MAX, TOPIC_MAX
from app.infra.wire import Id, Moment, Schema, check_text

ClientId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.:-]{1,64}$", description="Made once for each intent")]
Text = AfterValidator(check_text)
Body = Annotated[str, Field(max_length=BODY_MAX), Text]
Seq = Annotated[int, Field(ge=0, le=2**53, strict=True)]
Emoji = Annotated[str, Field(min_length=1, max_length=EMOJI_MAX), Text]
NamedPeople = Annotated[
    list[Author], Field(max_length=model.PEOPLE_NAMED, description="The first of them, at most this many")
]


class GiftCard(Schema):
    """Shows that something was given."""

    kind: Literal["gift"]
    recipient: Author
    amount: Annotated[str, Field(description="An exact decimal number")]
    symbol: str
    note: str

    @classmethod
    def of(cls, card: model.GiftCard) -> GiftCard:
        return cls(
            kind="gift", recipient=author(card.recipient), amount=card.amount, symbol=card.symbol, note=card.note
        )


Card = GiftCard
"""Told apart by `kind`; more kinds make this a discriminated union."""


class Reaction(Schema):
    emoji: str
    count: int
    people: NamedPeople

    @classmethod
    def of(cls, reaction: model.Reaction) -> Reaction:
        return cls(emoji=reaction.emoji, count=reaction.count, people=_people(reaction.people))


class Helpful(Schema):
    count: int
    people: NamedPeople


class Choice(Schema):
    """What one person has given: the reader of a page or of a missed event, the actor of an event that is pushed."""

    user_id: Id
    emojis: list[str]
    helpful: bool


class Feedback(Schema):
    """What people think of a message, whole, as of the event `seq`: of two, the one with the higher number holds."""

    message_id: Id
    seq: int
    reactions: Annotated[list[Reaction], Field(description="In the order of their first")]
    helpful: Helpful
    choice: Choice

    @classmethod
    def of(cls, feedback: model.Feedback) -> Feedback:
        helpful, choice = feedback.helpful, feedback.choice
        return cls(
            message_id=feedback.message_id,
            seq=feedback.seq,
            reactions=[Reaction.of(reaction) for reaction in feedback.reactions],
            helpful=Helpful(count=helpful.count, people=_people(helpful.people)),
            choice=Choice(user_id=choice.person_id, emojis=list(choice.emojis), helpful=choice.helpful),
        )


class Message(Schema):
    id: Id
    room_id: Id
    seq: int
    client_id: str
    author: Author
    body: Annotated[
        str, Field(description="With a card, the same in words for who cannot show it; with files, it may be empty")
    ]
    files: Annotated[list[File], Field(max_length=FILES_MAX)]
    at: Moment
    card: Card | None
    feedback: Annotated[Feedback | None, Field(description="None while nobody has given any")]

    @classmethod
    def of(cls, message: model.Message) -> Message:
        return cls(
            id=message.id,
            room_id=message.room_id,
            seq=message.seq,
            client_id=message.client_id,
            author=author(message.author),
            body=message.body,
            files=[File.of(file) for file in message.files],
            at=message.at,
            card=None if message.card is None else GiftCard.of(message.card),
            feedback=None if message.feedback is None else Feedback.of(message.feedback),
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


class NewRole(Schema):
    role: model.GivenRole


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


def _people(people: tuple[model.Author, ...]) -> list[Author]:
    return [author(person) for person in people]


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
