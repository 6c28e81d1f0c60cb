"""Use cases of files that are there: show them in a message, read them, count who opened them."""

from __future__ import annotations

from collections.abc import Sequence

from app.accounts.entitlements import Entitlements
from app.chat import access
from app.chat.files import policy, store
from app.chat.files.errors import FileNotFound, FileShownAlready
from app.chat.files.events import FileOpened, FileShared
from app.chat.files.model import Storage, StoredFile
from app.chat.model import File, Message
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.errors import Invalid
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork


class Files:
    """Files belong to the room they were sent to, and are read by its members alone."""

    def __init__(self, entitlements: Entitlements, clock: Clock) -> None:
        self._entitlements = entitlements
        self._clock = clock

    async def show(self, work: UnitOfWork, message: Message, file_ids: Sequence[int]) -> tuple[File, ...]:
        """Let a message that was just stored show its author's files, in this order.

        Raises `FileNotFound`, also for a file of somebody else or of another room, and `FileShownAlready`.
        """
        shown: list[File] = []
        for place, file_id in enumerate(file_ids):
            found = await store.show(
                work.db, file_id, message.id, place, owner_id=message.author.id, room_id=message.room_id
            )
            if found is None:
                raise await self._why_not(work.db, message, file_id)
            shown.append(found.file)
            work.record(FileShared(file_id, message.id, message.room_id, message.author.id, found.sha256, message.at))
        return tuple(shown)

    async def readable(self, db: Connection, actor: Actor, file_id: int) -> StoredFile:
        """A file that a person may read: their own, or one that a message of a room they are in shows.

        Raises `FileNotFound` and `NotAMember`.
        """
        found = await store.file(db, file_id)
        if found is None or (found.message_id is None and found.owner_id != actor.id):
            raise FileNotFound
        if found.owner_id != actor.id:
            await access.require_member(db, found.room_id, actor.id)
        return found

    async def opened(self, work: UnitOfWork, actor: Actor, file_id: int) -> None:
        """Note that a person has opened a file. Having opened it before is fine; one's own does not count.

        Raises `FileNotFound` and `NotAMember`.
        """
        found = await self.readable(work.db, actor, file_id)
        if found.owner_id == actor.id:
            return
        now = self._clock.now_ms()
        people = await store.count_opening(work.db, file_id, actor.id, at=now)
        if people is not None:
            work.record(FileOpened(file_id, found.room_id, found.owner_id, people, now))

    async def storage(self, db: Connection, actor: Actor) -> Storage:
        """What a person's files take, and what they may."""
        benefits = await self._entitlements.benefits(db, actor.id)
        return Storage(await store.used(db, actor.id), benefits.storage, benefits.file)

    async def _why_not(self, db: Connection, message: Message, file_id: int) -> FileNotFound | FileShownAlready:
        found = await store.file(db, file_id)
        if found is None or (found.owner_id, found.room_id) != (message.author.id, message.room_id):
            return FileNotFound()
        return FileShownAlready()


def check_file_ids(file_ids: Sequence[int]) -> None:
    """Raise `Invalid` unless a message may have these files."""
    if len(set(file_ids)) < len(file_ids) or len(file_ids) > policy.FILES_MAX:
        raise Invalid(f"A message has at most {policy.FILES_MAX} files, each of them once")
