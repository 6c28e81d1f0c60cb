"""The daily allowance: once a day, gone at midnight, for tools alone; the work that spends it; and the reset."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.core.actor import Actor
from app.core.clock import Calendar, iso
from app.core.errors import AppError, Unauthenticated
from app.core.ids import Ids, TimeOrderedIds
from app.core.money import TOKEN
from app.economy.allowance import store
from app.economy.allowance.endpoints import BillingEndpoints
from app.economy.allowance.errors import NoAllowance
from app.economy.allowance.model import Reset
from app.economy.allowance.service import BATCH, SCOPE
from app.economy.ledger.errors import HoldResolved, InsufficientTokens
from app.economy.ledger.model import LotTerms, Purpose
from app.economy.rules.model import Policy
from app.infra.database import Database
from app.infra.http import Operations, bearer_token
from app.infra.openapi import openapi
from app.infra.problems import on_refusal
from app.infra.unit_of_work import Transactor
from tests.economy.working import budget, fail, hold, succeed, today
from tests.harness.api import Api
from tests.harness.economy import RULES, House, Member, assert_sound, house, open_account
from tests.harness.fakes import FrozenClock

ANA, BEN, ROOT = 7001, 7002, 7009
DAY_MS = 86_400_000
MIDNIGHT = 1_795_219_200_000
CRON = "s3cret-cron-token"


@pytest.fixture
def policy() -> Policy:
    return RULES


@pytest.fixture
def ana(member: Callable[[int], Member]) -> Member:
    return member(ANA)


async def test_the_days_first_touch_grants_it_once_however_many_look(ana: Member) -> None:
    looks = await asyncio.gather(*(budget(ana) for _ in range(8)))
    assert looks == [looks[0]] * 8
    assert looks[0].today is not None
    assert (looks[0].today.available, looks[0].today.expires_at) == (5 * TOKEN, MIDNIGHT)
    assert (looks[0].by_source, looks[0].total) == ({"main": 0, "allowance": 5 * TOKEN}, 5 * TOKEN)
    await assert_sound(ana.database, RULES)


async def test_it_is_gone_at_midnight_and_never_accumulates(ana: Member, clock: FrozenClock) -> None:
    await budget(ana)
    clock.set(MIDNIGHT - 1)
    assert (await budget(ana)).total == 5 * TOKEN
    assert (await ana.balance()).balance == 5 * TOKEN
    clock.set(MIDNIGHT)
    assert (await ana.balance()).balance == 0
    for _ in range(3):
        assert (await budget(ana)).total == 5 * TOKEN
        assert (await ana.balance()).by_source == {"main": 0, "allowance": 5 * TOKEN}
        clock.advance(days=1)
    await assert_sound(ana.database, RULES)


async def test_nodes_on_both_sides_of_midnight_grant_one_for_each_day(ana: Member, calendar: Calendar) -> None:
    slow, fast = FrozenClock(MIDNIGHT - 2000), FrozenClock(MIDNIGHT + 2000)
    behind = ana.at(house(slow, TimeOrderedIds(slow, 1), calendar, RULES))
    ahead = ana.at(house(fast, TimeOrderedIds(fast, 2), calendar, RULES))
    for _ in range(3):
        await budget(ahead)
        await budget(behind)
    slow.advance(ms=4000)
    assert (await budget(behind)).total == 5 * TOKEN
    async with ana.database.reader() as db:
        rows = await db.all("SELECT amount FROM econ_transfer WHERE code = 'allowance'")
    assert [row["amount"] for row in rows] == [5 * TOKEN] * 2


async def test_only_tools_may_spend_it(ana: Member) -> None:
    await ana.receives(2 * TOKEN)
    await budget(ana)
    for refused in (
        await ana.spends(3 * TOKEN, Purpose.SHOP),
        await ana.spends(3 * TOKEN, Purpose.DEVICES),
        await ana.gives(3 * TOKEN, BEN),
    ):
        assert isinstance(refused.refusal, InsufficientTokens)
        assert refused.refusal.data == {"available": "2", "required": "3"}
    too_much = await hold(ana, "too much", 8)
    assert isinstance(too_much.refusal, InsufficientTokens)
    assert too_much.refusal.data == {"available": "7", "required": "8"}
    assert (await hold(ana, "all of it", 7)).refusal is None


async def test_work_is_paid_by_the_allowance_first_and_burnt_when_done(ana: Member) -> None:
    await ana.receives(10 * TOKEN)
    await ana.receives(4 * TOKEN, lot=LotTerms("shop", "event", 5, reserved_for=Purpose.SHOP))
    held = await hold(ana, "site", 3)
    assert (await hold(ana, "site", 3)).replayed
    assert await today(ana) == (2, 3)
    assert (await budget(ana)).total == 12 * TOKEN
    done = await succeed(ana, held.op_id)
    assert (done.refusal, (await succeed(ana, held.op_id)).replayed) == (None, True)
    assert isinstance((await fail(ana, held.op_id)).refusal, HoldResolved)
    assert await today(ana) == (2, 0)
    await hold(ana, "another", 4)
    assert (await budget(ana)).by_source == {"main": 8 * TOKEN}
    await assert_sound(ana.database, RULES)


async def test_failed_work_gives_back_on_the_same_day_and_no_more_when_told_again_tomorrow(
    ana: Member, clock: FrozenClock
) -> None:
    held = await hold(ana, "site", 3)
    await succeed(ana, (await hold(ana, "other", 2)).op_id)
    first = await fail(ana, held.op_id)
    assert await today(ana) == (3, 0)
    assert isinstance((await succeed(ana, held.op_id)).refusal, HoldResolved)
    clock.set(MIDNIGHT)
    spent = await hold(ana, "tomorrow", 2)
    await succeed(ana, spent.op_id)
    again = await fail(ana, held.op_id)
    assert (again.op_id, again.replayed) == (first.op_id, True)
    assert await today(ana) == (3, 0)
    await assert_sound(ana.database, RULES)


@pytest.mark.parametrize(("used", "back"), [(0, 0), (2, 2), (5, 3)])
async def test_work_that_fails_after_midnight_is_made_good_within_a_days_amount(
    ana: Member, clock: FrozenClock, used: int, back: int
) -> None:
    held = await hold(ana, "late", 3)
    clock.set(MIDNIGHT)
    if used:
        await succeed(ana, (await hold(ana, "early", used)).op_id)
    for _ in range(2):
        await fail(ana, held.op_id)
        assert await today(ana) == (5 - used + back, 0)
    async with ana.database.reader() as db:
        rows = await db.all("SELECT code, amount FROM econ_transfer WHERE debit_account = -4 ORDER BY id")
    again = [("allowance_again", back * TOKEN)] if back else []
    assert [(row["code"], row["amount"]) for row in rows] == [("allowance", 5 * TOKEN)] * 2 + again
    await assert_sound(ana.database, RULES)


async def test_what_is_held_today_counts_in_what_is_made_good(ana: Member, clock: FrozenClock) -> None:
    late = await hold(ana, "late", 5)
    clock.set(MIDNIGHT)
    await hold(ana, "running", 4)
    await fail(ana, late.op_id)
    assert await today(ana) == (1, 4)


async def test_only_the_part_that_was_allowance_is_made_good(ana: Member, clock: FrozenClock) -> None:
    await ana.receives(10 * TOKEN)
    late = await hold(ana, "late", 7)
    clock.set(MIDNIGHT)
    await succeed(ana, (await hold(ana, "early", 5)).op_id)
    await asyncio.gather(*(fail(ana, late.op_id) for _ in range(4)))
    its = await budget(ana)
    assert its.by_source == {"main": 10 * TOKEN, "allowance": 5 * TOKEN}
    await assert_sound(ana.database, RULES)


async def test_other_money_that_ran_out_meanwhile_is_not_made_good(ana: Member, clock: FrozenClock) -> None:
    await ana.receives(9 * TOKEN, lot=LotTerms("event", "event", 20, expires_at=MIDNIGHT))
    await succeed(ana, (await hold(ana, "first", 3)).op_id)
    late = await hold(ana, "two of each", 4)
    clock.set(MIDNIGHT)
    await succeed(ana, (await hold(ana, "early", 5)).op_id)
    await fail(ana, late.op_id)
    assert (await budget(ana)).by_source == {"main": 0, "allowance": 2 * TOKEN}
    await assert_sound(ana.database, RULES)


@pytest.fixture
async def people(transactor: Transactor, member: Callable[[int], Member]) -> list[Member]:
    """Five people with wallets and accounts; wallets and accounts are not in the same order."""
    members = [member(ANA + number) for number in (3, 1, 4, 0, 2)]
    for person in members:
        await open_account(transactor, person.id, f"person{person.id}")
        await person.receives(TOKEN)
    return members


async def reset(rooms: House, database: Database, transactor: Transactor) -> Reset:
    return await rooms.allowances.reset(database, transactor)


async def test_a_reset_reaches_everybody_once_also_repeated_and_by_two(
    people: list[Member], rooms: House, database: Database, transactor: Transactor, clock: FrozenClock
) -> None:
    await budget(people[2])
    async with database.reader() as db:
        status = await rooms.allowances.reset_status(db)
    assert (status.due, status.granted) == (4, 0)
    together = await asyncio.gather(*(reset(rooms, database, transactor) for _ in range(4)))
    assert Counter(its.due for its in together) == {0: 4}
    assert sum(its.granted for its in together) == 4
    assert (await reset(rooms, database, transactor)).granted == 0
    assert [(await person.balance()).by_source["allowance"] for person in people] == [5 * TOKEN] * 5
    clock.set(MIDNIGHT)
    assert (await reset(rooms, database, transactor)).granted == 5
    await assert_sound(database, RULES)


async def test_a_reset_goes_on_in_batches(rooms: House, database: Database, transactor: Transactor) -> None:
    count = 2 * BATCH + 1
    async with database.transaction() as db:
        await db.many(
            """
            INSERT INTO account (id, username, skeleton, password_hash, role, created_at)
            VALUES (:id, :name, :name, '', 'member', 0)
            """,
            [{"id": number, "name": f"p{number}"} for number in range(1, count + 1)],
        )
        await db.many(
            "INSERT INTO econ_wallet (id, owner_id) VALUES (:id, :owner)",
            [{"id": 10_000 - number, "owner": number} for number in range(1, count + 1)],
        )
    told = await reset(rooms, database, transactor)
    assert (told.granted, told.due) == (count, 0)


async def test_a_reset_locks_wallets_in_the_order_everybody_does(people: list[Member], database: Database) -> None:
    # By owner, two transactions could wait for each other.
    async with database.reader() as db:
        assert await store.due(db, SCOPE, 1, BATCH) == [person.id for person in people]
        assert await store.due(db, SCOPE, 1, 2) == [person.id for person in people[:2]]


async def test_a_policy_without_one_grants_nothing(
    people: list[Member], ids: Ids, clock: FrozenClock, calendar: Calendar, database: Database, transactor: Transactor
) -> None:
    none = house(clock, ids, calendar, replace(RULES, version=2, allowance=None))
    its = await budget(people[0].at(none))
    assert (its.today, its.website_cost, its.by_source) == (None, None, {"main": TOKEN})
    with pytest.raises(NoAllowance):
        await none.allowances.reset(database, transactor)
    async with database.reader() as db:
        assert (await none.allowances.reset_status(db)).due == 0
    # Work that began under a policy with one ends well under a policy without.
    held = await hold(people[1], "before", 5)
    clock.set(MIDNIGHT)
    assert (await fail(people[1].at(none), held.op_id)).refusal is None
    assert (await budget(people[1].at(none))).by_source == {"main": TOKEN}


async def signed_in(request: Request) -> Actor:
    """Trust the token to be the person's id."""
    token = bearer_token(request)
    if token is None or not token.isdigit():
        raise Unauthenticated
    return Actor(int(token), f"person{token}", int(token) == ROOT, 1)


def web_of(rooms: House, database: Database, transactor: Transactor, cron_token: str) -> Starlette:
    endpoints = BillingEndpoints(rooms.allowances, database, transactor, signed_in, cron_token)
    operations = endpoints.operations()
    document = openapi(operations, title="Billing", version="1")

    async def promises(_: Request) -> JSONResponse:
        return JSONResponse(document)

    routes = [*Operations(database, transactor, signed_in).routes(operations), Route("/openapi.json", promises)]
    return Starlette(routes=routes, exception_handlers={AppError: on_refusal})


@pytest.fixture
async def api(rooms: House, database: Database, transactor: Transactor) -> AsyncIterator[Api]:
    """A client who is nobody yet: each request brings its own token."""
    async with Api.in_process(web_of(rooms, database, transactor, CRON)) as api:
        yield api


def bearer(token: object) -> dict[str, Any]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


async def test_the_reset_is_for_administrators_and_whoever_has_the_cron_token(
    people: list[Member], rooms: House, api: Api, database: Database, transactor: Transactor
) -> None:
    path = "/api/billing/daily-reset"
    for method in ("GET", "POST"):
        for wrong in ("", CRON[:-1], CRON + "x", CRON.upper(), "0x7009"):
            headers = {"Authorization": f"Bearer {wrong}"} if wrong else {}
            assert (await api.call(method, path, expect=401, headers=headers))["code"] == "unauthenticated"
        assert (await api.call(method, path, expect=401, headers={"Authorization": f"Basic {CRON}"})) is not None
        assert (await api.call(method, path, expect=403, **bearer(ANA)))["code"] == "forbidden"
    assert await api.get(path, **bearer(CRON)) == {"day": "2026-11-20", "due": 5, "granted": 0}
    assert await api.post(path, **bearer(CRON)) == {"day": "2026-11-20", "due": 0, "granted": 5}
    assert await api.post(path, **bearer(ROOT)) == {"day": "2026-11-20", "due": 0, "granted": 0}
    # Without a token in the settings, no token opens the door, the empty one least.
    async with Api.in_process(web_of(rooms, database, transactor, "")) as closed:
        for token in (CRON, "x"):
            await closed.post(path, expect=401, **bearer(token))
        await closed.get(path, expect=200, **bearer(ROOT))


async def test_the_budget_and_its_movements_on_the_wire(ana: Member, api: Api, clock: FrozenClock) -> None:
    await ana.receives(2_500_000)
    held = await hold(ana, "site", 6)
    assert await api.get("/api/billing/balance", **bearer(ANA)) == {
        "allowance": {"available": "0", "held": "5", "amount": "5", "expires_at": iso(MIDNIGHT)},
        "website_cost": "1",
        "by_source": {"main": "1.5"},
        "total": "1.5",
    }
    await fail(ana, held.op_id)
    await ana.spends(TOKEN)
    await ana.writes()
    path = "/api/billing/transactions"
    every = await api.get(path, **bearer(ANA))
    # Neither the purchase nor the message is of tools.
    assert [(its["reason"], its["amount"], its["source"]) for its in every["entries"]] == [
        ("website", "+1", "main"),
        ("website", "+5", "allowance"),
        ("website", "-1", "main"),
        ("website", "-5", "allowance"),
        ("allowance", "+5", "allowance"),
    ]
    paged: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = await api.get(path, params={"limit": 2, **cursor}, **bearer(ANA))
        paged += page["entries"]
        if page["next"] is None:
            break
        assert len(page["entries"]) == 2
        cursor = {"cursor": page["next"]}
    assert paged == every["entries"]
    assert (await api.get(path, **bearer(BEN))) == {"entries": [], "next": None}
    for wrong in ({"limit": 0}, {"limit": 101}, {"cursor": "-1"}, {"cursor": "x"}):
        await api.get(path, params=wrong, expect=422, **bearer(ANA))
