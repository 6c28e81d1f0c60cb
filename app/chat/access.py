"""What every use case asks first: is there such a room, and is the person in it?"""

from __future__ import annotations

from app.chat import store
from app.chat.errors import NotAMember
from app.chat.model import Room
from app.core.errors import NotFound
from app.infra.database import Connection


async def lock_room(db: Connection, room_id: int) -> Room:
    """The room, locked to the end of the transaction. Raises `NotFound`."""
    room = await store.lock_room(db, room_id)
    if room is None:
        raise NotFound("There is no such room")
    return room


async def require_member(db: Connection, room_id: int, account_id: int) -> None:
    """Raises `NotAMember`, or `NotFound` when there is no such room."""
    if not await store.is_member(db, room_id, account_id):
        await refuse(db, room_id)


async def refuse(db: Connection, room_id: int) -> None:
    """Raise what is in the way of a person who is not in the room."""
    if await store.room(db, room_id) is None:
        raise NotFound("There is no such room")
    raise NotAMember
