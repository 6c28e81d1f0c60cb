"""The nervous system on one screen: which fact is whose errand, and who runs it.

Rooms on one level are strangers. The few lines that turn one room's fact into another room's words stand here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts.events import PersonRegistered
from app.chat.events import MessagePosted, RoomCreated, RoomJoined
from app.core.events import Fact
from app.economy.earning.events import NewcomerActive
from app.economy.earning.model import Activity
from app.economy.earning.service import Economy
from app.economy.gifts.events import GiftSent
from app.infra.database import Connection
from app.infra.outbox import Errand, Handler, Outbox
from app.infra.unit_of_work import UnitOfWork
from app.realtime.pushes import Pushes

EARN = "economy.activity"


@dataclass(frozen=True, slots=True)
class On:
    """When this fact is recorded, put an errand of this topic, unless the translation is None."""

    fact: type[Fact]
    topic: str
    translate: Callable[[Any], Activity | None]


def _registered(fact: PersonRegistered) -> Activity:
    return Activity("registration", fact.account_id, fact.at, key=f"registration:{fact.account_id}")


def _room_created(fact: RoomCreated) -> Activity:
    return Activity("create_room", fact.owner_id, fact.at, key=f"room:{fact.room_id}", subject=str(fact.room_id))


def _room_joined(fact: RoomJoined) -> Activity | None:
    if not fact.first:
        return None
    key = f"join:{fact.room_id}:{fact.account_id}"
    return Activity(
        "join_room", fact.account_id, fact.at, key=key, counterpart=fact.owner_id, subject=str(fact.room_id)
    )


def _message_posted(fact: MessagePosted) -> Activity:
    key = f"message:{fact.message_id}"
    return Activity("send_message", fact.author_id, fact.at, key=key, fingerprint=fact.fingerprint)


def _newcomer_active(fact: NewcomerActive) -> Activity:
    newcomer = str(fact.account_id)
    return Activity("invite_friend", fact.inviter_id, fact.at, key=f"invite:{newcomer}", subject=newcomer)


def _gift_sent(fact: GiftSent) -> Activity:
    sender = fact.sender
    return Activity(
        "receive_gift",
        fact.recipient,
        fact.at,
        key=f"gift:{fact.op_id}",
        counterpart=sender,
        subject=str(sender),
        amount=fact.amount,
    )


SUBSCRIPTIONS: tuple[On, ...] = (
    On(PersonRegistered, EARN, _registered),
    On(RoomCreated, EARN, _room_created),
    On(RoomJoined, EARN, _room_joined),
    On(MessagePosted, EARN, _message_posted),
    On(NewcomerActive, EARN, _newcomer_active),
    On(GiftSent, EARN, _gift_sent),
)


def handlers(economy: Economy) -> dict[str, Handler]:
    """Who runs the errands of each topic."""

    async def earn(work: UnitOfWork, payload: dict[str, Any]) -> None:
        await economy.reward_activity(work, Activity.from_json(payload))

    return {EARN: earn}


class Nerves:
    """Takes the facts of a command: errands into the outbox before its commit, pushes after it."""

    def __init__(self, outbox: Outbox, pushes: Pushes, wake: asyncio.Event) -> None:
        self._outbox = outbox
        self._pushes = pushes
        self._wake = wake

    async def keep(self, db: Connection, facts: Sequence[Fact]) -> None:
        errands = [
            Errand(on.topic, activity.to_json(), owner=activity.actor)
            for fact in facts
            for on in SUBSCRIPTIONS
            if isinstance(fact, on.fact) and (activity := on.translate(fact)) is not None
        ]
        if errands:
            await self._outbox.put(db, errands)

    async def show(self, facts: Sequence[Fact]) -> None:
        self._wake.set()
        await self._pushes.show(facts)
