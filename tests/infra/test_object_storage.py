"""Objects in a folder and in a bucket: whole or not at all, in pieces, and what is away is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from app.core.errors import Unavailable
from app.infra.object_storage import PART_BYTES, ObjectStorage
from tests.harness.application import served
from tests.harness.s3 import Bucket

LARGE = bytes(range(256)) * (2 * PART_BYTES // 256 + 9)
"""More than two parts."""


@dataclass(frozen=True, slots=True)
class Place:
    """A storage, and what is in it behind its back."""

    storage: ObjectStorage
    kept: Callable[[], dict[str, bytes]]


async def pieces(content: bytes, *, size: int = 70_000) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


async def read(storage: ObjectStorage, key: str, start: int, end: int) -> bytes:
    return b"".join([piece async for piece in await storage.read(key, start, end)])


@pytest.fixture
async def bucket(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bucket]:
    bucket = Bucket("hall")
    async with served(bucket) as base_url:
        for name, value in {
            "AWS_ENDPOINT_URL": base_url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "something",
            "AWS_REGION": "nowhere",
        }.items():
            monkeypatch.setenv(name, value)
        yield bucket


@pytest.fixture(params=["folder", "bucket"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Both kinds; a test that uses it runs once with each."""
    folder = tmp_path / "files"
    if request.param == "folder":
        storage = ObjectStorage(None, folder)
        storage.open()
        return Place(storage, lambda: {path.name: path.read_bytes() for path in folder.iterdir()})
    bucket: Bucket = request.getfixturevalue("bucket")
    storage = ObjectStorage("s3://hall/files", folder)
    storage.open()
    return Place(storage, lambda: {key.removeprefix("files/"): value for key, value in bucket.objects.items()})


@pytest.mark.parametrize("content", [b"short", LARGE], ids=["one part", "several parts"])
async def test_an_object_is_read_as_it_was_written(place: Place, content: bytes) -> None:
    await place.storage.put("7", pieces(content))
    assert place.kept() == {"7": content}
    assert await read(place.storage, "7", 0, len(content)) == content
    assert await read(place.storage, "7", 1, 4) == content[1:4]


async def test_what_fails_half_way_leaves_nothing(place: Place) -> None:
    async def broken() -> AsyncIterator[bytes]:
        async for piece in pieces(LARGE):
            yield piece
        raise LookupError("half way")

    with pytest.raises(LookupError, match="half way"):
        await place.storage.put("7", broken())
    assert place.kept() == {}


async def test_what_is_cancelled_leaves_nothing(place: Place) -> None:
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield LARGE
        begun.set()
        await asyncio.Event().wait()

    writing = asyncio.ensure_future(place.storage.put("7", endless()))
    await begun.wait()
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert place.kept() == {}


async def test_removing_what_is_not_there_is_fine(place: Place) -> None:
    await place.storage.put("7", pieces(b"short"))
    for _ in range(2):
        await place.storage.delete("7")
    assert place.kept() == {}
    with pytest.raises(Unavailable):
        await place.storage.read("7", 0, 1)


async def test_what_a_crash_left_half_written_is_removed_too(tmp_path: Path) -> None:
    writing = ObjectStorage(None, tmp_path)
    writing.open()
    begun = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        yield LARGE
        begun.set()
        await asyncio.Event().wait()

    task = asyncio.ensure_future(writing.put("7", endless()))
    await begun.wait()
    (left,) = tmp_path.iterdir()
    (tmp_path / "crashed").mkdir()
    crashed = tmp_path / "crashed" / left.name
    crashed.write_bytes(b"half")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    after = ObjectStorage(None, tmp_path / "crashed")
    after.open()
    await after.delete("7")
    assert not crashed.exists()


async def test_a_bucket_that_refuses_is_said(bucket: Bucket, tmp_path: Path) -> None:
    storage = ObjectStorage("s3://hall", tmp_path)
    storage.open()
    bucket.refusing = True
    with pytest.raises(Unavailable):
        await storage.put("7", pieces(b"short"))
    with pytest.raises(Unavailable):
        await storage.read("7", 0, 1)
    assert list(tmp_path.iterdir()) == []


async def test_a_storage_is_opened_before_it_is_used(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="not open"):
        await ObjectStorage(None, tmp_path / "files").delete("7")
