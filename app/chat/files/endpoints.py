"""HTTP operations of this room."""

from __future__ import annotations

from functools import partial

from app.chat.errors import NotAMember
from app.chat.files import policy
from app.chat.files.errors import FileEmpty, FileNotFound, FileShownAlready, FileTooLarge, PictureTooLarge, StorageFull
from app.chat.files.receiving import Receiving, object_key
from app.chat.files.schemas import File, Storage, UploadQuery
from app.chat.files.service import Files
from app.core.actor import Actor
from app.core.errors import NotFound
from app.infra.database import Connection
from app.infra.download import Download
from app.infra.http import Operation
from app.infra.object_storage import ObjectStorage
from app.infra.rate_limit import RateLimit
from app.infra.unit_of_work import UnitOfWork
from app.infra.upload import Upload
from app.infra.wire import Id


class FileEndpoints:
    """Files in and out. They are shown in rooms by messages, over the socket."""

    def __init__(
        self, files: Files, receiving: Receiving, storage: ObjectStorage, *, uploads: RateLimit, openings: RateLimit
    ) -> None:
        self._files = files
        self._receiving = receiving
        self._storage = storage
        self._uploads = uploads
        self._openings = openings

    def operations(self) -> list[Operation]:
        tag = "files"
        inside = (FileNotFound, NotAMember)
        refused = (NotFound, NotAMember, FileTooLarge, StorageFull, FileEmpty, PictureTooLarge)
        file, opened = "/api/files/{file_id}", "/api/files/{file_id}/opened"
        return [
            Operation("POST", "/api/files", self.upload_file, 201, refused, tag=tag),
            Operation("GET", file, self.download_file, 200, inside, tag=tag),
            Operation("DELETE", file, self.discard_file, 204, (FileNotFound, FileShownAlready), tag=tag),
            Operation("POST", opened, self.file_opened, 204, inside, tag=tag),
            Operation("GET", "/api/storage", self.storage, tag=tag),
        ]

    async def upload_file(self, actor: Actor, query: UploadQuery, upload: Upload) -> File:
        """Store a file for a message of a room.

        A message shows it when it is sent with the id that is answered. Until then nobody else can read it, and after
        a day it is removed.
        """
        self._uploads.take(actor.id)
        return File.of(await self._receiving.receive(actor, query.room_id, upload))

    async def download_file(self, db: Connection, actor: Actor, file_id: Id) -> Download:
        """Read a file of a room that one is in, or of one's own."""
        found = await self._files.readable(db, actor, file_id)
        served = policy.served_type(found.file.media_type)
        return Download(
            name=found.file.name,
            size=found.file.size,
            media_type=served,
            tag=found.sha256,
            inline=served in policy.INLINE,
            read=partial(self._storage.read, object_key(file_id)),
        )

    async def discard_file(self, actor: Actor, file_id: Id) -> None:
        """Remove a file of one's own that no message shows."""
        await self._receiving.discard(actor, file_id)

    async def file_opened(self, work: UnitOfWork, actor: Actor, file_id: Id) -> None:
        """Say that one has opened a file, to look at it or to keep it.

        To be sent when a person chose to, not when a program reads ahead.
        """
        self._openings.take(actor.id)
        await self._files.opened(work, actor, file_id)

    async def storage(self, db: Connection, actor: Actor) -> Storage:
        """What one's files take, and what they may."""
        return Storage.of(await self._files.storage(db, actor))
