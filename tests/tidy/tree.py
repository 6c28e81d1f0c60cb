"""The files of this repository: what git knows, and what it would take up."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BINARY = frozenset({".png", ".ico", ".woff2", ".db"})


@cache
def files() -> tuple[Path, ...]:
    """Every file that is tracked or about to be, without those git ignores."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=30,
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(path for path in paths if path.is_file())


def python_files(*folders: str) -> list[Path]:
    """Python files within these top-level folders, or all of them."""
    python = [path for path in files() if path.suffix == ".py"]
    return [path for path in python if not folders or path.relative_to(ROOT).parts[0] in folders]


def text_files() -> list[Path]:
    """Everything a person may read."""
    return [path for path in files() if path.suffix not in BINARY]
