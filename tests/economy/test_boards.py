"""Leaderboards: ranks and ties, windows at their edges, who is shown, and what each of them measures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.core.money import TOKEN
from app.economy.boards.model import Board, Measure, Span
from app.economy.boards.service import KEPT_MS
from app.economy.ledger.model import LotTerms, Purpose
from app.economy.rules.model import Policy
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from tests.harness.application import Person
from tests.harness.economy import RULES, Member, house, open_account
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock

NAMES = ("ana", "ben", "eve", "joe")
DAY_MS = 86_400_000
People = dict[str, Member]


@pytest.fixture
def policy() -> Policy:
    """Without a cap that would stop people from earning what a test says."""
    uncapped = replace(RULES.rewards["send_message"], cap_day=None)
    return replace(RULES, rewards={**RULES.rewards, "send_message": uncapped})


@pytest.fixture
async def people(transactor: Transactor, member: Callable[[int], Member]) -> People:
    for number, name in enumerate(NAMES, 1):
        await open_account(transactor, number, name)
    return {name: member(number) for number, name in enumerate(NAMES, 1)}


async def board(person: Member, by: Measure = "earned", window: Span = "all", limit: int = 100) -> Board:
    async with person.database.reader() as db:
        return await person.rooms.boards.board(db, person.id, by, window, limit)


def ranks(shown: Board) -> list[tuple[int, str, int]]:
    return [(place.rank, place.username, place.amount // TOKEN) for place in shown.places]


def own(shown: Board) -> tuple[int | None, int, bool]:
    return shown.own.rank, shown.own.amount // TOKEN, shown.own.shown


async def choose(person: Member, *, shown: bool) -> None:
    await person.transactor.run(lambda work: person.rooms.boards.choose(work, person.id, shown=shown))


async def earn(person: Member, tokens: int) -> None:
    await person.does("send_message", weight=tokens)


async def test_equal_amounts_share_a_rank_and_nothing_has_none(people: People) -> None:
    await earn(people["ana"], 5)
    await earn(people["ben"], 9)
    await earn(people["eve"], 5)
    everybody = [(1, "ben", 9), (2, "ana", 5), (2, "eve", 5)]
    assert ranks(await board(people["ana"])) == everybody
    assert own(await board(people["eve"])) == (2, 5, True)
    assert own(await board(people["ben"])) == (1, 9, True)
    assert own(await board(people["joe"])) == (None, 0, True)
    for limit, count in ((-1, 1), (0, 1), (2, 2), (3, 3), (10**6, 3)):
        assert ranks(await board(people["joe"], limit=limit)) == everybody[:count]


async def test_the_tiers_are_those_people_hold(people: People) -> None:
    await people["ana"].receives(500 * TOKEN)
    await earn(people["ana"], 1)
    await earn(people["ben"], 2)
    assert [(place.username, place.tier) for place in (await board(people["joe"])).places] == [
        ("ben", "bronze"),
        ("ana", "gold"),
    ]


async def test_who_hides_is_gone_at_once_for_others_and_keeps_their_own_rank(
    people: People, clock: FrozenClock, ids: Ids, calendar: Calendar
) -> None:
    for tokens, name in enumerate(("ana", "ben", "eve"), 1):
        await earn(people[name], tokens * 10)
    elsewhere = people["joe"].at(house(clock, ids, calendar, RULES))
    for onlooker in (people["joe"], elsewhere):
        assert [name for _, name, _ in ranks(await board(onlooker))] == ["eve", "ben", "ana"]
    await choose(people["ben"], shown=False)
    # What was counted a moment ago is still kept, here and on the other node.
    for onlooker in (people["joe"], elsewhere, people["ben"]):
        assert [name for _, name, _ in ranks(await board(onlooker))] == ["eve", "ana"]
    assert own(await board(people["ben"])) == (2, 20, False)
    # Who is hidden stands in nobody's way.
    assert own(await board(people["ana"])) == (2, 10, True)
    clock.advance(ms=KEPT_MS)
    assert ranks(await board(people["ana"])) == [(1, "eve", 30), (2, "ana", 10)]
    await choose(people["ben"], shown=True)
    await choose(people["ben"], shown=True)
    clock.advance(ms=KEPT_MS)
    assert ranks(await board(people["joe"])) == [(1, "eve", 30), (2, "ben", 20), (3, "ana", 10)]


async def test_the_top_is_kept_for_a_moment_and_ones_own_place_is_always_exact(
    people: People, clock: FrozenClock
) -> None:
    await earn(people["ana"], 5)
    assert ranks(await board(people["ana"])) == [(1, "ana", 5)]
    await earn(people["ana"], 5)
    await earn(people["ben"], 20)
    clock.advance(ms=KEPT_MS - 1)
    shown = await board(people["ana"])
    assert (ranks(shown), own(shown)) == ([(1, "ana", 5)], (2, 10, True))
    clock.advance(ms=1)
    assert ranks(await board(people["ana"])) == [(1, "ben", 20), (2, "ana", 10)]


@pytest.mark.parametrize(
    ("window", "first", "zone"),
    [
        ("day", date(2027, 1, 1), "UTC"),
        ("day", date(2027, 3, 28), "Europe/Berlin"),
        ("week", date(2026, 12, 28), "UTC"),
        ("week", date(2027, 10, 25), "Europe/Berlin"),
        ("season", date(2027, 1, 1), "UTC"),
        ("season", date(2026, 10, 1), "Asia/Bangkok"),
    ],
)
async def test_a_window_begins_at_the_platforms_midnight(
    people: People,
    window: Span,
    first: date,
    zone: str,
    clock: FrozenClock,
    ids: Ids,
    database: Database,
    transactor: Transactor,
    policy: Policy,
) -> None:
    calendar = Calendar(zone)
    ana = people["ana"].at(house(clock, ids, calendar, policy))
    before = int(datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp() * 1000) - 2 * DAY_MS
    begins = calendar.next_day_ms(before)
    while calendar.day(begins) < first.toordinal():
        begins = calendar.next_day_ms(begins)
    clock.set(begins - 1)
    await earn(ana, 7)
    assert own(await board(ana, window=window)) == (1, 7, True)
    clock.set(begins)
    shown = await board(ana, window=window)
    assert (shown.first_day, ranks(shown), own(shown)) == (first.toordinal(), [], (None, 0, True))
    await earn(ana, 2)
    clock.advance(ms=KEPT_MS)
    shown = await board(ana, window=window)
    assert (ranks(shown), own(shown)) == ([(1, "ana", 2)], (1, 2, True))
    everything = await board(ana, window="all")
    assert (everything.first_day, ranks(everything)) == (None, [(1, "ana", 9)])


async def test_only_rewards_are_earned(people: People) -> None:
    ana, ben = people["ana"], people["ben"]
    await ana.receives(100 * TOKEN)
    await ana.gives(30 * TOKEN, ben.id)
    await ana.transactor.run(lambda work: ana.rooms.allowances.ensure(work, ana.id))
    assert ranks(await board(ana)) == []
    await earn(ben, 3)
    assert own(await board(ben)) == (1, 3, True)


async def test_the_gifted_board_counts_what_was_given(people: People, clock: FrozenClock) -> None:
    ana, ben = people["ana"], people["ben"]
    await ana.receives(100 * TOKEN)
    await ben.receives(100 * TOKEN)
    await ana.gives(30 * TOKEN, ben.id)
    await ana.gives(5 * TOKEN, people["eve"].id)
    await ben.gives(20 * TOKEN, ana.id)
    await ana.spends(40 * TOKEN)
    refused = await ben.gives(1000 * TOKEN, ana.id)
    assert refused.refusal is not None
    assert ranks(await board(ana, "gifted")) == [(1, "ana", 35), (2, "ben", 20)]
    assert own(await board(people["eve"], "gifted")) == (None, 0, True)
    clock.advance(days=1)
    assert ranks(await board(ana, "gifted", "day")) == []


async def test_the_balance_board_is_of_what_lasts(people: People, clock: FrozenClock) -> None:
    ana, ben, eve = (people[name] for name in ("ana", "ben", "eve"))
    soon = clock.now_ms() + KEPT_MS
    await ana.receives(10 * TOKEN)
    await ana.transactor.run(lambda work: ana.rooms.allowances.ensure(work, ana.id))
    await ben.receives(5 * TOKEN)
    await ben.receives(7 * TOKEN, lot=LotTerms("event", "event", 20, expires_at=soon))
    await eve.transactor.run(lambda work: eve.rooms.allowances.ensure(work, eve.id))
    await eve.receives(TOKEN, lot=LotTerms("deposit", "worktoken", 60, reserved_for=Purpose.DEVICES))
    shown = await board(ana, "balance", "day")
    assert (shown.first_day, ranks(shown)) == (None, [(1, "ben", 12), (2, "ana", 10), (3, "eve", 1)])
    clock.set(soon)
    shown = await board(ben, "balance", "day")
    assert ranks(shown) == [(1, "ana", 10), (2, "ben", 5), (3, "eve", 1)]
    assert own(shown) == (2, 5, True)
    # Taking out what has run out changes nothing.
    await ben.transactor.run(lambda work: ben.rooms.ledger.expire_lots(work, ben.id))
    assert own(await board(ben, "balance", "week")) == (2, 5, True)


@SQLITE_ONLY
async def test_boards_on_the_wire(root: Person) -> None:
    path = "/api/leaderboard/tokens"
    assert await root.api.get(path) == {
        "by": "earned",
        "window": "week",
        "since": "2026-11-16",
        "entries": [
            {"rank": 1, "user": {"id": root.id, "username": "root"}, "tier": "bronze", "amount": "50", "me": True}
        ],
        "me": {"rank": 1, "amount": "50", "shown": True},
    }
    for wrong in ({"limit": 0}, {"limit": 101}, {"limit": "x"}, {"by": "luck"}, {"window": "year"}, {"page": 1}):
        assert (await root.api.get(path, params=wrong, expect=422))["code"] == "invalid"
    for body in ({}, {"shown": None}, {"shown": "perhaps"}, {"shown": True, "rank": 1}):
        await root.api.call("PUT", "/api/leaderboard/me", json=body, expect=422)
    assert await root.api.call("PUT", "/api/leaderboard/me", json={"shown": False}, expect=200) == {"shown": False}
    hidden = await root.api.get(path)
    assert (hidden["entries"], hidden["me"]) == ([], {"rank": 1, "amount": "50", "shown": False})
