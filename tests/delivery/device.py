"""A client that keeps the delivery contract as the web client does: outbox, apply rule, sync, read positions."""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

import aiohttp
import httpx2
import socketio

from tests.delivery.intents import Answer, Intent
from tests.delivery.proxy import Proxy
from tests.delivery.timeline import Json, Timeline

ACK_SECONDS = 1.5
IDLE_SECONDS = 0.05
HISTORY_PAGE = 200
SYNC_LIMITS = (5, 40, 200)
"""A client that asks for few is told `limited` more often, and reloads through the history."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody registered. A person may have several devices."""

    id: str
    username: str
    token: str


class Refused(Exception):
    """The server refused what it had no reason to refuse."""


class Device:
    """One device of one person, in some rooms. `run` keeps it connected and at work until it is cancelled."""

    def __init__(self, person: Person, rooms: list[str], proxy: Proxy, chance: random.Random) -> None:
        self.person = person
        self.proxy = proxy
        self.timelines = {room: Timeline() for room in rooms}
        self.written: list[Intent] = []
        self.unsent: dict[str, deque[Intent]] = {room: deque() for room in rooms}
        self.read_upto = dict.fromkeys(rooms, 0)
        """How far this person means to have read here; confirmed up to `read_confirmed`."""
        self.read_confirmed = dict.fromkeys(rooms, 0)
        self.epoch = ""
        self.reloads = 0
        self._chance = chance
        self._sync_limit = chance.choice(SYNC_LIMITS)
        self._socket: socketio.AsyncClient | None = None
        self._online = asyncio.Event()

    @property
    def rooms(self) -> list[str]:
        return list(self.timelines)

    @property
    def online(self) -> bool:
        """Whether it is connected and has opened its rooms."""
        return self._online.is_set()

    @property
    def idle(self) -> bool:
        """Whether everything it meant to send or to mark as read was confirmed."""
        return not any(self.unsent.values()) and self.read_upto == self.read_confirmed

    def post(self, intent: Intent) -> None:
        """Queue a message; it is sent after those of its room that wait already."""
        self.written.append(intent)
        self.unsent[intent.room_id].append(intent)

    def read(self, room: str) -> None:
        """Mark what has arrived as read."""
        self.read_upto[room] = max(self.read_upto[room], self.timelines[room].last)

    async def run(self) -> None:
        async with (
            aiohttp.ClientSession() as http,
            httpx2.AsyncClient(base_url=self.proxy.base_url, timeout=5) as api,
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._stay_connected(http))
            for room in self.timelines:
                tasks.create_task(self._repeat(partial(self._catch_up, api), room))
                tasks.create_task(self._repeat(self._send_oldest, room))
                tasks.create_task(self._repeat(self._tell_read, room))

    async def _stay_connected(self, http: aiohttp.ClientSession) -> None:
        while True:
            socket = socketio.AsyncClient(reconnection=False, http_session=http)
            gone = asyncio.Event()
            socket.on("*", self._hear)
            socket.on("disconnect", lambda *reason, gone=gone: gone.set())
            try:
                auth = {"token": self.person.token}
                await socket.connect(self.proxy.base_url, auth=auth, transports=["websocket"], wait_timeout=3)
                self._socket = socket
                await self._open_rooms(gone)
                await gone.wait()
            except (socketio.exceptions.ConnectionError, TimeoutError):
                pass  # the server or the network is down: later
            finally:
                self._online.clear()
                self._socket = None
                with suppress(OSError, aiohttp.ClientError):
                    await socket.disconnect()
            await asyncio.sleep(self._chance.uniform(0.05, 0.4))

    async def _open_rooms(self, gone: asyncio.Event) -> None:
        for room in self.timelines:
            opened = None
            while opened is None and not gone.is_set():
                opened = await self._ask("room.open", {"room_id": room})
            if opened is not None and self._same_history(opened["epoch"]):
                self.timelines[room].head_is(opened["head"])
        if not gone.is_set():
            self._online.set()

    def _hear(self, name: str, data: Json) -> None:
        if name == "room.event" and self._same_history(data["epoch"]):
            self.timelines[data["room_id"]].hear(data)
        elif name == "rooms.heads" and self._same_history(data["epoch"]):
            for room, seq in data["heads"].items():
                self.timelines[room].head_is(seq)

    def _same_history(self, epoch: str) -> bool:
        """Whether what was just heard goes on from what is known; if not, everything known is void."""
        if self.epoch == epoch:
            return True
        known, self.epoch = self.epoch, epoch
        if known:
            self.reloads += 1
            for timeline in self.timelines.values():
                timeline.forget()
        return not known

    async def _repeat(self, work: Callable[[str], Awaitable[bool]], room: str) -> None:
        """Do `work` for a room whenever there is something to do, which it answers, and there is a connection."""
        while True:
            await self._online.wait()
            if not await work(room):
                await asyncio.sleep(IDLE_SECONDS)

    async def _catch_up(self, api: httpx2.AsyncClient, room: str) -> bool:
        timeline = self.timelines[room]
        if not timeline.behind:
            return False
        asked = {"room_id": room, "since": timeline.last, "limit": self._sync_limit}
        synced = await self._ask("room.sync", asked)
        if synced is None or not self._same_history(synced["epoch"]):
            return True
        if synced["limited"]:
            messages = await self._history(api, room, synced["upto"])
            if messages is not None and self._same_history(synced["epoch"]):
                self.reloads += 1
                timeline.begin_anew(messages, synced["upto"])
        for event in synced["events"]:
            timeline.hear(event)
        return True

    async def _history(self, api: httpx2.AsyncClient, room: str, upto: int) -> list[Json] | None:
        """Every message up to an event, oldest first; None when the server cannot be reached."""
        messages: list[Json] = []
        before = upto + 1
        while True:
            try:
                response = await api.get(
                    f"/api/rooms/{room}/messages",
                    params={"before": before, "limit": HISTORY_PAGE},
                    headers={"Authorization": f"Bearer {self.person.token}"},
                )
            except httpx2.TransportError:
                return None
            if response.status_code != 200:
                raise Refused(f"history of {room}: {response.status_code} {response.text}")
            page = response.json()
            messages = page["messages"] + messages
            if not page["has_more"]:
                return messages
            before = messages[0]["seq"]

    async def _send_oldest(self, room: str) -> bool:
        if not self.unsent[room]:
            return False
        intent = self.unsent[room][0]
        intent.attempts += 1
        asked = {"room_id": room, "client_id": intent.client_id, "body": intent.body}
        sent = await self._ask("message.send", asked)
        if sent is not None:
            assert sent["message"]["client_id"] == intent.client_id, f"{sent} answers another intent"
            intent.answers.append(Answer(sent["message"]["id"], sent["seq"], sent["duplicate"]))
            # Now and then one is not sure to have heard the answer, and asks again.
            if self._chance.random() > 0.05:
                self.unsent[room].popleft()
        return True

    async def _tell_read(self, room: str) -> bool:
        wanted = self.read_upto[room]
        if wanted == self.read_confirmed[room]:
            return False
        moved = await self._ask("read.set", {"room_id": room, "seq": wanted})
        if moved is not None:
            assert moved["read_seq"] >= wanted, f"read.set {wanted} answered {moved}"
            self.read_confirmed[room] = wanted
        return True

    async def _ask(self, name: str, payload: Json) -> Json | None:
        """The positive answer to a command, or None when it must be asked again."""
        if self._socket is None:
            return None
        try:
            answer: Json = await self._socket.call(name, payload, timeout=ACK_SECONDS)
        except (socketio.exceptions.SocketIOError, TimeoutError):
            # Calls on a socket that is just going fail at once; without a pause they would starve its end.
            await asyncio.sleep(0.02)
            return None
        if answer["ok"]:
            return answer
        if not answer["retry"] and answer["code"] != "rate_limited":
            raise Refused(f"{name} {payload}: {answer}")
        await asyncio.sleep(answer.get("retry_after", 0.1))
        return None
