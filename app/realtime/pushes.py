"""Facts, as people's screens hear of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from app.accounts.events import SessionsEnded
from app.accounts.schemas import Author
from app.chat import schemas as chat
from app.chat.events import ReadMoved, RoomChanged, RoomLeft
from app.chat.model import RoomEvent as RoomEventModel
from app.core.events import Fact
from app.economy.earning.events import RewardGranted, TierChanged, WalletChanged
from app.economy.earning.schemas import Balance
from app.economy.gifts.events import GiftSent
from app.economy.gifts.schemas import Gift
from app.infra.epoch import Epoch
from app.realtime import contract
from app.realtime.connections import Connections
from app.realtime.presence import Presence


class Sender(Protocol):
    """Sends pushes to groups of sockets."""

    async def send(self, push: contract.Push, group: str, *, skip: str | None = None) -> None: ...

    async def leave(self, sid: str, group: str) -> None: ...

    async def revoke(self, sid: str) -> None: ...


def room_group(room_id: int) -> str:
    """The sockets that have a room open."""
    return f"room:{room_id}"


def person_group(account_id: int) -> str:
    """All sockets of a person."""
    return f"person:{account_id}"


_OF_ONES_OWN = (ReadMoved, RewardGranted, WalletChanged, TierChanged)
"""Facts that only the person of that account hears of, on sockets of this process."""


class Pushes:
    """Translates facts into pushes. A fact that nobody needs to see is passed over."""

    def __init__(self, sender: Sender, connections: Connections, presence: Presence, epoch: Epoch) -> None:
        self._sender = sender
        self._connections = connections
        self._presence = presence
        self._epoch = epoch

    async def show(self, facts: Sequence[Fact]) -> None:
        """Send what the facts of one command mean to those they concern, in order."""
        for fact in facts:
            if isinstance(fact, _OF_ONES_OWN) and not self._connections.of_account(fact.account_id):
                continue
            match fact:
                case RoomChanged():
                    await self._sender.send(room_event(fact.event, str(self._epoch)), room_group(fact.event.room_id))
                case RoomLeft():
                    await self._close_room(fact)
                case ReadMoved():
                    await self._sender.send(_read(fact), person_group(fact.account_id))
                case RewardGranted():
                    await self._sender.send(_reward(fact), person_group(fact.account_id))
                case WalletChanged():
                    await self._sender.send(_wallet(fact), person_group(fact.account_id))
                case TierChanged():
                    await self._sender.send(_tier(fact), person_group(fact.account_id))
                case GiftSent():
                    await self._sender.send(_gift(fact), person_group(fact.recipient))
                case SessionsEnded():
                    await self._end_sessions(fact)

    async def _close_room(self, fact: RoomLeft) -> None:
        for connected in self._connections.of_account(fact.account_id):
            self._presence.close(connected.sid, fact.account_id, fact.room_id)
            await self._sender.leave(connected.sid, room_group(fact.room_id))

    async def _end_sessions(self, fact: SessionsEnded) -> None:
        for connected in self._connections.of_account(fact.account_id):
            if connected.actor.session_id in fact.session_ids:
                await self._sender.revoke(connected.sid)


def room_event(event: RoomEventModel, epoch: str) -> contract.RoomEvent:
    """An event as the wire carries it: with the state of what changed, and nothing else."""
    told = contract.RoomEvent(
        room_id=event.room_id,
        seq=event.seq,
        kind=event.kind,
        at=event.at,
        actor=chat.author(event.actor),
        epoch=epoch,
    )
    state: dict[str, object] = {}
    if event.message is not None:
        state["message"] = chat.Message.of(event.message)
    if event.feedback is not None:
        state["feedback"] = chat.Feedback.of(event.feedback)
    if event.member is not None:
        state["member"] = chat.Member.of(event.member)
    if event.room is not None:
        state["room"] = chat.Room.of(event.room)
    return told.model_copy(update=state)


def _reward(fact: RewardGranted) -> contract.RewardGranted:
    return contract.RewardGranted(
        op_id=fact.op_id, activity=fact.activity, amount=fact.amount, balance=fact.balance, at=fact.at
    )


def _gift(fact: GiftSent) -> contract.GiftReceived:
    gift = Gift(
        op_id=fact.op_id,
        at=fact.at,
        direction="received",
        other=Author(id=fact.sender, username=fact.sender_name),
        amount=fact.amount,
        note=fact.note,
        room_id=fact.room_id,
    )
    return contract.GiftReceived(gift=gift)


def _tier(fact: TierChanged) -> contract.TierChanged:
    return contract.TierChanged(before=fact.before, tier=fact.tier, up=fact.up, at=fact.at)


def _wallet(fact: WalletChanged) -> contract.WalletChanged:
    shown = Balance.of(fact.balance)
    return contract.WalletChanged.model_construct(**{name: getattr(shown, name) for name in Balance.model_fields})


def _read(fact: ReadMoved) -> contract.ReadChanged:
    return contract.ReadChanged(room_id=fact.room_id, read_seq=fact.read_seq, unread=fact.unread)
