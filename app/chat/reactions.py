"""Use cases of what people think of messages."""

from __future__ import annotations

from app.chat import access, feedback_store, message_store, policy
from app.chat.emoji import check_emoji
from app.chat.errors import OwnMessage, ReactionLimitReached
from app.chat.events import MessageReacted, MessageVotedHelpful
from app.chat.model import EventKind, Given, Message, Room
from app.chat.room_log import RoomLog
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.errors import NotFound
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork


class Reactions:
    """Emoji and helpful votes that members of a room give its messages.

    Everything is decided under the room's lock, so that people who come at once are counted one after another.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._log = RoomLog(clock)

    async def set_reaction(self, work: UnitOfWork, actor: Actor, message_id: int, *, emoji: str, on: bool) -> Given:
        """Put an emoji on a message or take it away. Asking for what is so already is fine.

        Raises `Invalid` unless it is one emoji, `NotFound`, `NotAMember`, and `ReactionLimitReached`.
        """
        emoji = check_emoji(emoji)
        room, message = await self._enter(work.db, actor, message_id)
        if not on:
            changed = await feedback_store.take_reaction(work.db, message_id, actor.id, emoji)
        else:
            await self._require_place(work.db, message_id, emoji)
            changed = await feedback_store.put_reaction(work.db, message_id, actor.id, emoji, seq=room.head + 1)
        given = await self._tell(work, room, "reaction.changed", actor, message_id, changed=changed)
        if changed and on and _earns(message, actor):
            people = await feedback_store.people_reacting(work.db, message_id, but=message.author.id)
            work.record(MessageReacted(message_id, room.id, message.author.id, actor.id, people, self._clock.now_ms()))
        return given

    async def set_helpful(self, work: UnitOfWork, actor: Actor, message_id: int, *, on: bool) -> Given:
        """Vote for a message as helpful, or take the vote back. Asking for what is so already is fine.

        Raises `NotFound`, `NotAMember`, and `OwnMessage`.
        """
        room, message = await self._enter(work.db, actor, message_id)
        if message.author.id == actor.id:
            raise OwnMessage
        if on:
            changed = await feedback_store.put_vote(work.db, message_id, actor.id, seq=room.head + 1)
        else:
            changed = await feedback_store.take_vote(work.db, message_id, actor.id)
        given = await self._tell(work, room, "helpful.changed", actor, message_id, changed=changed)
        if changed and on and _earns(message, actor):
            people = await feedback_store.people_voting(work.db, message_id)
            work.record(
                MessageVotedHelpful(message_id, room.id, message.author.id, actor.id, people, self._clock.now_ms())
            )
        return given

    async def _enter(self, db: Connection, actor: Actor, message_id: int) -> tuple[Room, Message]:
        """The message and its room, locked."""
        message = await message_store.message(db, message_id)
        if message is None:
            raise NotFound("There is no such message")
        room = await access.lock_room(db, message.room_id)
        await access.require_member(db, room.id, actor.id)
        return room, message

    async def _require_place(self, db: Connection, message_id: int, emoji: str) -> None:
        emojis = await feedback_store.emojis_on(db, message_id)
        if emoji not in emojis and len(emojis) >= policy.REACTIONS_MAX:
            raise ReactionLimitReached(
                f"A message has at most {policy.REACTIONS_MAX} different reactions", limit=policy.REACTIONS_MAX
            )

    async def _tell(
        self, work: UnitOfWork, room: Room, kind: EventKind, actor: Actor, message_id: int, *, changed: bool
    ) -> Given:
        if not changed:
            return Given(await feedback_store.on_one(work.db, message_id, actor.id), room.head)
        # The room is locked, so the next event has the next number.
        await feedback_store.mark_changed(work.db, message_id, seq=room.head + 1)
        event = await self._log.append(work, room.id, kind, actor, message_id)
        assert event.feedback is not None
        return Given(event.feedback, event.seq)


def _earns(message: Message, actor: Actor) -> bool:
    """Whether it says something of the author's words: a card is not said, and one's own applause is none."""
    return message.card is None and message.author.id != actor.id
