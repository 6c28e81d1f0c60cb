"""Refusals of the ledger, and how a stored one becomes an exception again.

Amounts among their numbers are decimal strings, as everywhere on the wire.
"""

from __future__ import annotations

from collections.abc import Iterator

from app.core.errors import AppError, Conflict, Gone, NotFound
from app.core.money import format_amount
from app.economy.ledger.model import JsonObject


class AmountRefused(Conflict):
    """An amount that does not fit; the numbers behind it are all amounts, given in micro-tokens."""

    def __init__(self, detail: str = "", **amounts: int) -> None:
        super().__init__(detail, **_told(amounts))


class InsufficientTokens(AmountRefused):
    """`available` is what may be spent on this; `required` is more."""

    code = "insufficient_tokens"
    title = "Not enough tokens"


class BalanceTooLarge(AmountRefused):
    code = "balance_too_large"
    title = "More than one balance may hold"


class SameWallet(Conflict):
    code = "same_wallet"
    title = "Sender and recipient are the same"


class HoldNotFound(NotFound):
    code = "hold_not_found"
    title = "No such hold"


class HoldResolved(Conflict):
    code = "hold_resolved"
    title = "This hold was captured, voided or has expired already"


class HoldExpired(Gone):
    code = "hold_expired"
    title = "This hold has expired"


class HoldExceeded(AmountRefused):
    code = "hold_exceeded"
    title = "More than was held"


class NothingToReverse(NotFound):
    code = "nothing_to_reverse"
    title = "No such transfer to reverse"


class ReversalExceeded(AmountRefused):
    code = "reversal_exceeded"
    title = "More than is left to reverse"


def stored_form(refusal: AppError) -> JsonObject:
    """A refusal as it is kept in its op. Its numbers must be JSON values."""
    return {"code": refusal.code, "detail": refusal.detail, "data": refusal.data}


def revive(stored: JsonObject) -> AppError:
    """The refusal that was stored, in the class that has its code; a plain `Conflict` if that class is gone."""
    kind = next((kind for kind in _kinds(AppError) if kind.code == stored["code"]), Conflict)
    refusal = kind.__new__(kind)
    # Amounts used to be stored as the integers they are inside.
    data = _told(stored["data"]) if issubclass(kind, AmountRefused) else stored["data"]
    # Past the subclass: some build their detail from other arguments, and here it is known already.
    AppError.__init__(refusal, stored["detail"], **data)
    return refusal


def _told(amounts: JsonObject) -> JsonObject:
    return {name: format_amount(its) if isinstance(its, int) else its for name, its in amounts.items()}


def _kinds(kind: type[AppError]) -> Iterator[type[AppError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _kinds(child)
