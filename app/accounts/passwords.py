"""Argon2id, away from the event loop and never more than a few at a time."""

from __future__ import annotations

import asyncio
from typing import Protocol

from argon2 import PasswordHasher as Argon2
from argon2.exceptions import InvalidHashError, VerificationError


class PasswordHasher(Protocol):
    """Turns passwords into hashes, and knows them again."""

    async def hash(self, password: str) -> str: ...

    async def verify(self, hashed: str | None, password: str) -> bool:
        """Whether the password belongs to the hash. Without a hash it takes as long, and says no."""
        ...


class Argon2idHasher:
    """OWASP's parameters: 19 MiB, two passes, one lane. The semaphore bounds memory under a flood of logins."""

    def __init__(self, *, at_once: int = 2) -> None:
        self._argon2 = Argon2(time_cost=2, memory_cost=19 * 1024, parallelism=1)
        self._semaphore = asyncio.Semaphore(at_once)
        self._nobody = self._argon2.hash("nobody has this password")

    async def hash(self, password: str) -> str:
        async with self._semaphore:
            return await asyncio.to_thread(self._argon2.hash, password)

    async def verify(self, hashed: str | None, password: str) -> bool:
        async with self._semaphore:
            matches = await asyncio.to_thread(self._matches, hashed or self._nobody, password)
        return matches and hashed is not None

    def _matches(self, hashed: str, password: str) -> bool:
        try:
            return self._argon2.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False
