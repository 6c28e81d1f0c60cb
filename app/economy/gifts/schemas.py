"""Wire shapes of this room."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from app.accounts.schemas import Author, Password
from app.economy.gifts import model
from app.infra.wire import Amount, Id, Moment, PositiveAmount, Schema, check_text

NOTE_MAX = 280


def _says_something(note: str | None) -> str | None:
    return (note or "").strip() or None


PinDigits = Annotated[
    str, Field(pattern=r"^[0-9]{4}$", json_schema_extra={"format": "password", "description": "Four digits"})
]
Note = Annotated[str, Field(max_length=NOTE_MAX), AfterValidator(check_text)]


class PinStatus(Schema):
    """Whether a PIN is set. `tries_left` wrong ones lock it; while it is locked, until `locked_until`, none is left."""

    set: bool
    tries_left: int
    locked_until: Moment | None

    @classmethod
    def of(cls, state: model.PinState) -> PinStatus:
        return cls(set=state.is_set, tries_left=state.tries_left, locked_until=state.locked_until)


class SettingPin(Schema):
    password: Password
    pin: PinDigits


class GiftOptions(Schema):
    """How much may be given right now; null is no limit."""

    minimum: Amount
    daily_limit: Amount | None
    sent_today: Amount
    left_today: Amount | None
    gifts_left_today: int
    balance_giftable: Amount
    pin: PinStatus

    @classmethod
    def of(cls, room: model.GiftRoom, pin: model.PinState) -> GiftOptions:
        return cls(
            minimum=room.minimum,
            daily_limit=room.daily_limit,
            sent_today=room.sent_today,
            left_today=room.left_today,
            gifts_left_today=room.gifts_left,
            balance_giftable=room.giftable,
            pin=PinStatus.of(pin),
        )


class Giving(Schema):
    """A gift to be sent. A note of nothing but space is none."""

    recipient_id: Id
    amount: PositiveAmount
    pin: PinDigits
    note: Annotated[Note | None, AfterValidator(_says_something)] = None
    room_id: Id | None = None

    def to_gift(self) -> model.NewGift:
        """The gift without the PIN, which is for the check before it alone."""
        return model.NewGift(self.recipient_id, self.amount, self.note, self.room_id)


class Gift(Schema):
    """A gift as one of its two people sees it; `other` is the other one."""

    op_id: Id
    at: Moment
    direction: Literal["sent", "received"]
    other: Author
    amount: Amount
    note: str | None
    room_id: Id | None

    @classmethod
    def of(cls, gift: model.Gift) -> Gift:
        return cls(
            op_id=gift.op_id,
            at=gift.at,
            direction="sent" if gift.sent else "received",
            other=Author(id=gift.other_id, username=gift.other_name),
            amount=gift.amount,
            note=gift.note,
            room_id=gift.room_id,
        )


class GiftGiven(Schema):
    """A gift that was sent, and what its sender has now; null is no limit."""

    op_id: Id
    gift: Gift
    balance: Amount
    left_today: Amount | None

    @classmethod
    def of(cls, given: model.Given) -> GiftGiven:
        return cls(op_id=given.gift.op_id, gift=Gift.of(given.gift), balance=given.balance, left_today=given.left_today)


class GiftsQuery(Schema):
    cursor: Id | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Gifts(Schema):
    """A page of gifts, newest first. `next` is the cursor of the page after it."""

    gifts: list[Gift]
    next: str | None

    @classmethod
    def of(cls, page: model.GiftPage) -> Gifts:
        return cls(gifts=[Gift.of(gift) for gift in page.gifts], next=None if page.next is None else str(page.next))
