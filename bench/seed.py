"""Databases of a realistic size: people, rooms, and a history of rewarded messages, analysed.

On nearly empty tables an engine keeps plans that read whole tables, and figures mean nothing.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import asyncpg

from app.core.clock import SystemClock
from app.infra.database import Connection, Database, database_from_url
from app.infra.database.migrations import migrate
from app.main import MIGRATIONS
from bench.shapes import Seat

HISTORY = 15
"""Messages that each member has sent, and was rewarded for, before the benchmark begins."""

YEAR_MS = 365 * 24 * 3600 * 1000

# The day on which the history was rewarded: yesterday. PostgreSQL wants to be told what type a selected parameter has.
_DAY = "CAST(:day AS INTEGER)"

# Both engines read these. `seat` is one member of one room; `history.j` numbers what each of them sent.
_SEAT = "CREATE TABLE bench_seat (person BIGINT PRIMARY KEY, room BIGINT, position BIGINT, members BIGINT)"
_PAST = f"""
WITH RECURSIVE history (j) AS (SELECT 0 UNION ALL SELECT j + 1 FROM history WHERE j < {HISTORY - 1}),
past AS (
  SELECT seat.person * {HISTORY} + j AS id, seat.person, seat.room, seat.members * j + seat.position + 1 AS seq, j
  FROM bench_seat AS seat CROSS JOIN history
)
"""
_GUILDHALL = (
    f"""
    INSERT INTO room (id, kind, name, name_folded, topic, owner_id, client_id, seq, members, created_at)
    SELECT room, 'public', 'Room ' || room, 'room ' || room, 'What we talk about', MIN(person), 'seed-' || room,
      MAX(members) * {HISTORY}, MAX(members), 0
    FROM bench_seat GROUP BY room
    """,
    f"""
    INSERT INTO member (room_id, account_id, active, read_seq, joined_at)
    SELECT room, person, 1, members * {HISTORY}, 0 FROM bench_seat
    """,
    f"""
    INSERT INTO message (id, room_id, seq, author_id, client_id, body, at)
    {_PAST} SELECT id, room, seq, person, 'seed-' || j, 'Something that was said a good while ago, number ' || id, id
    FROM past
    """,
    f"""
    INSERT INTO room_event (room_id, seq, kind, actor_id, subject_id, at)
    {_PAST} SELECT room, seq, 'message.posted', person, id, id FROM past
    """,
    f"""
    INSERT INTO outbox (id, topic, owner_id, payload, correlation_id, created_at, next_attempt_at, done_at)
    {_PAST} SELECT id, 'economy.activity', person,
      '{{"kind":"send_message","actor":' || person || ',"occurred_at":' || id
      || ',"key":"message:' || id || '","counterpart":null,"subject":null,"weight":1}}', 'seed', id, id, id
    FROM past
    """,
    f"""
    INSERT INTO econ_wallet (id, owner_id, main_available, earn_day, earn_day_used, earn_week_used, version)
    SELECT person, person, {HISTORY} * 1000000, {_DAY}, {HISTORY} * 1000000, {HISTORY} * 1000000, {HISTORY}
    FROM bench_seat
    """,
    f"""
    INSERT INTO econ_op (id, scope, idem_key, request_hash, kind, actor_id, policy_version, status, result, created_at)
    {_PAST} SELECT id, 'activity.send_message', 'message:' || id, '{"0" * 64}', 'reward', person, 1, 1,
      '{{"activity":"send_message","base":1000000,"granted":1000000,"capped_by":null,"withheld":null}}', id
    FROM past
    """,
    f"""
    INSERT INTO econ_transfer (id, op_id, kind, code, amount, debit_account, credit_account, credit_wallet,
      credit_version, credit_balance, day, created_at)
    {_PAST} SELECT id, id, 0, 'send_message', 1000000, -1, person, person, j + 1, (j + 1) * 1000000, {_DAY}, id
    FROM past
    """,
    f"""
    INSERT INTO econ_tally (wallet_id, day, code, done, came, came_ops)
    SELECT person, {_DAY}, 'send_message', {HISTORY}, {HISTORY} * 1000000, {HISTORY} FROM bench_seat
    """,
    f"""
    INSERT INTO econ_claim (wallet_id, activity, day, subject, op_id)
    {_PAST} SELECT person, 'send_message', {_DAY}, 'fingerprint-of-message-' || id, id FROM past
    """,
)
_RIVAL = (
    """
    CREATE TABLE room (id BIGINT PRIMARY KEY, seq BIGINT NOT NULL);
    CREATE TABLE message (
      id BIGSERIAL PRIMARY KEY, room_id BIGINT NOT NULL REFERENCES room (id), seq BIGINT NOT NULL,
      author_id BIGINT NOT NULL, client_id VARCHAR(64) NOT NULL, body TEXT NOT NULL, at BIGINT NOT NULL,
      UNIQUE (author_id, client_id), UNIQUE (room_id, seq)
    );
    CREATE TABLE wallet (
      account_id BIGINT PRIMARY KEY, balance BIGINT NOT NULL, day INTEGER NOT NULL, earned INTEGER NOT NULL
    );
    CREATE TABLE ledger (
      id BIGSERIAL PRIMARY KEY, account_id BIGINT NOT NULL REFERENCES wallet (account_id),
      message_id BIGINT NOT NULL UNIQUE REFERENCES message (id), amount BIGINT NOT NULL, balance_after BIGINT NOT NULL,
      at BIGINT NOT NULL
    );
    CREATE INDEX ix_ledger_account ON ledger (account_id, id);
    """,
    f"INSERT INTO room SELECT room, MAX(members) * {HISTORY} FROM bench_seat GROUP BY room",
    f"INSERT INTO wallet SELECT person, {HISTORY} * 1000000, 0, {HISTORY} FROM bench_seat",
    f"""
    INSERT INTO message (room_id, seq, author_id, client_id, body, at)
    {_PAST} SELECT room, seq, person, 'seed-' || j, 'Something that was said a good while ago, number ' || id, id
    FROM past
    """,
    """
    INSERT INTO ledger (account_id, message_id, amount, balance_after, at)
    SELECT author_id, id, 1000000, 1000000, at FROM message
    """,
)


async def seed_guildhall(url: str, seats: Sequence[Seat]) -> None:
    """Migrate a database of ours, fill and analyse it."""
    database = database_from_url(url)
    await database.open()
    try:
        await migrate(database, MIGRATIONS, SystemClock())
        await _fill(database, seats)
        async with database.transaction() as db:
            await db.execute("ANALYZE")
    finally:
        await database.close()
    if url.startswith("postgresql"):
        await _vacuum(url)


async def seed_rival(url: str, seats: Sequence[Seat]) -> None:
    """Make the tables of the rivals on PostgreSQL, fill and analyse them."""
    db = await asyncpg.connect(url)
    try:
        await db.execute(_SEAT)
        await db.copy_records_to_table("bench_seat", records=[_row(seat) for seat in seats])
        for statement in _RIVAL:
            await db.execute(statement)
        await db.execute("DROP TABLE bench_seat")
    finally:
        await db.close()
    await _vacuum(url)


async def _vacuum(url: str) -> None:
    """What autovacuum would do by itself, but not in the middle of a turn."""
    db = await asyncpg.connect(url)
    try:
        await db.execute("VACUUM ANALYZE")
    finally:
        await db.close()


async def _fill(database: Database, seats: Sequence[Seat]) -> None:
    now = int(time.time() * 1000)
    async with database.transaction() as db:
        await db.many(
            """
            INSERT INTO account (id, username, skeleton, password_hash, role, created_at)
            VALUES (:id, :name, :name, '!', 'member', 0)
            """,
            [{"id": seat.person, "name": f"person-{seat.person}"} for seat in seats],
        )
        await db.many(
            """
            INSERT INTO session (id, account_id, token_hash, label, created_at, last_seen_at, expires_at)
            VALUES (:id, :id, :hash, 'bench', :now, :now, :expires_at)
            """,
            [
                {"id": seat.person, "hash": hash_of(seat.token), "now": now, "expires_at": now + YEAR_MS}
                for seat in seats
            ],
        )
        await _seat(db, seats)
        for statement in _GUILDHALL:
            await db.execute(statement, day=datetime.now(UTC).toordinal() - 1)
        await db.execute("DROP TABLE bench_seat")


async def _seat(db: Connection, seats: Iterable[Seat]) -> None:
    await db.execute(_SEAT)
    await db.many(
        "INSERT INTO bench_seat (person, room, position, members) VALUES (:person, :room, :position, :members)",
        [dict(zip(("person", "room", "position", "members"), _row(seat), strict=True)) for seat in seats],
    )


def _row(seat: Seat) -> tuple[int, int, int, int]:
    return seat.person, seat.room, seat.position, seat.members


def hash_of(token: str) -> str:
    """How a session's token is stored."""
    return hashlib.sha256(token.encode()).hexdigest()
