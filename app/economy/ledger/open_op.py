"""An op that has been claimed and is being carried out, inside its savepoint."""

from __future__ import annotations

import json
from collections.abc import Iterable

from app.core.ids import Ids
from app.economy.ledger import store
from app.economy.ledger.accounts import Place, SystemAccount, system
from app.economy.ledger.model import LotTerms, OpRequest, Wallet
from app.economy.ledger.sheet import Sheet
from app.infra.database import Connection

EXPIRY_CODE = "expiry"


class OpenOp:
    """What the body of an op works with: locked wallets, and the sheet its transfers are posted on.

    Lock once, first, and all that is needed: wallets are locked in ascending id, or two ops could wait for each other.
    """

    def __init__(self, db: Connection, ids: Ids, *, op_id: int, now: int, day: int) -> None:
        self.db = db
        self.id = op_id
        self.now = now
        self.day = day
        self.sheet = Sheet(ids, op_id=op_id, now=now, day=day)
        self._ids = ids
        self._stored: dict[int, Wallet] = {}

    async def lock(self, *owners: int) -> list[Wallet]:
        """Lock the wallets of these people, creating missing ones; in the order asked, expired money taken out."""
        ids = {owner: await self._wallet_id(owner) for owner in sorted(owners)}
        await self.lock_ids(ids.values())
        return [self.sheet.wallets[ids[owner]] for owner in owners]

    async def lock_ids(self, wallet_ids: Iterable[int]) -> None:
        """Lock these wallets, which exist, and take expired money out of them."""
        locked = [await store.lock_wallet(self.db, wallet_id) for wallet_id in sorted(set(wallet_ids))]
        for wallet in locked:
            self._stored[wallet.id] = self.sheet.wallets[wallet.id] = wallet
            if wallet.lot_available > 0:
                self.sheet.lots |= {lot.id: lot for lot in await store.spendable_lots(self.db, wallet.id)}
            if wallet.next_expiry_at <= self.now:
                await self._take_out_expired(wallet.id)

    async def load_lots(self, *places: Place) -> None:
        """Bring the lots among these places onto the sheet, the empty ones too. Their wallets are locked."""
        for place in places:
            if place.wallet_id not in (None, place.account) and place.account not in self.sheet.lots:
                self.sheet.lots[place.account] = await store.lot(self.db, place.account)

    async def open_lot(self, wallet_id: int, terms: LotTerms) -> Place:
        """The lot of these terms in a locked wallet. A lot of that key with other terms is a bug: `ValueError`."""
        lot = await store.open_lot(self.db, self._ids.new(), wallet_id, terms, self.now)
        stored = (lot.source, lot.priority, lot.expires_at, bool(lot.giftable), lot.reserved_for)
        if stored != (terms.source, terms.priority, terms.expires_at, terms.giftable, terms.reserved_for or ""):
            raise ValueError(f"The lot {terms.key} exists with other terms")
        self.sheet.lots.setdefault(lot.id, lot)
        return Place(lot.id, wallet_id)

    def moved(self, wallet: Wallet) -> bool:
        """Whether this op has moved money of a wallet it locked."""
        return wallet.version != self._stored[wallet.id].version

    async def write(self) -> None:
        """Store what the sheet has come to."""
        for wallet in self.sheet.final_wallets():
            if wallet != self._stored[wallet.id]:
                await store.save_wallet(self.db, wallet, self._stored[wallet.id].version)
        touched = {place.account for item in self.sheet.posted for place in (item.transfer.debit, item.transfer.credit)}
        for lot in self.sheet.lots.values():
            if lot.id in touched:
                await store.save_lot(self.db, lot)
        if self.sheet.posted:
            await store.insert_transfers(self.db, self.sheet.posted)
        for tally in sorted(self.sheet.tallies(), key=lambda it: (it.wallet_id, it.day, it.code)):
            await store.add_tally(self.db, tally)

    async def _wallet_id(self, owner: int) -> int:
        found = await store.wallet_id(self.db, owner)
        if found is None:
            await store.create_wallet(self.db, self._ids.new(), owner)
            found = await store.wallet_id(self.db, owner)
        assert found is not None
        return found

    async def _take_out_expired(self, wallet_id: int) -> None:
        expired = self.sheet.expired_lots(wallet_id)
        # An op of its own, so that the history says why, and a reversal of this op does not bring it back.
        op_id = self._ids.new()
        op = OpRequest("ledger.lot", f"expiry:{op_id}", "lot_expiry", 0, {"wallet": str(wallet_id)})
        await store.claim_op(self.db, op_id, op, self.now)
        for lot in expired:
            self.sheet.move(
                Place(lot.id, wallet_id), system(SystemAccount.EXPIRY), lot.available, EXPIRY_CODE, op_id=op_id
            )
        await store.settle_op(
            self.db, op_id, store.APPLIED, json.dumps({"amount": sum(lot.available for lot in expired)})
        )
