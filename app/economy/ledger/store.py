"""Every statement of the ledger on what happened: ops and transfers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from app.economy.ledger.accounts import Place
from app.economy.ledger.model import (
    Leg,
    OpRequest,
    StoredOp,
    Transfer,
    TransferKind,
)
from app.economy.ledger.sheet import Posted
from app.infra.database import Columns, Connection, Over, Row

APPLIED = 1
REFUSED = 2

_OP: Columns = {
    "id": "bigint",
    "scope": "text",
    "idem_key": "text",
    "request_hash": "text",
    "kind": "text",
    "actor_id": "bigint",
    "policy_version": "integer",
    "status": "integer",
    "result": "text",
    "created_at": "bigint",
}
_POSTED: Columns = {
    "id": "bigint",
    "op_id": "bigint",
    "kind": "integer",
    "code": "text",
    "amount": "bigint",
    "returned": "bigint",
    "debit_account": "bigint",
    "debit_wallet": "bigint",
    "debit_version": "bigint",
    "debit_balance": "bigint",
    "credit_account": "bigint",
    "credit_wallet": "bigint",
    "credit_version": "bigint",
    "credit_balance": "bigint",
    "pending_id": "bigint",
    "reverses_id": "bigint",
    "expires_at": "bigint",
    "day": "integer",
    "created_at": "bigint",
}
_TRANSFER = """
t.id, t.op_id, t.kind, t.code, t.amount, t.returned, t.debit_account, t.debit_wallet, t.credit_account, t.day,
t.created_at, t.pending_id, t.reverses_id, t.expires_at, l.wallet_id AS credit_lot_wallet, w.id AS credit_main_wallet
"""


class NewOp(NamedTuple):
    """An op to be stored, with what came of it if that is known already."""

    id: int
    request: OpRequest
    status: int = APPLIED
    result: str | None = None


def ops_stored(ops: Sequence[NewOp], now: int) -> Over:
    """Stores ops and returns a row for each whose key was free. Waits for whoever is storing the same key."""
    return Over(
        """
        INSERT INTO econ_op
          (id, scope, idem_key, request_hash, kind, actor_id, policy_version, status, result, created_at)
        SELECT id, scope, idem_key, request_hash, kind, actor_id, policy_version, status, result, created_at
        FROM given WHERE true ON CONFLICT (scope, idem_key) DO NOTHING RETURNING 1 AS stored
        """,
        _OP,
        [
            (op.id, *its.name, its.digest(), its.kind, its.actor, its.policy_version, op.status, op.result, now)
            for op in ops
            for its in (op.request,)
        ],
    )


def op_settled(op_id: int, status: int, result: str) -> Over:
    """Gives an op its outcome."""
    return Over(
        """
        UPDATE econ_op SET status = given.status, result = given.result FROM given WHERE econ_op.id = given.id
        RETURNING 1 AS settled
        """,
        {"id": "bigint", "status": "integer", "result": "text"},
        [(op_id, status, result)],
    )


async def ops_by_key(db: Connection, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], Row]:
    """The ops there are of these scopes and keys."""
    rows = await db.over(
        """
        SELECT op.scope, op.idem_key, op.id, op.request_hash, op.status, op.result FROM given
        JOIN econ_op op ON op.scope = given.scope AND op.idem_key = given.idem_key
        """,
        {"scope": "text", "idem_key": "text"},
        keys,
    )
    return {(row["scope"], row["idem_key"]): row for row in rows}


async def op(db: Connection, op_id: int) -> StoredOp | None:
    row = await db.one(
        """
        SELECT id, kind, actor_id, policy_version, status, result, created_at FROM econ_op
        WHERE id = :id AND result IS NOT NULL
        """,
        id=op_id,
    )
    if row is None:
        return None
    return StoredOp(
        id=row["id"],
        kind=row["kind"],
        actor_id=row["actor_id"],
        policy_version=row["policy_version"],
        applied=row["status"] == APPLIED,
        result=json.loads(row["result"]),
        created_at=row["created_at"],
    )


def transfers_stored(posted: Sequence[Posted]) -> Over:
    """Stores transfers."""
    names = ", ".join(_POSTED)
    sql = f"INSERT INTO econ_transfer ({names}) SELECT {names} FROM given RETURNING 1 AS stored"
    return Over(sql, _POSTED, [_row(item) for item in posted])


async def transfers_of(db: Connection, op_id: int) -> list[Transfer]:
    """The transfers of an op, in the order they were recorded."""
    rows = await db.all(
        f"""
        SELECT {_TRANSFER} FROM econ_transfer t
        LEFT JOIN econ_lot l ON l.id = t.credit_account LEFT JOIN econ_wallet w ON w.id = t.credit_account
        WHERE t.op_id = :op ORDER BY t.id
        """,
        op=op_id,
    )
    return [_transfer(row) for row in rows]


async def resolution_of(db: Connection, pending_id: int) -> int | None:
    """The id of the transfer that resolved a pending one."""
    row = await db.one("SELECT id FROM econ_transfer WHERE pending_id = :pending", pending=pending_id)
    return None if row is None else int(row["id"])


async def reversed_so_far(db: Connection, transfer_id: int) -> int:
    """How much of a transfer has been reversed."""
    row = await db.one(
        "SELECT CAST(COALESCE(SUM(amount), 0) AS BIGINT) AS total FROM econ_transfer WHERE reverses_id = :id",
        id=transfer_id,
    )
    assert row is not None
    return int(row["total"])


async def legs(db: Connection, wallet_id: int, before: int, limit: int) -> list[Leg]:
    """What happened to a wallet at the `limit` versions below `before`, newest first.

    Versions have no gaps, so a page is a range of them, however long the history is.
    """
    rows = await db.all(
        """
        SELECT leg.transfer_id, leg.op_id, op.kind AS op_kind, leg.code, leg.created_at, leg.version, leg.change,
          leg.balance_after, COALESCE(lot.source, 'main') AS source
        FROM econ_leg leg JOIN econ_op op ON op.id = leg.op_id LEFT JOIN econ_lot lot ON lot.id = leg.account
        WHERE leg.wallet_id = :wallet AND leg.version < :before AND leg.version >= :oldest
        ORDER BY leg.version DESC
        """,
        wallet=wallet_id,
        before=before,
        oldest=before - limit,
    )
    return [Leg(**row) for row in rows]


async def overdue_holds(db: Connection, since: int, now: int, limit: int) -> list[int]:
    """Holds that ran out after `since` and are unresolved at `now`, as the ids of the ops that made them."""
    rows = await db.all(
        """
        SELECT DISTINCT p.op_id FROM econ_transfer p
        WHERE p.kind = 1 AND p.expires_at > :since AND p.expires_at <= :now
          AND NOT EXISTS (SELECT 1 FROM econ_transfer r WHERE r.pending_id = p.id)
        ORDER BY p.op_id LIMIT :limit
        """,
        since=since,
        now=now,
        limit=limit,
    )
    return [row["op_id"] for row in rows]


def _row(item: Posted) -> tuple[Any, ...]:
    """The values of `_POSTED`."""
    transfer, debit, credit = item.transfer, item.debit, item.credit
    return (
        transfer.id,
        transfer.op_id,
        int(transfer.kind),
        transfer.code,
        transfer.amount,
        transfer.returned,
        transfer.debit.account,
        transfer.debit.wallet_id,
        debit.version if debit else None,
        debit.balance if debit else None,
        transfer.credit.account,
        transfer.credit.wallet_id if credit else None,
        credit.version if credit else None,
        credit.balance if credit else None,
        transfer.pending_id,
        transfer.reverses_id,
        transfer.expires_at,
        transfer.day,
        transfer.created_at,
    )


def _transfer(row: Row) -> Transfer:
    # A pending transfer touches no wallet on its credit side yet, but a capture of it will.
    credit_wallet = row["credit_lot_wallet"] or row["credit_main_wallet"]
    return Transfer(
        id=row["id"],
        op_id=row["op_id"],
        kind=TransferKind(row["kind"]),
        code=row["code"],
        amount=row["amount"],
        debit=Place(row["debit_account"], row["debit_wallet"]),
        credit=Place(row["credit_account"], credit_wallet),
        day=row["day"],
        created_at=row["created_at"],
        returned=row["returned"],
        pending_id=row["pending_id"],
        reverses_id=row["reverses_id"],
        expires_at=row["expires_at"],
    )


def wallet_ids(transfers: Iterable[Transfer]) -> set[int]:
    """Every wallet the transfers touch or may touch."""
    places = [place for transfer in transfers for place in (transfer.debit, transfer.credit)]
    return {place.wallet_id for place in places if place.wallet_id is not None}
