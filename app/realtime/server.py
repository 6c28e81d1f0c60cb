"""The only file that speaks Socket.IO: connections, acknowledgements, and sending to rooms."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from time import monotonic
from typing import Any, Protocol

import socketio
import structlog
from socketio.exceptions import ConnectionRefusedError as Refusal
from starlette.types import ASGIApp
from typing_extensions import override

from app.core.actor import Actor
from app.core.errors import AppError, Unauthenticated, Unavailable
from app.infra.rate_limit import RateLimit
from app.infra.telemetry import Metrics
from app.realtime.contract import Push, SessionRevoked

FRAME_BYTES_MAX = 64 * 1024
"""The largest frame a client may send; a larger one closes its connection."""

BACKLOG_MAX = 1024
"""Packets waiting for one socket beyond which it is cut. It loses nothing: it reconnects and synchronises."""

STRANGER_SECONDS = 15.0
"""How long a transport may stay open that nobody has signed in through."""

FLUSH_ROUNDS, FLUSH_ROUND_SECONDS = 50, 0.02


class House(Protocol):
    """What the server asks about the sockets it accepts."""

    async def authenticate(self, token: str) -> Actor:
        """Whose token this is. Raises `Unauthenticated`."""
        ...

    async def joined(self, sid: str, actor: Actor) -> None:
        """A socket was let in; it has not been told yet."""
        ...

    async def answer(self, sid: str, actor: Actor, name: object, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """The acknowledgement of a command. Never raises."""
        ...

    def left(self, sid: str) -> None:
        """A socket that had joined is gone."""
        ...


log = structlog.get_logger(__name__)


class StrictServer(socketio.AsyncServer):  # type: ignore[misc]  # the library is untyped
    """The library, with what a hostile client can send turned into refusals instead of failures within."""

    async def _handle_event(self, eio_sid: str, namespace: str | None, ack_id: int | None, data: Any) -> None:
        """Pass an event on by any name: by `connect` or `disconnect` it would run the handlers of those moments."""
        name, *arguments = data if isinstance(data, list) and data else [""]
        if not isinstance(name, str) or name == "*" or name in self.reserved_events:
            name = ""
        await super()._handle_event(eio_sid, namespace, ack_id, [name, *arguments])

    async def _handle_eio_message(self, eio_sid: str, data: Any) -> None:
        """Close the connection of a client whose frame cannot be read."""
        try:
            await super()._handle_eio_message(eio_sid, data)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
            log.warning("unreadable_frame", error=type(error).__name__)
            await self.hang_up(eio_sid)

    async def hang_up(self, eio_sid: str) -> None:
        """Close a connection without waiting for its client, and let go of what waits to be sent."""
        socket = self.eio.sockets.get(eio_sid)
        if socket is None:
            return
        await socket.close(wait=False, abort=True)
        while not socket.queue.empty():
            socket.queue.get_nowait()
        # Ends the library's writer, which then closes the transport.
        socket.queue.put_nowait(None)


class LibraryLog(logging.Logger):
    """What the library complains of, on one line: nearly always it is a frame that no real client sends."""

    def __init__(self) -> None:
        super().__init__("socketio", logging.ERROR)

    @override
    def handle(self, record: logging.LogRecord) -> None:
        error = record.exc_info[0] if record.exc_info else None
        log.warning("socket_library", complaint=record.getMessage(), error=error.__name__ if error else None)


class RealtimeServer:
    """A Socket.IO server that lets nobody in unauthenticated and acknowledges every command."""

    def __init__(self, connects: RateLimit, metrics: Metrics, *, cookie: str) -> None:
        self._connects = connects
        self._metrics = metrics
        self._cookie = cookie
        self._actors: dict[str, Actor] = {}
        self._strangers: dict[str, float] = {}
        self._house: House | None = None
        # Handlers of one client run in order: two messages are stored in the order they were sent in. Origins other
        # than our own are refused by default. The library's info log would print message text.
        self._sio = StrictServer(
            async_mode="asgi",
            async_handlers=False,
            max_http_buffer_size=FRAME_BYTES_MAX,
            logger=LibraryLog(),
            engineio_logger=LibraryLog(),
        )
        self._sio.on("connect", self._on_connect)
        self._sio.on("disconnect", self._on_disconnect)
        self._sio.on("*", self._on_command)

    def asgi(self, other: ASGIApp) -> ASGIApp:
        """This server at /socket.io, and everything else, the lifespan included, to `other`."""
        app: ASGIApp = socketio.ASGIApp(self._sio, other_asgi_app=other)
        return app

    def serve(self, house: House) -> None:
        """Ask this house who people are and what to answer. Until then nobody is let in."""
        self._house = house

    async def send(self, push: Push, group: str, *, skip: str | None = None) -> None:
        """Send a push to a group of sockets, or to one by its sid."""
        self._metrics.pushes.labels(push.name).inc()
        data = push.model_dump(mode="json", exclude_unset=True)
        await self._sio.emit(push.name, data, room=group, skip_sid=skip)

    async def enter(self, sid: str, group: str) -> None:
        """Let a socket receive what is sent to a group."""
        await self._sio.enter_room(sid, group)

    async def leave(self, sid: str, group: str) -> None:
        """Let a socket receive it no longer."""
        await self._sio.leave_room(sid, group)

    async def revoke(self, sid: str) -> None:
        """Tell a socket that its session has ended, and close it."""
        await self.send(SessionRevoked(), sid)
        await self._sio.disconnect(sid)

    async def flush(self) -> None:
        """Wait until what was sent has left for its sockets, acknowledgements included, at most a second."""
        for _ in range(FLUSH_ROUNDS):
            await asyncio.sleep(FLUSH_ROUND_SECONDS)
            if all(socket.queue.empty() for socket in self._sio.eio.sockets.values()):
                return

    async def cut_slow_consumers(self) -> None:
        """Close sockets that do not read what they are sent."""
        for sid, actor in list(self._actors.items()):
            eio_sid = self._sio.manager.eio_sid_from_sid(sid, "/")
            socket = self._sio.eio.sockets.get(eio_sid)
            if socket is not None and socket.queue.qsize() > BACKLOG_MAX:
                log.warning("slow_consumer_cut", account=actor.id, backlog=socket.queue.qsize())
                await self._sio.hang_up(eio_sid)

    async def hang_up_on_strangers(self) -> None:
        """Close transports that were opened and then not signed in through, or whose session was refused."""
        known = {self._sio.manager.eio_sid_from_sid(sid, "/") for sid in self._actors}
        now = monotonic()
        self._strangers = {
            eio_sid: self._strangers.get(eio_sid, now) for eio_sid in self._sio.eio.sockets if eio_sid not in known
        }
        for eio_sid, since in self._strangers.items():
            if now - since > STRANGER_SECONDS:
                await self._sio.hang_up(eio_sid)

    async def _on_connect(self, sid: str, environ: Mapping[str, Any], auth: object = None) -> None:
        # A client can send an event of this name; only the library's own call comes before the socket is known.
        if sid in self._actors:
            return
        try:
            if self._house is None:
                raise Unavailable("The server is starting")
            self._connects.take(_address(environ))
            actor = await self._house.authenticate(self._token(environ, auth))
        except AppError as error:
            raise Refusal(error.detail, {"code": error.code, "detail": error.detail, **error.data}) from None
        except Exception:
            log.exception("bug", during="connect")
            detail = "Something went wrong; it was logged"
            raise Refusal(detail, {"code": "internal", "detail": detail}) from None
        self._actors[sid] = actor
        self._metrics.connections.set(len(self._actors))
        await self._house.joined(sid, actor)

    async def _on_disconnect(self, sid: str, reason: object = None) -> None:
        if self._actors.pop(sid, None) is None:
            return
        self._metrics.connections.set(len(self._actors))
        if self._house is not None:
            self._house.left(sid)

    async def _on_command(self, name: object, sid: str, *arguments: Any) -> dict[str, Any]:
        actor = self._actors.get(sid)
        if actor is None or self._house is None:
            return {"ok": False, "code": "unauthenticated", "detail": "Connect first", "retry": False}
        return await self._house.answer(sid, actor, name, arguments)

    def _token(self, environ: Mapping[str, Any], auth: object) -> str:
        if isinstance(auth, dict) and isinstance(token := auth.get("token"), str) and token:
            return token
        try:
            cookie = SimpleCookie(str(environ.get("HTTP_COOKIE", ""))).get(self._cookie)
        except CookieError:
            cookie = None
        if cookie is None:
            raise Unauthenticated
        return cookie.value


def _address(environ: Mapping[str, Any]) -> str:
    scope = environ.get("asgi.scope")
    client = scope.get("client") if isinstance(scope, dict) else None
    return str(client[0]) if client else "unknown"
