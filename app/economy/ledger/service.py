"""The ledger's operations: grant, spend, transfer, hold, capture, void, expire, reverse.

Each takes the caller's unit of work and an `OpRequest`, and returns an `Outcome`. Its order is always the same: the
op is claimed by its key, the wallets are locked in ascending id, then caps, then lots, then everything is written.
A refusal undoes the body and is stored with the op, for good: the same key never gets another answer. So it is
returned, not raised, and the edge calls `Outcome.unwrap()` after the commit.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace

from app.core.clock import Calendar, Clock
from app.core.errors import AppError, Invalid, KeyReused
from app.core.ids import Ids
from app.core.money import AMOUNT_MAX
from app.economy.ledger import store
from app.economy.ledger.accounts import Place, SystemAccount, main_of, system
from app.economy.ledger.errors import (
    HoldExceeded,
    HoldExpired,
    HoldNotFound,
    HoldResolved,
    NothingToReverse,
    ReversalExceeded,
    SameWallet,
    revive,
    stored_form,
)
from app.economy.ledger.model import JsonObject, LotTerms, OpRequest, Outcome, Purpose, Transfer, TransferKind
from app.economy.ledger.open_op import OpenOp
from app.infra.database import Connection, Contention, Row
from app.infra.unit_of_work import UnitOfWork

Body = Callable[[OpenOp], Awaitable[JsonObject]]
BatchBody = Callable[[OpenOp, Sequence[tuple[int, OpRequest]]], Awaitable[Sequence[JsonObject | AppError]]]
Afterwards = Callable[[UnitOfWork, OpenOp], Awaitable[None]]


class Ledger:
    """Moves value. Days are those of `calendar`, the platform's.

    An amount that is not above 0, or is above `AMOUNT_MAX`, is `Invalid` and stores nothing. One op never waits for
    another in a circle, unless both create a wallet; several ops in one transaction may. Then the engine ends one of
    the transactions, for a retry.
    """

    def __init__(self, clock: Clock, ids: Ids, calendar: Calendar, afterwards: Afterwards | None = None) -> None:
        """`afterwards` sees every op that was carried out, before it is written: to tell people, say."""
        self._clock = clock
        self._ids = ids
        self._calendar = calendar
        self._afterwards = afterwards

    async def apply(self, work: UnitOfWork, op: OpRequest, body: Body, *, undo: bool = True) -> Outcome:
        """Carry out `body` once for this key, or return what came of it before.

        What `body` returns (JSON values) is the result; a refusal it raises is stored. Only refusals that can never
        turn into a yes are: one marked `retry`, and anything that is a bug, is raised on and undoes the whole.
        `undo` may be False for a body that refuses before it writes: there is nothing to undo then.
        Raises `KeyReused` if the key came with another request before.
        """
        op_id, now = self._ids.new(), self._clock.now_ms()
        (claimed,) = await work.db.together([store.ops_stored([store.NewOp(op_id, op)], now)])
        if not claimed:
            return _stored_outcome(await store.ops_by_key(work.db, [op.name]), op)
        recorded = len(work.facts)
        opened = OpenOp(work.db, self._ids, op_id=op_id, now=now, day=self._calendar.day(now))
        try:
            async with work.db.savepoint() if undo else nullcontext():
                result = await body(opened)
                if self._afterwards is not None:
                    await self._afterwards(work, opened)
                outcome = Outcome(op_id, result)
                await opened.write(store.op_settled(op_id, *_settled(outcome)))
        except AppError as refusal:
            if refusal.retry or isinstance(refusal, KeyReused):
                raise
            del work.facts[recorded:]
            outcome = Outcome(op_id, {}, refusal)
            await work.db.together([store.op_settled(op_id, *_settled(outcome))])
        return outcome

    async def apply_all(self, work: UnitOfWork, ops: Sequence[OpRequest], body: BatchBody) -> list[Outcome]:
        """Carry out a batch of ops on one sheet, each once for its key; their outcomes in the order of `ops`.

        The wallets of their actors are locked before the keys are looked up, so that of two batches with one key the
        second finds the outcome of the first. `body` is given the ops that are new, each with its id, and does them
        one by one: it turns the sheet to each and returns what came of it. A refusal it returns, instead of raising
        it, is stored, and has left nothing on the sheet. What it raises undoes all. Raises `KeyReused` like `apply`.
        """
        now = self._clock.now_ms()
        opened = OpenOp(work.db, self._ids, op_id=0, now=now, day=self._calendar.day(now))
        await opened.lock(*{op.actor for op in ops})
        names = [op.name for op in ops]
        stored = await store.ops_by_key(work.db, names)
        fresh: dict[tuple[str, str], tuple[int, OpRequest]] = {}
        for name, op in zip(names, ops, strict=True):
            if name not in stored and name not in fresh:
                fresh[name] = (self._ids.new(), op)
        results = await body(opened, list(fresh.values()))
        outcomes = {
            name: Outcome(op_id, {}, its) if isinstance(its, AppError) else Outcome(op_id, its)
            for (name, (op_id, _)), its in zip(fresh.items(), results, strict=True)
        }
        if self._afterwards is not None:
            await self._afterwards(work, opened)
        settled = [store.NewOp(op_id, op, *_settled(outcomes[name])) for name, (op_id, op) in fresh.items()]
        if await opened.write(store.ops_stored(settled, now)) < len(settled):
            raise Contention("Somebody else's op took a key of this batch")
        return [
            _stored_outcome(stored, op) if name in stored else _told_twice(fresh[name][1], op, outcomes[name])
            for name, op in zip(names, ops, strict=True)
        ]

    async def outcome_of(self, db: Connection, scope: str, key: str) -> Outcome | None:
        """What came of the request with this key, whatever it asked; None if there was none."""
        row = (await store.ops_by_key(db, [(scope, key)])).get((scope, key))
        return None if row is None else _outcome(row)

    async def grant(
        self,
        work: UnitOfWork,
        op: OpRequest,
        *,
        owner: int,
        amount: int,
        code: str,
        faucet: SystemAccount,
        lot: LotTerms | None = None,
        kept: JsonObject | None = None,
    ) -> Outcome:
        """Issue money to a person: into their main money, or into a lot (an allowance, a deposit, an event).

        `kept` is stored with the outcome, for whoever asks why later: of a request, only its hash is.
        """
        _check_amount(amount)

        async def body(opened: OpenOp) -> JsonObject:
            (wallet,) = await opened.lock(owner)
            place = main_of(wallet.id) if lot is None else await opened.open_lot(wallet.id, lot)
            opened.sheet.move(system(faucet), place, amount, code)
            return {**(kept or {}), "amount": amount}

        return await self.apply(work, op, body, undo=lot is not None)

    async def spend(
        self,
        work: UnitOfWork,
        op: OpRequest,
        *,
        owner: int,
        amount: int,
        code: str,
        sink: SystemAccount,
        purpose: Purpose,
    ) -> Outcome:
        """Take money from a person, in burn order. Refused with `InsufficientTokens`."""
        _check_amount(amount)

        async def body(opened: OpenOp) -> JsonObject:
            (wallet,) = await opened.lock(owner)
            for place, part in opened.sheet.plan(wallet.id, amount, purpose):
                opened.sheet.move(place, system(sink), part, code)
            return {"amount": amount}

        return await self.apply(work, op, body, undo=False)

    async def transfer(
        self, work: UnitOfWork, op: OpRequest, *, sender: int, recipient: int, amount: int, code: str
    ) -> Outcome:
        """Give money to another person's main money, from what may be given away, in burn order.

        Refused with `SameWallet`, `InsufficientTokens`, or `BalanceTooLarge` at the recipient.
        """
        _check_amount(amount)

        async def body(opened: OpenOp) -> JsonObject:
            if sender == recipient:
                raise SameWallet
            source, target = await opened.lock(sender, recipient)
            for place, part in opened.sheet.plan(source.id, amount, Purpose.GIFT):
                opened.sheet.move(place, main_of(target.id), part, code)
            return {"amount": amount}

        return await self.apply(work, op, body, undo=False)

    async def hold(
        self,
        work: UnitOfWork,
        op: OpRequest,
        *,
        owner: int,
        amount: int,
        code: str,
        to: SystemAccount | int,
        expires_at: int,
        purpose: Purpose,
    ) -> Outcome:
        """Set money aside for a sink, or for the main money of another person (`to` is then the person).

        The hold's id is the op's id. Refused with `InsufficientTokens` and `SameWallet`.
        """
        _check_amount(amount)

        async def body(opened: OpenOp) -> JsonObject:
            if to == owner:
                raise SameWallet
            credit: Place
            if isinstance(to, SystemAccount):
                (wallet,) = await opened.lock(owner)
                credit = system(to)
            else:
                wallet, payee = await opened.lock(owner, to)
                credit = main_of(payee.id)
            for place, part in opened.sheet.plan(wallet.id, amount, purpose):
                opened.sheet.reserve(place, credit, part, code, expires_at)
            return {"amount": amount, "expires_at": expires_at}

        return await self.apply(work, op, body, undo=False)

    async def capture(self, work: UnitOfWork, op: OpRequest, *, hold_id: int, amount: int | None = None) -> Outcome:
        """Take a hold: all of it, or `amount`; the rest goes back to the very accounts it was taken from.

        Refused with `HoldNotFound`, `HoldResolved`, `HoldExpired`, `HoldExceeded`.
        """
        if amount is not None:
            _check_amount(amount)

        async def body(opened: OpenOp) -> JsonObject:
            pendings = await self._unresolved(opened, hold_id)
            if any(pending.expires_at is not None and pending.expires_at <= opened.now for pending in pendings):
                raise HoldExpired
            held = sum(pending.amount for pending in pendings)
            wanted = held if amount is None else amount
            if wanted > held:
                raise HoldExceeded(held=held, required=wanted)
            missing = wanted
            for pending in pendings:
                part = min(pending.amount, missing)
                missing -= part
                if part > 0:
                    opened.sheet.capture(pending, part)
                else:
                    opened.sheet.release(pending, TransferKind.VOIDED)
            return {"amount": wanted, "returned": held - wanted}

        return await self.apply(work, op, body, undo=False)

    async def void(self, work: UnitOfWork, op: OpRequest, *, hold_id: int) -> Outcome:
        """Give a hold back whole. Refused with `HoldNotFound` and `HoldResolved`."""
        return await self._release(work, op, hold_id, TransferKind.VOIDED)

    async def expire_hold(self, work: UnitOfWork, hold_id: int) -> Outcome:
        """Give back a hold that has run out; refused with `HoldResolved` if somebody was faster."""
        op = OpRequest("ledger.hold", f"expire:{hold_id}", "hold_expiry", 0, {"hold": hold_id})
        return await self._release(work, op, hold_id, TransferKind.EXPIRED)

    async def expire_lots(self, work: UnitOfWork, owner: int) -> Outcome:
        """Take the expired money out of a person's lots now, rather than at their next movement."""
        op = OpRequest("ledger.lot", f"sweep:{owner}:{self._ids.new()}", "lot_expiry", 0, {"owner": owner})

        async def body(opened: OpenOp) -> JsonObject:
            await opened.lock(owner)
            return {}

        return await self.apply(work, op, body, undo=False)

    async def reverse(self, work: UnitOfWork, op: OpRequest, *, original_op: int, amount: int | None = None) -> Outcome:
        """Undo an op's transfers, all that is left of them or `amount`, the last recorded first.

        Each goes back between the very accounts it went, so a refund reaches the lots that paid. Counters of caps do
        not go back: what was earned and reversed was earned. Refused with `NothingToReverse`, `ReversalExceeded`,
        and `InsufficientTokens` when a receiver has spent it.
        """
        if amount is not None:
            _check_amount(amount)

        async def body(opened: OpenOp) -> JsonObject:
            moved = [item for item in await store.transfers_of(opened.db, original_op) if _reversible(item)]
            if not moved:
                raise NothingToReverse
            await opened.lock_ids(store.wallet_ids(moved))
            left = [(item, item.amount - await store.reversed_so_far(opened.db, item.id)) for item in moved]
            total = sum(rest for _, rest in left)
            wanted = total if amount is None else amount
            if wanted > total or total == 0:
                raise ReversalExceeded(left=total, required=wanted)
            missing = wanted
            for item, rest in reversed(left):
                part = min(rest, missing)
                missing -= part
                if part > 0:
                    await opened.load_lots(item.debit, item.credit)
                    opened.sheet.move(item.credit, item.debit, part, item.code, reverses_id=item.id)
            return {"amount": wanted, "reverses": str(original_op)}

        return await self.apply(work, op, body, undo=False)

    async def _release(self, work: UnitOfWork, op: OpRequest, hold_id: int, kind: TransferKind) -> Outcome:
        async def body(opened: OpenOp) -> JsonObject:
            pendings = await self._unresolved(opened, hold_id)
            for pending in pendings:
                opened.sheet.release(pending, kind)
            return {"returned": sum(pending.amount for pending in pendings)}

        return await self.apply(work, op, body, undo=False)

    async def _unresolved(self, opened: OpenOp, hold_id: int) -> list[Transfer]:
        """The pending transfers of a hold, its wallets locked and its lots loaded."""
        pendings = [item for item in await store.transfers_of(opened.db, hold_id) if item.kind is TransferKind.PENDING]
        if not pendings:
            raise HoldNotFound
        await opened.lock_ids(store.wallet_ids(pendings))
        # Read after the lock: one resolution resolves all of a hold, so looking at the first is enough.
        if await store.resolution_of(opened.db, pendings[0].id) is not None:
            raise HoldResolved
        await opened.load_lots(*(pending.debit for pending in pendings))
        return pendings


def _check_amount(amount: int) -> None:
    if not 0 < amount <= AMOUNT_MAX:
        raise Invalid("An amount is above 0 and within bounds")


def _reversible(transfer: Transfer) -> bool:
    return transfer.kind in (TransferKind.POSTED, TransferKind.CAPTURED) and transfer.reverses_id is None


def _settled(outcome: Outcome) -> tuple[int, str]:
    """An outcome as status and result."""
    if outcome.refusal is not None:
        return store.REFUSED, json.dumps(stored_form(outcome.refusal))
    return store.APPLIED, json.dumps(outcome.result)


def _stored_outcome(stored: Mapping[tuple[str, str], Row], op: OpRequest) -> Outcome:
    row = stored[op.name]
    if row["request_hash"] != op.digest():
        raise KeyReused
    return _outcome(row)


def _told_twice(first: OpRequest, op: OpRequest, outcome: Outcome) -> Outcome:
    """The outcome of an op of a batch in which it may have been told before."""
    if op is first:
        return outcome
    if op.digest() != first.digest():
        raise KeyReused
    return replace(outcome, replayed=True)


def _outcome(row: Row) -> Outcome:
    # A result is stored in the transaction that stores the op, so a visible op has one.
    result = json.loads(row["result"])
    if row["status"] == store.REFUSED:
        return Outcome(row["id"], {}, revive(result), replayed=True)
    return Outcome(row["id"], result, replayed=True)
