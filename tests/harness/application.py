"""The whole application inside the test process: its clock in the hand, its database fresh, its hashing instant."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Self

import uvicorn

from app.main import Guildhall
from app.realtime.server import FRAME_BYTES_MAX
from tests.harness.api import Api

PASSWORD = "correct horse battery"


class InstantHasher:
    """A `PasswordHasher` that costs nothing and remembers what it was asked to verify."""

    def __init__(self) -> None:
        self.verified: list[str | None] = []

    async def hash(self, password: str) -> str:
        return f"instant:{password[::-1]}"

    async def verify(self, hashed: str | None, password: str) -> bool:
        self.verified.append(hashed)
        # As the real one does, let others run meanwhile.
        await asyncio.sleep(0)
        return hashed == f"instant:{password[::-1]}"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody signed in, with a checked client of their own."""

    api: Api
    id: str
    username: str
    token: str

    @classmethod
    async def register(cls, api: Api, username: str, **more: Any) -> Self:
        """Make an account and sign in with it."""
        body = {"username": username, "password": PASSWORD, **more}
        signed_in = await api.post("/api/auth/register", json=body, expect=201)
        return cls.signed_in(api, signed_in)

    @classmethod
    def signed_in(cls, api: Api, answer: dict[str, Any]) -> Self:
        """The person an answer of signing in tells of."""
        api.raw.cookies.clear()
        api.raw.headers["Authorization"] = f"Bearer {answer['token']}"
        return cls(api, answer["user"]["id"], answer["user"]["username"], answer["token"])

    async def room(self, name: str = "Hall", **more: Any) -> dict[str, Any]:
        """Make a room."""
        made: dict[str, Any] = await self.api.post("/api/rooms", json={"name": name, **more}, expect=201)
        return made

    async def join(self, room_id: str) -> dict[str, Any]:
        """Enter a room."""
        joined: dict[str, Any] = await self.api.post(f"/api/rooms/{room_id}/join")
        return joined


async def errands_done(app: Guildhall) -> None:
    """Apply what waits in the outbox, and wait for what the application's own relay is at: others skip that."""
    async with asyncio.timeout(10):
        while await _waiting(app):
            await app.relay.drain()


async def _waiting(app: Guildhall) -> bool:
    async with app.database.reader() as db:
        return await db.one("SELECT id FROM outbox WHERE done_at IS NULL AND attempts = 0 LIMIT 1") is not None


class _QuietServer(uvicorn.Server):
    """uvicorn without its signal handlers, which belong to the test run."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def served(app: Guildhall | Any) -> AsyncIterator[str]:
    """Serve a started application on a free loopback port, by the protocols production uses; yields its base URL."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            app,
            ws="websockets-sansio",
            ws_max_size=FRAME_BYTES_MAX,
            ws_per_message_deflate=False,
            ws_ping_interval=None,
            lifespan="off",
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=1,
        )
        server = _QuietServer(config)
        serving = asyncio.create_task(server.serve([listener]))
        while not server.started and not serving.done():
            await asyncio.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            async with asyncio.timeout(5):
                await serving
