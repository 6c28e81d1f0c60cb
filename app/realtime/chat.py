"""Socket commands of the chat, each one call of its service."""

from __future__ import annotations

from typing import Protocol

from app.accounts.schemas import Author
from app.chat.model import Given
from app.chat.reactions import Reactions
from app.chat.schemas import Feedback, Message, Room
from app.chat.service import Chat
from app.core.actor import Actor
from app.infra.database import Database
from app.infra.epoch import Epoch
from app.infra.rate_limit import RateLimit
from app.infra.unit_of_work import Transactor
from app.realtime import contract
from app.realtime.dispatch import Dispatcher
from app.realtime.presence import Presence
from app.realtime.pushes import Sender, room_event, room_group


class Groups(Sender, Protocol):
    """A sender whose groups can be entered."""

    async def enter(self, sid: str, group: str) -> None: ...


class ChatCommands:
    """Opening, synchronising, sending, reacting, reading and typing."""

    def __init__(
        self,
        chat: Chat,
        reactions: Reactions,
        groups: Groups,
        presence: Presence,
        database: Database,
        transactor: Transactor,
        *,
        epoch: Epoch,
        messages: RateLimit,
    ) -> None:
        self._chat = chat
        self._reactions = reactions
        self._groups = groups
        self._presence = presence
        self._database = database
        self._transactor = transactor
        self._epoch = epoch
        self._messages = messages

    def register(self, dispatcher: Dispatcher) -> None:
        """Answer this room's commands."""
        dispatcher.handle(contract.RoomOpen, self.open)
        dispatcher.handle(contract.RoomClose, self.close)
        dispatcher.handle(contract.RoomSync, self.sync)
        dispatcher.handle(contract.MessageSend, self.send)
        dispatcher.handle(contract.ReactionSet, self.react)
        dispatcher.handle(contract.HelpfulSet, self.vote)
        dispatcher.handle(contract.ReadSet, self.read)
        dispatcher.handle(contract.TypingSet, self.typing)

    async def open(self, sid: str, actor: Actor, command: contract.RoomOpen) -> contract.RoomOpened:
        async with self._database.reader() as db:
            await self._chat.open(db, actor, command.room_id)
            # First into the group, then read the head: whatever commits in between is pushed, and not missed.
            await self._groups.enter(sid, room_group(command.room_id))
            self._presence.open(sid, actor.id, command.room_id)
            try:
                found = await self._chat.open(db, actor, command.room_id)
            except BaseException:
                await self._shut(sid, actor, command.room_id)
                raise
        return contract.RoomOpened(
            room=Room.of(found.room),
            role=found.role,
            head=found.room.head,
            read_seq=found.read_seq,
            unread=found.unread,
            epoch=str(self._epoch),
            online=self._presence.online(command.room_id),
        )

    async def close(self, sid: str, actor: Actor, command: contract.RoomClose) -> contract.Acknowledged:
        await self._shut(sid, actor, command.room_id)
        return contract.Acknowledged()

    async def sync(self, sid: str, actor: Actor, command: contract.RoomSync) -> contract.RoomSynced:
        async with self._database.reader() as db:
            found = await self._chat.catch_up(db, actor, command.room_id, command.since, command.limit)
        return contract.RoomSynced(
            events=[room_event(event, str(self._epoch)) for event in found.events],
            upto=found.upto,
            limited=found.limited,
            epoch=str(self._epoch),
        )

    async def send(self, sid: str, actor: Actor, command: contract.MessageSend) -> contract.MessageSent:
        self._messages.take(actor.id)
        posted = await self._transactor.run(
            lambda work: self._chat.post(
                work,
                actor,
                command.room_id,
                client_id=command.client_id,
                body=command.body,
                file_ids=command.file_ids,
            )
        )
        message = Message.of(posted.message)
        return contract.MessageSent(message=message, seq=posted.message.seq, duplicate=posted.duplicate)

    async def react(self, sid: str, actor: Actor, command: contract.ReactionSet) -> contract.FeedbackGiven:
        self._messages.take(actor.id)
        given = await self._transactor.run(
            lambda work: self._reactions.set_reaction(
                work, actor, command.message_id, emoji=command.emoji, on=command.on
            )
        )
        return _feedback_given(given)

    async def vote(self, sid: str, actor: Actor, command: contract.HelpfulSet) -> contract.FeedbackGiven:
        self._messages.take(actor.id)
        given = await self._transactor.run(
            lambda work: self._reactions.set_helpful(work, actor, command.message_id, on=command.on)
        )
        return _feedback_given(given)

    async def read(self, sid: str, actor: Actor, command: contract.ReadSet) -> contract.ReadMoved:
        found = await self._transactor.run(lambda work: self._chat.read(work, actor, command.room_id, command.seq))
        return contract.ReadMoved(read_seq=found.read_seq, unread=found.unread)

    async def typing(self, sid: str, actor: Actor, command: contract.TypingSet) -> contract.Acknowledged:
        if self._presence.has_open(sid, command.room_id):
            user = Author(id=actor.id, username=actor.username)
            push = contract.TypingChanged(room_id=command.room_id, user=user, on=command.on)
            await self._groups.send(push, room_group(command.room_id), skip=sid)
        return contract.Acknowledged()

    async def _shut(self, sid: str, actor: Actor, room_id: int) -> None:
        self._presence.close(sid, actor.id, room_id)
        await self._groups.leave(sid, room_group(room_id))


def _feedback_given(given: Given) -> contract.FeedbackGiven:
    return contract.FeedbackGiven(feedback=Feedback.of(given.feedback), seq=given.seq)
