"""Every statement of this room: gifts, what was sent on a day, and PINs."""

from __future__ import annotations

from dataclasses import asdict

from app.economy.gifts.model import Gift, GiftsSent, NewGift, Pin
from app.infra.database import Connection, Row

GIFT_CODE = "gift"
"""What a gift's transfers are recorded and tallied under."""

_PIN = "account_id, hash, tries, locks, locked_until"
_GIFT = (
    "gift.op_id, gift.at, gift.amount, gift.note, gift.room_id, account.id AS other_id, account.username AS other_name"
)


async def sent_on(db: Connection, wallet_id: int, day: int) -> GiftsSent:
    """What a wallet has given away on a day."""
    row = await db.one(
        "SELECT went, went_ops FROM econ_tally WHERE wallet_id = :wallet AND day = :day AND code = :code",
        wallet=wallet_id,
        day=day,
        code=GIFT_CODE,
    )
    return GiftsSent() if row is None else GiftsSent(row["went"], row["went_ops"])


async def add_gift(db: Connection, op_id: int, sender_id: int, new: NewGift, at: int) -> None:
    await db.execute(
        """
        INSERT INTO econ_gift (op_id, sender_id, recipient_id, amount, note, room_id, at)
        VALUES (:op_id, :sender_id, :recipient_id, :amount, :note, :room_id, :at)
        """,
        op_id=op_id,
        sender_id=sender_id,
        at=at,
        **asdict(new),
    )


async def sent_gift(db: Connection, op_id: int) -> Gift:
    """A gift that exists, as its sender sees it."""
    row = await db.one(
        f"""
        SELECT 1 AS sent, {_GIFT} FROM econ_gift gift JOIN account ON account.id = gift.recipient_id
        WHERE gift.op_id = :op
        """,
        op=op_id,
    )
    assert row is not None, f"gift {op_id} does not exist"
    return _gift(row)


async def gifts_of(db: Connection, account_id: int, before: int, limit: int) -> list[Gift]:
    """The gifts a person sent and got below an op, newest first."""
    # Each side by its own index and cut on its own, or a long history would be sorted for a short page.
    rows = await db.all(
        f"""
        SELECT * FROM (
          SELECT 1 AS sent, {_GIFT} FROM econ_gift gift JOIN account ON account.id = gift.recipient_id
          WHERE gift.sender_id = :account AND gift.op_id < :before ORDER BY gift.op_id DESC LIMIT {int(limit)}
        ) AS given
        UNION ALL
        SELECT * FROM (
          SELECT 0 AS sent, {_GIFT} FROM econ_gift gift JOIN account ON account.id = gift.sender_id
          WHERE gift.recipient_id = :account AND gift.op_id < :before ORDER BY gift.op_id DESC LIMIT {int(limit)}
        ) AS got
        ORDER BY op_id DESC LIMIT {int(limit)}
        """,
        account=account_id,
        before=before,
    )
    return [_gift(row) for row in rows]


async def pin(db: Connection, account_id: int) -> Pin | None:
    """A person's PIN, unlocked: for reading."""
    row = await db.one(f"SELECT {_PIN} FROM econ_pin WHERE account_id = :account", account=account_id)
    return None if row is None else Pin(**row)


async def lock_pin(db: Connection, account_id: int) -> Pin | None:
    """A person's PIN, its row held until the transaction ends, as it is then."""
    row = await db.one(
        f"UPDATE econ_pin SET tries = tries WHERE account_id = :account RETURNING {_PIN}", account=account_id
    )
    return None if row is None else Pin(**row)


async def set_pin(db: Connection, account_id: int, hashed: str, now: int) -> None:
    """Set or replace a PIN. Tries of the old one are forgotten, a lock is not."""
    await db.execute(
        """
        INSERT INTO econ_pin (account_id, hash, set_at) VALUES (:account, :hash, :now)
        ON CONFLICT (account_id) DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at, tries = 0
        """,
        account=account_id,
        hash=hashed,
        now=now,
    )


async def save_tries(db: Connection, pin: Pin) -> None:
    """Store what the tries of a PIN that is held have come to."""
    await db.execute(
        "UPDATE econ_pin SET tries = :tries, locks = :locks, locked_until = :locked_until WHERE account_id = :account",
        account=pin.account_id,
        tries=pin.tries,
        locks=pin.locks,
        locked_until=pin.locked_until,
    )


async def forgive_tries(db: Connection, account_id: int) -> None:
    """Forget wrong tries and locks, after a right one."""
    await db.execute(
        "UPDATE econ_pin SET tries = 0, locks = 0, locked_until = 0 WHERE account_id = :account", account=account_id
    )


def _gift(row: Row) -> Gift:
    return Gift(**{**row, "sent": bool(row["sent"])})
