"""The town of a run: a server, the people in it with their rooms and devices, and what they say."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import httpx2

from tests.delivery.device import Device, Person
from tests.delivery.intents import Intents
from tests.delivery.proxy import Proxy
from tests.harness.server import Server

NAMES = ("ann", "bea", "cyd", "dov", "eli")
ROOMS = {"hall": ("ann", "bea", "cyd", "dov", "eli"), "attic": ("ann", "bea", "cyd"), "cellar": ("bea", "cyd", "dov")}
"""Who is in which room; the first named made it."""
DEVICES = ("ann", "ann", "bea", "cyd", "dov", "eli")
INTENTS_MAX = {"ann": 45, "bea": 400, "cyd": 40, "dov": 400, "eli": 30}
"""Some stay below the daily cap of messages, above which a reward paid twice would not show."""
PAUSE_SECONDS = {"ann": 2.0, "bea": 0.4, "cyd": 1.4, "dov": 0.4, "eli": 1.6}
"""How long somebody's device pauses at most between two messages."""
PHRASES = ("Good morning", "What is for dinner?", "Straße and ﬁsh")


@dataclass(slots=True)
class Town:
    """Everything of one run."""

    server: Server
    people: dict[str, Person]
    rooms: dict[str, str]
    """Room ids by name."""
    devices: list[Device]
    intents: Intents
    chance: random.Random

    def say(self, device: Device, messages: int = 1) -> None:
        """Let somebody write messages in rooms of theirs, unless they have said enough."""
        for _ in range(messages):
            written = Counter(intent.author_id for intent in self.intents.all.values())[device.person.id]
            if written < INTENTS_MAX[device.person.username]:
                room = self.chance.choice(device.rooms)
                device.post(self.intents.write(device.person.id, room, self._words()))

    def _words(self) -> str:
        """Mostly something new; sometimes what was said before, in another shape."""
        if self.chance.random() < 0.25:
            shape = self.chance.choice((str, str.upper, str.title, lambda text: text.replace(" ", " \n ")))
            return shape(self.chance.choice(PHRASES))
        return f"{self.chance.randbytes(8).hex()} {'padding ' * self.chance.choice((0, 1, 40, 900))}".strip()


@asynccontextmanager
async def settled(server: Server, chance: random.Random) -> AsyncIterator[Town]:
    """Register people, make rooms, let everybody in, and stand a network between each device and the server."""
    async with httpx2.AsyncClient(base_url=server.base_url, timeout=20) as http, AsyncExitStack() as stack:
        people = {name: await _register(http, name) for name in NAMES}
        rooms = {name: await _make_room(http, name, [people[member] for member in ROOMS[name]]) for name in ROOMS}
        devices = []
        for name in DEVICES:
            proxy = await stack.enter_async_context(Proxy(server.port))
            mine = [rooms[room] for room, members in ROOMS.items() if name in members]
            devices.append(Device(people[name], mine, proxy, chance))
        yield Town(server, people, rooms, devices, Intents(), chance)


async def keep_talking(town: Town, device: Device) -> None:
    """Write and read at a person's pace, until cancelled."""
    while True:
        await asyncio.sleep(town.chance.uniform(0.0, PAUSE_SECONDS[device.person.username]))
        town.say(device)
        if town.chance.random() < 0.3:
            device.read(town.chance.choice(device.rooms))


async def _register(http: httpx2.AsyncClient, name: str) -> Person:
    response = await http.post("/api/auth/register", json={"username": name, "password": f"{name} likes long words"})
    http.cookies.clear()
    found = response.raise_for_status().json()
    return Person(found["user"]["id"], name, found["token"])


async def _make_room(http: httpx2.AsyncClient, name: str, members: list[Person]) -> str:
    owner, *others = members
    response = await http.post("/api/rooms", json={"name": name}, headers=_as(owner))
    room: str = response.raise_for_status().json()["id"]
    for person in others:
        (await http.post(f"/api/rooms/{room}/join", headers=_as(person))).raise_for_status()
    return room


def _as(person: Person) -> dict[str, str]:
    return {"Authorization": f"Bearer {person.token}"}
