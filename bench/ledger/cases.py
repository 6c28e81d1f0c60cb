"""What is measured of the ledger: which operation, by how many callers at once, and what a turn of it comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.core.clock import Calendar, Clock
from bench.ledger.spent import Costs
from bench.shapes import Seat, Shape, seating
from bench.turns import percentile

Operation = Literal["earn", "gift", "hold_capture"]

SHAPE = Shape(32, 32)
PEOPLE = SHAPE.people
"""Who has a wallet. Each begins with the same money and the same history, with the day's caps untouched."""

AMOUNT = 1000
"""Micro-tokens of a gift or a hold: nobody runs out of money within a turn."""

REWARD = 1_000_000
"""Micro-tokens that a message earns by the shipped policy. Nobody earns more than the day's cap within a turn."""

PGBENCH = "pgbench"
SUBJECTS = {
    "guildhall-sqlite": "Guildhall, SQLite",
    "guildhall-postgresql": "Guildhall, PostgreSQL",
    PGBENCH: "pgbench, PostgreSQL",
}


@dataclass(frozen=True, slots=True)
class Case:
    """An operation by so many callers at once, each of whom does `batch` of it in one transaction.

    In a batch, each person does so many of it as `each` says, and all of a batch are as many people as that leaves.
    """

    operation: Operation
    callers: int
    batch: int = 1
    each: int = 1

    @property
    def name(self) -> str:
        together = f" in {self.batch}s" if self.batch > 1 else ""
        return f"{self.operation} by {self.callers}{together}" + (f", {self.each} by each" if self.each > 1 else "")

    @property
    def subjects(self) -> tuple[str, ...]:
        """Who is measured. A batch has no equivalent of plain statements; it stands beside pgbench's single ones."""
        return tuple(name for name in SUBJECTS if name != PGBENCH or self.batch == 1)


OPERATIONS: tuple[Operation, ...] = ("earn", "gift", "hold_capture")
CASES = (
    *(Case(operation, callers) for operation in OPERATIONS for callers in (1, 8, 32)),
    *(Case("earn", *of) for of in ((1, 128, 1), (1, 512, 1), (2, 512, 1), (1, 512, 4), (2, 512, 4))),
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How long each turn warms up and is measured, and how often each subject has its turn in each case.

    A further round is begun only if it should end within `limit_s`; on a busy machine there are fewer.
    """

    warm_s: float
    measured_s: float
    rounds: int
    limit_s: float = 240.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn came to. `client` is our process or pgbench, `server` its PostgreSQL (0 on SQLite).

    Times are of whole transactions; of both together for hold and capture, and of the batch for a batch.
    `others_share` is how much of all cores went to other work.
    """

    subject: str
    operation: Operation
    callers: int
    batch: int
    each: int
    operations: int
    per_s: float
    p50_ms: float
    p99_ms: float
    client_cpu_us: float
    server_cpu_us: float
    others_share: float

    @classmethod
    def of(cls, subject: str, case: Case, times: Sequence[float], seconds: float, costs: Costs, spent_on: int) -> Turn:
        """From how long each call took within `seconds`, and what was spent on so many operations."""
        operations = len(times) * case.batch
        return cls(
            subject=subject,
            operation=case.operation,
            callers=case.callers,
            batch=case.batch,
            each=case.each,
            operations=operations,
            per_s=operations / seconds,
            p50_ms=percentile(times, 0.50) * 1e3,
            p99_ms=percentile(times, 0.99) * 1e3,
            client_cpu_us=costs.client_cpu_s / spent_on * 1e6,
            server_cpu_us=costs.server_cpu_s / spent_on * 1e6,
            others_share=costs.others_share,
        )

    @property
    def case(self) -> Case:
        """Which case it was a turn of."""
        return Case(self.operation, self.callers, self.batch, self.each)


@dataclass(frozen=True, slots=True)
class Moment:
    """When a turn begins, for those who have no clock: milliseconds, and the platform's day."""

    now: int
    day: int

    @classmethod
    def of(cls, clock: Clock, calendar: Calendar) -> Moment:
        now = clock.now_ms()
        return cls(now, calendar.day(now))


def seats() -> list[Seat]:
    """Everybody, in rooms that nobody talks in during the benchmark; their history has to be about something."""
    return seating([SHAPE], 1)[0, SHAPE]
