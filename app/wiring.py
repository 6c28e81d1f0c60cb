"""The nervous system on one screen: which fact is whose errand, and who runs it.

Rooms on one level are strangers. The few lines that turn one room's fact into another room's words stand here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app.accounts.events import PersonRegistered
from app.chat.events import (
    MessagePosted,
    MessageReacted,
    MessageVotedHelpful,
    ModeratorAppointed,
    RoomCreated,
    RoomJoined,
)
from app.chat.files.events import FileOpened, FileShared
from app.chat.service import Chat
from app.core.events import Fact
from app.core.money import format_amount
from app.economy.earning.events import NewcomerActive
from app.economy.earning.model import Activity
from app.economy.earning.service import Economy
from app.economy.gifts.events import GiftSent
from app.infra.database import Connection
from app.infra.outbox import Errand, Handler, Outbox
from app.infra.unit_of_work import UnitOfWork
from app.realtime.pushes import Pushes

EARN = "economy.activity"
CARD = "chat.card"


@dataclass(frozen=True, slots=True)
class On:
    """When this fact is recorded, put the errand it translates to, if it does."""

    fact: type[Fact]
    translate: Callable[[Any], Errand | None]


def _earn(kind: str, actor: int, at: int, **details: Any) -> Errand:
    return Errand(EARN, Activity(kind, actor, at, **details).to_json(), owner=actor)


def _registered(fact: PersonRegistered) -> Errand:
    return _earn("registration", fact.account_id, fact.at, key=f"registration:{fact.account_id}")


def _newcomer_active(fact: NewcomerActive) -> Errand:
    newcomer = str(fact.account_id)
    return _earn("invite_friend", fact.inviter_id, fact.at, key=f"invite:{newcomer}", subject=newcomer)


def _room_created(fact: RoomCreated) -> Errand:
    return _earn("create_room", fact.owner_id, fact.at, key=f"room:{fact.room_id}", subject=str(fact.room_id))


def _room_joined(fact: RoomJoined) -> Errand | None:
    if not fact.first:
        return None
    key, room = f"join:{fact.room_id}:{fact.account_id}", str(fact.room_id)
    return _earn("join_room", fact.account_id, fact.at, key=key, counterpart=fact.owner_id, subject=room)


def _moderator_appointed(fact: ModeratorAppointed) -> Errand:
    key, room = f"moderator:{fact.room_id}:{fact.account_id}", str(fact.room_id)
    return _earn("room_moderator", fact.account_id, fact.at, key=key, subject=room, reached=fact.others)


def _message_posted(fact: MessagePosted) -> Errand:
    key = f"message:{fact.message_id}"
    return _earn("send_message", fact.author_id, fact.at, key=key, fingerprint=fact.fingerprint)


def _message_reacted(fact: MessageReacted) -> Errand:
    key, message = f"popular:{fact.message_id}", str(fact.message_id)
    return _earn("popular_message", fact.author_id, fact.at, key=key, subject=message, reached=fact.people)


def _message_voted_helpful(fact: MessageVotedHelpful) -> Errand:
    key, message = f"helpful:{fact.message_id}", str(fact.message_id)
    return _earn("helpful_content", fact.author_id, fact.at, key=key, subject=message, reached=fact.people)


def _file_shared(fact: FileShared) -> Errand:
    key, content = f"file:{fact.file_id}", fact.sha256
    return _earn("share_file", fact.author_id, fact.at, key=key, subject=content, fingerprint=content)


def _file_opened(fact: FileOpened) -> Errand:
    key, file = f"media:{fact.file_id}", str(fact.file_id)
    return _earn("media_shared", fact.author_id, fact.at, key=key, subject=file, reached=fact.people)


def _gift_sent(fact: GiftSent) -> Errand:
    return _earn(
        "receive_gift",
        fact.recipient,
        fact.at,
        key=f"gift:{fact.op_id}",
        counterpart=fact.sender,
        subject=str(fact.sender),
        amount=fact.amount,
    )


def _gift_shown(fact: GiftSent) -> Errand | None:
    """The room it was given in sees it. Nobody's errand: relays lock rooms before any wallet."""
    if fact.room_id is None:
        return None
    card = {
        "kind": "gift",
        "recipient_id": str(fact.recipient),
        "amount": format_amount(fact.amount),
        "symbol": fact.symbol,
        "note": fact.note or "",
    }
    name = f"gift/{fact.op_id}"
    body = f"{card['amount']} {fact.symbol}"
    return Errand(
        CARD, {"room_id": fact.room_id, "author_id": fact.sender, "client_id": name, "body": body, "card": card}
    )


SUBSCRIPTIONS: tuple[On, ...] = (
    On(PersonRegistered, _registered),
    On(NewcomerActive, _newcomer_active),
    On(RoomCreated, _room_created),
    On(RoomJoined, _room_joined),
    On(ModeratorAppointed, _moderator_appointed),
    On(MessagePosted, _message_posted),
    On(MessageReacted, _message_reacted),
    On(MessageVotedHelpful, _message_voted_helpful),
    On(FileShared, _file_shared),
    On(FileOpened, _file_opened),
    On(GiftSent, _gift_sent),
    On(GiftSent, _gift_shown),
)


def handlers(economy: Economy, chat: Chat) -> dict[str, Handler]:
    """Who runs the errands of each topic."""

    async def earn(work: UnitOfWork, payloads: Sequence[dict[str, Any]]) -> None:
        await economy.reward_many(work, [Activity.from_json(payload) for payload in payloads])

    async def show_cards(work: UnitOfWork, payloads: Sequence[dict[str, Any]]) -> None:
        for payload in payloads:
            await chat.post_card(work, **payload)

    return {EARN: earn, CARD: show_cards}


class Nerves:
    """Takes the facts of a command: errands into the outbox before its commit, pushes after it."""

    def __init__(self, outbox: Outbox, pushes: Pushes, wake: asyncio.Event) -> None:
        self._outbox = outbox
        self._pushes = pushes
        self._wake = wake
        self._caused_by: dict[type[Fact], list[On]] = {}
        for on in SUBSCRIPTIONS:
            self._caused_by.setdefault(on.fact, []).append(on)

    async def keep(self, db: Connection, facts: Sequence[Fact]) -> None:
        errands = [
            errand
            for fact in facts
            for on in self._caused_by.get(type(fact), ())
            if (errand := on.translate(fact)) is not None
        ]
        if errands:
            await self._outbox.put(db, errands)

    async def show(self, facts: Sequence[Fact]) -> None:
        if any(type(fact) in self._caused_by for fact in facts):
            self._wake.set()
        await self._pushes.show(facts)
