"""The statements of the hash chain, and the invariants of it that cost no hashing."""

from __future__ import annotations

from dataclasses import asdict, fields

from app.economy.ledger.seal import COLUMNS, FORMAT, GENESIS, LOWEST_ID, TABLES, Member, Seal
from app.infra.database import Connection, Row
from app.infra.database.base import Dialect

_SEAL = ", ".join(field.name for field in fields(Seal))
_VALUES = ", ".join(f":{field.name}" for field in fields(Seal))

_LINKED = """
SELECT s.number, s.previous, p.hash AS hash_before, s.from_id, p.to_id AS to_id_before
FROM econ_seal s LEFT JOIN econ_seal p ON p.number = s.number - 1
WHERE s.previous <> COALESCE(p.hash, CASE s.number WHEN 1 THEN CAST(:genesis AS CHAR(64)) ELSE '' END)
  OR s.from_id <> COALESCE(p.to_id + 1, CAST(:lowest AS BIGINT))
"""
_COMPLETE = """
SELECT b.number, b.from_id, b.to_id, b.members, b.found FROM (
  SELECT s.number, s.from_id, s.to_id, s.members,
    (SELECT COUNT(*) FROM econ_op o WHERE o.id BETWEEN s.from_id AND s.to_id)
    + (SELECT COUNT(*) FROM econ_transfer t WHERE t.id BETWEEN s.from_id AND s.to_id) AS found
  FROM econ_seal s
) b WHERE b.members <> b.found
"""

CHECKS: tuple[tuple[str, str, str, tuple[tuple[str, object], ...]], ...] = (
    (
        "chain_linked",
        "each seal continues the one before it, without a gap",
        _LINKED,
        (("genesis", GENESIS), ("lowest", LOWEST_ID)),
    ),
    ("chain_complete", "sealed history has lost no row and gained none", _COMPLETE, ()),
)


async def head(db: Connection) -> Seal | None:
    """The newest seal."""
    row = await db.one(f"SELECT {_SEAL} FROM econ_seal ORDER BY number DESC LIMIT 1")
    return None if row is None else _seal(row)


async def seals_after(db: Connection, number: int, limit: int) -> list[Seal]:
    """At most `limit` seals behind this one, in order."""
    rows = await db.all(
        f"SELECT {_SEAL} FROM econ_seal WHERE number > :number ORDER BY number LIMIT :limit",
        number=number,
        limit=limit,
    )
    return [_seal(row) for row in rows]


async def insert(db: Connection, seal: Seal) -> None:
    """Store a seal, unless another node has stored one of this number meanwhile."""
    await db.execute(
        f"INSERT INTO econ_seal ({_SEAL}) VALUES ({_VALUES}) ON CONFLICT (number) DO NOTHING", **asdict(seal)
    )


async def members(db: Connection, first_id: int, last_id: int, limit: int, format_: int = FORMAT) -> list[Member]:
    """The first ops and transfers with ids in this range, in the order of ids: `limit` of them, or one more.

    An op and a transfer share an id only by force, and are not parted then: the next page begins behind the id.
    """
    found = []
    for table, columns in COLUMNS[format_].items():
        rows = await db.all(
            f"""
            SELECT {", ".join(columns)} FROM {TABLES[table]}
            WHERE id >= :first AND id <= :last ORDER BY id LIMIT :limit
            """,
            first=first_id,
            last=last_id,
            limit=limit,
        )
        found += [(table, row) for row in rows]
    found.sort(key=lambda item: (item[1]["id"], item[0]))
    end = limit + 1 if len(found) > limit and found[limit][1]["id"] == found[limit - 1][1]["id"] else limit
    return [Member.of(table, dict(row), format_) for table, row in found[:end]]


async def count_after(db: Connection, last_id: int) -> int:
    """How many ops and transfers have ids above this one."""
    row = await db.one(
        """
        SELECT (SELECT COUNT(*) FROM econ_op WHERE id > :last)
          + (SELECT COUNT(*) FROM econ_transfer WHERE id > :last) AS rows_after
        """,
        last=last_id,
    )
    assert row is not None
    return int(row["rows_after"])


async def oldest_transaction_ms(db: Connection, dialect: Dialect) -> int:
    """How long the oldest other transaction on this database has been open, in milliseconds; 0 when there is none.

    On SQLite whoever asks within a writing transaction is the only writer. On PostgreSQL the transactions of other
    roles show only to a member of `pg_read_all_stats`; nodes of one installation share one role.
    """
    if dialect == "sqlite":
        return 0
    row = await db.one(
        """
        SELECT CAST(COALESCE(MAX(EXTRACT(EPOCH FROM clock_timestamp() - xact_start)), 0) * 1000 AS BIGINT) AS age
        FROM pg_stat_activity
        WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
        """
    )
    assert row is not None
    return int(row["age"])


def _seal(row: Row) -> Seal:
    columns = dict(row)
    if not isinstance(columns["digests"], bytes):
        # SQLite keeps a value of another type if it is forced in; no hash fits it.
        columns["digests"] = repr(columns["digests"]).encode()
    return Seal(**columns)
