"""The outbox: work that facts cause, stored in the transaction that records them, applied later exactly once.

The relay claims rows and applies them, those of one topic together, in the transaction that marks them done, so a
crash at any point applies each once. What fails together is tried in halves, down to the row that fails by itself: it
stays, waits longer each time, and holds nobody else up. Rows are claimed by their mark and
never by `id > last seen`: ids are taken at insert but become visible at commit, in another order.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from app.core.clock import Clock
from app.core.ids import Ids
from app.infra.database import Connection, Contention, Database, Row
from app.infra.telemetry import Metrics, correlated, current_correlation_id
from app.infra.unit_of_work import Transactor, UnitOfWork

BATCH = 128
"""How many rows one transaction applies: enough to share its cost, few enough to let others in between."""
POLL_SECONDS = 1.0
RETRY_MS_MAX = 10 * 60 * 1000
STUCK_ATTEMPTS = 10
"""After so many failures a row is reported as an error at each further one."""

log = structlog.get_logger(__name__)

Handler = Callable[[UnitOfWork, Sequence[dict[str, Any]]], Awaitable[None]]
"""Carries out the errands of one topic with these payloads, all of them or, by raising, none."""


@dataclass(frozen=True, slots=True)
class Errand:
    """Work to be done once: a topic and what its handler needs to know, as JSON values.

    `owner` is the person whose rows the handler locks. Relays lock in the order of owners.
    """

    topic: str
    payload: dict[str, Any]
    owner: int = 0


class Outbox:
    """Writes errands and reads how many wait."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids

    async def put(self, db: Connection, errands: Sequence[Errand]) -> None:
        """Store errands in the transaction of the facts that cause them."""
        now = self._clock.now_ms()
        await db.many(
            """
            INSERT INTO outbox (id, topic, owner_id, payload, correlation_id, created_at, next_attempt_at)
            VALUES (:id, :topic, :owner, :payload, :correlation_id, :now, :now)
            """,
            [
                {
                    "id": self._ids.new(),
                    "topic": errand.topic,
                    "owner": errand.owner,
                    "payload": json.dumps(errand.payload, separators=(",", ":")),
                    "correlation_id": current_correlation_id(),
                    "now": now,
                }
                for errand in errands
            ],
        )

    async def oldest_waiting_ms(self, db: Connection) -> int | None:
        """When the oldest errand still to be done was stored, or None when there is none."""
        row = await db.one("SELECT MIN(created_at) AS oldest FROM outbox WHERE done_at IS NULL")
        return None if row is None else row["oldest"]


class Relay:
    """Applies errands, woken after commits and by a slow poll. Several relays may share one database."""

    def __init__(
        self,
        database: Database,
        transactor: Transactor,
        handlers: Mapping[str, Handler],
        *,
        clock: Clock,
        metrics: Metrics,
        wake: asyncio.Event | None = None,
    ) -> None:
        """`wake` is set by whoever knows that there is something to do; without it the relay polls."""
        self._transactor = transactor
        self._handlers = handlers
        self._clock = clock
        self._metrics = metrics
        self._wake = wake or asyncio.Event()
        # SQLite has one writer, and with it nobody to skip.
        self._locking = "FOR UPDATE SKIP LOCKED" if database.dialect == "postgresql" else ""

    async def run(self) -> None:
        """Apply errands until cancelled."""
        while True:
            self._wake.clear()
            try:
                if await self.run_batch() == BATCH:
                    continue
            except Exception:
                log.exception("relay_batch_failed")
            try:
                await asyncio.wait_for(self._wake.wait(), POLL_SECONDS)
            except TimeoutError:
                continue

    async def run_batch(self) -> int:
        """Apply at most `BATCH` waiting errands in one transaction; return how many were claimed."""
        return await self._transactor.run(self._apply_batch)

    async def drain(self) -> None:
        """Apply errands until none is due. For shutdown and for tests."""
        while await self.run_batch():
            pass

    async def _apply_batch(self, work: UnitOfWork) -> int:
        rows = await self._claim(work.db)
        by_topic: dict[str, list[Row]] = {}
        # In one order for all relays: a batch holds its locks to the end, and must not wait for one that waits for it.
        for row in sorted(rows, key=lambda row: (row["owner_id"], row["id"])):
            by_topic.setdefault(row["topic"], []).append(row)
        for topic, its in by_topic.items():
            await self._apply(work, topic, its)
        return len(rows)

    async def _claim(self, db: Connection) -> list[Row]:
        return await db.all(
            f"""
            SELECT id, topic, owner_id, payload, correlation_id, attempts FROM outbox
            WHERE done_at IS NULL AND next_attempt_at <= :now
            ORDER BY id LIMIT {BATCH} {self._locking}
            """,
            now=self._clock.now_ms(),
        )

    async def _apply(self, work: UnitOfWork, topic: str, rows: Sequence[Row]) -> None:
        recorded = len(work.facts)
        commands = {row["correlation_id"] for row in rows}
        with correlated(commands.pop() if len(commands) == 1 else ""):
            try:
                async with work.db.savepoint():
                    await self._handlers[topic](work, [json.loads(row["payload"]) for row in rows])
                    await self._mark_done(work.db, rows)
            except Contention:
                # Not the fault of these errands; the whole batch is run again.
                raise
            except Exception as error:
                del work.facts[recorded:]
                if len(rows) == 1:
                    await self._postpone(work.db, rows[0], error)
                    return
            else:
                self._metrics.outbox_applied.labels(topic).inc(len(rows))
                return
        middle = len(rows) // 2
        await self._apply(work, topic, rows[:middle])
        await self._apply(work, topic, rows[middle:])

    async def _mark_done(self, db: Connection, rows: Sequence[Row]) -> None:
        await db.over(
            "UPDATE outbox SET done_at = :now WHERE id IN (SELECT id FROM given)",
            {"id": "bigint"},
            [(row["id"],) for row in rows],
            now=self._clock.now_ms(),
        )

    async def _postpone(self, db: Connection, row: Row, error: Exception) -> None:
        attempts = row["attempts"] + 1
        tell = log.error if attempts >= STUCK_ATTEMPTS else log.warning
        tell("errand_failed", topic=row["topic"], errand=row["id"], attempts=attempts, exc_info=error)
        self._metrics.outbox_failed.labels(row["topic"]).inc()
        await db.execute(
            "UPDATE outbox SET attempts = :attempts, next_attempt_at = :next, last_error = :error WHERE id = :id",
            attempts=attempts,
            next=self._clock.now_ms() + min(RETRY_MS_MAX, 500 * 2**attempts),
            error=type(error).__name__,
            id=row["id"],
        )
