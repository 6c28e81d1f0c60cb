"""What a run says: a table for the terminal, and the document, both from the kept figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.results import Figure, Results
from bench.shapes import IN_FLIGHT
from bench.subjects import SUBJECTS, Subject

COMPARED = "settled_per_s"
NOISY = 0.05
"""More other work than this on the servers' core, and a run is told to be disturbed."""

_BASE = "python-stored"
_TITLES = {subject.name: subject.title for subject in SUBJECTS}
_BY_NAME: dict[str, Subject] = {subject.name: subject for subject in SUBJECTS}
_HEADINGS = (
    "server",
    "messages/s, all settled",
    "of base",
    "acknowledged/s",
    "rewards settled after",
    "server CPU / message",
    "PostgreSQL CPU / message",
    "messages / CPU second",
    "server CPU / delivery",
    "to ack p50 / p99",
    "to last receiver p50 / p99",
)
_INTRODUCTION = """
Written by `python -m bench --write-docs` from the figures that `make bench` kept; edit neither by hand. This is the
baseline: one transaction for each message and for each batch of rewards, and the library's own fan-out, before any
pipeline that gathers them.
""".strip()
_EXPLANATION = f"""
**All settled**: everything sent, by the time until it was acknowledged after its commit, received by every member, and
its reward decided and booked. This is the figure that is compared. Guildhall rewards after the acknowledgement, so its
figure counts only with an empty outbox, and the time until then is in it. The median of the turns; lowest and highest
in brackets. *Of base* is the ratio to {_TITLES[_BASE]}.

**Acknowledged**: what was acknowledged and everywhere within the measured time, rewards not waited for.

**CPU** is user and system time of the server's own process, rewards included; PostgreSQL's stands apart. *Messages per
CPU second* counts both: what the core would do if nothing else ran on it and nobody waited for the disk.

The loop is closed: {IN_FLIGHT} messages are always under way, and a new one is sent when one is acknowledged and has
reached everybody. So times to the acknowledgement are those of a server that has all it can do, not of an ordinary day.
"""
_RIVALS = """
## What is compared

Servers that store do the same for a message: take the room's next number, store the message, raise the author's wallet
up to a daily cap, write a line of the ledger. PostgreSQL runs with its defaults (`synchronous_commit` on), SQLite with
`synchronous=FULL`. The rivals do it as one would write it first, in `bench/rivals` and `bench/node`: four prepared
statements in one transaction, ten connections, no ORM. They do less than Guildhall: they believe who connects, do not
check membership for each message, do not recognise a repeated one, keep no event log, limit no rates, tell nobody of
their new balance, and their ledger has one side. Those in memory store nothing and reward nobody; they show what the
Socket.IO libraries cost by themselves. Pushes have the same content on all wires.

Each turn starts a fresh server on tables of a realistic, analysed size. Every message must reach every member exactly
once and be found stored, with its reward decided, or the run fails.
"""


def text(found: Results) -> str:
    """The run for a terminal."""
    lines = [f"{name}: {value}" for name, value in found.about.items()]
    lines.append(f"load generator: counts {found.ceiling_deliveries_per_s:,.0f} deliveries in a second of CPU")
    for shape in found.shapes:
        lines += ["", _title(shape), *columns([_HEADINGS, *_rows(found, shape)])]
    lines += ["", *columns([("server", "memory / connection", "cold start"), *_fixed_costs(found)])]
    lines += ["", *columns(list(_standing(found))), "", _verdict(found), *_disturbance(found)]
    return "\n".join(lines)


def document(found: Results) -> str:
    """The run as docs/performance.md."""
    parts = [
        "# Performance",
        _INTRODUCTION,
        *_disturbance(found),
        "## Where Guildhall is slower, and where it is not",
        _verdict(found),
        "\n".join(markdown(list(_standing(found)))),
        "## Figures",
        _EXPLANATION.strip(),
    ]
    for shape in found.shapes:
        parts += [f"### {_title(shape)}", "\n".join(markdown([_HEADINGS, *_rows(found, shape)]))]
    fixed = [("server", "memory / connection", "cold start"), *_fixed_costs(found)]
    parts += ["### Standing still", "\n".join(markdown(fixed)), _RIVALS.strip(), "## The run"]
    parts.append("\n".join(markdown([("what", "value"), *found.about.items()])))
    parts.append(_ceiling(found))
    return "\n\n".join(parts) + "\n"


def _rows(found: Results, shape: str) -> Iterator[Sequence[str]]:
    for subject in found.subjects:

        def of(metric: str, subject: str = subject) -> Figure:
            return found.figure(subject, shape, metric)

        settled = of(COMPARED)
        yield (
            _TITLES[subject],
            f"{settled.median:,.0f} ({settled.low:,.0f}-{settled.high:,.0f})",
            _ratio(found, subject, shape, _BASE),
            f"{of('acked_per_s').median:,.0f}",
            f"{of('drain_s').median:.2f} s" if _BY_NAME[subject].ours else "at once" if _stores(subject) else "-",
            f"{of('server_cpu_us_per_message').median:,.0f} us",
            f"{of('postgresql_cpu_us_per_message').median:,.0f} us" if _on_postgresql(subject) else "-",
            f"{1e6 / (of('server_cpu_us_per_message').median + of('postgresql_cpu_us_per_message').median):,.0f}",
            f"{of('server_cpu_us_per_delivery').median:,.1f} us",
            f"{of('ack_p50_ms').median:,.0f} / {of('ack_p99_ms').median:,.0f} ms",
            f"{of('last_p50_ms').median:,.0f} / {of('last_p99_ms').median:,.0f} ms",
        )


def _fixed_costs(found: Results) -> Iterator[Sequence[str]]:
    """Memory in the shape with the most connections, where an average says most, and the cold starts of those turns."""
    shape = max(found.shapes, key=lambda name: int(name.split("x")[0]) * int(name.split("x")[1]))
    for subject in found.subjects:
        memory = found.figure(subject, shape, "rss_kb_per_connection")
        start = found.figure(subject, shape, "cold_start_s")
        yield _TITLES[subject], f"{memory.median:.0f} KB", f"{start.median:.2f} s"


def _verdict(found: Results) -> str:
    """How often Guildhall is slower, and each case in which it is not."""
    ours, rivals = _sides(found)
    pairs = [(mine, shape, rival) for mine in ours for shape in found.shapes for rival in rivals]
    faster = [pair for pair in pairs if _median(found, pair[0], pair[1]) >= _median(found, pair[2], pair[1])]
    told = f"Guildhall is slower in {len(pairs) - len(faster)} of {len(pairs)} comparisons."
    cases = "; ".join(f"{_TITLES[mine]} against {_TITLES[rival]}, {_title(shape)}" for mine, shape, rival in faster)
    return f"{told} It is not: {cases}." if faster else told


def _standing(found: Results) -> Iterator[Sequence[str]]:
    """For each engine of Guildhall's and each shape, its share of what each other server reaches."""
    ours, rivals = _sides(found)
    yield "Guildhall's share of", *(_TITLES[rival] for rival in rivals)
    for mine in ours:
        for shape in found.shapes:
            yield f"{_TITLES[mine]}, {_title(shape)}", *(_ratio(found, mine, shape, rival) for rival in rivals)


def _sides(found: Results) -> tuple[list[str], list[str]]:
    ours = [name for name in found.subjects if _BY_NAME[name].ours]
    return ours, [name for name in found.subjects if name not in ours]


def _disturbance(found: Results) -> list[str]:
    worst = max(turn.others_share for turn in found.turns)
    if worst <= NOISY:
        return []
    told = (
        f"**This run was disturbed**: other work took up to {worst:.0%} of the servers' core. Rates are too low and"
        " times too long, in each turn differently; CPU figures are less affected. Run it again on a quiet machine."
    )
    return [told]


def _ceiling(found: Results) -> str:
    busiest = max(turn.client_busy for turn in found.turns)
    return (
        "The load generator is a process on a core of its own. It counts"
        f" {found.ceiling_deliveries_per_s:,.0f} deliveries in a second of CPU when they come in large pieces; in these"
        f" turns it was busy for at most {busiest:.0%} of the time. Near 100%, a figure is the client's and not the"
        " server's."
    )


def _ratio(found: Results, subject: str, shape: str, base: str) -> str:
    if base not in found.subjects:
        return "-"
    return f"{_median(found, subject, shape) / _median(found, base, shape):.2f}"


def _median(found: Results, subject: str, shape: str) -> float:
    return found.figure(subject, shape, COMPARED).median


def _stores(subject: str) -> bool:
    return bool(_BY_NAME[subject].engine)


def _on_postgresql(subject: str) -> bool:
    return _BY_NAME[subject].engine == "postgresql"


def _title(shape: str) -> str:
    rooms, members = shape.split("x")
    return f"{rooms} {'room' if rooms == '1' else 'rooms'} of {members}"


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table for a terminal, a line for each row."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def markdown(rows: Sequence[Sequence[str]]) -> list[str]:
    """A table for a document, the first row its headings."""
    head, *body = [f"| {' | '.join(row)} |" for row in rows]
    return [head, f"|{'---|' * len(rows[0])}", *body]
