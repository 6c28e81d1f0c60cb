"""A Socket.IO client that keeps every push in order and holds what it hears against the AsyncAPI document."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Self

import socketio

from app.main import create_app
from app.settings import Settings
from tests.harness.contract import ContractBroken, Document

Json = Any
"""A decoded JSON value."""


@dataclass(frozen=True, slots=True)
class Push:
    """One event the server sent by itself."""

    name: str
    data: Json


class SocketContract:
    """What `/asyncapi.json` (AsyncAPI 3) promises of pushes and acknowledgements.

    A push is a message whose `name` (or key) is the event's. A command is a message with the command's name; the
    reply of an operation that carries it describes the acknowledgement.
    """

    def __init__(self, asyncapi: dict[str, Json]) -> None:
        self._document = Document(asyncapi)
        messages: dict[str, Json] = asyncapi.get("components", {}).get("messages", {})
        self._messages = {message.get("name", key): message for key, message in messages.items()}
        self._replies: dict[str, list[Json]] = {}
        for operation in asyncapi.get("operations", {}).values():
            replies = [self._document.resolve(reply) for reply in operation.get("reply", {}).get("messages", [])]
            for message in operation.get("messages", []):
                resolved = self._document.resolve(message)
                if name := resolved.get("name", message.get("$ref", "").rpartition("/")[2]):
                    self._replies.setdefault(name, []).extend(replies)

    def check_push(self, name: str, data: Json) -> None:
        """Raise `ContractBroken` unless the push is documented and matches its schema."""
        if name not in self._messages:
            raise ContractBroken(f"Push {name} is not documented")
        self._document.check(data, self._messages[name].get("payload", {}), f"Push {name}")

    def check_ack(self, name: str, ack: Json) -> None:
        """Raise `ContractBroken` unless the acknowledgement matches one documented for the command."""
        if name not in self._replies:
            raise ContractBroken(f"No acknowledgement of {name} is documented")
        schema = {"anyOf": [reply.get("payload", {}) for reply in self._replies[name]]}
        self._document.check(ack, schema, f"Acknowledgement of {name}")


@cache
def socket_promises() -> SocketContract:
    """The application's own, made once: it is the same under any settings."""
    return SocketContract(create_app(Settings(_env_file=None)).documents["/asyncapi.json"]())


class Socket:
    """One device of a person. Every push stays in `pushes`, oldest first."""

    def __init__(self, contract: SocketContract | None = None) -> None:
        self.pushes: list[Push] = []
        self.raw = socketio.AsyncClient(reconnection=False)
        """The client beneath, for what no well-behaved client does."""
        self._contract = contract
        self._broken: list[ContractBroken] = []
        self._arrived = asyncio.Condition()
        self.raw.on("*", self._keep)

    async def connect(self, base_url: str, *, token: str | None = None, cookie: str | None = None) -> Self:
        """Connect by WebSocket. Raises `socketio.exceptions.ConnectionError` when the server refuses."""
        await self.raw.connect(
            base_url,
            auth=None if token is None else {"token": token},
            headers={} if cookie is None else {"Cookie": cookie},
            transports=["websocket"],
            wait_timeout=10,
        )
        return self

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
        if self._broken and error is None:
            raise self._broken[0]

    async def close(self) -> None:
        """Disconnect, as closing the tab does."""
        await self.raw.disconnect()

    async def command(self, name: str, payload: Json, *, seconds: float = 10) -> dict[str, Json]:
        """Send a command and return its acknowledgement, refusals included. Raises when none comes in time."""
        ack: dict[str, Json] = await self.raw.call(name, payload, timeout=seconds)
        if self._contract is not None:
            self._contract.check_ack(name, ack)
        return ack

    async def accepted(self, name: str, payload: Json) -> dict[str, Json]:
        """Send a command that must not be refused."""
        ack = await self.command(name, payload)
        assert ack["ok"] is True, f"{name} was refused: {ack}"
        return ack

    def received(self, name: str) -> list[Json]:
        """The data of every push of this name so far."""
        return [push.data for push in self.pushes if push.name == name]

    async def wait_for(
        self, name: str, matches: Callable[[Json], bool] = lambda data: True, *, seconds: float = 5
    ) -> Json:
        """The first push of this name that matches, had or still to come. Raises `AssertionError` when none comes."""
        try:
            async with asyncio.timeout(seconds), self._arrived:
                while True:
                    for data in self.received(name):
                        if matches(data):
                            return data
                    await self._arrived.wait()
        except TimeoutError:
            heard = ", ".join(push.name for push in self.pushes) or "nothing"
            raise AssertionError(f"No such {name} within {seconds} s; heard: {heard}") from None

    async def _keep(self, name: str, data: Json = None) -> None:
        if self._contract is not None:
            try:
                self._contract.check_push(name, data)
            except ContractBroken as error:
                self._broken.append(error)
        async with self._arrived:
            self.pushes.append(Push(name, data))
            self._arrived.notify_all()
