"""Secrets that an installation makes for itself at its first start, and keeps beside its data."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

_BYTES = 32
_SECRET = re.compile(f"[0-9a-f]{{{2 * _BYTES}}}")


class SecretFile:
    """One secret in a file that only the server's own user can read. Loaded when the application starts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._value: bytes | None = None

    @property
    def value(self) -> bytes:
        """The secret: 32 random bytes."""
        if self._value is None:
            raise RuntimeError(f"The secret {self._path.name} is not loaded yet")
        return self._value

    def load(self) -> None:
        """Read the secret; where there is none, make it. Raises `ValueError` if the file holds something else."""
        if not self._path.exists():
            self._make()
        text = self._path.read_text(encoding="ascii").strip()
        if not _SECRET.fullmatch(text):
            raise ValueError(f"{self._path.name} does not hold a secret of {_BYTES} bytes")
        self._value = bytes.fromhex(text)

    def _make(self) -> None:
        # Written beside its place and then linked there: no other process ever reads half of it, and of two that
        # start together, both use the one that was first.
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(_BYTES))
                file.flush()
                os.fsync(file.fileno())
            try:
                os.link(draft, self._path)
            except FileExistsError:
                return
        finally:
            draft.unlink()
