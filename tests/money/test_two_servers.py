"""Two real server processes over one database: people claim on both at once, and both say the same."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.harness.api import Api
from tests.harness.engines import POSTGRESQL_ONLY
from tests.harness.server import running_server

PASSWORD = "a long and harmless sentence"
READS = ("/api/tokens/balance/me", "/api/tokens/history/me", "/api/tokens/streak/me", "/api/billing/balance")


class Person:
    """Somebody with two devices, each at another server."""

    def __init__(self, devices: list[Api]) -> None:
        self._devices = devices

    async def claims(self) -> list[tuple[int, Any]]:
        """Claim today's reward twelve times at once, four of them under one key; return status and body of each."""
        keys = [f"key-{min(number, 8)}" for number in range(12)]
        reads = asyncio.gather(*(self._device(number).get(path) for number, path in enumerate(READS * 2)))
        claims = await asyncio.gather(*(self._claim(number, key) for number, key in enumerate(keys)))
        await reads
        same = [answer for answer, key in zip(claims, keys, strict=True) if key == "key-8"]
        assert all(answer == same[0] for answer in same), "one key, one answer"
        return claims

    async def _claim(self, number: int, key: str) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key}
        response = await self._device(number).checked("POST", "/api/tokens/claim-daily", headers=headers)
        body = response.json()
        return response.status_code, body.get("code", body.get("streak_days"))

    async def has(self, tokens: str) -> None:
        """Wait until both servers say that this is what there is."""
        async with asyncio.timeout(20):
            while True:
                found = [(await device.get(READS[0]))["balance"] for device in self._devices]
                if found == [tokens, tokens]:
                    return
                await asyncio.sleep(0.1)

    async def makes_rooms(self, count: int) -> None:
        await asyncio.gather(
            *(
                self._device(number).post("/api/rooms", json={"name": f"Room {number}"}, expect=201)
                for number in range(count)
            )
        )

    def _device(self, number: int) -> Api:
        return self._devices[number % 2]


@POSTGRESQL_ONLY
@pytest.mark.timeout(120)
async def test_claims_in_parallel_on_two_servers_pay_once(database_url: str, tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        servers = [
            stack.enter_context(
                running_server(tmp_path / node, database_url=database_url, registration="open", node=node)
            )
            for node in "12"
        ]
        people = []
        for name in ("ana", "ben", "eve"):
            async with Api(servers[0].base_url) as door:
                account = {"username": name, "password": PASSWORD}
                token = (await door.post("/api/auth/register", json=account, expect=201))["token"]
            devices = [await stack.enter_async_context(Api(server.base_url, token=token)) for server in servers]
            people.append(Person(devices))
        answers = await asyncio.gather(*(person.claims() for person in people), *(p.makes_rooms(4) for p in people))
        for claims in answers[: len(people)]:
            assert claims is not None
            assert Counter(code for _, code in claims)["already_claimed"] >= 8
            assert set(claims) == {(200, 1), (409, "already_claimed")}
        # 50 for coming, 10 for the day, 15 for each room, and 5 of allowance.
        for person in people:
            await person.has("125")
        for server in servers:
            audit = await asyncio.to_thread(server.run_command, "audit")
            assert audit.returncode == 0, audit.stdout
            assert server.bugs == []
