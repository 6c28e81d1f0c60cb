"""One turn: a fresh server, everybody connected, a warm-up, a measured run, and its rewards waited for."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from bench import machine
from bench.machine import Cores
from bench.shapes import IN_FLIGHT, Seat, Shape
from bench.subjects import ROOT, Books, Served, Stage

DRAIN_SECONDS_MAX = 120.0
_POLL_SECONDS = 0.02


class BenchError(Exception):
    """A figure that would not be honest."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a warm-up and a measured run last, and how often each subject has its turn.

    A further round is begun only if it should end within `limit_s`; on a busy machine there are fewer.
    """

    warm_s: float
    measured_s: float
    rounds: int
    limit_s: float = 360.0


@dataclass(frozen=True, slots=True)
class Turn:
    """What one turn came to. Seconds, bytes, and counts; a message counts once it is everywhere and acknowledged.

    `acked_per_s` is what was acknowledged and everywhere within the measured time. `settled_per_s` is all that was sent
    by the time it took until, besides, every reward was decided: the figure that is compared. CPU is the server's own
    over all that time, its PostgreSQL's apart. `others_share` is how much of the servers' core went to other work.
    """

    subject: str
    shape: str
    messages: int
    deliveries: int
    acked_per_s: float
    settled_per_s: float
    drain_s: float
    granted: int
    server_cpu_us_per_message: float
    server_cpu_us_per_delivery: float
    postgresql_cpu_us_per_message: float
    ack_p50_ms: float
    ack_p99_ms: float
    last_p50_ms: float
    last_p99_ms: float
    rss_kb_per_connection: float
    cold_start_s: float
    client_busy: float
    others_share: float


class Generator:
    """The load generator's process, from this side."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def connect(self, seats: Sequence[Seat]) -> None:
        """Connect everybody."""
        self._ask({"do": "connect", "seats": [[s.person, s.room, s.position, s.members] for s in seats]})

    def run(self, seconds: float) -> dict[str, Any]:
        """Send for so long; what `bench.load.Counted` holds."""
        return self._ask({"do": "run", "seconds": seconds, "in_flight": IN_FLIGHT})

    def _ask(self, asked: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise BenchError("The load generator failed; it says why above")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def generator(port: int, cores: Cores) -> Iterator[Generator]:
    """A load generator on its own core until the block ends."""
    with machine.on_cores(cores.client):
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.load", str(port)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    # Leaving the block closes its input, at which it ends, and waits for it.
    with process:
        try:
            yield Generator(process)
        except BaseException:
            process.kill()
            raise


def take_turn(
    stage: Stage, shape: Shape, seats: Sequence[Seat], plan: Plan, cores: Cores, postgresql_pid: int | None
) -> Turn:
    """Measure one subject in one shape. Raises `BenchError` when what is stored is not what was acknowledged."""
    with ExitStack() as stack:
        with machine.on_cores(cores.server):
            server = stack.enter_context(stage.served())
        load = stack.enter_context(generator(server.port, cores))
        before_connecting = machine.resident_bytes(server.pid)
        load.connect(seats)
        connected = machine.resident_bytes(server.pid) - before_connecting
        load.run(plan.warm_s)
        _drain(stage)
        books = stage.books()
        spent = _Spent(server, postgresql_pid if stage.subject.engine == "postgresql" else None, cores)
        started = time.perf_counter()
        counted = load.run(plan.measured_s)
        drain_s = _drain(stage)
        elapsed = time.perf_counter() - started
        server_s, postgresql_s, core_s = spent.since()
        stored = stage.books().since(books)
    check(stage.subject.name, shape, counted, stored if stage.url else None)
    sent = counted["sent"]
    return Turn(
        subject=stage.subject.name,
        shape=shape.name,
        messages=sent,
        deliveries=counted["deliveries"],
        acked_per_s=counted["finished"] / counted["seconds"],
        settled_per_s=sent / elapsed,
        drain_s=drain_s,
        granted=stored.granted,
        server_cpu_us_per_message=server_s / sent * 1e6,
        server_cpu_us_per_delivery=server_s / counted["deliveries"] * 1e6,
        postgresql_cpu_us_per_message=postgresql_s / sent * 1e6,
        ack_p50_ms=percentile(counted["ack_s"], 0.50) * 1e3,
        ack_p99_ms=percentile(counted["ack_s"], 0.99) * 1e3,
        last_p50_ms=percentile(counted["last_receiver_s"], 0.50) * 1e3,
        last_p99_ms=percentile(counted["last_receiver_s"], 0.99) * 1e3,
        rss_kb_per_connection=connected / len(seats) / 1024,
        cold_start_s=server.cold_start_s,
        client_busy=counted["client_cpu_s"] / counted["elapsed_s"],
        others_share=max(0.0, core_s - server_s - postgresql_s) / elapsed,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(len(ordered) * share)) - 1]


class _Spent:
    """CPU time of a server, of its PostgreSQL, and of all that ran on their core, from now on."""

    def __init__(self, server: Served, postgresql_pid: int | None, cores: Cores) -> None:
        self._server = server.pid
        self._postgresql = postgresql_pid
        self._cores = cores.server
        self._before = self._now()

    def since(self) -> tuple[float, float, float]:
        """Seconds of the server, of PostgreSQL, and of the core."""
        server, postgresql, core = (now - before for now, before in zip(self._now(), self._before, strict=True))
        return server, postgresql, core

    def _now(self) -> tuple[float, float, float]:
        postgresql = machine.family_cpu_seconds(self._postgresql) if self._postgresql is not None else 0.0
        return machine.cpu_seconds(self._server), postgresql, machine.core_seconds(self._cores)


def _drain(stage: Stage) -> float:
    """Wait until every reward is decided; return how long that took."""
    started = time.perf_counter()
    while not stage.settled():
        if time.perf_counter() - started > DRAIN_SECONDS_MAX:
            raise BenchError(f"{stage.subject.name} did not reward everybody in {DRAIN_SECONDS_MAX} s")
        time.sleep(_POLL_SECONDS)
    return time.perf_counter() - started


def check(name: str, shape: Shape, counted: dict[str, Any], stored: Books | None) -> None:
    """Raise `BenchError` unless what was stored and delivered is what was sent. `stored` is None without a database."""
    sent = counted["sent"]
    if counted["deliveries"] != sent * shape.members:
        raise BenchError(f"{name}: {counted['deliveries']} deliveries of {sent} messages to {shape.members}")
    if stored is None:
        return
    if (stored.messages, stored.decided) != (sent, sent):
        raise BenchError(f"{name}: {sent} messages acknowledged, but stored are {stored}")
    if not 0 < stored.granted <= sent:
        raise BenchError(f"{name}: {stored.granted} rewards for {sent} messages")
