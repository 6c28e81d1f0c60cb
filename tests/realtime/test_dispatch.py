"""From a raw command to its acknowledgement, whatever the handler does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import structlog
from pydantic import BaseModel

from app.chat.errors import NotAMember
from app.core.actor import Actor
from app.core.errors import AppError, TooMany
from app.infra.rate_limit import Rate, RateLimit
from app.infra.telemetry import Metrics
from app.realtime import dispatch
from app.realtime.contract import Acknowledged, RoomClose
from app.realtime.dispatch import Dispatcher
from tests.harness.fakes import FrozenClock

ANN = Actor(1, "ann", is_admin=False, session_id=1)
CLOSE = ({"room_id": "7"},)


@pytest.fixture
def dispatcher(clock: FrozenClock, metrics: Metrics) -> Dispatcher:
    return Dispatcher(RateLimit(Rate(3, 1.0), clock), metrics)


def answering(dispatcher: Dispatcher, work: Callable[[], Awaitable[Any]]) -> None:
    """Let `room.close` do this."""

    async def handler(sid: str, actor: Actor, command: RoomClose) -> Acknowledged:
        await work()
        return Acknowledged()

    dispatcher.handle(RoomClose, handler)


def raising(error: BaseException) -> Callable[[], Awaitable[Any]]:
    async def work() -> None:
        raise error

    return work


async def answer(dispatcher: Dispatcher, name: object = "room.close", arguments: tuple[Any, ...] = CLOSE) -> Any:
    return await dispatcher.dispatch("sid", ANN, name, arguments)


@pytest.mark.parametrize(
    ("error", "code", "retry"),
    [
        (NotAMember(), "not_a_member", False),
        (TooMany(2.5), "rate_limited", True),
        (TimeoutError(), "unavailable", True),
        (KeyError("body of a message"), "internal", False),
        (AssertionError(), "internal", False),
    ],
)
async def test_what_a_handler_raises_becomes_a_refusal(
    dispatcher: Dispatcher, error: Exception, code: str, retry: bool
) -> None:
    answering(dispatcher, raising(error))
    with structlog.testing.capture_logs() as logs:
        refused = await answer(dispatcher)
    assert (refused["ok"], refused["code"], refused["retry"]) == (False, code, retry)
    assert "body of a message" not in str(refused)
    assert bool(logs) is not isinstance(error, AppError)


async def test_a_shape_the_handler_itself_got_wrong_is_a_bug_and_not_the_clients_fault(dispatcher: Dispatcher) -> None:
    class Shape(BaseModel):
        number: int

    async def work() -> None:
        Shape.model_validate({"number": "secret"})

    answering(dispatcher, work)
    with structlog.testing.capture_logs() as logs:
        assert (await answer(dispatcher))["code"] == "internal"
    assert [entry["event"] for entry in logs] == ["bug"]


async def test_a_command_that_takes_too_long_is_given_up(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatch, "COMMAND_SECONDS_MAX", 0.02)
    stopped = asyncio.Event()

    async def work() -> None:
        try:
            await asyncio.sleep(30)
        finally:
            stopped.set()

    answering(dispatcher, work)
    refused = await answer(dispatcher)
    assert (refused["code"], refused["retry"]) == ("unavailable", True)
    assert stopped.is_set()


@pytest.mark.parametrize("name", ["room.shut", "", "unknown", 7, None, [], {}])
async def test_unknown_commands(dispatcher: Dispatcher, name: object) -> None:
    assert (await answer(dispatcher, name))["code"] == "unknown_command"


@pytest.mark.parametrize(
    "arguments", [(), (None,), ("7",), (7,), ([],), ({},), ({"room_id": "7"}, {}), ({"room_id": "7", "x": 1},), (b"7",)]
)
async def test_malformed_commands(dispatcher: Dispatcher, arguments: tuple[Any, ...]) -> None:
    answering(dispatcher, raising(AssertionError("not called")))
    refused = await answer(dispatcher, arguments=arguments)
    assert refused["code"] == "invalid"
    assert refused["errors"]


async def test_too_many_commands_of_one_person_of_whatever_kind(dispatcher: Dispatcher, clock: FrozenClock) -> None:
    for name in ("room.close", "unknown", 7):
        await answer(dispatcher, name)
    refused = await answer(dispatcher)
    assert (refused["code"], refused["retry"], refused["retry_after"]) == ("rate_limited", True, 1)
    assert (await dispatcher.dispatch("sid", Actor(2, "ben", is_admin=False, session_id=2), "x", ()))[
        "code"
    ] != "rate_limited"
    clock.advance(seconds=1)
    assert (await answer(dispatcher))["code"] == "unknown_command"


async def test_draining_answers_what_was_taken_up_and_refuses_the_rest(dispatcher: Dispatcher) -> None:
    finish = asyncio.Event()
    answering(dispatcher, finish.wait)
    taken_up = asyncio.create_task(answer(dispatcher))
    await asyncio.sleep(0)
    draining = asyncio.create_task(dispatcher.drain())
    await asyncio.sleep(0.01)
    refused = await answer(dispatcher)
    assert (refused["code"], refused["retry"]) == ("unavailable", True)
    assert not draining.done()
    finish.set()
    assert await taken_up == {"ok": True}
    await draining


async def test_draining_does_not_wait_for_ever(dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatch, "DRAIN_SECONDS_MAX", 0.02)
    answering(dispatcher, asyncio.Event().wait)
    stuck = asyncio.create_task(answer(dispatcher))
    await asyncio.sleep(0)
    async with asyncio.timeout(1):
        await dispatcher.drain()
    stuck.cancel()


async def test_commands_are_measured_by_name_and_outcome(dispatcher: Dispatcher, metrics: Metrics) -> None:
    answering(dispatcher, raising(NotAMember()))
    await answer(dispatcher)
    await answer(dispatcher, "made up by a client")
    rendered = metrics.render().decode()
    assert 'guildhall_command_seconds_count{command="room.close",outcome="not_a_member"} 1.0' in rendered
    assert "made up" not in rendered
