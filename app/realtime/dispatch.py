"""From a raw command to its acknowledgement: validate, limit, time, call, translate."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from time import perf_counter
from typing import Any

import structlog
from pydantic import ValidationError

from app.core.actor import Actor
from app.core.errors import AppError, Unavailable
from app.infra.problems import invalid_input
from app.infra.rate_limit import RateLimit
from app.infra.telemetry import Metrics, correlated, correlation_id
from app.realtime.contract import Acknowledged, Command

COMMAND_SECONDS_MAX = 10.0
DRAIN_SECONDS_MAX = 10.0

Handler = Callable[[str, Actor, Any], Awaitable[Acknowledged]]

log = structlog.get_logger(__name__)


class Dispatcher:
    """Runs commands by type. Refusals become acknowledgements; everything else is a bug and says `internal`."""

    def __init__(self, limit: RateLimit, metrics: Metrics) -> None:
        self._limit = limit
        self._metrics = metrics
        self._handlers: dict[str, tuple[type[Command], Handler]] = {}
        self._running: set[asyncio.Future[None]] = set()
        self.draining = False
        """Whether new commands are refused, because the server is about to stop."""

    def handle(self, command: type[Command], handler: Handler) -> None:
        """Let `handler(sid, actor, command)` answer this command."""
        self._handlers[command.name] = (command, handler)

    async def dispatch(self, sid: str, actor: Actor, name: object, arguments: tuple[Any, ...]) -> dict[str, Any]:
        """The acknowledgement of one command. Never raises."""
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._running.add(done)
        started = perf_counter()
        known = name if isinstance(name, str) and name in self._handlers else "unknown"
        outcome = "ok"
        try:
            with correlated(correlation_id()):
                answer = await self._answer(sid, actor, known, arguments)
                outcome = str(answer.get("code", "ok"))
            return answer
        finally:
            self._metrics.command_seconds.labels(known, outcome).observe(perf_counter() - started)
            self._running.discard(done)
            done.set_result(None)

    async def drain(self) -> None:
        """Refuse what comes from now on, and wait for what has been taken up to be answered."""
        self.draining = True
        if self._running:
            await asyncio.wait(self._running, timeout=DRAIN_SECONDS_MAX)

    async def _answer(self, sid: str, actor: Actor, name: str, arguments: tuple[Any, ...]) -> dict[str, Any]:
        try:
            if self.draining:
                raise Unavailable("The server is restarting")
            self._limit.take(actor.id)
            command, handler = self._resolve(name, arguments)
            async with asyncio.timeout(COMMAND_SECONDS_MAX):
                reply = await handler(sid, actor, command)
            return {"ok": True, **reply.model_dump(mode="json", exclude_unset=True)}
        except AppError as error:
            return refusal(error)
        except TimeoutError:
            log.error("command_timed_out", command=name)
            return refusal(Unavailable("The server took too long"))
        except Exception:
            log.exception("bug", command=name)
            return {"ok": False, "code": "internal", "detail": "Something went wrong; it was logged", "retry": False}

    def _resolve(self, name: str, arguments: tuple[Any, ...]) -> tuple[Command, Handler]:
        if name not in self._handlers:
            raise UnknownCommand
        kind, handler = self._handlers[name]
        try:
            return kind.model_validate(arguments[0] if len(arguments) == 1 else arguments, strict=True), handler
        except ValidationError as error:
            raise invalid_input(error) from None


class UnknownCommand(AppError):
    code = "unknown_command"
    title = "There is no such command"


def refusal(error: AppError) -> dict[str, Any]:
    """A refusal as an acknowledgement, with the numbers behind it."""
    return {
        "ok": False,
        "code": error.code,
        "detail": error.detail,
        "retry": error.retry,
        **{name: value for name, value in error.data.items() if value is not None},
    }
