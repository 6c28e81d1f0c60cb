"""Use cases of gifts: send one, say how much may be given, show what was given."""

from __future__ import annotations

from typing import Protocol

from app.accounts import store as accounts
from app.accounts.model import Person
from app.core.actor import Actor
from app.core.clock import Calendar, Clock
from app.economy.earning.standing import Standings
from app.economy.gifts import policy, store
from app.economy.gifts.errors import NoSuchRecipient, NotInTheRoom, OwnGift
from app.economy.gifts.events import GiftSent
from app.economy.gifts.model import GiftPage, GiftRoom, Given, NewGift
from app.economy.ledger import wallet_store
from app.economy.ledger.accounts import main_of
from app.economy.ledger.model import JsonObject, OpRequest, Outcome, Purpose
from app.economy.ledger.open_op import OpenOp
from app.economy.ledger.service import Ledger
from app.economy.rules.service import Rulebook
from app.infra.database import Connection
from app.infra.unit_of_work import UnitOfWork


class Memberships(Protocol):
    """Whoever knows who is in which room to talk."""

    async def is_member(self, db: Connection, account_id: int, room_id: int) -> bool: ...


class Gifts:
    """Gifts under the policy in force, on the platform's calendar. Whoever sends one has proved their PIN before."""

    def __init__(
        self,
        ledger: Ledger,
        rulebook: Rulebook,
        standings: Standings,
        memberships: Memberships,
        calendar: Calendar,
        clock: Clock,
    ) -> None:
        self._ledger = ledger
        self._rulebook = rulebook
        self._standings = standings
        self._memberships = memberships
        self._calendar = calendar
        self._clock = clock

    async def send(self, work: UnitOfWork, sender: Actor, new: NewGift, key: str) -> tuple[Outcome, Given | None]:
        """Give tokens to another person, once for each key.

        Refused, as an outcome, with `OwnGift`, `NoSuchRecipient`, `NotInTheRoom`, `GiftTooSmall`, `GiftCount`,
        `GiftLimit`, `InsufficientTokens` (of what may be given away), and `BalanceTooLarge` at the recipient.
        """
        asked: JsonObject = {
            "recipient": str(new.recipient_id),
            "amount": new.amount,
            "note": new.note,
            "room": None if new.room_id is None else str(new.room_id),
        }
        op = OpRequest(f"gift.{sender.id}", key, store.GIFT_CODE, sender.id, asked, self._rulebook.policy().version)

        async def body(opened: OpenOp) -> JsonObject:
            recipient = await self._recipient(opened.db, sender, new)
            await self._move(opened, sender.id, new)
            await store.add_gift(opened.db, opened.id, sender.id, new, opened.now)
            work.record(_fact(opened, sender, recipient, new, self._rulebook.policy().symbol))
            return {"amount": new.amount}

        outcome = await self._ledger.apply(work, op, body, undo=False)
        if outcome.refusal is not None:
            return outcome, None
        gift = await store.sent_gift(work.db, outcome.op_id)
        # Asked after the op is written: giving away may have cost the sender their tier.
        balance = await self._standings.balance_of(work.db, sender.id)
        return outcome, Given(gift, balance.balance, (await self.room_for(work.db, sender.id)).left_today)

    async def room_for(self, db: Connection, account_id: int) -> GiftRoom:
        """How much a person may give right now."""
        now, rules = self._clock.now_ms(), self._rulebook.policy().gifts
        wallet = await self._standings.wallet(db, account_id)
        sent = await store.sent_on(db, wallet.id, self._calendar.day(now))
        lots = await wallet_store.spendable_lots(db, [wallet.id])
        giftable = sum(lot.available for lot in lots if lot.pays_for(Purpose.GIFT) and lot.expires_at > now)
        return GiftRoom(
            minimum=rules.minimum,
            daily_limit=(await self._standings.benefits(db, account_id)).gifts_day,
            sent_today=sent.amount,
            gifts_left=max(0, rules.per_day - sent.count),
            giftable=wallet.main_available + giftable,
        )

    async def history(self, db: Connection, account_id: int, *, before: int | None, limit: int) -> GiftPage:
        """A page of the gifts a person sent and got, newest first, from the cursor `before` of an earlier page."""
        gifts = await store.gifts_of(db, account_id, 2**63 - 1 if before is None else before, limit + 1)
        page = gifts[:limit]
        return GiftPage(page, page[-1].op_id if len(gifts) > limit else None)

    async def _recipient(self, db: Connection, sender: Actor, new: NewGift) -> Person:
        if new.recipient_id == sender.id:
            raise OwnGift
        recipient = await accounts.person(db, new.recipient_id)
        if recipient is None:
            raise NoSuchRecipient
        if new.room_id is not None and not await self._memberships.is_member(db, sender.id, new.room_id):
            raise NotInTheRoom
        return recipient

    async def _move(self, opened: OpenOp, sender_id: int, new: NewGift) -> None:
        """Move the money, within the limits."""
        source, target = await opened.lock(sender_id, new.recipient_id)
        # Read under the wallet's lock, or gifts in parallel could pass the limit together.
        sent = await store.sent_on(opened.db, source.id, opened.day)
        limit = (await self._standings.benefits(opened.db, sender_id)).gifts_day
        policy.check_gift(self._rulebook.policy().gifts, new.amount, sent, limit)
        for place, part in opened.sheet.plan(source.id, new.amount, Purpose.GIFT):
            opened.sheet.move(place, main_of(target.id), part, store.GIFT_CODE)


def _fact(opened: OpenOp, sender: Actor, recipient: Person, new: NewGift, symbol: str) -> GiftSent:
    return GiftSent(
        op_id=opened.id,
        sender=sender.id,
        sender_name=sender.username,
        recipient=recipient.id,
        recipient_name=recipient.username,
        amount=new.amount,
        symbol=symbol,
        note=new.note,
        room_id=new.room_id,
        at=opened.now,
    )
