"""The beacon: visits every socket now and then, because a lost last event leaves no gap to notice."""

from __future__ import annotations

import asyncio
import random

import structlog

from app.accounts.service import Accounts
from app.chat.service import Chat
from app.core.clock import Clock
from app.infra.database import Database
from app.infra.epoch import Epoch
from app.realtime.connections import Connected, Connections
from app.realtime.contract import RoomsHeads
from app.realtime.pushes import Sender

JITTER = 0.1
TICK_SECONDS = 0.5

log = structlog.get_logger(__name__)


class Beacon:
    """Tells how far rooms have come: all of them on connecting, then about every `interval_s` seconds what changed.

    A session that has ended meanwhile, wherever that was done, is noticed by the same visit.
    """

    def __init__(
        self,
        chat: Chat,
        accounts: Accounts,
        database: Database,
        sender: Sender,
        connections: Connections,
        *,
        clock: Clock,
        epoch: Epoch,
        interval_s: float,
    ) -> None:
        self._chat = chat
        self._accounts = accounts
        self._database = database
        self._sender = sender
        self._connections = connections
        self._clock = clock
        self._epoch = epoch
        self._interval_s = interval_s

    async def first_visit(self, connected: Connected) -> None:
        """Send the heads of all rooms of a socket's person."""
        await self._visit(connected, even_if_nothing=True)

    async def run(self) -> None:
        """Send beacons as they fall due, until cancelled."""
        while True:
            await asyncio.sleep(min(TICK_SECONDS, self._interval_s / 2))
            now = self._clock.now_ms()
            for connected in self._connections.all():
                if connected.beacon_at_ms <= now:
                    connected.beacon_at_ms = self.next_visit_ms()
                    await self._revisit(connected)

    def next_visit_ms(self) -> int:
        """When a new socket is due. Jittered, so that sockets that came together do not stay together."""
        return self._clock.now_ms() + int(self._interval_s * 1000 * random.uniform(1 - JITTER, 1 + JITTER))

    async def _revisit(self, connected: Connected) -> None:
        try:
            await self._visit(connected, even_if_nothing=False)
        except Exception:
            log.exception("beacon_failed", account=connected.actor.id)

    async def _visit(self, connected: Connected, *, even_if_nothing: bool) -> None:
        async with self._database.reader() as db:
            valid = await self._accounts.session_is_valid(db, connected.actor.session_id)
            heads = await self._chat.heads(db, connected.actor.id)
        if not valid:
            await self._sender.revoke(connected.sid)
            return
        changed = {str(room): seq for room, seq in heads.items() if connected.heads_told.get(room) != seq}
        if changed or even_if_nothing:
            await self._sender.send(RoomsHeads(epoch=str(self._epoch), heads=changed), connected.sid)
        connected.heads_told = heads
