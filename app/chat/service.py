"""Use cases of this room: load, decide, save, record the fact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from app.accounts import store as accounts
from app.accounts.entitlements import Entitlements
from app.chat import access, message_store, policy, store
from app.chat.errors import ClientIdReused, MembershipLimitReached, RoomLimitReached
from app.chat.events import MessagePosted, ReadMoved, RoomCreated, RoomJoined, RoomLeft
from app.chat.files.service import Files, check_file_ids
from app.chat.model import Author, Catchup, GiftCard, Member, Membership, Message, Page, Posted, Room
from app.chat.room_log import RoomLog
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.errors import NotFound
from app.core.ids import Ids
from app.infra.database import Connection, Contention
from app.infra.unit_of_work import UnitOfWork


class Chat:
    """Rooms and what is said in them."""

    def __init__(self, clock: Clock, ids: Ids, entitlements: Entitlements) -> None:
        self._clock = clock
        self._ids = ids
        self._entitlements = entitlements
        self._log = RoomLog(clock)
        self.files = Files(entitlements, clock)

    async def create_room(self, work: UnitOfWork, actor: Actor, *, name: str, topic: str, client_id: str) -> Membership:
        """Make a public room with its maker in it. The same client_id makes one room, however often it is sent."""
        now = self._clock.now_ms()
        room = Room(self._ids.new(), "public", policy.check_name(name), topic.strip(), actor.id, 0, 0, now)
        if not await store.add_room(work.db, room, client_id):
            return await self._room_made_before(work.db, actor, room, client_id)
        await accounts.lock_person(work.db, actor.id)
        limit = (await self._entitlements.benefits(work.db, actor.id)).rooms_max
        if limit is not None and await store.rooms_owned(work.db, actor.id) > limit:
            raise RoomLimitReached(f"You can have {limit} rooms of your own", limit=limit)
        await self._log.append(work, room.id, "room.changed", actor, room.id)
        await self._enter(work, actor, room.id)
        work.record(RoomCreated(room.id, actor.id, now))
        return await self._membership(work.db, room.id, actor.id)

    async def join(self, work: UnitOfWork, actor: Actor, room_id: int) -> Membership:
        """Enter a public room. Being in it already is fine."""
        room = await access.lock_room(work.db, room_id)
        if not await store.is_member(work.db, room_id, actor.id):
            first = await self._enter(work, actor, room_id)
            work.record(RoomJoined(room_id, actor.id, room.owner_id, first, self._clock.now_ms()))
        return await self._membership(work.db, room_id, actor.id)

    async def leave(self, work: UnitOfWork, actor: Actor, room_id: int) -> None:
        """Leave a room. Not being in it is fine."""
        await access.lock_room(work.db, room_id)
        if not await store.is_member(work.db, room_id, actor.id):
            return
        await store.leave(work.db, room_id, actor.id)
        await self._log.append(work, room_id, "member.changed", actor, actor.id)
        work.record(RoomLeft(room_id, actor.id))

    async def post(
        self,
        work: UnitOfWork,
        actor: Actor,
        room_id: int,
        *,
        client_id: str,
        body: str,
        file_ids: Sequence[int] = (),
    ) -> Posted:
        """Say something in a room or show files there, once for each client_id.

        A retry gets the message that is stored. The same client_id with another text, room or files is
        `ClientIdReused`. Raises `FileNotFound` and `FileShownAlready` for files that cannot be shown.
        """
        check_file_ids(file_ids)
        body = policy.check_body(body, needed=not file_ids)
        before = await message_store.message_sent_with(work.db, actor.id, client_id)
        if before is not None:
            return self._posted_before(before, room_id, body, file_ids)
        seq = await store.next_seq(work.db, room_id)
        if seq is None:
            raise NotFound("There is no such room")
        await access.require_member(work.db, room_id, actor.id)
        now = self._clock.now_ms()
        message = Message(self._ids.new(), room_id, seq, client_id, Author(actor.id, actor.username), body, now)
        if not await message_store.add_message(work.db, message, files=len(file_ids)):
            raise Contention("The same message is being stored by another request")
        message = replace(message, files=await self.files.show(work, message, file_ids))
        await self._log.append_posted(work, message)
        if body:
            work.record(MessagePosted(message.id, room_id, actor.id, policy.fingerprint(body), now))
        return Posted(message, duplicate=False)

    async def post_card(
        self, work: UnitOfWork, room_id: int, author_id: int, client_id: str, body: str, card: Mapping[str, str]
    ) -> Posted | None:
        """Show something in a room as a message of a person; None, and nothing, when they are not in it any more.

        For what the product itself has to show: no client can ask for it. Once for each client_id, in a space of
        names that clients cannot send from. A `gift` has `recipient_id`, `amount` (a decimal string), `symbol` and
        `note`. Nobody is rewarded for it. Raises `Invalid`, or `NotFound` when there is no such recipient.
        """
        policy.check_card(card)
        client_id = f"card/{client_id}"
        before = await message_store.message_sent_with(work.db, author_id, client_id)
        if before is not None:
            return Posted(before, duplicate=True)
        # Locked first and counted later: a number that is taken and not used would be a hole.
        if await store.lock_room(work.db, room_id) is None or not await store.is_member(work.db, room_id, author_id):
            return None
        author = await self._author(work.db, author_id)
        recipient = await self._author(work.db, int(card["recipient_id"]))
        gift = GiftCard(recipient, card["amount"], card["symbol"], card["note"])
        seq = await store.next_seq(work.db, room_id)
        assert seq is not None
        body, now = policy.check_body(body), self._clock.now_ms()
        message = Message(self._ids.new(), room_id, seq, client_id, author, body, now, card=gift)
        if not await message_store.add_message(work.db, message):
            raise Contention("The same card is being posted by another request")
        await self._log.append_posted(work, message)
        return Posted(message, duplicate=False)

    async def open(self, db: Connection, actor: Actor, room_id: int) -> Membership:
        """The room as its member sees it. Raises `NotAMember`."""
        found = await store.membership(db, room_id, actor.id)
        if found is None:
            await access.refuse(db, room_id)
        assert found is not None
        return found

    async def rooms(self, db: Connection, actor: Actor) -> list[Membership]:
        """The rooms the person is in."""
        return await store.memberships(db, actor.id)

    async def is_member(self, db: Connection, account_id: int, room_id: int) -> bool:
        """Whether a person is in a room, for rooms of the product that have no actor."""
        return await store.is_member(db, room_id, account_id)

    async def heads(self, db: Connection, account_id: int) -> dict[int, int]:
        """The newest event number of each room the person is in."""
        return await store.heads(db, account_id)

    async def discover(self, db: Connection, actor: Actor, search: str, limit: int) -> list[tuple[Room, bool]]:
        """Public rooms to join, and whether the person is in them already."""
        return await store.discover(db, actor.id, search, limit)

    async def members(self, db: Connection, actor: Actor, room_id: int, limit: int) -> list[Member]:
        """Who is in the room, for its members."""
        await access.require_member(db, room_id, actor.id)
        return await store.members(db, room_id, limit=limit)

    async def history(
        self, db: Connection, actor: Actor, room_id: int, *, before: int | None, after: int | None, limit: int
    ) -> Page:
        """A page of messages: after a number, before a number, or the latest."""
        await access.require_member(db, room_id, actor.id)
        if after is not None:
            return await message_store.page_after(db, room_id, after, limit, reader_id=actor.id)
        newest = 2**63 - 1 if before is None else before
        return await message_store.page_before(db, room_id, newest, limit, reader_id=actor.id)

    async def catch_up(self, db: Connection, actor: Actor, room_id: int, since: int, limit: int) -> Catchup:
        """What happened in the room after `since`. Membership is checked here too, not only when opening."""
        await access.require_member(db, room_id, actor.id)
        room = await store.room(db, room_id)
        assert room is not None
        if since > room.head or room.head - since > limit:
            return Catchup([], room.head, limited=True)
        events = await message_store.events_after(db, room, since, limit, reader_id=actor.id)
        return Catchup(events, events[-1].seq if events else since, limited=False)

    async def read(self, work: UnitOfWork, actor: Actor, room_id: int, seq: int) -> Membership:
        """Note that the person has read up to an event. A position never goes back nor past the newest event."""
        moved = await store.move_read(work.db, room_id, actor.id, seq)
        found = await self.open(work.db, actor, room_id)
        if moved:
            work.record(ReadMoved(room_id, actor.id, found.read_seq, found.unread))
        return found

    async def _enter(self, work: UnitOfWork, actor: Actor, room_id: int) -> bool:
        if await store.membership_count(work.db, actor.id) >= policy.MEMBERSHIPS_MAX:
            raise MembershipLimitReached(f"One can be in {policy.MEMBERSHIPS_MAX} rooms", limit=policy.MEMBERSHIPS_MAX)
        now = self._clock.now_ms()
        first = await store.enter(work.db, room_id, actor.id, read_seq=0, at=now)
        entered = await self._log.append(work, room_id, "member.changed", actor, actor.id)
        await store.move_read(work.db, room_id, actor.id, entered.seq)
        return first

    async def _membership(self, db: Connection, room_id: int, account_id: int) -> Membership:
        found = await store.membership(db, room_id, account_id)
        assert found is not None
        return found

    async def _author(self, db: Connection, account_id: int) -> Author:
        person = await accounts.person(db, account_id)
        if person is None:
            raise NotFound("There is no such person")
        return Author(person.id, person.username)

    async def _room_made_before(self, db: Connection, actor: Actor, asked: Room, client_id: str) -> Membership:
        made = await store.room_made_with(db, actor.id, client_id)
        if made is None:
            raise Contention("The same room is being made by another request")
        if (made.name, made.topic) != (asked.name, asked.topic):
            raise ClientIdReused("This client_id made another room")
        found = await store.membership(db, made.id, actor.id)
        return found or Membership(made, "owner", made.head, 0)

    @staticmethod
    def _posted_before(before: Message, room_id: int, body: str, file_ids: Sequence[int]) -> Posted:
        same = (before.room_id, before.body, [file.id for file in before.files]) == (room_id, body, list(file_ids))
        if not same:
            raise ClientIdReused("This client_id was used for another message")
        return Posted(before, duplicate=True)
