"""Serving: one process per SQLite file, a socket, uvicorn, and an end that answers what was taken up."""

from __future__ import annotations

import asyncio
import fcntl
import gc
import socket
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import typer
import uvicorn
import uvloop
from typing_extensions import override

from app.main import Guildhall
from app.realtime.server import FRAME_BYTES_MAX
from app.settings import Settings

GRACE_SECONDS = 10


class CannotServe(Exception):
    """What stands in the way, for the operator."""


class DrainingServer(uvicorn.Server):
    """Answers commands in flight before it closes connections."""

    def __init__(self, config: uvicorn.Config, app: Guildhall, greet: str) -> None:
        super().__init__(config)
        self._guildhall = app
        self._greet = greet

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.should_exit:
            return
        spare_the_collector()
        typer.echo(f"Guildhall serves at {self._greet}")
        token = await self._guildhall.setup_token()
        if token is not None:
            typer.echo(f"Make the first administrator, once: {self._greet}/setup#{token}")

    @override
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._guildhall.drain()
        await super().shutdown(sockets)


def spare_the_collector() -> None:
    """Let the garbage collector look less often, and not at what is there by now.

    That stays for as long as the process lives; and a batch makes thousands of objects that end with it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def run_served(work: Coroutine[Any, Any, None]) -> None:
    """Run `work`, which serves, on the fast event loop. uvicorn chooses one only when it starts the loop itself."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(work)
        except CannotServe as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None


async def serve_until_stopped(settings: Settings, app: Guildhall) -> None:
    """Serve until a signal comes. Raises `CannotServe` when the address or the database is in use."""
    with _exclusive(settings), _listening(settings) as listener:
        address = settings.public_url or f"http://{settings.host}:{listener.getsockname()[1]}"
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=FRAME_BYTES_MAX,
            # Chat frames are small; deflate would cost memory for each connection and time for each frame.
            ws_per_message_deflate=False,
            # Engine.IO has a heartbeat of its own.
            ws_ping_interval=None,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        await DrainingServer(config, app, address).serve([listener])


@contextmanager
def _exclusive(settings: Settings) -> Iterator[None]:
    """SQLite has one writing process; a second would not see what the first tells its clients."""
    if settings.database_url is not None and not settings.effective_database_url.startswith("sqlite"):
        yield
        return
    with Path(settings.data_dir, "serve.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise CannotServe(f"Another process serves the data folder {settings.data_dir}") from None
        yield


@contextmanager
def _listening(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((settings.host, settings.port))
        except OSError as error:
            raise CannotServe(f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}") from None
        yield listener
