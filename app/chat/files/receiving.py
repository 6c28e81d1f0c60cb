"""Taking files in, and removing those that came to nothing.

The bytes go to a storage that knows no transactions. So the row comes first, with the storage it may fill already set
aside, and goes last: whatever stops in between leaves a row that says what there is to remove.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from functools import partial

import structlog

from app.accounts.entitlements import Entitlements
from app.chat import access
from app.chat.files import policy, store
from app.chat.files.errors import (
    FileEmpty,
    FileNotFound,
    FileShownAlready,
    FileTooLarge,
    PictureTooLarge,
    StorageFull,
)
from app.chat.files.model import Content, Draft
from app.chat.files.pictures import picture_size
from app.chat.files.sniffing import HEAD_BYTES, sniff
from app.chat.model import File
from app.core.actor import Actor
from app.core.clock import Clock
from app.core.errors import Invalid, TooMany, Unavailable
from app.core.ids import Ids
from app.infra.database import Database
from app.infra.object_storage import ObjectStorage
from app.infra.tasks import settle
from app.infra.unit_of_work import Transactor, UnitOfWork
from app.infra.upload import ENVELOPE_BYTES, Upload, UploadCut

BATCH = 100
"""How many files one round removes at most; what is left waits for the next."""

log = structlog.get_logger(__name__)


class Receiving:
    """Takes files in, each in a transaction before its bytes and one after them."""

    def __init__(
        self,
        storage: ObjectStorage,
        database: Database,
        transactor: Transactor,
        entitlements: Entitlements,
        *,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._storage = storage
        self._database = database
        self._transactor = transactor
        self._entitlements = entitlements
        self._clock = clock
        self._ids = ids
        self._under_way: Counter[int] = Counter()

    async def receive(self, actor: Actor, room_id: int, upload: Upload) -> File:
        """Store a file for a message that is yet to be sent. Nothing of it is kept when it is refused or cut.

        Raises `NotFound` and `NotAMember` of the room, `FileTooLarge`, `StorageFull`, `FileEmpty`, `PictureTooLarge`,
        `UploadCut`, `TooMany` uploads at once, and `Invalid` for a malformed form or more bytes than were announced.
        """
        with self._place(actor):
            return await self._receive(actor, room_id, upload)

    async def discard(self, actor: Actor, file_id: int) -> None:
        """Remove a person's own file that no message shows. Raises `FileNotFound` and `FileShownAlready`."""
        await self._transactor.run(partial(self._take_back, actor=actor, file_id=file_id))
        await self._remove(file_id)

    async def collect(self) -> int:
        """Remove files that waited a day for a message, or for their own bytes, in vain; return how many."""
        before = self._clock.now_ms() - policy.UNUSED_MS
        await self._transactor.run(lambda work: store.discard_unused(work.db, before, BATCH))
        async with self._database.reader() as db:
            found = await store.discarded(db, before, BATCH)
        for file_id in found:
            try:
                await self._remove(file_id)
            except Unavailable:
                # Told in the log by the storage. One that cannot be removed does not keep the others.
                continue
        return len(found)

    @contextmanager
    def _place(self, actor: Actor) -> Iterator[None]:
        if self._under_way[actor.id] >= policy.UPLOADS_AT_ONCE:
            raise TooMany(1, f"At most {policy.UPLOADS_AT_ONCE} uploads at once")
        self._under_way[actor.id] += 1
        try:
            yield
        finally:
            self._under_way[actor.id] -= 1
            if not self._under_way[actor.id]:
                del self._under_way[actor.id]

    async def _receive(self, actor: Actor, room_id: int, upload: Upload) -> File:
        draft = await self._transactor.run(partial(self._begin, actor=actor, room_id=room_id, upload=upload))
        try:
            passing = Passing(upload, draft)
            await self._storage.put(object_key(draft.id), passing.chunks())
            content = passing.content
            assert content is not None
            await self._transactor.run(partial(self._finish, draft=draft, content=content))
        except BaseException:
            await settle(self._undo(draft.id))
            raise
        return File(draft.id, draft.name, content.size, content.media_type, content.width, content.height)

    async def _begin(self, work: UnitOfWork, actor: Actor, room_id: int, upload: Upload) -> Draft:
        await access.require_member(work.db, room_id, actor.id)
        benefits = await self._entitlements.benefits(work.db, actor.id)
        largest = benefits.file
        if upload.announced is not None and upload.announced - ENVELOPE_BYTES > largest:
            raise FileTooLarge(f"A file has at most {largest} bytes", limit=largest)
        reserved = min(largest, largest if upload.announced is None else max(1, upload.announced))
        if not await store.reserve(work.db, actor.id, reserved, benefits.storage):
            used = await store.used(work.db, actor.id)
            detail = f"Your files may take {benefits.storage} bytes and take {used}"
            raise StorageFull(detail, limit=benefits.storage, used=used)
        name, now = policy.clean_name(upload.name), self._clock.now_ms()
        draft = Draft(self._ids.new(), actor.id, room_id, name, reserved, largest, now)
        await store.add(work.db, draft)
        return draft

    async def _finish(self, work: UnitOfWork, draft: Draft, content: Content) -> None:
        if not await store.complete(work.db, draft.id, content):
            raise UploadCut("It took more than a day")
        await store.release(work.db, draft.owner_id, draft.reserved - content.size)

    async def _take_back(self, work: UnitOfWork, actor: Actor, file_id: int) -> None:
        found = await store.file(work.db, file_id)
        if found is None or found.owner_id != actor.id:
            raise FileNotFound
        if not await store.discard(work.db, file_id):
            raise FileShownAlready

    async def _undo(self, file_id: int) -> None:
        try:
            await self._transactor.run(lambda work: store.discard(work.db, file_id))
            await self._remove(file_id)
        except Exception:
            # The refusal that led here is what the person is to hear; the row stays and is collected later.
            log.exception("upload_not_undone", file=file_id)

    async def _remove(self, file_id: int) -> None:
        await self._storage.delete(object_key(file_id))
        await self._transactor.run(lambda work: store.forget(work.db, file_id))


class Passing:
    """Counts, hashes and looks at the beginning of a file while it passes; afterwards, `content` says what it was."""

    def __init__(self, upload: Upload, draft: Draft) -> None:
        self._upload = upload
        self._draft = draft
        self._size = 0
        self._hash = hashlib.sha256()
        self._head = bytearray()
        self.content: Content | None = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes of the file. What is to be refused is refused before the last of them has passed."""
        async for chunk in self._upload.chunks():
            self._size += len(chunk)
            if self._size > self._draft.reserved:
                raise self._too_many()
            self._hash.update(chunk)
            self._head += chunk[: HEAD_BYTES - len(self._head)]
            yield chunk
        if self._size == 0:
            raise FileEmpty
        self.content = self._look()

    def _look(self) -> Content:
        head = bytes(self._head)
        media_type = sniff(head)
        size = picture_size(media_type, head)
        if size is not None and size[0] * size[1] > policy.PIXELS_MAX:
            raise PictureTooLarge(f"A picture has at most {policy.PIXELS_MAX} pixels", limit=policy.PIXELS_MAX)
        if size is None and media_type in policy.PICTURES:
            media_type = policy.OPAQUE
        width, height = size or (None, None)
        return Content(self._size, self._hash.hexdigest(), media_type, width, height)

    def _too_many(self) -> FileTooLarge | Invalid:
        if self._draft.reserved < self._draft.largest:
            return Invalid("More bytes came than were announced")
        return FileTooLarge(f"A file has at most {self._draft.largest} bytes", limit=self._draft.largest)


def object_key(file_id: int) -> str:
    """Where the bytes of a file lie: under its id, which nobody chooses."""
    return str(file_id)
