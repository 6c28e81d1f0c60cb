"""What a turn cost: CPU of whoever called, of PostgreSQL, and how much other work ran meanwhile."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench import machine


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds. `others_share` is how much of all cores went to other work."""

    elapsed_s: float
    client_cpu_s: float
    server_cpu_s: float
    others_share: float


class Spent:
    """Counts from now on. `client` tells the caller's CPU seconds so far; SQLite has no `postmaster`."""

    def __init__(self, client: Callable[[], float], postmaster: int | None) -> None:
        self._client = client
        self._postmaster = postmaster
        self._cores = frozenset(os.sched_getaffinity(0))
        self._before = self._now()

    def since(self) -> Costs:
        """What was spent until now."""
        elapsed, client, server, cores = (now - then for now, then in zip(self._now(), self._before, strict=True))
        return Costs(elapsed, client, server, max(0.0, cores - client - server) / (elapsed * len(self._cores)))

    def _now(self) -> tuple[float, float, float, float]:
        server = 0.0 if self._postmaster is None else machine.family_cpu_seconds(self._postmaster)
        return time.perf_counter(), self._client(), server, machine.core_seconds(self._cores)
