"""A client that speaks the frames itself, so that it can say what no library would."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import websockets
from websockets.asyncio.client import ClientConnection

SECONDS = 5


class RawSocket:
    """One WebSocket with the Engine.IO handshake done. Frames are strings such as `42["room.open",{}]`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._numbers = itertools.count(1)

    async def send(self, *frames: str | bytes) -> None:
        for frame in frames:
            await self.socket.send(frame)

    async def receive(self) -> str:
        """The next frame that is no heartbeat, as text."""
        async with asyncio.timeout(SECONDS):
            while (frame := await self.socket.recv()) == "2":
                await self.socket.send("3")
            return frame if isinstance(frame, str) else repr(frame)

    async def receive_starting(self, start: str) -> str:
        """The next frame that starts so; others are passed over."""
        while not (frame := await self.receive()).startswith(start):
            pass
        return frame

    async def enter(self, token: str) -> None:
        """Connect to the namespace as somebody."""
        await self.send("40" + json.dumps({"token": token}))
        await self.receive_starting("40")

    async def command(self, *event: Any) -> Any:
        """Emit an event of any shape with an acknowledgement asked for, and return that."""
        number = next(self._numbers)
        await self.send(f"42{number}{json.dumps(event)}")
        (ack,) = json.loads((await self.receive_starting(f"43{number}["))[len(f"43{number}") :])
        return ack

    async def closed(self) -> int:
        """Wait until the server has closed the connection; its close code."""
        async with asyncio.timeout(SECONDS):
            try:
                while True:
                    await self.socket.recv()
            except websockets.ConnectionClosed:
                return self.socket.close_code or 0


@asynccontextmanager
async def raw_socket(base_url: str, **options: Any) -> AsyncIterator[RawSocket]:
    """Open a WebSocket to the server and read its first frame."""
    url = base_url.replace("http", "ws", 1) + "/socket.io/?EIO=4&transport=websocket"
    async with websockets.connect(url, **{"max_size": None, "close_timeout": 1, **options}) as socket:
        raw = RawSocket(socket)
        assert (await raw.receive()).startswith("0{")
        yield raw
