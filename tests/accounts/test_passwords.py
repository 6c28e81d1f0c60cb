"""Argon2id: right parameters, away from the loop, bounded, and equally slow for people who do not exist."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from time import perf_counter

import pytest

from app.accounts.passwords import Argon2idHasher


async def test_a_password_is_known_again_and_no_other_is() -> None:
    hasher = Argon2idHasher()
    hashed = await hasher.hash("correct horse")
    assert await hasher.verify(hashed, "correct horse")
    assert not await hasher.verify(hashed, "correct hors")
    assert not await hasher.verify("not a hash", "correct horse")
    assert not await hasher.verify(None, "nobody has this password")


async def test_hashes_are_salted_argon2id_of_the_recommended_cost() -> None:
    hasher = Argon2idHasher()
    first, second = await hasher.hash("correct horse"), await hasher.hash("correct horse")
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


async def test_the_loop_runs_on_while_a_password_is_hashed() -> None:
    hasher = Argon2idHasher()
    hashing = asyncio.create_task(hasher.hash("correct horse"))
    turns = 0
    while not hashing.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns > 10


async def test_only_a_few_are_hashed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    hasher = Argon2idHasher(at_once=2)
    running, most, lock = 0, 0, threading.Lock()

    async def counted(work: Callable[..., object], *args: object) -> object:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1
        return "hash"

    monkeypatch.setattr(asyncio, "to_thread", counted)
    await asyncio.gather(*(hasher.hash("x") for _ in range(8)))
    assert most == 2


async def test_a_name_nobody_has_costs_as_much_as_a_wrong_password() -> None:
    hasher = Argon2idHasher()
    hashed = await hasher.hash("correct horse")

    async def seconds(stored: str | None) -> float:
        started = perf_counter()
        await hasher.verify(stored, "wrong horse")
        return perf_counter() - started

    known = min([await seconds(hashed) for _ in range(5)])
    unknown = min([await seconds(None) for _ in range(5)])
    assert 0.3 < unknown / known < 3
