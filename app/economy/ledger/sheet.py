"""The movements of one op, worked out in memory against locked wallets and written together.

The wallets are locked, so their rows cannot move until the transaction ends; working on copies costs one UPDATE for
each wallet however many transfers an op has. No I/O here.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from app.core.ids import Ids
from app.core.money import AMOUNT_MAX
from app.economy.ledger.accounts import NEVER, Place, Priority, main_of
from app.economy.ledger.errors import BalanceTooLarge, InsufficientTokens
from app.economy.ledger.model import Lot, Purpose, Tally, Transfer, TransferKind, Wallet

UNDO = "undo."
"""What reverses a transfer is tallied under this and the transfer's code."""


class Side(NamedTuple):
    """What a transfer did to one wallet: the version it took and the balance it left."""

    version: int
    balance: int


class Posted(NamedTuple):
    """A transfer ready to be stored."""

    transfer: Transfer
    debit: Side | None
    credit: Side | None


class Sheet:
    """Wallets and lots as they stand after the transfers posted so far."""

    def __init__(self, ids: Ids, *, op_id: int, now: int, day: int) -> None:
        self.op_id = op_id
        """Whose movements are being posted: a batch turns from one op to the next."""
        self.wallets: dict[int, Wallet] = {}
        self.lots: dict[int, Lot] = {}
        """Of the wallets on the sheet; brought by `add_lots`."""
        self.posted: list[Posted] = []
        self._ids = ids
        self._now = now
        self._day = day
        self._lots_of: dict[int, list[int]] = {}
        self._tallies: dict[int, dict[tuple[int, str], Tally]] = {}
        self._counted: set[tuple[int, int, int, str, bool]] = set()

    def add_lots(self, lots: Iterable[Lot]) -> None:
        """Bring lots onto the sheet; one that is here already stays as it is."""
        for lot in lots:
            if lot.id not in self.lots:
                self.lots[lot.id] = lot
                self._lots_of.setdefault(lot.wallet_id, []).append(lot.id)

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
        transfer = Transfer(
            self._ids.new(),
            op_id or self.op_id,
            TransferKind.POSTED,
            code,
            amount,
            debit,
            credit,
            day or self._day,
            self._now,
            reverses_id=reverses_id,
        )
        debited = self._shift(debit, -amount, 0)
        credited = self._shift(credit, amount, 0)
        return self._post(transfer, debited, credited)

    def reserve(self, debit: Place, credit: Place, amount: int, code: str, expires_at: int) -> Transfer:
        """Set `amount` of `debit` aside for `credit`. Raises `InsufficientTokens`."""
        pending = self._transfer(TransferKind.PENDING, debit, credit, amount, code)._replace(expires_at=expires_at)
        return self._post(pending, self._shift(debit, -amount, amount), None)

    def capture(self, pending: Transfer, amount: int) -> Transfer:
        """Move `amount` of what was reserved; the rest goes back to the account it was taken from."""
        rest = pending.amount - amount
        captured = self._transfer(TransferKind.CAPTURED, pending.debit, pending.credit, amount, pending.code)
        captured = captured._replace(pending_id=pending.id, returned=rest)
        debited = self._shift(pending.debit, rest, -pending.amount)
        credited = self._shift(pending.credit, amount, 0)
        return self._post(captured, debited, credited)

    def release(self, pending: Transfer, kind: TransferKind) -> Transfer:
        """Give all of what was reserved back to the account it was taken from. `kind` is VOIDED or EXPIRED."""
        released = self._transfer(kind, pending.debit, pending.credit, pending.amount, pending.code)
        released = released._replace(pending_id=pending.id, returned=pending.amount)
        return self._post(released, self._shift(pending.debit, pending.amount, -pending.amount), None)

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
        return [lot for lot in self._filled_lots(wallet_id) if lot.expires_at > self._now]

    def expired_lots(self, wallet_id: int) -> list[Lot]:
        """The lots of a wallet whose money has expired and has not been taken out yet."""
        return [lot for lot in self._filled_lots(wallet_id) if lot.expires_at <= self._now]

    def count_earning(self, wallet_id: int, *, day: int, day_used: int, week_used: int) -> None:
        """Set how much a wallet has earned in the windows of `day`."""
        wallet = self.wallets[wallet_id]
        self.wallets[wallet_id] = wallet._replace(earn_day=day, earn_day_used=day_used, earn_week_used=week_used)

    def note(self, tally: Tally) -> None:
        """Count something done, or limit what may come, beside what the transfers themselves add to the tallies."""
        self._tally(tally.wallet_id, tally.day, tally.code, done=tally.done, came_max=tally.came_max)

    def tallies(self) -> list[Tally]:
        """What the transfers and the notes come to, for each wallet, day and code."""
        return [tally for tallies in self._tallies.values() for tally in tallies.values()]

    def tallies_of(self, wallet_id: int) -> Iterable[Tally]:
        """Those of one wallet."""
        return self._tallies.get(wallet_id, {}).values()

    def came(self, wallet_id: int, day: int, code: str) -> int:
        """What this sheet has brought a wallet on a day under a code."""
        tally = self._tallies.get(wallet_id, {}).get((day, code))
        return 0 if tally is None else tally.came

    def count_streak(self, wallet_id: int, *, day: int, days: int) -> None:
        """Set the streak of a wallet, lengthened or begun on `day`."""
        wallet = self.wallets[wallet_id]
        self.wallets[wallet_id] = wallet._replace(
            streak_day=day, streak_days=days, streak_best=max(wallet.streak_best, days)
        )

    def set_tier(self, wallet_id: int, tier: str) -> None:
        """Set the tier that a person is told of."""
        self.wallets[wallet_id] = self.wallets[wallet_id]._replace(tier=tier)

    def final_wallets(self) -> Iterable[Wallet]:
        """The wallets as they are to be stored."""
        for wallet in self.wallets.values():
            next_expiry_at = min((lot.expires_at for lot in self._filled_lots(wallet.id)), default=NEVER)
            yield wallet if wallet.next_expiry_at == next_expiry_at else wallet._replace(next_expiry_at=next_expiry_at)

    def _filled_lots(self, wallet_id: int) -> list[Lot]:
        lot_ids = self._lots_of.get(wallet_id, ())
        return [lot for lot_id in lot_ids if (lot := self.lots[lot_id]).available > 0]

    def _burn_order(self, wallet_id: int, purpose: Purpose) -> list[tuple[Place, int]]:
        lots = [lot for lot in self.spendable_lots(wallet_id) if lot.pays_for(purpose)]
        ranked = [((lot.priority, lot.expires_at, lot.id), Place(lot.id, wallet_id), lot.available) for lot in lots]
        main = self.wallets[wallet_id].main_available
        ranked.append(((int(Priority.MAIN), NEVER, wallet_id), main_of(wallet_id), main))
        return [(place, available) for _, place, available in sorted(ranked, key=lambda entry: entry[0])]

    def _post(self, transfer: Transfer, debit: Side | None, credit: Side | None) -> Transfer:
        self.posted.append(Posted(transfer, debit, credit))
        if transfer.kind in (TransferKind.POSTED, TransferKind.CAPTURED):
            code = transfer.code if transfer.reverses_id is None else f"{UNDO}{transfer.code}"
            self._tally_side(transfer, transfer.credit.wallet_id, code, came=True)
            self._tally_side(transfer, transfer.debit.wallet_id, code, came=False)
        return transfer

    def _tally_side(self, transfer: Transfer, wallet_id: int | None, code: str, *, came: bool) -> None:
        if wallet_id is None:
            return
        mark = (transfer.op_id, wallet_id, transfer.day, code, came)
        # An op is counted once, however many transfers it has.
        ops = int(mark not in self._counted)
        self._counted.add(mark)
        if came:
            self._tally(wallet_id, transfer.day, code, came=transfer.amount, came_ops=ops)
        else:
            self._tally(wallet_id, transfer.day, code, went=transfer.amount, went_ops=ops)

    def _tally(
        self,
        wallet_id: int,
        day: int,
        code: str,
        *,
        done: int = 0,
        came: int = 0,
        went: int = 0,
        came_ops: int = 0,
        went_ops: int = 0,
        came_max: int | None = None,
    ) -> None:
        tallies = self._tallies.setdefault(wallet_id, {})
        before = tallies.get((day, code)) or Tally(wallet_id, day, code)
        tallies[day, code] = Tally(
            wallet_id,
            day,
            code,
            before.done + done,
            before.came + came,
            before.went + went,
            before.came_ops + came_ops,
            before.went_ops + went_ops,
            before.came_max if came_max is None else came_max,
        )

    def _transfer(self, kind: TransferKind, debit: Place, credit: Place, amount: int, code: str) -> Transfer:
        return Transfer(self._ids.new(), self.op_id, kind, code, amount, debit, credit, self._day, self._now)

    def _shift(self, place: Place, change: int, held_change: int) -> Side | None:
        if place.wallet_id is None:
            return None
        wallet = self.wallets[place.wallet_id]
        main, lots = wallet.main_available, wallet.lot_available
        if place.account == wallet.id:
            main = _bounded(main, change)
        else:
            lot = self.lots[place.account]
            self.lots[lot.id] = lot._replace(available=_bounded(lot.available, change), held=lot.held + held_change)
            lots = _bounded(lots, change)
        wallet = wallet._replace(
            main_available=main,
            lot_available=lots,
            held=_bounded(wallet.held, held_change),
            version=wallet.version + 1,
        )
        self.wallets[wallet.id] = wallet
        return Side(wallet.version, wallet.available)


def _bounded(balance: int, change: int) -> int:
    after = balance + change
    if after < 0:
        raise InsufficientTokens(available=balance, required=-change)
    if after > AMOUNT_MAX:
        raise BalanceTooLarge(limit=AMOUNT_MAX)
    return after
