"""The decisions of this room: which gifts are within the limits, which PINs will do, when wrong tries lock one."""

from __future__ import annotations

import math
from dataclasses import replace

from app.core.money import format_amount
from app.economy.gifts.errors import GiftCount, GiftLimit, GiftTooSmall, PinLocked, PinTooEasy
from app.economy.gifts.model import GiftsSent, Pin, PinState
from app.economy.rules.model import GiftRules

TRIES = 5
"""So many wrong tries lock a PIN."""

MINUTE_MS = 60_000
LOCKS_MS = (15 * MINUTE_MS, 60 * MINUTE_MS, 24 * 60 * MINUTE_MS)
"""How long the first, the second and every further lock since the last right PIN lasts."""

_DIGITS = "0123456789"
_RUNS = frozenset(run[start : start + 4] for run in (_DIGITS, _DIGITS[::-1]) for start in range(7))
# What leads the published counts of leaked PINs beside runs, years and repeated pairs: doubles, the round numbers,
# straight lines and corners of a keypad, and numbers that a word or a film made known.
_LEAKED = (
    "0007 0070 0852 0911 1000 1001 1004 1122 1133 1221 1225 1230 1231 1233 1245 1324 1357 1379 1397 1423 1470 2112 "
    "2244 2468 2580 3000 3366 3690 3698 4000 4200 4711 5000 5150 5683 6000 7000 7007 7410 7788 7890 8000 8008 8520 "
    "8521 9000 9009 9630 9632"
)
_COMMONEST = frozenset(_LEAKED.split())


def check_gift(rules: GiftRules, amount: int, sent: GiftsSent, daily_limit: int | None) -> None:
    """Refuse a gift below the smallest, or beyond the day's count or the tier's limit (None for no limit).

    Raises `GiftTooSmall`, `GiftCount`, `GiftLimit`.
    """
    if amount < rules.minimum:
        minimum = format_amount(rules.minimum)
        raise GiftTooSmall(f"A gift is of {minimum} or more", minimum=minimum)
    if sent.count >= rules.per_day:
        raise GiftCount(f"One sends {rules.per_day} gifts a day at most", limit=rules.per_day)
    if daily_limit is not None and sent.amount + amount > daily_limit:
        limit, left = format_amount(daily_limit), format_amount(max(0, daily_limit - sent.amount))
        raise GiftLimit(f"Of {limit} a day, {left} is left", limit=limit, sent=format_amount(sent.amount), left=left)


def check_new_pin(pin: str) -> None:
    """Refuse four digits that anybody would guess first: `PinTooEasy`.

    These are a pair repeated (equal digits too), runs up and down, years from 1900 to 2099, and the commonest of
    leaked PINs.
    """
    if pin[:2] == pin[2:] or pin in _RUNS or pin[:2] in ("19", "20") or pin in _COMMONEST:
        raise PinTooEasy


def count_try(pin: Pin, now: int) -> Pin:
    """The PIN with one more try counted as a wrong one, and locked by the last that is allowed.

    Counted before anybody looks whether it is right, so that tries in parallel are not free. Raises `PinLocked`.
    """
    check_unlocked(pin, now)
    if pin.tries + 1 < TRIES:
        return replace(pin, tries=pin.tries + 1)
    lasts = LOCKS_MS[min(pin.locks, len(LOCKS_MS) - 1)]
    return replace(pin, tries=0, locks=pin.locks + 1, locked_until=now + lasts)


def check_unlocked(pin: Pin, now: int) -> None:
    """Raise `PinLocked`, with the moment it ends, while the PIN is locked."""
    if pin.locked_until > now:
        retry_after = math.ceil((pin.locked_until - now) / 1000)
        raise PinLocked(locked_until=pin.locked_until, retry_after=retry_after)


def state_of(pin: Pin | None, now: int) -> PinState:
    """What a person is told of their PIN."""
    if pin is None:
        return PinState(is_set=False, tries_left=TRIES, locked_until=None)
    if pin.locked_until > now:
        return PinState(is_set=True, tries_left=0, locked_until=pin.locked_until)
    return PinState(is_set=True, tries_left=TRIES - pin.tries, locked_until=None)
