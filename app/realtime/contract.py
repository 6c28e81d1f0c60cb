"""Every event on the socket, typed. AsyncAPI and the client's types are generated from here.

Commands go from client to server, are imperative, and are always acknowledged: `{ok: true, ...}` or
`{ok: false, code, detail, retry?}`. Pushes go from server to client and are in the past tense.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from app.accounts.schemas import Author
from app.chat.files.policy import FILES_MAX
from app.chat.model import EventKind, MemberRole
from app.chat.policy import SYNC_MAX
from app.chat.schemas import Body, ClientId, Emoji, Feedback, Member, Message, Room, Seq
from app.economy.earning.schemas import Balance
from app.economy.gifts.schemas import Gift
from app.infra.wire import Amount, Id, Moment, Schema


class Acknowledged(Schema):
    """The part that every positive acknowledgement has."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    ok: Literal[True] = True


class Refused(Schema):
    """The negative acknowledgement. The error's own numbers stand beside these."""

    model_config = ConfigDict(extra="allow")

    ok: Literal[False]
    code: str
    detail: str
    retry: Annotated[bool, Field(description="The same command may succeed later")]
    retry_after: Annotated[int | None, Field(description="Seconds until then, when known")] = None


class Command(Schema):
    """Something asked for by a client."""

    name: ClassVar[str]
    summary: ClassVar[str]
    reply: ClassVar[type[Acknowledged]]


class Push(Schema):
    """Something told to clients."""

    name: ClassVar[str]
    summary: ClassVar[str]


class RoomEvent(Push):
    name = "room.event"
    summary = "A room changed. seq rises by one; the event holds the full new state of what changed."

    room_id: Id
    seq: int
    kind: EventKind
    at: Moment
    actor: Author
    epoch: str
    message: Message | None = None
    feedback: Feedback | None = None
    member: Member | None = None
    room: Room | None = None


class RoomsHeads(Push):
    name = "rooms.heads"
    summary = "The newest event number of rooms one is in: all on connecting, then regularly those that changed."

    epoch: str
    heads: Annotated[dict[str, int], Field(description="Room id to event number")]


class ReadChanged(Push):
    name = "read.changed"
    summary = "One read on, here or on another device."

    room_id: Id
    read_seq: int
    unread: int


class TypingChanged(Push):
    name = "typing.changed"
    summary = "Somebody began or stopped typing. It goes stale after six seconds without another."

    room_id: Id
    user: Author
    on: bool


class WalletChanged(Push, Balance):
    name = "wallet.changed"
    summary = "One's balance is now this."


class RewardGranted(Push):
    name = "reward.granted"
    summary = "One earned something."

    op_id: Id
    activity: str
    amount: Amount
    balance: Amount
    at: Moment


class GiftReceived(Push):
    name = "gift.received"
    summary = "Somebody gave one tokens."

    gift: Gift


class TierChanged(Push):
    name = "tier.changed"
    summary = "One holds another tier now; `up` when it is the higher one."

    before: str
    tier: str
    up: bool
    at: Moment


class SessionRevoked(Push):
    name = "session.revoked"
    summary = "This session was signed out; the server disconnects next."


class RoomOpened(Acknowledged):
    room: Room
    role: MemberRole
    head: int
    read_seq: int
    unread: int
    epoch: str
    online: Annotated[list[Id], Field(description="People who have the room open on this server")]


class RoomOpen(Command):
    name = "room.open"
    summary = "Begin to receive a room's events. First open, then synchronise: nothing falls between."
    reply = RoomOpened

    room_id: Id


class RoomClose(Command):
    name = "room.close"
    summary = "Receive a room's events no longer."
    reply = Acknowledged

    room_id: Id


class RoomSynced(Acknowledged):
    events: list[RoomEvent]
    upto: Annotated[int, Field(description="The state is now that of this event number")]
    limited: Annotated[bool, Field(description="Too much happened: drop what is cached, load the latest page")]
    epoch: str


class RoomSync(Command):
    name = "room.sync"
    summary = "What happened in a room after an event number."
    reply = RoomSynced

    room_id: Id
    since: Seq
    limit: Annotated[int, Field(ge=1, le=SYNC_MAX)] = SYNC_MAX


class MessageSent(Acknowledged):
    message: Message
    seq: int
    duplicate: Annotated[bool, Field(description="An earlier send with this client_id had stored it")]


class MessageSend(Command):
    name = "message.send"
    summary = "Say something or show files, once for each client_id; a retry gets the stored message."
    reply = MessageSent

    room_id: Id
    client_id: ClientId
    body: Annotated[Body, Field(description="Some text, unless files are shown")] = ""
    file_ids: Annotated[
        list[Id], Field(default_factory=list, max_length=FILES_MAX, description="One's own, uploaded to this room")
    ]


class FeedbackGiven(Acknowledged):
    feedback: Feedback
    seq: Annotated[int, Field(description="The event number that the room has come to with it")]


class ReactionSet(Command):
    name = "reaction.set"
    summary = "Put an emoji on a message, or take one's own away. A person may put several different ones."
    reply = FeedbackGiven

    message_id: Id
    emoji: Emoji
    on: bool


class HelpfulSet(Command):
    name = "helpful.set"
    summary = "Vote for another's message as helpful, or take the vote back."
    reply = FeedbackGiven

    message_id: Id
    on: bool


class ReadMoved(Acknowledged):
    read_seq: int
    unread: int


class ReadSet(Command):
    name = "read.set"
    summary = "One has read up to this event. Never moves back."
    reply = ReadMoved

    room_id: Id
    seq: Seq


class TypingSet(Command):
    name = "typing.set"
    summary = "One is typing in an open room, or no longer."
    reply = Acknowledged

    room_id: Id
    on: bool


COMMANDS: tuple[type[Command], ...] = (
    RoomOpen,
    RoomClose,
    RoomSync,
    MessageSend,
    ReactionSet,
    HelpfulSet,
    ReadSet,
    TypingSet,
)
PUSHES: tuple[type[Push], ...] = (
    RoomEvent,
    RoomsHeads,
    ReadChanged,
    TypingChanged,
    WalletChanged,
    RewardGranted,
    TierChanged,
    GiftReceived,
    SessionRevoked,
)
