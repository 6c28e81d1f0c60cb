"""Recomputes the hash chain from the rows of history, and names what does not fit.

Reads only, and a batch at a time: run it over a `snapshot()` connection. Whoever can write to the database can also
seal a false history anew from the changed row on; only a hash that was kept elsewhere tells that (`expect`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from app.economy.ledger import seal_store
from app.economy.ledger.seal import COLUMNS, GENESIS, LOWEST_ID, TABLES, Seal
from app.infra.database import Connection

BREAKS_MAX = 100
"""How many breaks a report names; the others are counted."""

SEALS_PAGE = 20
ROWS_PAGE = 1000


class Problem(StrEnum):
    """What is wrong with a row, or with a seal itself."""

    ROW_CHANGED = "row_changed"
    ROW_DELETED = "row_deleted"
    ROW_INSERTED = "row_inserted"
    SEAL_CHANGED = "seal_changed"
    SEAL_UNLINKED = "seal_unlinked"
    SEAL_UNREADABLE = "seal_unreadable"
    HASH_UNKNOWN = "hash_unknown"


_SAYS = {
    Problem.ROW_CHANGED: "was changed after it was sealed",
    Problem.ROW_DELETED: "was deleted after it was sealed",
    Problem.ROW_INSERTED: "came into history that was sealed already",
    Problem.SEAL_CHANGED: "the seal itself was changed",
    Problem.SEAL_UNLINKED: "does not continue the seal before it: one is missing, or was made anew",
    Problem.SEAL_UNREADABLE: "is of a format this release does not know",
    Problem.HASH_UNKNOWN: "no seal has the expected hash: the chain was cut, or made anew",
}


@dataclass(frozen=True, slots=True)
class Break:
    """Where the chain does not fit: a batch, and a row of it if it is one. Batch 0 is the chain as a whole."""

    batch: int
    problem: Problem
    table: str | None = None
    row_id: int | None = None

    def to_json(self) -> dict[str, Any]:
        row_id = None if self.row_id is None else str(self.row_id)
        return {"batch": self.batch, "problem": self.problem.value, "table": self.table, "row_id": row_id}

    def to_text(self) -> str:
        batch = f"batch {self.batch}: " if self.batch else ""
        row = f"{self.table} {self.row_id} " if self.table else ""
        return batch + row + _SAYS[self.problem]


@dataclass(slots=True)
class ChainReport:
    """What became of recomputing the chain. `head` is the newest hash; `unsealed` rows are too new to be sealed."""

    batches: int = 0
    rows: int = 0
    unsealed: int = 0
    head: str = GENESIS
    broken: int = 0
    breaks: list[Break] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.broken

    def found(self, batch: int, problem: Problem, table: str | None = None, row_id: int | None = None) -> None:
        """Add a break; those beyond `BREAKS_MAX` are counted only."""
        self.broken += 1
        if len(self.breaks) < BREAKS_MAX:
            self.breaks.append(Break(batch, problem, table, row_id))

    def to_json(self) -> dict[str, Any]:
        return {
            "ok": self.ok,
            "batches": self.batches,
            "rows": self.rows,
            "unsealed": self.unsealed,
            "head": self.head,
            "broken": self.broken,
            "breaks": [item.to_json() for item in self.breaks],
        }

    def to_text(self) -> str:
        """For a person at a terminal: what was recomputed, where it broke, and the hash to keep."""
        tail = f"{self.unsealed} rows too new to be sealed"
        lines = [f"{self.batches} batches of {self.rows} rows recomputed, {self.broken} breaks; {tail}"]
        lines += [f"BROKEN {item.to_text()}" for item in self.breaks]
        if self.broken > len(self.breaks):
            lines.append(f"... and {self.broken - len(self.breaks)} more")
        return "\n".join([*lines, f"head {self.head}"])


async def verify_chain(db: Connection, expect: str | None = None) -> ChainReport:
    """Recompute every seal. `expect` is a hash kept elsewhere: some seal must have it still, the newest or an older."""
    report = ChainReport()
    last: Seal | None = None
    hashes_missing = expect not in (None, GENESIS)
    while seals := await seal_store.seals_after(db, last.number if last else 0, SEALS_PAGE):
        for seal in seals:
            await _verify(db, seal, last, report)
            hashes_missing = hashes_missing and seal.hash != expect
            last = seal
    if last is not None:
        report.head = last.hash
    report.unsealed = await seal_store.count_after(db, last.to_id if last else LOWEST_ID)
    if hashes_missing:
        report.found(0, Problem.HASH_UNKNOWN)
    return report


async def _verify(db: Connection, seal: Seal, last: Seal | None, report: ChainReport) -> None:
    report.batches += 1
    report.rows += seal.members
    number, hash_, to_id = (last.number, last.hash, last.to_id) if last else (0, GENESIS, LOWEST_ID - 1)
    if (seal.number, seal.previous, seal.from_id) != (number + 1, hash_, to_id + 1):
        report.found(seal.number, Problem.SEAL_UNLINKED)
    if seal.format not in COLUMNS:
        report.found(seal.number, Problem.SEAL_UNREADABLE)
    elif seal.hash != seal.computed_hash():
        report.found(seal.number, Problem.SEAL_CHANGED)
    else:
        await _compare(db, seal, report)


async def _compare(db: Connection, seal: Seal, report: ChainReport) -> None:
    """Hold the rows in a seal's range against its digests."""
    try:
        sealed = seal.unpacked()
    except ValueError:
        report.found(seal.number, Problem.SEAL_UNREADABLE)
        return
    first_id = seal.from_id
    while True:
        page = await seal_store.members(db, first_id, seal.to_id, ROWS_PAGE, seal.format)
        for member in page:
            digest = sealed.pop((member.table, member.id), None)
            if digest is None:
                report.found(seal.number, Problem.ROW_INSERTED, TABLES[member.table], member.id)
            elif digest != member.digest:
                report.found(seal.number, Problem.ROW_CHANGED, TABLES[member.table], member.id)
        if len(page) < ROWS_PAGE:
            break
        first_id = page[-1].id + 1
    for table, row_id in sorted(sealed, key=lambda key: key[1]):
        report.found(seal.number, Problem.ROW_DELETED, TABLES.get(table, table), row_id)
