"""Tasks are kept, end when told, and steps that must finish do."""

from __future__ import annotations

import asyncio

import pytest

from app.infra.tasks import Tasks, settle


async def test_settled_work_finishes_before_the_cancellation_is_raised() -> None:
    done = []

    async def work() -> None:
        await asyncio.sleep(0.02)
        done.append("work")

    async def caller() -> None:
        try:
            await settle(work())
        except asyncio.CancelledError:
            done.append("cancelled")
            raise

    task = asyncio.get_running_loop().create_task(caller())
    for _ in range(3):  # every one of several cancellations is outlived
        await asyncio.sleep(0.001)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert done == ["work", "cancelled"]


async def test_settled_work_tells_its_result_and_its_failure() -> None:
    async def fail() -> None:
        raise LookupError

    assert await settle(asyncio.sleep(0, "result")) == "result"
    with pytest.raises(LookupError):
        await settle(fail())


async def test_a_time_limit_around_settled_work_holds_after_it() -> None:
    done = []

    async def work() -> None:
        await asyncio.sleep(0.05)
        done.append("work")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await settle(work())
    assert done == ["work"]


async def test_all_tasks_end_when_told() -> None:
    ended = []

    async def sleeper() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("sleeper")

    tasks = Tasks()
    for number in range(3):
        tasks.spawn(sleeper(), name=f"sleeper {number}")
    await asyncio.sleep(0)
    await asyncio.wait_for(tasks.cancel_all(), 1)
    assert len(ended) == 3


async def test_a_task_that_fails_takes_no_other_with_it() -> None:
    done = asyncio.Event()

    async def fail() -> None:
        raise LookupError

    async def succeed() -> None:
        await asyncio.sleep(0.01)
        done.set()

    tasks = Tasks()
    tasks.spawn(fail(), name="failing")
    tasks.spawn(succeed(), name="other")
    await asyncio.wait_for(done.wait(), 1)
