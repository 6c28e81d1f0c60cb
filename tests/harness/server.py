"""The real server, as `make run` starts it: a process on a loopback port that a test may stop, kill and start again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.harness.services import free_port, stop, wait_until

ROOT = Path(__file__).parents[2]
BUG = re.compile(r'"level": ?"(error|critical)"|\[(error|critical) *\]|Traceback')


class Server:
    """One server. Port, data folder and database stay the same from one start to the next.

    Calls block until they are done (seconds at most): an async test wraps them in `asyncio.to_thread`.
    """

    def __init__(self, data_dir: Path, *, database_url: str | None = None, **settings: str) -> None:
        """`settings` are further settings by their lower-case names, e.g. `registration="invite"`."""
        self.data_dir = data_dir
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self.log_path = data_dir / "server.log"
        self._environment = _environment(
            {**settings, "host": "127.0.0.1", "port": str(self.port), "data_dir": str(data_dir)}
            | ({"database_url": database_url} if database_url else {})
        )
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """All that the server has written since its first start."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    @property
    def bugs(self) -> list[str]:
        """The lines in which it says that something went wrong that is nobody's mistake but its own."""
        return [line for line in self.log.splitlines() if BUG.search(line)]

    def start(self) -> None:
        """Start and wait until `/readyz` says yes. Raises `ServiceError` with the log when it does not."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        with self.log_path.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "app", "serve"],
                cwd=self.data_dir,  # where no .env of the person who runs the tests is found
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        wait_until(self._ready, self._process, self.log_path)

    def terminate(self, *, seconds: float = 15) -> int:
        """Ask it to stop, as a service manager does, and return its exit code. Raises when it takes longer."""
        process = self._running()
        process.send_signal(signal.SIGTERM)
        return process.wait(timeout=seconds)

    def kill(self) -> None:
        """Take it away without warning (SIGKILL), as a power cut or the out-of-memory killer does."""
        process = self._running()
        process.kill()
        process.wait(timeout=10)

    def restart(self) -> None:
        """Start again, after stopping it in an orderly way where it still runs."""
        if self._process is not None and self._process.poll() is None:
            self.terminate()
        self.start()

    def run_command(self, *arguments: str, seconds: float = 30) -> subprocess.CompletedProcess[str]:
        """Run another command of the application, such as `audit`, with the same settings; bounded in time."""
        return subprocess.run(
            [sys.executable, "-m", "app", *arguments],
            cwd=self.data_dir,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def close(self) -> None:
        """End what this object started, in whatever state it is."""
        if self._process is not None:
            stop(self._process)

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise RuntimeError("The server was not started")
        return self._process

    def _ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.base_url}/readyz", timeout=2) as response:
                return bool(response.status == 200)
        except (urllib.error.URLError, OSError):
            return False


@contextmanager
def running_server(data_dir: Path, *, database_url: str | None = None, **settings: str) -> Iterator[Server]:
    """A server that runs until the block ends."""
    server = Server(data_dir, database_url=database_url, **settings)
    try:
        server.start()
        yield server
    finally:
        server.close()


def _environment(settings: dict[str, str]) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GUILDHALL_")}
    return (
        inherited | {f"GUILDHALL_{name.upper()}": value for name, value in settings.items()} | {"PYTHONPATH": str(ROOT)}
    )
