"""Use cases of who is what in a room."""

from __future__ import annotations

from app.chat import access, store
from app.chat.errors import MemberNotFound, NotTheOwner, OwnerKeepsRole
from app.chat.events import ModeratorAppointed
from app.chat.model import GivenRole, Member
from app.chat.room_log import RoomLog
from app.core.actor import Actor
from app.core.clock import Clock
from app.infra.unit_of_work import UnitOfWork


class Roles:
    """Roles that the owner of a room gives its members. One who leaves lays theirs down."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._log = RoomLog(clock)

    async def set_role(self, work: UnitOfWork, actor: Actor, room_id: int, account_id: int, role: GivenRole) -> Member:
        """Appoint a moderator, or dismiss one. Asking for what is so already is fine.

        Raises `NotFound`, `NotAMember`, `NotTheOwner`, `MemberNotFound`, and `OwnerKeepsRole`.
        """
        room = await access.lock_room(work.db, room_id)
        await access.require_member(work.db, room_id, actor.id)
        if room.owner_id != actor.id:
            raise NotTheOwner
        if account_id == room.owner_id:
            raise OwnerKeepsRole
        if not await store.is_member(work.db, room_id, account_id):
            raise MemberNotFound
        if await store.set_role(work.db, room_id, account_id, role):
            await self._log.append(work, room_id, "member.changed", actor, account_id)
            if role == "moderator":
                now = self._clock.now_ms()
                work.record(ModeratorAppointed(room_id, account_id, actor.id, room.members - 1, now))
        return await store.member(work.db, room_id, account_id)
