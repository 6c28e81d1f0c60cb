"""The ledger through one process of ours: the whole application as it is shipped, called at its services."""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

from app.economy.earning.model import Activity, Rewarded
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import OpRequest, Purpose
from app.main import Guildhall
from bench.ledger.cases import AMOUNT, PEOPLE, REWARD, Case, Plan, Turn
from bench.ledger.databases import opened
from bench.ledger.spent import Spent
from bench.turns import BenchError

HOUR_MS = 3_600_000
KEYS_FROM = 10**18
"""Keys are as long as those of real messages."""


class Callers:
    """What the callers of one turn do, each call a transaction of its own. Keys are fresh, people are drawn by lot."""

    def __init__(self, app: Guildhall) -> None:
        self._app = app
        self._keys = itertools.count(KEYS_FROM)
        self._random = random.Random(1)
        self._people = self._in_turn()

    def of(self, case: Case) -> Callable[[], Awaitable[None]]:
        """One call of a case."""
        if case.batch > 1:
            return lambda: self.earn_batch(case.batch, case.each)
        return {"earn": self.earn, "gift": self.gift, "hold_capture": self.hold_capture}[case.operation]

    async def earn(self) -> None:
        """Somebody has written a message."""
        activity = self._message(self._somebody())
        _check(await self._app.transactor.run(lambda work: self._app.bank.economy.reward_activity(work, activity)))

    async def gift(self) -> None:
        """Somebody gives somebody else a little."""
        sender, recipient = self._random.sample(range(1, PEOPLE + 1), 2)
        asked = {"recipient": str(recipient), "amount": AMOUNT}
        op = OpRequest(f"bench.{sender}", f"bench-{next(self._keys)}", "gift", sender, asked, 1)
        outcome = await self._app.transactor.run(
            lambda work: self._app.bank.ledger.transfer(
                work, op, sender=sender, recipient=recipient, amount=AMOUNT, code="gift"
            )
        )
        outcome.unwrap()

    async def hold_capture(self) -> None:
        """Somebody's money is set aside, then taken."""
        owner, key, ledger = self._somebody(), next(self._keys), self._app.bank.ledger
        expires_at = time.time_ns() // 1_000_000 + HOUR_MS
        hold = OpRequest(f"bench.{owner}", f"hold-{key}", "hold", owner, {"amount": AMOUNT}, 1)
        held = await self._app.transactor.run(
            lambda work: ledger.hold(
                work,
                hold,
                owner=owner,
                amount=AMOUNT,
                code="purchase",
                to=SystemAccount.SHOP,
                expires_at=expires_at,
                purpose=Purpose.SHOP,
            )
        )
        held.unwrap()
        capture = OpRequest(f"bench.{owner}", f"capture-{key}", "capture", owner, {"hold": str(held.op_id)}, 1)
        captured = await self._app.transactor.run(lambda work: ledger.capture(work, capture, hold_id=held.op_id))
        captured.unwrap()

    async def earn_batch(self, size: int, each: int) -> None:
        """Different people have written so many messages each; they are rewarded together."""
        authors = list(itertools.islice(self._people, size // each))
        activities = [self._message(author) for _ in range(each) for author in authors]
        for rewarded in await self._app.transactor.run(
            lambda work: self._app.bank.economy.reward_many(work, activities)
        ):
            _check(rewarded)

    def _message(self, author: int) -> Activity:
        content = f"{self._random.getrandbits(128):032x}"
        now = time.time_ns() // 1_000_000
        return Activity("send_message", author, now, f"message:{next(self._keys)}", fingerprint=content)

    def _somebody(self) -> int:
        return self._random.randint(1, PEOPLE)

    def _in_turn(self) -> Iterator[int]:
        people = list(range(1, PEOPLE + 1))
        self._random.shuffle(people)
        return itertools.cycle(people)


async def measure(
    url: str, folder: Path, subject: str, case: Case, plan: Plan, postmaster: int | None
) -> tuple[Turn, int]:
    """A turn, and how many operations were done in all, those of the warm-up too."""
    async with opened(url, folder) as app:
        call = Callers(app).of(case)
        warmed = await _run(call, case.callers, plan.warm_s)
        spent = Spent(time.process_time, postmaster)
        times = await _run(call, case.callers, plan.measured_s)
        costs = spent.since()
    done = len(times) * case.batch
    return Turn.of(subject, case, times, costs.elapsed_s, costs, done), done + len(warmed) * case.batch


async def _run(call: Callable[[], Awaitable[None]], callers: int, seconds: float) -> list[float]:
    """Call again and again until the time is over, by so many callers; how long each call took, in seconds."""
    deadline = time.perf_counter() + seconds
    times = []

    async def again_and_again() -> None:
        while (started := time.perf_counter()) < deadline:
            await call()
            times.append(time.perf_counter() - started)

    await asyncio.gather(*(again_and_again() for _ in range(callers)))
    return times


def _check(rewarded: Rewarded | None) -> None:
    if rewarded is None or rewarded.decision.granted != REWARD:
        raise BenchError(f"Not the reward of a message below the caps: {rewarded}")
