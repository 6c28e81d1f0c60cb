"""Ops that have been claimed and are being carried out: mostly one, inside its savepoint; or a batch of them."""

from __future__ import annotations

import json
from collections.abc import Iterable

from app.core.ids import Ids
from app.economy.ledger import store, wallet_store
from app.economy.ledger.accounts import Place, SystemAccount, system
from app.economy.ledger.model import LotTerms, OpRequest, Wallet
from app.economy.ledger.sheet import Sheet
from app.infra.database import Connection, Over

EXPIRY_CODE = "expiry"


class OpenOp:
    """What the body of an op works with: locked wallets, and the sheet its transfers are posted on.

    Lock once, first, and all that is needed: wallets are locked in ascending id, or two ops could wait for each other.
    """

    def __init__(self, db: Connection, ids: Ids, *, op_id: int, now: int, day: int) -> None:
        self.db = db
        self.now = now
        self.day = day
        self.sheet = Sheet(ids, op_id=op_id, now=now, day=day)
        self._ids = ids
        self._stored: dict[int, Wallet] = {}
        self._expiries: list[store.NewOp] = []

    @property
    def id(self) -> int:
        """The op whose movements are being posted."""
        return self.sheet.op_id

    async def lock(self, *owners: int) -> list[Wallet]:
        """Lock the wallets of these people, creating missing ones; in the order asked, expired money taken out."""
        locked = await wallet_store.lock_wallets(self.db, "owner_id", owners)
        if missing := sorted(set(owners) - {wallet.owner_id for wallet in locked}):
            await wallet_store.create_wallets(self.db, [(self._ids.new(), owner) for owner in missing])
            locked += await wallet_store.lock_wallets(self.db, "owner_id", missing)
        await self._bring(locked)
        by_owner = {wallet.owner_id: wallet.id for wallet in locked}
        return [self.sheet.wallets[by_owner[owner]] for owner in owners]

    async def lock_ids(self, wallet_ids: Iterable[int]) -> None:
        """Lock these wallets, which exist, and take expired money out of them."""
        await self._bring(await wallet_store.lock_wallets(self.db, "id", wallet_ids))

    async def load_lots(self, *places: Place) -> None:
        """Bring the lots among these places onto the sheet, the empty ones too. Their wallets are locked."""
        for place in places:
            if place.wallet_id not in (None, place.account) and place.account not in self.sheet.lots:
                self.sheet.add_lots([await wallet_store.lot(self.db, place.account)])

    async def open_lot(self, wallet_id: int, terms: LotTerms) -> Place:
        """The lot of these terms in a locked wallet. A lot of that key with other terms is a bug: `ValueError`."""
        lot = await wallet_store.open_lot(self.db, self._ids.new(), wallet_id, terms, self.now)
        stored = (lot.source, lot.priority, lot.expires_at, bool(lot.giftable), lot.reserved_for)
        if stored != (terms.source, terms.priority, terms.expires_at, terms.giftable, terms.reserved_for or ""):
            raise ValueError(f"The lot {terms.key} exists with other terms")
        self.sheet.add_lots([lot])
        return Place(lot.id, wallet_id)

    def moved(self, wallet: Wallet) -> bool:
        """Whether this op has moved money of a wallet it locked."""
        return wallet.version != self._stored[wallet.id].version

    async def write(self, ops: Over) -> int:
        """Store what the sheet has come to and, before it, the ops it is of; how many rows storing those returned."""
        wallets = [(wallet, self._stored[wallet.id]) for wallet in self.sheet.final_wallets()]
        changed = [(wallet, stored.version) for wallet, stored in wallets if wallet != stored]
        touched = {place.account for item in self.sheet.posted for place in (item.transfer.debit, item.transfer.credit)}
        stored_ops, _, saved, *_ = await self.db.together(
            [
                ops,
                store.ops_stored(self._expiries, self.now),
                wallet_store.wallets_saved(changed),
                wallet_store.lots_saved(lot for lot in self.sheet.lots.values() if lot.id in touched),
                store.transfers_stored(self.sheet.posted),
                wallet_store.tallies_added(self.sheet.tallies()),
            ]
        )
        # Impossible under the lock; if it ever happened, going on would lose money.
        assert saved == len(changed), "a wallet moved under its lock"
        return stored_ops

    async def _bring(self, locked: Iterable[Wallet]) -> None:
        """Put locked wallets on the sheet with their lots, and take expired money out of them."""
        wallets = {wallet.id: wallet for wallet in locked}
        self._stored |= wallets
        self.sheet.wallets |= wallets
        if holders := [wallet.id for wallet in wallets.values() if wallet.lot_available > 0]:
            self.sheet.add_lots(await wallet_store.spendable_lots(self.db, holders))
        for wallet in wallets.values():
            if wallet.next_expiry_at <= self.now:
                self._take_out_expired(wallet.id)

    def _take_out_expired(self, wallet_id: int) -> None:
        # An op of its own, so that the history says why, and a reversal of this op does not bring it back.
        op_id, expired = self._ids.new(), self.sheet.expired_lots(wallet_id)
        for lot in expired:
            place = Place(lot.id, wallet_id)
            self.sheet.move(place, system(SystemAccount.EXPIRY), lot.available, EXPIRY_CODE, op_id=op_id)
        op = OpRequest("ledger.lot", f"expiry:{op_id}", "lot_expiry", 0, {"wallet": str(wallet_id)})
        result = json.dumps({"amount": sum(lot.available for lot in expired)})
        self._expiries.append(store.NewOp(op_id, op, store.APPLIED, result))
