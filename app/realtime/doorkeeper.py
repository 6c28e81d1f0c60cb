"""What the realtime server asks about its sockets: who they are, and what to answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from app.core.actor import Actor
from app.infra.tasks import Tasks
from app.realtime.beacon import Beacon
from app.realtime.connections import Connected, Connections
from app.realtime.dispatch import Dispatcher
from app.realtime.presence import Presence
from app.realtime.pushes import person_group
from app.realtime.server import RealtimeServer


class Doorkeeper:
    """Lets sockets in, keeps the books of them, and passes their commands on."""

    def __init__(
        self,
        authenticate: Callable[[str], Awaitable[Actor]],
        dispatcher: Dispatcher,
        server: RealtimeServer,
        connections: Connections,
        presence: Presence,
        beacon: Beacon,
        tasks: Tasks,
    ) -> None:
        self._authenticate = authenticate
        self._dispatcher = dispatcher
        self._server = server
        self._connections = connections
        self._presence = presence
        self._beacon = beacon
        self._tasks = tasks

    async def authenticate(self, token: str) -> Actor:
        return await self._authenticate(token)

    async def answer(self, sid: str, actor: Actor, name: object, arguments: tuple[Any, ...]) -> dict[str, Any]:
        return await self._dispatcher.dispatch(sid, actor, name, arguments)

    async def joined(self, sid: str, actor: Actor) -> None:
        """Let the socket hear of its person's affairs, then tell it where its rooms stand."""
        connected = Connected(sid, actor, self._beacon.next_visit_ms())
        self._connections.add(connected)
        await self._server.enter(sid, person_group(actor.id))
        # In a task of its own: what is sent before the handshake is answered would overtake the answer.
        self._tasks.spawn(self._beacon.first_visit(connected), name="first-visit")

    def left(self, sid: str) -> None:
        """Forget a socket that is gone."""
        connected = self._connections.remove(sid)
        if connected is not None:
            self._presence.forget(sid, connected.actor.id)
