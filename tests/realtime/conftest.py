"""Fixtures of the socket edge: the application served on loopback, and clients that check what they hear."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest

from app.main import Guildhall
from tests.harness.application import Person, served
from tests.harness.socket import Socket, socket_promises


@pytest.fixture
async def base_url(app: Guildhall) -> AsyncIterator[str]:
    async with served(app) as url:
        yield url


@pytest.fixture
async def connect(app: Guildhall, base_url: str) -> AsyncIterator[Callable[..., Awaitable[Socket]]]:
    """Connects a device of a person: `phone = await connect(ann)`."""
    contract = socket_promises()
    async with AsyncExitStack() as stack:

        async def device(person: Person) -> Socket:
            socket = await stack.enter_async_context(Socket(contract))
            return await socket.connect(base_url, token=person.token)

        yield device


@pytest.fixture
async def ann(person: Callable[..., Awaitable[Person]]) -> Person:
    return await person("ann")


@pytest.fixture
async def ben(person: Callable[..., Awaitable[Person]]) -> Person:
    return await person("ben")


@pytest.fixture
def no_traceback(capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fails the test when anything it did was logged with a traceback."""
    caplog.set_level(logging.WARNING)
    yield
    output = capfd.readouterr()
    assert "Traceback" not in output.out + output.err
    assert [record.getMessage() for record in caplog.records if record.exc_info] == []
