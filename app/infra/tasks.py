"""The only place that starts tasks."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Tasks:
    """Background work of one application: kept referenced, its failures logged, cancelled at the end."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def spawn(self, work: Coroutine[Any, Any, Any], *, name: str) -> None:
        """Start `work` in a fresh context, so that it shares no request's bound log fields."""
        task = asyncio.get_running_loop().create_task(work, name=name, context=contextvars.Context())
        self._running.add(task)
        task.add_done_callback(self._done)

    async def cancel_all(self) -> None:
        """Cancel what still runs and wait until it has stopped."""
        tasks = list(self._running)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if not task.cancelled() and (failure := task.exception()) is not None:
            log.error("task_failed", task=task.get_name(), exc_info=failure)


async def every(seconds: float, work: Callable[[], Awaitable[object]]) -> None:
    """Do `work` again and again with a pause in between, until cancelled. A failure is logged; the next round comes."""
    while True:
        await asyncio.sleep(seconds)
        try:
            await work()
        except Exception:
            log.exception("round_failed", work=getattr(work, "__qualname__", "unknown"))


async def settle(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end even if the caller is cancelled meanwhile; the cancellation is raised afterwards.

    For steps that must not be left half done, such as COMMIT or giving a connection back.
    """
    task = asyncio.get_running_loop().create_task(work)
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
        except BaseException:
            break
    if cancelled is not None:
        raise cancelled
    return task.result()
