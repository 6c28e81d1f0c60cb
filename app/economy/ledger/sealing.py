"""Seals history that can no longer grow, batch by batch.

A batch must hold every row of its range, also those that are committed late: an id is taken within a transaction and
becomes visible at its commit. So ids are sealed up to a moment that lies `MARGIN_MS` before the oldest transaction
still open, or before now if there is none. Whatever commits later began after that moment, and took its ids then; the
margin is for clocks that disagree, and far more than they do. On SQLite the sealing transaction is the only writer,
and none is ever open beside it. A row that comes late all the same, from a clock that was an hour behind, lies in a
sealed range without being in its seal, and verification names it.
"""

from __future__ import annotations

from app.core.clock import Clock
from app.core.ids import first_id_at
from app.economy.ledger import seal_store
from app.economy.ledger.seal import LOWEST_ID, Seal
from app.infra.database.base import Dialect
from app.infra.unit_of_work import UnitOfWork

MARGIN_MS = 3_600_000
"""How far sealing stays behind: more than any two clocks disagree."""

BATCH_ROWS = 500
"""The most one seal covers: what is held in memory, and on SQLite read while others wait to write."""

PARTIAL_MS = 600_000
"""A seal over fewer rows follows the last one no sooner, or quiet times would make a chain of tiny links."""


class Sealing:
    """Extends the chain. Several nodes may do so at once: only one of two seals of a number is stored."""

    def __init__(self, clock: Clock, dialect: Dialect) -> None:
        self._clock = clock
        self._dialect = dialect

    async def seal_next(self, work: UnitOfWork) -> bool:
        """Seal the next batch; False when there is nothing to seal yet."""
        now = self._clock.now_ms()
        # Before the rows are read, and in a statement of its own: what has ended by now is seen by the next one.
        settled = now - MARGIN_MS - await seal_store.oldest_transaction_ms(work.db, self._dialect)
        head = await seal_store.head(work.db)
        first_id = head.to_id + 1 if head else LOWEST_ID
        members = await seal_store.members(work.db, first_id, first_id_at(settled) - 1, BATCH_ROWS)
        partial = len(members) < BATCH_ROWS
        if not members or (partial and head is not None and now - head.sealed_at < PARTIAL_MS):
            return False
        await seal_store.insert(work.db, Seal.over(members, after=head, now=now))
        return True
