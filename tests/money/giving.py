"""What should come of gifts and PINs, in the plainest form: the reference, with gifts on top.

A gift is asked for as people ask: the PIN is checked first, whatever the key, and its try is used up before anybody
looks whether it is right. So a process that dies on the way leaves more or less of that behind (`died_giving`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from app.core.clock import iso
from app.economy.rules.model import Policy
from tests.money.reference import Refusal, Refused, tokens
from tests.money.rewarding import RewardingReference

NAMES = {101: "ana", 102: "ben", 103: "eve"}
"""Everybody who has an account."""

HALL, MEMBERS = 9, (101, 102)
"""The one room there is, and who is in it."""

TRIES = 5
MINUTE = 60_000
LOCKS = (15 * MINUTE, 60 * MINUTE, 24 * 60 * MINUTE)
EASY = ("1234", "2222", "1998")
"""PINs that anybody would guess; all others that a program sets are not."""

Told = dict[str, Any] | Refusal
"""What somebody is told: an answer in the form it has on the wire, or a refusal."""


class Asked(NamedTuple):
    """A gift as it is asked for. The note is the one that arrives."""

    sender: int
    recipient: int
    amount: int
    note: str | None
    room: int | None


@dataclass
class Pin:
    """A PIN, and what wrong tries have come to."""

    digits: str
    tries: int = 0
    locks: int = 0
    locked_until: int = 0


@dataclass
class Gift:
    """What came of a gift that was asked for under a key."""

    asked: Asked
    op: int
    at: int
    refusal: Refusal | None


class GivingReference(RewardingReference):
    """The whole economy, gifts and PINs included."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy)
        self.pins: dict[int, Pin] = {}
        self.gifts: dict[tuple[int, str], Gift] = {}

    def set_pin(self, owner: int, digits: str, *, knows_password: bool) -> Told:
        """Set or change a PIN; its tries are forgotten, its locks are not."""
        if digits in EASY:
            return Refusal("pin_too_easy", {})
        if not knows_password:
            return Refusal("password_wrong", {})
        pin = self.pins.setdefault(owner, Pin(digits))
        pin.digits, pin.tries = digits, 0
        return self.pin_status(owner)

    def pin_status(self, owner: int) -> dict[str, Any]:
        pin = self.pins.get(owner, Pin(""))
        locked = pin.locked_until > self.now
        return {
            "set": owner in self.pins,
            "tries_left": 0 if locked else TRIES - pin.tries,
            "locked_until": iso(pin.locked_until) if locked else None,
        }

    def give(self, asked: Asked, digits: str, key: str, op: int) -> Told:
        """Give, once for each key, to whoever has the right PIN; `op` is the op of a gift that is given."""
        refusal = self.attempt(partial(self._count_try, asked.sender)) or self._look(asked.sender, digits)
        if refusal:
            return refusal
        self._forgive(asked.sender)
        gift = self.gifts.get((asked.sender, key))
        if gift is None:
            refusal = self.attempt(partial(self._move, asked, op))
            gift = self.gifts[asked.sender, key] = Gift(asked, op, self.now, refusal)
        if gift.asked != asked:
            return Refusal("key_reused", {})
        return gift.refusal or self._given(gift)

    def died_giving(self, asked: Asked, commits: int, hashes_seen: int) -> None:
        """What is left by a process that died after so many commits: a try, a right PIN, and never half a gift."""
        if commits > 0 or hashes_seen > 0:
            self.attempt(partial(self._count_try, asked.sender))
        if commits > 1:
            self._forgive(asked.sender)

    def options(self, owner: int) -> dict[str, Any]:
        """How much somebody may give right now."""
        limit, rules = self.tier_now(owner).gifts_day, self.policy.gifts
        sent, count = self._sent_today(owner)
        giftable = [its for key, its in self.spendable(owner).items() if self._is_giftable(owner, key)]
        return {
            "minimum": tokens(rules.minimum),
            "daily_limit": None if limit is None else tokens(limit),
            "sent_today": tokens(sent),
            "left_today": None if limit is None else tokens(max(0, limit - sent)),
            "gifts_left_today": max(0, rules.per_day - count),
            "balance_giftable": tokens(sum(giftable)),
            "pin": self.pin_status(owner),
        }

    def _count_try(self, owner: int) -> None:
        """Count a try as a wrong one; the last that is left locks the PIN."""
        if owner not in self.pins:
            raise Refused("pin_not_set")
        pin = self.pins[owner]
        if pin.locked_until > self.now:
            seconds = -(-(pin.locked_until - self.now) // 1000)
            raise Refused("pin_locked", locked_until=pin.locked_until, retry_after=seconds)
        pin.tries += 1
        if pin.tries == TRIES:
            pin.locked_until = self.now + LOCKS[min(pin.locks, 2)]
            pin.tries, pin.locks = 0, pin.locks + 1

    def _look(self, owner: int, digits: str) -> Refusal | None:
        pin = self.pins[owner]
        if pin.digits == digits:
            return None
        if pin.locked_until > self.now:
            return Refusal("pin_wrong", {"tries_left": 0, "locked_until": pin.locked_until})
        return Refusal("pin_wrong", {"tries_left": TRIES - pin.tries})

    def _forgive(self, owner: int) -> None:
        self.pins[owner] = Pin(self.pins[owner].digits)

    def _move(self, asked: Asked, op: int) -> None:
        if asked.recipient == asked.sender:
            raise Refused("own_gift")
        if asked.recipient not in NAMES:
            raise Refused("not_found")
        if asked.room is not None and not (asked.room == HALL and asked.sender in MEMBERS):
            raise Refused("not_a_member")
        rules, limit = self.policy.gifts, self.tier_now(asked.sender).gifts_day
        sent, count = self._sent_today(asked.sender)
        if asked.amount < rules.minimum:
            raise Refused("gift_too_small", minimum=tokens(rules.minimum))
        if count >= rules.per_day:
            raise Refused("gift_count", limit=rules.per_day)
        if limit is not None and sent + asked.amount > limit:
            left = tokens(max(0, limit - sent))
            raise Refused("gift_limit", limit=tokens(limit), sent=tokens(sent), left=left)
        self.transfer(op, asked.sender, asked.recipient, asked.amount, "gift")

    def _given(self, gift: Gift) -> dict[str, Any]:
        """The gift as it was given, and what its sender has by now."""
        asked = gift.asked
        return {
            "op_id": str(gift.op),
            "gift": {
                "op_id": str(gift.op),
                "at": iso(gift.at),
                "direction": "sent",
                "other": {"id": str(asked.recipient), "username": NAMES[asked.recipient]},
                "amount": tokens(asked.amount),
                "note": asked.note,
                "room_id": None if asked.room is None else str(asked.room),
            },
            "balance": tokens(sum(self.spendable(asked.sender).values())),
            "left_today": self.options(asked.sender)["left_today"],
        }

    def _sent_today(self, owner: int) -> tuple[int, int]:
        """What somebody has given away today, and in how many gifts, whether it was taken back later or not."""
        tally = self.tallies.get((owner, self.today, "gift"))
        return (tally.went, tally.went_ops) if tally else (0, 0)

    def _is_giftable(self, owner: int, key: str) -> bool:
        if not key:
            return True
        terms = self.lots["lot", owner, key]
        return terms.giftable and terms.reserved_for in ("", "gift")
