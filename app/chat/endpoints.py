"""HTTP operations of this room."""

from __future__ import annotations

from app.chat.errors import (
    ClientIdReused,
    MemberNotFound,
    MembershipLimitReached,
    NotAMember,
    NotTheOwner,
    OwnerKeepsRole,
    RoomLimitReached,
)
from app.chat.roles import Roles
from app.chat.schemas import (
    DiscoveredRoom,
    DiscoveredRooms,
    DiscoverQuery,
    HistoryQuery,
    Member,
    Members,
    Membership,
    NewRole,
    NewRoom,
    Page,
    Rooms,
)
from app.chat.service import Chat
from app.core.actor import Actor
from app.core.errors import NotFound
from app.core.ids import Ids
from app.infra.database import Connection
from app.infra.epoch import Epoch
from app.infra.http import Operation
from app.infra.rate_limit import RateLimit
from app.infra.unit_of_work import UnitOfWork
from app.infra.wire import Id

MEMBERS_SHOWN = 1000


class ChatEndpoints:
    """Rooms, membership and history."""

    def __init__(self, chat: Chat, roles: Roles, ids: Ids, epoch: Epoch, changes: RateLimit) -> None:
        self._chat = chat
        self._roles = roles
        self._ids = ids
        self._epoch = epoch
        self._changes = changes

    def operations(self) -> list[Operation]:
        tag = "chat"
        inside = (NotFound, NotAMember)
        appointing = (NotTheOwner, MemberNotFound, OwnerKeepsRole)
        role = "/api/rooms/{room_id}/members/{account_id}/role"
        limits = (RoomLimitReached, MembershipLimitReached)
        return [
            Operation("GET", "/api/rooms", self.my_rooms, tag=tag),
            Operation("POST", "/api/rooms", self.create_room, 201, (*limits, ClientIdReused), tag=tag),
            Operation("GET", "/api/rooms/discover", self.discover, tag=tag),
            Operation("POST", "/api/rooms/{room_id}/join", self.join, 200, (NotFound, limits[1]), tag=tag),
            Operation("POST", "/api/rooms/{room_id}/leave", self.leave, 204, (NotFound,), tag=tag),
            Operation("GET", "/api/rooms/{room_id}/messages", self.history, 200, inside, tag=tag),
            Operation("GET", "/api/rooms/{room_id}/members", self.members, 200, inside, tag=tag),
            Operation("PUT", role, self.set_role, 200, (*inside, *appointing), tag=tag),
        ]

    async def my_rooms(self, db: Connection, actor: Actor) -> Rooms:
        """The rooms one is in, with what is unread."""
        memberships = await self._chat.rooms(db, actor)
        return Rooms(epoch=str(self._epoch), rooms=[Membership.of_member(item) for item in memberships])

    async def create_room(self, work: UnitOfWork, actor: Actor, body: NewRoom) -> Membership:
        """Make a public room and be its owner."""
        self._changes.take(actor.id)
        client_id = body.client_id or str(self._ids.new())
        made = await self._chat.create_room(work, actor, name=body.name, topic=body.topic, client_id=client_id)
        return Membership.of_member(made)

    async def discover(self, db: Connection, actor: Actor, query: DiscoverQuery) -> DiscoveredRooms:
        """Public rooms, the largest first."""
        found = await self._chat.discover(db, actor, query.q, query.limit)
        return DiscoveredRooms(rooms=[DiscoveredRoom.of_found(room, joined=joined) for room, joined in found])

    async def join(self, work: UnitOfWork, actor: Actor, room_id: Id) -> Membership:
        """Enter a public room."""
        self._changes.take(actor.id)
        return Membership.of_member(await self._chat.join(work, actor, room_id))

    async def leave(self, work: UnitOfWork, actor: Actor, room_id: Id) -> None:
        """Leave a room."""
        self._changes.take(actor.id)
        await self._chat.leave(work, actor, room_id)

    async def history(self, db: Connection, actor: Actor, room_id: Id, query: HistoryQuery) -> Page:
        """A page of messages, oldest first."""
        page = await self._chat.history(db, actor, room_id, before=query.before, after=query.after, limit=query.limit)
        return Page.of(page)

    async def members(self, db: Connection, actor: Actor, room_id: Id) -> Members:
        """Who is in the room, in order of joining."""
        found = await self._chat.members(db, actor, room_id, MEMBERS_SHOWN)
        return Members(members=[Member.of(member) for member in found])

    async def set_role(self, work: UnitOfWork, actor: Actor, room_id: Id, account_id: Id, body: NewRole) -> Member:
        """Appoint a member of one's own room moderator, or dismiss them."""
        self._changes.take(actor.id)
        return Member.of(await self._roles.set_role(work, actor, room_id, account_id, body.role))
