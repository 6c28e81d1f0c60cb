"""HTTP operations of this room."""

from __future__ import annotations

from starlette.requests import Request

from app.accounts.endpoints import client_address
from app.core.actor import Actor
from app.economy.gifts.errors import (
    GiftCount,
    GiftLimit,
    GiftTooSmall,
    NoSuchRecipient,
    NotInTheRoom,
    OwnGift,
    PasswordWrong,
    PinLocked,
    PinNotSet,
    PinTooEasy,
    PinWrong,
)
from app.economy.gifts.pins import Pins
from app.economy.gifts.schemas import GiftGiven, GiftOptions, Gifts, GiftsQuery, Giving, PinStatus, SettingPin
from app.economy.gifts.service import Gifts as GiftService
from app.economy.ledger.errors import BalanceTooLarge, InsufficientTokens
from app.infra.database import Connection
from app.infra.http import IdempotencyKey, Operation
from app.infra.unit_of_work import Transactor


class GiftEndpoints:
    """The PIN, and gifts."""

    def __init__(self, gifts: GiftService, pins: Pins, transactor: Transactor) -> None:
        self._gifts = gifts
        self._pins = pins
        self._transactor = transactor

    def operations(self) -> list[Operation]:
        tag = "gifts"
        pin = (PinNotSet, PinWrong, PinLocked)
        whom = (OwnGift, NoSuchRecipient, NotInTheRoom)
        limits = (GiftTooSmall, GiftLimit, GiftCount, InsufficientTokens, BalanceTooLarge)
        return [
            Operation("GET", "/api/pin", self.pin_status, tag=tag),
            Operation("PUT", "/api/pin", self.set_pin, errors=(PinTooEasy, PasswordWrong), tag=tag),
            Operation("GET", "/api/gifts/options", self.gift_options, tag=tag),
            Operation("GET", "/api/gifts", self.list_gifts, tag=tag),
            Operation("POST", "/api/tokens/gift", self.send_gift, errors=(*pin, *whom, *limits), tag=tag),
        ]

    async def pin_status(self, db: Connection, actor: Actor) -> PinStatus:
        """Whether one has a PIN, and how many tries are left."""
        return PinStatus.of(await self._pins.state(db, actor.id))

    async def set_pin(self, request: Request, actor: Actor, body: SettingPin) -> PinStatus:
        """Set or change the PIN, with the password. A lock after wrong tries stays until its time."""
        changed = await self._pins.change(actor, client_address(request), password=body.password, pin=body.pin)
        return PinStatus.of(changed)

    async def gift_options(self, db: Connection, actor: Actor) -> GiftOptions:
        """How much one may give right now."""
        return GiftOptions.of(await self._gifts.room_for(db, actor.id), await self._pins.state(db, actor.id))

    async def list_gifts(self, db: Connection, actor: Actor, query: GiftsQuery) -> Gifts:
        """The gifts one sent and got, newest first."""
        return Gifts.of(await self._gifts.history(db, actor.id, before=query.cursor, limit=query.limit))

    async def send_gift(self, request: Request, actor: Actor, body: Giving, key: IdempotencyKey) -> GiftGiven:
        """Give tokens to another person. The PIN is checked first, also when the key was used before."""
        await self._pins.check(actor.id, client_address(request), body.pin)
        outcome, given = await self._transactor.run(lambda work: self._gifts.send(work, actor, body.to_gift(), key))
        outcome.unwrap()
        assert given is not None
        return GiftGiven.of(given)
