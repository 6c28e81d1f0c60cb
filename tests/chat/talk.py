"""The chat service with its database, in few words."""

from __future__ import annotations

from app.accounts import store as accounts
from app.accounts.entitlements import Benefits
from app.accounts.model import Person
from app.accounts.policy import skeleton
from app.chat.model import Catchup, Membership, Message, Page, Posted, Room, RoomEvent
from app.chat.service import Chat
from app.core.actor import Actor
from app.core.ids import Ids
from app.infra.database import Connection, Database
from app.infra.unit_of_work import Transactor
from tests.harness.fakes import FrozenClock


class RoomsMax:
    """Entitlements that a test sets: how many rooms anybody may own."""

    def __init__(self) -> None:
        self.value: int | None = None

    async def benefits(self, db: Connection, account_id: int) -> Benefits:
        return Benefits(rooms_max=self.value)


class Talk:
    """Each call is one command in a transaction of its own, or one read."""

    def __init__(self, clock: FrozenClock, ids: Ids, transactor: Transactor, database: Database) -> None:
        self.clock, self.ids, self.database, self.transactor = clock, ids, database, transactor
        self.rooms_max = RoomsMax()
        self.chat = Chat(clock, ids, self.rooms_max)
        self._sent = 0

    async def person(self, username: str) -> Actor:
        """Somebody with an account, signed in through a session nobody asks about."""
        person = Person(self.ids.new(), username, "member", self.clock.now_ms())
        async with self.database.transaction() as db:
            await accounts.add_person(
                db, person, skeleton=skeleton(username), password_hash="", public_key=None, invited_by=None
            )
        return Actor(person.id, username, is_admin=False, session_id=1)

    async def create(self, actor: Actor, name: str = "Hall", *, topic: str = "", client_id: str = "") -> Membership:
        key = client_id or self._client_id()
        return await self.transactor.run(
            lambda work: self.chat.create_room(work, actor, name=name, topic=topic, client_id=key)
        )

    async def join(self, actor: Actor, room: Room) -> Membership:
        return await self.transactor.run(lambda work: self.chat.join(work, actor, room.id))

    async def leave(self, actor: Actor, room: Room) -> None:
        await self.transactor.run(lambda work: self.chat.leave(work, actor, room.id))

    async def post(self, actor: Actor, room: Room, body: str = "hello", *, client_id: str = "") -> Posted:
        key = client_id or self._client_id()
        return await self.transactor.run(lambda work: self.chat.post(work, actor, room.id, client_id=key, body=body))

    async def read(self, actor: Actor, room: Room, seq: int) -> Membership:
        return await self.transactor.run(lambda work: self.chat.read(work, actor, room.id, seq))

    async def open(self, actor: Actor, room: Room) -> Membership:
        async with self.database.reader() as db:
            return await self.chat.open(db, actor, room.id)

    async def sync(self, actor: Actor, room: Room, since: int, limit: int = 500) -> Catchup:
        async with self.database.reader() as db:
            return await self.chat.catch_up(db, actor, room.id, since, limit)

    async def events(self, actor: Actor, room: Room) -> list[RoomEvent]:
        """All that ever happened in the room."""
        return (await self.sync(actor, room, 0)).events

    async def messages(self, actor: Actor, room: Room) -> list[Message]:
        """The newest 200 messages, oldest first."""
        return (await self.page(actor, room, limit=200)).messages

    async def page(
        self, actor: Actor, room: Room, *, before: int | None = None, after: int | None = None, limit: int = 50
    ) -> Page:
        async with self.database.reader() as db:
            return await self.chat.history(db, actor, room.id, before=before, after=after, limit=limit)

    async def discover(self, actor: Actor, search: str = "", limit: int = 50) -> list[tuple[str, bool]]:
        async with self.database.reader() as db:
            return [(room.name, joined) for room, joined in await self.chat.discover(db, actor, search, limit)]

    def _client_id(self) -> str:
        self._sent += 1
        return f"intent-{self._sent}"
