"""What a run of the ledger says: a table for the terminal, and its section of docs/performance.md."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence

from bench.ledger.cases import AMOUNT, PEOPLE, PGBENCH, SUBJECTS, Case
from bench.ledger.results import LedgerResults
from bench.report import NOISY, columns, markdown
from bench.results import Figure

HEADING = "## The ledger beside pgbench"

_OURS = "guildhall-postgresql"
_TITLES = {"earn": "earn", "gift": "gift", "hold_capture": "hold and capture"}
_RATES = (
    "operation",
    "callers",
    *(f"{SUBJECTS[name]}: per second" for name in SUBJECTS),
    "Guildhall / pgbench",
)
_COSTS = (
    "operation",
    "callers",
    *("SQLite: our CPU", "PostgreSQL: our CPU", "PostgreSQL: its CPU", "pgbench: its CPU", "pgbench: PostgreSQL's CPU"),
    *("SQLite: p50 / p99", "PostgreSQL: p50 / p99", "pgbench: p50 / p99"),
)
_INTRODUCTION = """
Written by `python -m bench ledger --write-docs` from the figures that `make bench-ledger` kept; edit neither by hand.
""".strip()
_EXPLANATION = f"""
**Guildhall** is one process with the whole application in it as it is shipped, its background work too, called at its
services by so many callers at once; each operation is a transaction of its own, with its pushes, and each call waits
for the one before. It has the connections of the default settings, 10. A gift is `Ledger.transfer`; hold and capture
are two transactions and count as one operation; to earn is to be rewarded for a message by the shipped policy. A batch
is one transaction with so many rewards, each of another person or four by each; its rate is in rewards.

**pgbench** does the same by plain statements in `bench/ledger/*.sql`, prepared, one thread and as many connections as
callers, on the same server: the same rows written, the same checks made, under fresh keys. It does not work out what it
writes (hashes, decisions, JSON), tells nobody, and answers nobody. So it stands for what the database costs by itself.

Each turn begins on a fresh copy of one database with {PEOPLE} people and their analysed history, and draws people by
lot. After each, ops, transfers, claims and tallies are counted against what was reported done, and the whole audit is
run, on pgbench's database too; a difference or a finding ends the run without figures. PostgreSQL runs with its
defaults (`synchronous_commit` on), SQLite with `synchronous=FULL`. Nothing is pinned to a core. Amounts of gifts and
holds are {AMOUNT} micro-tokens, so that nobody runs out. Rates are medians of the turns, lowest and highest in
brackets; CPU is user and system time for each operation.
"""


def text(found: LedgerResults) -> str:
    """The run for a terminal."""
    lines = [f"{name}: {value}" for name, value in found.about.items()]
    lines += [
        "",
        *columns([_RATES, *_rates(found)]),
        "",
        *columns([_COSTS, *_costs(found)]),
        "",
        *_verdict(found),
        *_disturbance(found),
    ]
    return "\n".join(lines)


def section(found: LedgerResults) -> str:
    """The run as a section of the document."""
    parts = [
        HEADING,
        _INTRODUCTION,
        *_disturbance(found),
        "\n".join(f"- {line}" for line in _verdict(found)),
        "\n".join(markdown([_RATES, *_rates(found)])),
        "### What an operation costs",
        "\n".join(markdown([_COSTS, *_costs(found)])),
        "### How it was measured",
        _EXPLANATION.strip(),
        "\n".join(markdown([("what", "value"), *found.about.items()])),
    ]
    return "\n\n".join(parts) + "\n"


def _rates(found: LedgerResults) -> Iterator[Sequence[str]]:
    for case in found.cases:
        rates = (found.figure(subject, case, "per_s") for subject in SUBJECTS)
        ratio = found.ratio(_OURS, case)
        yield _title(case), str(case.callers), *map(_rate, rates), "-" if ratio is None else f"{ratio:.2f}"


def _costs(found: LedgerResults) -> Iterator[Sequence[str]]:
    cpu = [(subject, "client_cpu_us") for subject in ("guildhall-sqlite", _OURS)]
    cpu += [(_OURS, "server_cpu_us"), (PGBENCH, "client_cpu_us"), (PGBENCH, "server_cpu_us")]
    for case in found.cases:
        costs = (found.figure(subject, case, metric) for subject, metric in cpu)
        times = ([found.figure(subject, case, metric) for metric in ("p50_ms", "p99_ms")] for subject in SUBJECTS)
        yield _title(case), str(case.callers), *map(_micros, costs), *(_millis(p50, p99) for p50, p99 in times)


def _verdict(found: LedgerResults) -> list[str]:
    """The two questions this is asked for, and what was audited."""
    lines = []
    for case in found.cases:
        ratio = found.ratio(_OURS, case)
        if case.operation == "gift" and ratio is not None:
            lines.append(f"Gifts by {_callers(case)}: pgbench reaches {1 / ratio:.1f} times as many.")
    for case in found.cases:
        for subject in SUBJECTS:
            rate = found.figure(subject, case, "per_s")
            if case.batch > 1 and rate is not None:
                told = f"Rewards in {_batches(case)} by {_callers(case)}, {SUBJECTS[subject]}"
                lines.append(f"{told}: {rate.median:,.0f} a second.")
    lines.append(f"The books of all {len(found.turns)} turns add up: what was counted is stored, the audit is clean.")
    return lines


def _disturbance(found: LedgerResults) -> list[str]:
    shares = [turn.others_share for turn in found.turns]
    if statistics.median(shares) <= NOISY:
        return []
    told = (
        f"**This run was disturbed**: other work took {statistics.median(shares):.0%} of the cores in the median turn"
        f" and up to {max(shares):.0%}. Rates are too low, in each turn differently. Run it again on a quiet machine."
    )
    return [told]


def _callers(case: Case) -> str:
    return "one caller" if case.callers == 1 else f"{case.callers} callers"


def _title(case: Case) -> str:
    return _TITLES[case.operation] + (f", {_batches(case)}" if case.batch > 1 else "")


def _batches(case: Case) -> str:
    return f"batches of {case.batch}" + (f" with {case.each} to each person" if case.each > 1 else "")


def _rate(figure: Figure | None) -> str:
    return "-" if figure is None else f"{figure.median:,.0f} ({figure.low:,.0f}-{figure.high:,.0f})"


def _micros(figure: Figure | None) -> str:
    return "-" if figure is None else f"{figure.median:,.0f} us"


def _millis(p50: Figure | None, p99: Figure | None) -> str:
    return "-" if p50 is None or p99 is None else f"{p50.median:,.1f} / {p99.median:,.1f} ms"
