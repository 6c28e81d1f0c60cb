"""A lively instance to look at: people, rooms, two weeks of talk with the rewards it earned, and talk that goes on.

Everything is said through the services, under a clock that is wound from the past to now, so that what is shown is what
the rules would have paid.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import tomllib
from dataclasses import dataclass
from pathlib import Path

from app.accounts.model import NewAccount, Person
from app.accounts.passwords import Argon2idHasher
from app.accounts.service import DAY_MS
from app.chat.model import Message
from app.core.actor import Actor
from app.core.clock import SystemClock
from app.main import Guildhall, create_app
from app.settings import Settings

SCRIPT = Path(__file__).parent / "demo.toml"
DAYS = 14
SITTING = 6
HOUR_MS = 3600 * 1000
PAUSE_MS = 3 * 60 * 1000
PAUSE_S = (3.0, 9.0)
APPLAUSE = ("👍", "❤️", "😂", "🎉", "🙏")
LISTENERS_MOVED = (0, 0, 0, 1, 2)


@dataclass(frozen=True, slots=True)
class Scene:
    """A room of the script, and who says what in it."""

    name: str
    topic: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """The people of a seeded instance, the administrator first, their rooms by name, and the password they share."""

    people: dict[str, Actor]
    rooms: dict[str, int]
    password: str


class WoundClock:
    """A clock that stands where it was set."""

    def __init__(self, at_ms: int) -> None:
        self.at_ms = at_ms

    def now_ms(self) -> int:
        return self.at_ms


def load_script(path: Path = SCRIPT) -> tuple[Scene, ...]:
    """The rooms of the demonstration."""
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    return tuple(
        Scene(room["name"], room["topic"], tuple((who, text) for who, text in room["lines"]))
        for room in document["rooms"]
    )


async def seed(settings: Settings) -> Cast:
    """Fill an empty database with two weeks of talk."""
    script = load_script()
    now = SystemClock().now_ms()
    clock = WoundClock(now - DAYS * DAY_MS)
    app = create_app(settings, clock=clock)
    password = secrets.token_urlsafe(9)
    await app.start()
    try:
        people = await _people(app, script, password)
        rooms = {scene.name: await _furnish(app, scene, people) for scene in script}
        for at_ms, room, who, text in _timeline(script, clock.at_ms, now):
            clock.at_ms = at_ms
            said = await _say(app, people[who], rooms[room], text)
            await _applaud(app, said, [people[name] for name in _voices(script, room) if name != who])
            await app.relay.drain()
    finally:
        await app.stop()
    return Cast(people, rooms, password)


async def keep_talking(app: Guildhall, cast: Cast) -> None:
    """Let the people of the script go on talking, until cancelled."""
    script = load_script()
    while True:
        await asyncio.sleep(random.uniform(*PAUSE_S))
        scene = random.choice(script)
        who, text = random.choice(scene.lines)
        await _say(app, cast.people[who], cast.rooms[scene.name], text)


def _timeline(script: tuple[Scene, ...], begin: int, end: int) -> list[tuple[int, str, str, str]]:
    """Every line with its moment, in order of time. People sit down, say a few things, and come back another day."""
    moments = []
    for scene in script:
        sittings = [scene.lines[at : at + SITTING] for at in range(0, len(scene.lines), SITTING)]
        for number, lines in enumerate(sittings, start=1):
            ends = begin + number * (end - begin) // len(sittings) - random.randrange(HOUR_MS)
            starts = ends - len(lines) * PAUSE_MS
            for at, (who, text) in enumerate(lines):
                moments.append((starts + at * PAUSE_MS + random.randrange(PAUSE_MS), scene.name, who, text))
    return sorted(moments)


def _voices(script: tuple[Scene, ...], room: str) -> list[str]:
    """Who has a line in a room."""
    return list(dict.fromkeys(who for scene in script if scene.name == room for who, _ in scene.lines))


async def _people(app: Guildhall, script: tuple[Scene, ...], password: str) -> dict[str, Actor]:
    hashed = await Argon2idHasher().hash(password)
    people: dict[str, Actor] = {}
    for name in dict.fromkeys(who for scene in script for who, _ in scene.lines):
        person = await _register(app, NewAccount(name, hashed))
        people[name] = Actor(person.id, person.username, person.role == "admin", 0)
    return people


async def _register(app: Guildhall, new: NewAccount) -> Person:
    token = await app.setup_token()
    if token is None:
        return await app.transactor.run(lambda work: app.accounts.register(work, new))
    return await app.transactor.run(lambda work: app.accounts.set_up(work, token, new))


async def _furnish(app: Guildhall, scene: Scene, people: dict[str, Actor]) -> int:
    """Make a scene's room, with everybody in it who has a line, and the administrator."""
    names = list(dict.fromkeys([*(who for who, _ in scene.lines), next(iter(people))]))
    owner = people[names[0]]
    made = await app.transactor.run(
        lambda work: app.chat.create_room(
            work, owner, name=scene.name, topic=scene.topic, client_id=secrets.token_hex(8)
        )
    )
    for name in names[1:]:
        await _join(app, people[name], made.room.id)
    moderator = people[names[1]].id
    await app.transactor.run(lambda work: app.roles.set_role(work, owner, made.room.id, moderator, "moderator"))
    return made.room.id


async def _join(app: Guildhall, actor: Actor, room_id: int) -> None:
    await app.transactor.run(lambda work: app.chat.join(work, actor, room_id))


async def _say(app: Guildhall, actor: Actor, room_id: int, text: str) -> Message:
    posted = await app.transactor.run(
        lambda work: app.chat.post(work, actor, room_id, client_id=secrets.token_hex(8), body=text)
    )
    return posted.message


async def _applaud(app: Guildhall, message: Message, listeners: list[Actor]) -> None:
    """Let some of those who heard it react, and one or the other find it helpful."""
    for actor in random.sample(listeners, k=min(len(listeners), random.choice(LISTENERS_MOVED))):
        await _react(app, actor, message.id, random.choice(APPLAUSE))
    if listeners and random.random() < 0.1:
        await _vote(app, random.choice(listeners), message.id)


async def _react(app: Guildhall, actor: Actor, message_id: int, emoji: str) -> None:
    await app.transactor.run(lambda work: app.reactions.set_reaction(work, actor, message_id, emoji=emoji, on=True))


async def _vote(app: Guildhall, actor: Actor, message_id: int) -> None:
    await app.transactor.run(lambda work: app.reactions.set_helpful(work, actor, message_id, on=True))
