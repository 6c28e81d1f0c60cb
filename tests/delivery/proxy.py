"""A faulty network: stands on loopback between one client and the server, and loses, delays and cuts as it is told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

_TEXT = 0x81
"""First byte of an unfragmented text frame, the only kind Socket.IO sends without attachments."""


class Proxy:
    """Passes bytes on. Of the server's WebSocket answers, `loses` picks the text frames that never arrive."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream_port = upstream_port
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.loses: Callable[[str], bool] = lambda text: False
        self.lost: list[str] = []
        """Every frame that was lost so far, oldest first."""

    @property
    def base_url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Reset every connection, as a lost network does. New ones are accepted."""
        for writer in self._writers:
            writer.transport.abort()

    async def stall(self, seconds: float) -> None:
        """Read nothing from the server for a while: the client is slow."""
        self._flowing.clear()
        try:
            await asyncio.sleep(seconds)
        finally:
            self._flowing.set()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._connect(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass  # one side is gone, which is what this network is for
        finally:
            self._tasks.discard(task)
            writer.transport.abort()
            self._writers.discard(writer)

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        upstream_reader, upstream = await asyncio.open_connection("127.0.0.1", self._upstream_port)
        self._writers.add(upstream)
        asking = asyncio.create_task(_pass_on(reader, upstream))
        answering = asyncio.create_task(self._answer(upstream_reader, writer))
        try:
            await asyncio.wait({asking, answering}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (asking, answering):
                task.cancel()
            await asyncio.gather(asking, answering, return_exceptions=True)
            upstream.transport.abort()
            self._writers.discard(upstream)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        writer.write(head)
        if b" 101 " not in head.partition(b"\r\n")[0]:
            await _pass_on(reader, writer)
            return
        while True:
            await self._flowing.wait()
            frame, text = await read_frame(reader)
            if text is not None and self.loses(text):
                self.lost.append(text)
                continue
            writer.write(frame)
            await writer.drain()


async def read_frame(reader: asyncio.StreamReader) -> tuple[bytes, str | None]:
    """One WebSocket frame of a server, which masks nothing: its bytes, and its text if it is a text frame."""
    head = await reader.readexactly(2)
    length = head[1] & 0x7F
    if length >= 126:
        extended = await reader.readexactly(2 if length == 126 else 8)
        head += extended
        length = int.from_bytes(extended)
    payload = await reader.readexactly(length)
    return head + payload, payload.decode() if head[0] == _TEXT else None


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
