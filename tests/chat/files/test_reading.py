"""Files over HTTP: who may read them, in which parts, and that no browser runs anything in them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from app.core.actor import Actor
from app.main import Guildhall
from tests.chat.files.desk import BOUNDARY, PIXEL, form
from tests.harness.api import Api
from tests.harness.application import Person, served
from tests.harness.engines import SQLITE_ONLY

People = Callable[..., Awaitable[Person]]
CONTENT = bytes(range(256)) * 4096
"""A megabyte: more than one piece."""


@dataclass(frozen=True, slots=True)
class Hall:
    """A room of Ann's with Ben in it."""

    app: Guildhall
    ann: Person
    ben: Person
    room_id: str

    async def hand_in(self, content: bytes, name: str = "note.txt", *, expect: int = 201) -> dict[str, Any]:
        sent = {"params": {"room_id": self.room_id}, "files": {"file": (name, content, "text/html")}}
        answer: dict[str, Any] = await self.ann.api.post("/api/files", **sent, expect=expect)
        return answer

    async def share(self, content: bytes, name: str = "note.txt") -> str:
        """The address of a file that a message of Ann's shows."""
        file_id = (await self.hand_in(content, name))["id"]
        actor = Actor(int(self.ann.id), "ann", is_admin=False, session_id=1)
        await self.app.transactor.run(
            lambda work: self.app.chat.post(
                work, actor, int(self.room_id), client_id=f"c-{file_id}", body="", file_ids=[int(file_id)]
            )
        )
        return f"/api/files/{file_id}"

    async def read(self, address: str, **headers: str) -> httpx2.Response:
        return await self.ben.api.checked("GET", address, headers=headers)


@pytest.fixture
async def hall(app: Guildhall, person: People) -> Hall:
    ann, ben = await person("ann"), await person("ben")
    room = await ann.room()
    await ben.join(room["id"])
    return Hall(app, ann, ben, room["id"])


async def test_a_member_reads_what_was_sent(hall: Hall) -> None:
    file = await hall.hand_in(CONTENT, "ทดสอบ.bin")
    assert file == {
        "id": file["id"],
        "name": "ทดสอบ.bin",
        "size": len(CONTENT),
        "type": "application/octet-stream",
        "width": None,
        "height": None,
    }
    answer = await hall.read(await hall.share(CONTENT))
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-length"] == str(len(CONTENT))
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_membership_is_asked_each_time(hall: Hall, person: People) -> None:
    loose = f"/api/files/{(await hall.hand_in(b'not shown yet'))['id']}"
    shown = await hall.share(b"shown")
    eve = await person("eve")
    await hall.ann.api.get(loose)
    await hall.ben.api.get(loose, expect=404)
    await eve.api.get(loose, expect=404)
    await eve.api.get(shown, expect=403)
    await hall.ben.api.get(shown)
    await hall.ben.api.post(f"/api/rooms/{hall.room_id}/leave", expect=204)
    tag = (await hall.ann.api.checked("GET", shown)).headers["etag"]
    await hall.ben.api.get(shown, expect=403, headers={"If-None-Match": tag})
    await hall.ann.api.post(f"/api/rooms/{hall.room_id}/leave", expect=204)
    await hall.ann.api.get(shown)


RANGES = [
    ("bytes=0-0", 0, 1),
    ("bytes=5-9", 5, 10),
    ("bytes=1048570-", 1048570, 1048576),
    ("bytes=-3", 1048573, 1048576),
    ("bytes=-9999999", 0, 1048576),
    ("bytes=1048575-9999999", 1048575, 1048576),
]


@SQLITE_ONLY
async def test_a_part_can_be_asked_for(hall: Hall) -> None:
    address = await hall.share(CONTENT)
    for asked, start, end in RANGES:
        answer = await hall.read(address, Range=asked)
        assert (answer.status_code, answer.content) == (206, CONTENT[start:end]), asked
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/{len(CONTENT)}"
    for asked in ("bytes=1048576-", "bytes=-0", "bytes=9999999-10000000"):
        answer = await hall.read(address, Range=asked)
        assert (answer.status_code, answer.json()["size"]) == (416, len(CONTENT)), asked
    for asked in ("bytes=0-1,5-6", "bytes=9-5", "bytes=-", "pages=1-2", "bytes=a-b"):
        answer = await hall.read(address, Range=asked)
        assert (answer.status_code, answer.content) == (200, CONTENT), asked


@SQLITE_ONLY
async def test_a_file_that_is_known_is_not_sent_again(hall: Hall) -> None:
    address = await hall.share(CONTENT)
    tag = (await hall.read(address)).headers["etag"]
    assert tag == (await hall.read(await hall.share(CONTENT))).headers["etag"]
    for known in (tag, f'W/{tag}, "other"', "*"):
        answer = await hall.read(address, **{"If-None-Match": known})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await hall.read(address, **{"If-None-Match": '"other"'})).status_code == 200
    assert (await hall.read(address, **{"If-Range": tag, "Range": "bytes=0-0"})).status_code == 206
    assert (await hall.read(address, **{"If-Range": '"other"', "Range": "bytes=0-0"})).status_code == 200
    head = await hall.ben.api.raw.head(address)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, str(len(CONTENT)), b"")


HOSTILE = {
    "page.html": b"<!doctype html><script>alert(document.cookie)</script>",
    "drawing.svg": b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>',
    "code.js": b"alert(1)",
    "paper.pdf": b"%PDF-1.7 /JavaScript",
    "page.xhtml": b'<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>',
    "picture.png": b"\x89PNG\r\n\x1a\n<script>alert(1)</script>",
}


@SQLITE_ONLY
@pytest.mark.parametrize("name", list(HOSTILE))
async def test_what_holds_a_script_is_saved_and_never_run(hall: Hall, name: str) -> None:
    answer = await hall.read(await hall.share(HOSTILE[name], name), **{"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert "content-encoding" not in answer.headers
    assert answer.content == HOSTILE[name]


@SQLITE_ONLY
async def test_a_picture_is_shown_as_what_it_is_and_sandboxed_too(hall: Hall) -> None:
    answer = await hall.read(await hall.share(PIXEL, "page.html"))
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


@SQLITE_ONLY
async def test_a_name_is_carried_whole_and_breaks_no_header(hall: Hall) -> None:
    answer = await hall.read(await hall.share(b"x", "../../ภาพ; \\x.txt"))
    assert answer.headers["content-disposition"] == "attachment; filename=\"x.txt\"; filename*=UTF-8''x.txt"
    answer = await hall.read(await hall.share(b"x", "ภาพ 1;2.txt"))
    assert answer.headers["content-disposition"] == (
        "attachment; filename=\"___ 1;2.txt\"; filename*=UTF-8''%E0%B8%A0%E0%B8%B2%E0%B8%9E%201%3B2.txt"
    )


async def test_storage_is_told(hall: Hall) -> None:
    await hall.hand_in(bytes(5000))
    assert await hall.ann.api.get("/api/storage") == {"used": 5000, "limit": 2**30, "file": 10 * 2**20}


async def test_a_refusal_reaches_a_client_that_is_still_sending(hall: Hall) -> None:
    sent = {"params": {"room_id": hall.room_id}, "files": {"file": ("film.bin", bytes(30 * 2**20))}}
    async with served(hall.app) as base_url, Api(base_url, token=hall.ann.token) as api:
        refused = await api.post("/api/files", **sent, expect=413)
    assert (refused["code"], refused["limit"]) == ("file_too_large", 10 * 2**20)


async def test_a_connection_that_is_cut_leaves_nothing(hall: Hall, tmp_path: Path) -> None:
    body = form(bytes(300_000))
    head = (
        f"POST /api/files?room_id={hall.room_id} HTTP/1.1\r\nHost: hall\r\nAuthorization: Bearer {hall.ann.token}\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    async with served(hall.app) as base_url:
        host, _, port = base_url.removeprefix("http://").partition(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.write(head.encode() + body[:200_000])
        await writer.drain()
        while (await hall.ann.api.get("/api/storage"))["used"] == 0:
            await asyncio.sleep(0.01)
        writer.close()
        async with asyncio.timeout(10):
            while (await hall.ann.api.get("/api/storage"))["used"]:
                await asyncio.sleep(0.01)
    assert list((tmp_path / "files").iterdir()) == []
