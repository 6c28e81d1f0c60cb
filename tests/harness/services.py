"""Servers the tests need: each started on a free loopback port in a scratch folder, and ended by its own pid."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM_FOLDERS = (*sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True), Path("/opt/homebrew/bin"))
"""Where packagers put PostgreSQL's server programs, which are not on the PATH; newest first."""

MEMORY = Path("/dev/shm")
"""A folder in memory, where the system has one: a database is made there in a tenth of the time."""
MEMORY_BYTES_MIN = 1 << 30
"""How much of it must be free; containers often have less."""

_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1
_PREFIX = "guildhall-test-"


class ServiceError(Exception):
    """A server did not start."""


def find_program(name: str) -> str | None:
    """The path of a server program, or None when it is not installed."""
    return shutil.which(name) or next(
        (str(folder / name) for folder in PROGRAM_FOLDERS if (folder / name).exists()), None
    )


def free_port() -> int:
    """A loopback port that nothing listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def postgresql_server(*, in_memory: bool = False) -> Iterator[str]:
    """Run a PostgreSQL server of its own with default durability; yields its URL without a database name.

    `in_memory` is for whatever takes no server away: its files are in memory where there is room.
    Raises `ServiceError` when it is not installed or does not start within 30 seconds.
    """
    initdb, postgres, is_ready = (find_program(name) for name in ("initdb", "postgres", "pg_isready"))
    if initdb is None or postgres is None or is_ready is None:
        raise ServiceError("PostgreSQL is not installed")
    with scratch_folder("postgresql", in_memory=in_memory) as folder:
        identity = _unprivileged(folder)
        data, port = folder / "data", free_port()
        subprocess.run(
            [initdb, "-D", str(data), "-U", "guildhall", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"],
            check=True,
            timeout=60,
            stdout=subprocess.DEVNULL,
            **identity,
        )
        command = [postgres, "-D", str(data), "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
        command += ["-c", "max_wal_size=128MB"] if in_memory else []
        # Its port opens before it serves.
        ready = [is_ready, "-q", "-h", "127.0.0.1", "-p", str(port)]
        with running(
            command, lambda: subprocess.run(ready, check=False, timeout=10).returncode == 0, folder / "log", **identity
        ):
            yield f"postgresql://guildhall@127.0.0.1:{port}"


@contextmanager
def redis_server() -> Iterator[str]:
    """Run a Redis server of its own that keeps nothing on disk; yields its URL.

    Raises `ServiceError` when it is not installed or does not start within 30 seconds.
    """
    program = find_program("redis-server")
    if program is None:
        raise ServiceError("Redis is not installed")
    with scratch_folder("redis") as folder:
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        with running(command, lambda: listening(port), folder / "log"):
            yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def running(
    command: list[str], ready: Callable[[], bool], log: Path, **options: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; it is asked to stop, and killed if it has not after 10 seconds."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
            **options,
        )
    try:
        wait_until(ready, process, log)
        yield process
    finally:
        stop(process)


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, *, seconds: float = 30) -> None:
    """Wait until a server is ready. Raises `ServiceError` with its log when it ends first or takes too long."""
    deadline = time.monotonic() + seconds
    while process.poll() is None and time.monotonic() < deadline:
        if ready():
            return
        time.sleep(0.02)
    raise ServiceError(f"{process.args!r} did not start:\n{log.read_text(errors='replace')[-4000:]}")


def listening(port: int) -> bool:
    """Whether something accepts connections on a loopback port."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process this test run started, by its pid. SIGINT is PostgreSQL's fast shutdown and others' Ctrl-C."""
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=10)


def _end_with_parent() -> None:
    """Ask Linux to stop the server when the test process is killed before it can do so itself."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


@contextmanager
def scratch_folder(name: str, *, in_memory: bool = False) -> Iterator[Path]:
    """A folder until the block ends; `in_memory` where there is room, or else where temporary files go."""
    parent = MEMORY if in_memory and _has_room(MEMORY) else Path(tempfile.gettempdir())
    _sweep(parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-{name}-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _has_room(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free >= MEMORY_BYTES_MIN


def _sweep(parent: Path) -> None:
    """Remove what test processes left that were killed before they could."""
    for folder in parent.glob(f"{_PREFIX}*-*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        if owner.isdecimal() and not _runs(int(owner)):
            shutil.rmtree(folder, ignore_errors=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How to start a server that refuses to run as root: as another user, who then owns the folder."""
    if os.geteuid() != 0:
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    os.chown(folder, user.pw_uid, user.pw_gid)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": folder}
