"""The numbered log of what changed in a room."""

from __future__ import annotations

from app.chat import message_store, store
from app.chat.events import RoomChanged
from app.chat.model import EventKind, Message, RoomEvent
from app.core.actor import Actor
from app.core.clock import Clock
from app.infra.unit_of_work import UnitOfWork


class RoomLog:
    """Adds events to rooms and records them as facts."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def append(self, work: UnitOfWork, room_id: int, kind: EventKind, actor: Actor, subject_id: int) -> RoomEvent:
        """Add an event of a room that exists, with the state it led to; that of the actor where it is personal."""
        seq = await store.next_seq(work.db, room_id)
        assert seq is not None
        now = self._clock.now_ms()
        await store.add_event(work.db, room_id, seq, kind, actor_id=actor.id, subject_id=subject_id, at=now)
        room = await store.room(work.db, room_id)
        assert room is not None
        (event,) = await message_store.events_after(work.db, room, seq - 1, 1, reader_id=actor.id)
        work.record(RoomChanged(event))
        return event

    async def append_posted(self, work: UnitOfWork, message: Message) -> None:
        """Add the event of a new message under the number it has. Its state is at hand, so nothing is read back."""
        await store.add_event(
            work.db,
            message.room_id,
            message.seq,
            "message.posted",
            actor_id=message.author.id,
            subject_id=message.id,
            at=message.at,
        )
        event = RoomEvent(message.room_id, message.seq, "message.posted", message.at, message.author, message=message)
        work.record(RoomChanged(event))
