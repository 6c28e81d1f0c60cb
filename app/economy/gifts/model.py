"""What this room is about. Amounts are micro-tokens, times are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NewGift:
    """A gift as its sender asks for it. `note` is for the recipient, `room_id` the room it is given in."""

    recipient_id: int
    amount: int
    note: str | None = None
    room_id: int | None = None


@dataclass(frozen=True, slots=True)
class Gift:
    """A gift as one of its two people sees it: `other` is the recipient of a sent one, else the sender."""

    op_id: int
    at: int
    sent: bool
    other_id: int
    other_name: str
    amount: int
    note: str | None
    room_id: int | None


@dataclass(frozen=True, slots=True)
class Given:
    """A gift that was sent, and what its sender has now; a `left_today` of None is no limit."""

    gift: Gift
    balance: int
    left_today: int | None


@dataclass(frozen=True, slots=True)
class GiftPage:
    """A page of gifts, newest first. `next` continues it; None at the end."""

    gifts: list[Gift]
    next: int | None


@dataclass(frozen=True, slots=True)
class GiftsSent:
    """What a person has sent on a day: in all, and how many."""

    amount: int = 0
    count: int = 0


@dataclass(frozen=True, slots=True)
class GiftRoom:
    """How much a person may give right now. A `daily_limit` of None is no limit."""

    minimum: int
    daily_limit: int | None
    sent_today: int
    gifts_left: int
    giftable: int

    @property
    def left_today(self) -> int | None:
        """What the tier's limit leaves of the day."""
        return None if self.daily_limit is None else max(0, self.daily_limit - self.sent_today)


@dataclass(frozen=True, slots=True)
class Pin:
    """A person's PIN as it is kept.

    `tries` are those counted since the last right one or the last lock, `locks` the locks since the last right one.
    """

    account_id: int
    hash: str
    tries: int = 0
    locks: int = 0
    locked_until: int = 0


@dataclass(frozen=True, slots=True)
class PinState:
    """Whether a person has a PIN, and how many wrong tries are left before it is locked; none while it is."""

    is_set: bool
    tries_left: int
    locked_until: int | None
