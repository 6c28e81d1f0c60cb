"""Refusals of this room. Amounts among their numbers are decimal strings, as everywhere on the wire."""

from __future__ import annotations

from app.core.errors import AppError, Conflict, Forbidden, Invalid, NotFound


class NoSuchRecipient(NotFound):
    code = "not_found"
    title = "There is no such person"


class OwnGift(Conflict):
    code = "own_gift"
    title = "A gift is for somebody else"


class GiftTooSmall(Conflict):
    code = "gift_too_small"
    title = "Less than the smallest gift"


class GiftLimit(Conflict):
    code = "gift_limit"
    title = "More than your tier gives away in a day"


class GiftCount(Conflict):
    code = "gift_count"
    title = "No more gifts today"


class NotInTheRoom(Forbidden):
    code = "not_a_member"
    title = "Join the room first"


class PinNotSet(Conflict):
    code = "pin_not_set"
    title = "Set a PIN first"


class PinWrong(Forbidden):
    code = "pin_wrong"
    title = "The PIN is wrong"


class PinLocked(AppError):
    code = "pin_locked"
    title = "The PIN is locked after wrong tries"
    status = 429
    retry = True


class PinTooEasy(Invalid):
    code = "pin_too_easy"
    title = "This PIN is among the first that anybody would guess"


class PasswordWrong(Forbidden):
    """Not `Unauthenticated`: the person is signed in, and stays so."""

    code = "password_wrong"
    title = "The password is wrong"
