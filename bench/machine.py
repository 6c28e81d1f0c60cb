"""The machine: which core runs what, what a process has used, and what stands in the report about it."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from tests.harness.services import find_program

_TICKS = os.sysconf("SC_CLK_TCK")
_FSYNCS = 100


@dataclass(frozen=True, slots=True)
class Cores:
    """Where servers and their PostgreSQL run, and where the load generator does."""

    server: frozenset[int]
    client: frozenset[int]

    @property
    def pinned(self) -> bool:
        """Whether servers and load generator have a core each."""
        return self.server != self.client


def share_cores() -> Cores:
    """One core for servers and another for the client, where there are two."""
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        return Cores(frozenset(allowed), frozenset(allowed))
    return Cores(frozenset(allowed[:1]), frozenset(allowed[1:2]))


@contextmanager
def on_cores(cores: frozenset[int]) -> Iterator[None]:
    """Processes started within run on these cores, and so do theirs."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """User and system time a process has used itself, all threads together, to 10 ms."""
    user, system, *_ = _stat(pid)
    return (user + system) / _TICKS


def family_cpu_seconds(pid: int) -> float:
    """The same of a process with its children, those that have ended too."""
    total = sum(_stat(pid)) / _TICKS
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            if _fields(int(entry.name))[1] == str(pid):
                total += cpu_seconds(int(entry.name))
        except FileNotFoundError:
            continue  # it ended while we were looking; its parent has its time from now on
    return total


def core_seconds(cores: frozenset[int]) -> float:
    """Time these cores were not idle, whoever used them, the hypervisor's other guests included."""
    total = 0
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name.startswith("cpu") and name[3:].isdigit() and int(name[3:]) in cores:
            user, nice, system, _idle, _waiting, interrupt, soft_interrupt, stolen = map(int, ticks[:8])
            total += user + nice + system + interrupt + soft_interrupt + stolen
    return total / _TICKS


def resident_bytes(pid: int) -> int:
    """The memory of a process that is in RAM."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise ProcessLookupError(pid)


def describe() -> dict[str, str]:
    """What the figures depend on, for the report."""
    return {
        "processor": _processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.1f} GiB",
        "kernel": platform.release(),
        "fsync": f"{_fsync_us():.0f} us (median, 4 KiB, {_file_system()})",
        "python": platform.python_version(),
        "node": _says("node", "--version"),
        "postgresql": _says(find_program("postgres") or "postgres", "--version"),
        "python-socketio": version("python-socketio"),
        "uvicorn": version("uvicorn"),
        "asyncpg": version("asyncpg"),
    }


def load_average() -> float:
    """How many processes wanted to run over the last minute; above 1 before a run, the machine is not ours alone."""
    return os.getloadavg()[0]


def _fields(pid: int) -> list[str]:
    # The name in brackets may hold spaces.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()


def _stat(pid: int) -> tuple[int, int, int, int]:
    """Ticks: user, system, and those of children that have ended."""
    fields = _fields(pid)
    return int(fields[11]), int(fields[12]), int(fields[13]), int(fields[14])


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _fsync_us() -> float:
    """What the engines pay for durability here, in the folder they write to."""
    times = []
    with tempfile.TemporaryFile() as file:
        for _ in range(_FSYNCS):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e6


def _file_system() -> str:
    return _says("df", "--output=fstype", tempfile.gettempdir()).split()[-1]


def _says(program: str, *arguments: str) -> str:
    if shutil.which(program) is None:
        return "not installed"
    done = subprocess.run([program, *arguments], check=True, capture_output=True, text=True, timeout=10)
    return done.stdout.strip()
