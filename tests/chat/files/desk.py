"""The desk where files are handed in: forms as clients send them, and what is kept of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request

from app.accounts.entitlements import Benefits
from app.chat.files import store
from app.chat.files.receiving import Receiving
from app.chat.model import File, Posted, Room
from app.core.actor import Actor
from app.infra.database import Connection
from app.infra.object_storage import ObjectStorage
from app.infra.upload import Upload
from tests.chat.talk import Talk

BOUNDARY = "frontier"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000003000000020802000000121616"
    "4d0000000c4944415478da63606060000000040001f61738550000000049454e44ae426082"
)
"""The beginning of a PNG of 3 x 2 pixels."""


def form(content: bytes, name: str = "note.txt") -> bytes:
    """A form with one file, as browsers send it."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
    return f"{head}Content-Type: text/html\r\n\r\n".encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


class Sender:
    """A client that sends a body in pieces, and may wait, lie about its length, or hang up."""

    def __init__(
        self,
        body: bytes,
        *,
        announced: int | None = None,
        piece: int = 1000,
        hangs_up: bool = False,
        waits_for: asyncio.Event | None = None,
        content_type: str = f"multipart/form-data; boundary={BOUNDARY}",
    ) -> None:
        self.pieces = [body[at : at + piece] for at in range(0, len(body), piece)]
        self.sent = 0
        self._hangs_up = hangs_up
        self._waits_for = waits_for
        headers = [(b"content-type", content_type.encode())]
        if announced is not None:
            headers.append((b"content-length", str(announced).encode()))
        self.request = Request({"type": "http", "method": "POST", "headers": headers}, self._receive)

    async def upload(self) -> Upload:
        return await Upload.begin(self.request)

    async def _receive(self) -> dict[str, Any]:
        if self.sent and self._waits_for is not None:
            await self._waits_for.wait()
        if self.sent == len(self.pieces):
            return {"type": "http.disconnect"}
        self.sent += 1
        more = self.sent < len(self.pieces) or self._hangs_up
        return {"type": "http.request", "body": self.pieces[self.sent - 1], "more_body": more}


class Allowed:
    """Entitlements that a test sets, the same for everybody."""

    def __init__(self) -> None:
        self.benefits_now = Benefits(storage=10_000, file=3_000)

    async def benefits(self, db: Connection, account_id: int) -> Benefits:
        return self.benefits_now


class Desk:
    """Takes files in for the people of a `Talk`."""

    def __init__(self, talk: Talk, folder: Path) -> None:
        self.talk, self.folder = talk, folder
        self.storage = ObjectStorage(None, folder)
        self.storage.open()
        self.allowed = Allowed()
        self.receiving = Receiving(
            self.storage, talk.database, talk.transactor, self.allowed, clock=talk.clock, ids=talk.ids
        )

    async def send(self, actor: Actor, room: Room | int, sender: Sender) -> File:
        room_id = room if isinstance(room, int) else room.id
        return await self.receiving.receive(actor, room_id, await sender.upload())

    async def hand_in(self, actor: Actor, room: Room, content: bytes = b"hello", name: str = "note.txt") -> File:
        body = form(content, name)
        return await self.send(actor, room, Sender(body, announced=len(body)))

    async def show(
        self, actor: Actor, room: Room, files: Sequence[File | int], body: str = "", *, client_id: str
    ) -> Posted:
        ids = [file if isinstance(file, int) else file.id for file in files]
        return await self.talk.transactor.run(
            lambda work: self.talk.chat.post(work, actor, room.id, client_id=client_id, body=body, file_ids=ids)
        )

    async def opened(self, actor: Actor, file: File) -> None:
        await self.talk.transactor.run(lambda work: self.talk.chat.files.opened(work, actor, file.id))

    async def used(self, actor: Actor) -> int:
        async with self.talk.database.reader() as db:
            return await store.used(db, actor.id)

    async def rows(self) -> int:
        async with self.talk.database.reader() as db:
            row = await db.one("SELECT COUNT(*) AS n FROM file")
        assert row is not None
        return int(row["n"])

    def kept(self) -> dict[str, bytes]:
        """The objects that are stored, those half written too."""
        return {path.name: path.read_bytes() for path in self.folder.iterdir()}
