"""Fixtures of the chat: the service on each engine, and people with a room."""

from __future__ import annotations

import pytest

from app.chat.model import Room
from app.core.actor import Actor
from app.core.ids import Ids
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from tests.chat.talk import Talk
from tests.harness.fakes import FrozenClock


@pytest.fixture
def talk(clock: FrozenClock, ids: Ids, transactor: Transactor, database: Database) -> Talk:
    return Talk(clock, ids, transactor, database)


@pytest.fixture
async def ann(talk: Talk) -> Actor:
    return await talk.person("ann")


@pytest.fixture
async def ben(talk: Talk) -> Actor:
    return await talk.person("ben")


@pytest.fixture
async def room(talk: Talk, ann: Actor, ben: Actor) -> Room:
    """A room of Ann's with Ben in it; its head is 3."""
    room = (await talk.create(ann)).room
    return (await talk.join(ben, room)).room
