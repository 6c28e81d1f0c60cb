"""The token operations over HTTP: exact wire shapes, held against the generated document, and who may read what."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.core.actor import Actor
from app.core.clock import Calendar, iso
from app.core.errors import AppError
from app.economy.earning.endpoints import EconomyEndpoints
from app.economy.earning.model import Activity
from app.economy.earning.service import Economy
from app.infra.database import Database
from app.infra.http import Operations, bearer_token
from app.infra.openapi import openapi
from app.infra.problems import on_refusal
from app.infra.unit_of_work import Transactor
from tests.harness.api import Api
from tests.harness.economy import House, reward
from tests.harness.fakes import FrozenClock

ANA, BEN, ROOT = 41, 42, 43


async def signed_in(request: Request) -> Actor:
    """Trust the token to be the person's id."""
    account_id = int(bearer_token(request) or 0)
    return Actor(account_id, f"person {account_id}", account_id == ROOT, 1)


@pytest.fixture
def web(rooms: House, database: Database, transactor: Transactor) -> Starlette:
    endpoints = EconomyEndpoints(rooms.economy, rooms.daily, rooms.standings, rooms.rulebook)
    operations = endpoints.operations()
    document = openapi(operations, title="Economy", version="1")

    async def promises(_: Request) -> JSONResponse:
        return JSONResponse(document)

    routes = [*Operations(database, transactor, signed_in).routes(operations), Route("/openapi.json", promises)]
    return Starlette(routes=routes, exception_handlers={AppError: on_refusal})


@pytest.fixture
async def ana(web: Starlette) -> AsyncIterator[Api]:
    async with Api.in_process(web, token=str(ANA)) as api:
        yield api


@pytest.fixture
async def ben(web: Starlette) -> AsyncIterator[Api]:
    async with Api.in_process(web, token=str(BEN)) as api:
        yield api


@pytest.fixture
async def root(web: Starlette) -> AsyncIterator[Api]:
    async with Api.in_process(web, token=str(ROOT)) as api:
        yield api


@pytest.fixture
async def rewards(economy: Economy, transactor: Transactor, clock: FrozenClock) -> list[int]:
    """Ana registered and wrote twice; the ops, oldest first."""
    now = clock.now_ms()
    told = [
        Activity("registration", ANA, now, "r"),
        Activity("send_message", ANA, now, "m1", fingerprint="a"),
        Activity("send_message", ANA, now, "m2", fingerprint="b"),
    ]
    return [(await transactor.run(lambda work, it=it: reward(economy, work, it))).op_id for it in told]  # type: ignore[misc]  # the default binds the activity


async def test_the_balance_is_whole_and_exact(rewards: list[int], ana: Api) -> None:
    assert await ana.get("/api/tokens/balance/me") == {
        "user_id": str(ANA),
        "balance": "52",
        "held": "0",
        "by_source": {"main": "52"},
        "tier": {"name": "bronze", "from": "0", "next": {"name": "silver", "at": "100"}},
        "today": {"earned": "52", "cap": "500"},
        "week": {"earned": "52", "cap": "3000"},
        "symbol": "SCT",
        "token": "SecureChat Token",
    }


async def test_the_history_pages_by_cursor(rewards: list[int], ana: Api, clock: FrozenClock) -> None:
    first = await ana.get("/api/tokens/history/me", params={"limit": 2})
    assert [entry["amount"] for entry in first["entries"]] == ["+1", "+1"]
    newest = first["entries"][0]
    assert {**newest, "id": ""} == {
        "id": "",
        "op_id": str(rewards[-1]),
        "at": iso(clock.now_ms()),
        "kind": "reward",
        "reason": "send_message",
        "amount": "+1",
        "balance_after": "52",
        "source": "main",
    }
    rest = await ana.get("/api/tokens/history/me", params={"limit": 2, "cursor": first["next"]})
    assert [entry["reason"] for entry in rest["entries"]] == ["registration"]
    assert rest["next"] is None


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"cursor": "-1"}, {"cursor": "x"}, {"page": 1}])
async def test_a_malformed_page_is_refused(ana: Api, query: dict[str, object]) -> None:
    refused = await ana.get("/api/tokens/history/me", params=query, expect=422)
    assert refused["code"] == "invalid"


async def test_an_explanation_shows_the_arithmetic(rewards: list[int], ana: Api, clock: FrozenClock) -> None:
    assert await ana.get(f"/api/tokens/explain/{rewards[-1]}") == {
        "op_id": str(rewards[-1]),
        "at": iso(clock.now_ms()),
        "kind": "reward",
        "activity": "send_message",
        "base": "1",
        "multipliers": [],
        "ceiling": None,
        "multiplied": "1",
        "granted": "1",
        "capped_by": None,
        "withheld": None,
        "policy_version": 1,
        "caps": [
            {"name": "activity_day", "used_before": "1", "limit": "50"},
            {"name": "day", "used_before": "51", "limit": "500"},
            {"name": "week", "used_before": "51", "limit": "3000"},
        ],
    }


async def test_a_cap_can_be_looked_at_beforehand(
    rewards: list[int], ana: Api, calendar: Calendar, clock: FrozenClock
) -> None:
    assert await ana.post("/api/tokens/check-cap", json={"activity": "create_room"}) == {
        "activity": "create_room",
        "base": "15",
        "would_grant": "15",
        "capped_by": None,
        "remaining": {"activity": None, "shared": None, "year": "150", "day": "448", "week": "2948"},
        "resets_at": iso(calendar.next_day_ms(clock.now_ms())),
    }
    refused = await ana.post("/api/tokens/check-cap", json={"activity": "dance"}, expect=422)
    assert refused["code"] == "invalid"


async def test_people_read_their_own_money_only(rewards: list[int], ana: Api, ben: Api) -> None:
    assert (await ana.get(f"/api/tokens/balance/{ANA}"))["balance"] == "52"
    for path in (f"/api/tokens/balance/{ANA}", f"/api/tokens/history/{ANA}"):
        assert (await ben.get(path, expect=403))["code"] == "forbidden"
    assert (await ben.get(f"/api/tokens/explain/{rewards[0]}", expect=404))["code"] == "not_found"
    assert (await ben.get("/api/tokens/balance/me"))["balance"] == "0"


async def test_administrators_read_everybodys(rewards: list[int], root: Api) -> None:
    assert (await root.get(f"/api/tokens/balance/{ANA}"))["balance"] == "52"
    assert len((await root.get(f"/api/tokens/history/{ANA}"))["entries"]) == 3
    assert (await root.get(f"/api/tokens/explain/{rewards[0]}"))["granted"] == "50"


async def test_an_op_that_is_no_reward_is_not_found(ana: Api) -> None:
    await ana.get("/api/tokens/explain/12345", expect=404)
