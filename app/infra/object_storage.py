"""Where the bytes of files lie: a folder of this machine, or a bucket that is spoken to by S3."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from app.core.errors import Unavailable
from app.infra.tasks import settle

PART_BYTES = 5 * 1024 * 1024
"""The least that S3 takes as a part."""

FOLDER_PART_BYTES = 1024 * 1024

PARTS_AT_ONCE = 2
"""An object that is being written holds as many parts in memory, and the one that is being filled."""

READ_BYTES = 256 * 1024

log = structlog.get_logger(__name__)


class ObjectStorage:
    """Objects by key, written and read in pieces, never held whole.

    `url` is like `s3://bucket/prefix`; what else a bucket needs is read from the usual AWS_ variables. Without it the
    objects are files of `folder`.
    """

    def __init__(self, url: str | None, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._opened: ObjectStore | None = None

    def open(self) -> None:
        """Make the folder, or prepare to speak to the bucket. Called before anything else, once."""
        self._opened = from_url(self._url) if self._url else LocalStore(self._folder, mkdir=True)

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        """Store an object whole, or not at all when `chunks` raises or the caller is cancelled.

        Returns when it would survive a loss of power. Raises what `chunks` raises, and `Unavailable`.
        """
        try:
            with _reachable(key):
                await self._write(key, chunks)
        except BaseException:
            with suppress(Unavailable):
                await settle(self.delete(key))
            raise

    async def read(self, key: str, start: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `start` up to, and without, `end`; at least one. Raises `Unavailable`, also for no object."""
        with _reachable(key):
            found = await obstore.get_async(self._store, key, options={"range": (start, end)})
        return _pieces(found)

    async def delete(self, key: str) -> None:
        """Remove an object, or what a crash left of one. None being there is fine. Raises `Unavailable`."""
        with _reachable(key):
            if self._url is None:
                # The library writes beside the place and renames at the end.
                await asyncio.to_thread((self._folder / f"{key}#1").unlink, missing_ok=True)
            with suppress(FileNotFoundError):
                await obstore.delete_async(self._store, key)

    async def _write(self, key: str, chunks: AsyncIterator[bytes]) -> None:
        part = FOLDER_PART_BYTES if self._url is None else PART_BYTES
        writer = obstore.open_writer_async(self._store, key, buffer_size=part, max_concurrency=PARTS_AT_ONCE)
        # A step of the library that is cancelled goes on in its own thread; so each is let come to its end.
        async for chunk in chunks:
            await settle(_finished(writer.write(chunk)))
        await settle(_finished(writer.close()))
        if self._url is None:
            await settle(asyncio.to_thread(_sync, self._folder / key))

    @property
    def _store(self) -> ObjectStore:
        if self._opened is None:
            raise RuntimeError("The object storage is not open")
        return self._opened


async def _finished(step: Awaitable[object]) -> None:
    await step


async def _pieces(found: obstore.GetResult) -> AsyncIterator[bytes]:
    async for piece in found.stream(min_chunk_size=READ_BYTES):
        yield bytes(piece)


@contextmanager
def _reachable(key: str) -> Iterator[None]:
    """Turn what a disk or a bucket complains of into a refusal."""
    try:
        yield
    except (BaseError, OSError) as error:
        log.exception("object_storage_failed", key=key)
        raise Unavailable("Files cannot be reached right now") from error


def _sync(path: Path) -> None:
    """Make a file and its name durable; the library renames without doing so."""
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
