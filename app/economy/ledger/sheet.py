"""The movements of one op, worked out in memory against locked wallets and written together.

The wallets are locked, so their rows cannot move until the transaction ends; working on copies costs one UPDATE for
each wallet however many transfers an op has. No I/O here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.core.ids import Ids
from app.core.money import AMOUNT_MAX
from app.economy.ledger.accounts import NEVER, Place, Priority, main_of
from app.economy.ledger.errors import BalanceTooLarge, InsufficientTokens
from app.economy.ledger.model import Lot, Purpose, Tally, Transfer, TransferKind, Wallet

UNDO = "undo."
"""What reverses a transfer is tallied under this and the transfer's code."""


@dataclass(frozen=True, slots=True)
class Side:
    """What a transfer did to one wallet: the version it took and the balance it left."""

    version: int
    balance: int


@dataclass(frozen=True, slots=True)
class Posted:
    """A transfer ready to be stored."""

    transfer: Transfer
    debit: Side | None
    credit: Side | None


class Sheet:
    """Wallets and lots as they stand after the transfers posted so far."""

    def __init__(self, ids: Ids, *, op_id: int, now: int, day: int) -> None:
        self._ids = ids
        self._op_id = op_id
        self._now = now
        self._day = day
        self.wallets: dict[int, Wallet] = {}
        self.lots: dict[int, Lot] = {}
        self.posted: list[Posted] = []
        self._noted: dict[tuple[int, int, str], Tally] = {}

    def move(
        self,
        debit: Place,
        credit: Place,
        amount: int,
        code: str,
        *,
        reverses_id: int | None = None,
        op_id: int | None = None,
        day: int | None = None,
    ) -> Transfer:
        """Move `amount` from `debit` to `credit`. Raises `InsufficientTokens` and `BalanceTooLarge`."""
        transfer = replace(
            self._transfer(TransferKind.POSTED, debit, credit, amount, code),
            op_id=op_id or self._op_id,
            day=day or self._day,
            reverses_id=reverses_id,
        )
        debited = self._shift(debit, -amount, 0)
        credited = self._shift(credit, amount, 0)
        self.posted.append(Posted(transfer, debited, credited))
        return transfer

    def reserve(self, debit: Place, credit: Place, amount: int, code: str, expires_at: int) -> Transfer:
        """Set `amount` of `debit` aside for `credit`. Raises `InsufficientTokens`."""
        pending = replace(self._transfer(TransferKind.PENDING, debit, credit, amount, code), expires_at=expires_at)
        self.posted.append(Posted(pending, self._shift(debit, -amount, amount), None))
        return pending

    def capture(self, pending: Transfer, amount: int) -> Transfer:
        """Move `amount` of what was reserved; the rest goes back to the account it was taken from."""
        rest = pending.amount - amount
        captured = replace(
            self._transfer(TransferKind.CAPTURED, pending.debit, pending.credit, amount, pending.code),
            pending_id=pending.id,
            returned=rest,
        )
        debited = self._shift(pending.debit, rest, -pending.amount)
        credited = self._shift(pending.credit, amount, 0)
        self.posted.append(Posted(captured, debited, credited))
        return captured

    def release(self, pending: Transfer, kind: TransferKind) -> Transfer:
        """Give all of what was reserved back to the account it was taken from. `kind` is VOIDED or EXPIRED."""
        released = replace(
            self._transfer(kind, pending.debit, pending.credit, pending.amount, pending.code),
            pending_id=pending.id,
            returned=pending.amount,
        )
        self.posted.append(Posted(released, self._shift(pending.debit, pending.amount, -pending.amount), None))
        return released

    def plan(self, wallet_id: int, amount: int, purpose: Purpose) -> list[tuple[Place, int]]:
        """Which accounts pay `amount`, in burn order, and how much each. Raises `InsufficientTokens`.

        The order is priority, then expiry, then age. Expired lots, and lots kept for other purposes, pay nothing.
        """
        parts: list[tuple[Place, int]] = []
        missing = amount
        for place, available in self._burn_order(wallet_id, purpose):
            part = min(available, missing)
            if part > 0:
                parts.append((place, part))
                missing -= part
        if missing > 0:
            raise InsufficientTokens(available=amount - missing, required=amount)
        return parts

    def spendable_lots(self, wallet_id: int) -> list[Lot]:
        """The lots of a wallet that hold money which has not expired."""
        return [
            lot
            for lot in self.lots.values()
            if lot.wallet_id == wallet_id and lot.available > 0 and lot.expires_at > self._now
        ]

    def expired_lots(self, wallet_id: int) -> list[Lot]:
        """The lots of a wallet whose money has expired and has not been taken out yet."""
        return [
            lot
            for lot in self.lots.values()
            if lot.wallet_id == wallet_id and lot.available > 0 and lot.expires_at <= self._now
        ]

    def count_earning(self, wallet_id: int, *, day: int, day_used: int, week_used: int) -> None:
        """Set how much a wallet has earned in the windows of `day`."""
        wallet = self.wallets[wallet_id]
        self.wallets[wallet_id] = replace(wallet, earn_day=day, earn_day_used=day_used, earn_week_used=week_used)

    def note(self, tally: Tally) -> None:
        """Count something done, or limit what may come, beside what the transfers themselves add to the tallies."""
        self._noted[tally.wallet_id, tally.day, tally.code] = tally

    def tallies(self) -> list[Tally]:
        """What the transfers and the notes come to, for each wallet, day and code."""
        tallies = dict(self._noted)
        for item in self.posted:
            moved = item.transfer
            if moved.kind not in (TransferKind.POSTED, TransferKind.CAPTURED):
                continue
            code = moved.code if moved.reverses_id is None else f"{UNDO}{moved.code}"
            for place, came, went in ((moved.credit, moved.amount, 0), (moved.debit, 0, moved.amount)):
                if place.wallet_id is not None:
                    key = (place.wallet_id, moved.day, code)
                    sum_ = tallies.get(key, Tally(*key))
                    tallies[key] = replace(sum_, came=sum_.came + came, went=sum_.went + went)
        return list(tallies.values())

    def count_streak(self, wallet_id: int, *, day: int, days: int) -> None:
        """Set the streak of a wallet, lengthened or begun on `day`."""
        wallet = self.wallets[wallet_id]
        self.wallets[wallet_id] = replace(
            wallet, streak_day=day, streak_days=days, streak_best=max(wallet.streak_best, days)
        )

    def set_tier(self, wallet_id: int, tier: str) -> None:
        """Set the tier that a person is told of."""
        self.wallets[wallet_id] = replace(self.wallets[wallet_id], tier=tier)

    def final_wallets(self) -> Iterable[Wallet]:
        """The wallets as they are to be stored."""
        for wallet in self.wallets.values():
            expiries = (lot.expires_at for lot in self.lots.values() if lot.wallet_id == wallet.id and lot.available)
            yield replace(wallet, next_expiry_at=min(expiries, default=NEVER))

    def _burn_order(self, wallet_id: int, purpose: Purpose) -> list[tuple[Place, int]]:
        lots = [lot for lot in self.spendable_lots(wallet_id) if lot.pays_for(purpose)]
        ranked = [((lot.priority, lot.expires_at, lot.id), Place(lot.id, wallet_id), lot.available) for lot in lots]
        main = self.wallets[wallet_id].main_available
        ranked.append(((int(Priority.MAIN), NEVER, wallet_id), main_of(wallet_id), main))
        return [(place, available) for _, place, available in sorted(ranked, key=lambda entry: entry[0])]

    def _transfer(self, kind: TransferKind, debit: Place, credit: Place, amount: int, code: str) -> Transfer:
        return Transfer(self._ids.new(), self._op_id, kind, code, amount, debit, credit, self._day, self._now)

    def _shift(self, place: Place, change: int, held_change: int) -> Side | None:
        if place.wallet_id is None:
            return None
        wallet = self.wallets[place.wallet_id]
        if place.account == wallet.id:
            main = _bounded(wallet.main_available, change)
            wallet = replace(wallet, main_available=main)
        else:
            lot = self.lots[place.account]
            available = _bounded(lot.available, change)
            self.lots[lot.id] = replace(lot, available=available, held=lot.held + held_change)
            wallet = replace(wallet, lot_available=_bounded(wallet.lot_available, change))
        held = _bounded(wallet.held, held_change)
        wallet = replace(wallet, held=held, version=wallet.version + 1)
        self.wallets[wallet.id] = wallet
        return Side(wallet.version, wallet.available)


def _bounded(balance: int, change: int) -> int:
    after = balance + change
    if after < 0:
        raise InsufficientTokens(available=balance, required=-change)
    if after > AMOUNT_MAX:
        raise BalanceTooLarge(limit=AMOUNT_MAX)
    return after
