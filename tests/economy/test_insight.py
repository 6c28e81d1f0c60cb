"""A person's figures: they add up to the statement, every day stands in the series, and the file is the statement."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from decimal import Decimal

import pytest

from app.core.clock import Calendar, iso
from app.core.money import TOKEN, format_amount
from app.economy.earning.model import Entry
from app.economy.insight.model import Stats
from app.economy.insight.service import COLUMNS, LINES_MAX
from app.economy.ledger import store as ledger_store
from app.economy.ledger import wallet_store
from app.economy.ledger.accounts import SystemAccount, main_of, system
from app.economy.ledger.model import LotTerms, Transfer, TransferKind
from app.economy.ledger.sheet import Posted, Side
from app.economy.rules.model import Policy
from app.infra.unit_of_work import UnitOfWork
from tests.harness.application import Person
from tests.harness.economy import RULES, Member, assert_sound
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock

ANA, BEN = 7001, 7002
DAY_MS = 86_400_000


@pytest.fixture
def policy() -> Policy:
    return RULES


@pytest.fixture
def ana(member: Callable[[int], Member]) -> Member:
    return member(ANA)


async def earning(person: Member, days: int = 30) -> Stats:
    async with person.database.reader() as db:
        return await person.rooms.insight.earning(db, person.id, days)


async def spending(person: Member, days: int = 30) -> Stats:
    async with person.database.reader() as db:
        return await person.rooms.insight.spending(db, person.id, days)


async def statement(person: Member) -> list[Entry]:
    """All of it, newest first."""
    entries: list[Entry] = []
    cursor = None
    async with person.database.reader() as db:
        while True:
            page = await person.rooms.economy.statement(db, person.id, before=cursor, limit=7)
            entries += page.entries
            cursor = page.next
            if cursor is None:
                return entries


async def history(person: Member) -> list[dict[str, str]]:
    async with person.database.reader() as db:
        text = await person.rooms.insight.history_file(db, person.id)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def shares(stats: Stats) -> dict[str, tuple[float, int]]:
    return {share.code: (share.amount / TOKEN, share.times) for share in stats.shares}


def assert_whole(stats: Stats, days: int) -> None:
    """Every day stands in the series, and all three ways of adding up agree."""
    assert [day for day, _ in stats.series] == list(range(stats.first, stats.last + 1))
    assert len(stats.series) == days
    assert sum(amount for _, amount in stats.series) == stats.total == sum(share.amount for share in stats.shares)
    assert stats.average_day == stats.total // days


async def live(ana: Member, clock: FrozenClock) -> None:
    """Three days on which everything happens."""
    await ana.writes(3)
    await ana.does("create_room", subject="1")
    await ana.receives(100 * TOKEN)
    await ana.receives(8 * TOKEN, code="event", lot=LotTerms("event", "event", 20, expires_at=clock.now_ms() + DAY_MS))
    clock.advance(days=1)
    await ana.claimed()
    await ana.spends(20 * TOKEN)
    await ana.gives(5_500_000, BEN)
    clock.advance(days=1)
    await ana.does("share_file", subject="1")
    held = await ana.transactor.run(
        lambda work: ana.rooms.allowances.hold(work, ANA, key="site", amount=6 * TOKEN, code="website", work_ms=DAY_MS)
    )
    await ana.transactor.run(lambda work: ana.rooms.allowances.succeed(work, held.op_id))
    failed = await ana.transactor.run(
        lambda work: ana.rooms.allowances.hold(work, ANA, key="other", amount=2 * TOKEN, code="website", work_ms=DAY_MS)
    )
    await ana.transactor.run(lambda work: ana.rooms.allowances.fail(work, failed.op_id))


async def test_the_figures_add_up_to_the_statement(ana: Member, clock: FrozenClock) -> None:
    await live(ana, clock)
    came, went = await earning(ana), await spending(ana)
    assert_whole(came, 30)
    assert_whole(went, 30)
    assert shares(came) == {
        "award": (100, 1),
        "create_room": (15, 1),
        "daily_login": (11, 1),
        "share_file": (3.3, 1),
        "send_message": (3, 3),
    }
    assert shares(went) == {
        "purchase": (20, 1),
        "expiry": (8, 1),
        "website": (6, 1),
        "gift": (5.5, 1),
    }
    entries = await statement(ana)
    for share in came.shares:
        assert share.amount == sum(entry.amount for entry in entries if entry.reason == share.code)
    for share in went.shares:
        assert share.amount == -sum(entry.amount for entry in entries if entry.reason == share.code)
    # The event's lot and the allowance came from nowhere and are no income.
    assert sum(entry.amount for entry in entries) == (await ana.balance()).balance
    assert [amount / TOKEN for _, amount in came.series[-3:]] == [118, 11, 3.3]
    await assert_sound(ana.database, RULES)


async def test_only_the_days_that_are_asked_for_count(ana: Member, clock: FrozenClock, calendar: Calendar) -> None:
    await live(ana, clock)
    one = await earning(ana, 1)
    assert_whole(one, 1)
    assert (one.first, one.last) == (calendar.day(clock.now_ms()), calendar.day(clock.now_ms()))
    assert "award" not in shares(one)
    for days in (2, 3, 365):
        assert_whole(await earning(ana, days), days)
        assert_whole(await spending(ana, days), days)
    clock.advance(days=40)
    quiet = await earning(ana)
    assert (quiet.total, quiet.shares, quiet.average_day) == (0, [], 0)
    assert_whole(quiet, 30)


async def test_what_was_reversed_is_taken_off_also_days_later(ana: Member, clock: FrozenClock) -> None:
    first = await ana.does("create_room", subject="1")
    await ana.does("create_room", subject="2")
    bought = await ana.spends(9 * TOKEN)
    await ana.reverses(first.op_id)
    assert shares(await earning(ana)) == {"create_room": (15, 2)}
    second = await ana.does("create_room", subject="3")
    clock.advance(days=2)
    await ana.reverses(second.op_id)
    await ana.reverses(bought.op_id)
    came, went = await earning(ana), await spending(ana)
    assert (came.total, went.total) == (15 * TOKEN, 0)
    assert_whole(came, 30)
    assert_whole(went, 30)
    assert [amount // TOKEN for _, amount in came.series[-3:]] == [30, 0, -15]
    assert [amount // TOKEN for _, amount in went.series[-3:]] == [9, 0, -9]
    entries = await statement(ana)
    assert came.total == sum(entry.amount for entry in entries if entry.reason == "create_room")
    assert (await ana.balance()).balance == 15 * TOKEN
    clock.advance(days=29)
    # Of a window that holds the reversal alone, only that can be told.
    assert_whole(await earning(ana), 30)


async def test_who_has_no_wallet_has_empty_figures(ana: Member, member: Callable[[int], Member]) -> None:
    await ana.writes()
    assert_whole(await earning(member(BEN)), 30)
    assert (await earning(member(BEN))).total == 0
    assert await history(member(BEN)) == []


async def test_the_file_is_the_statement(ana: Member, clock: FrozenClock) -> None:
    await live(ana, clock)
    await ana.receives(1, code='award "of, all"')
    lines, entries = await history(ana), await statement(ana)
    assert lines == [
        {
            "at": iso(its.at),
            "kind": its.kind,
            "reason": its.reason,
            "amount": format_amount(its.amount),
            "balance_after": format_amount(its.balance_after),
            "source": its.source,
            "op_id": str(its.op_id),
        }
        for its in entries
    ]
    assert lines[0]["reason"] == 'award "of, all"'
    assert sum(Decimal(line["amount"]) for line in lines) * TOKEN == (await ana.balance()).balance
    async with ana.database.reader() as db:
        text = await ana.rooms.insight.history_file(db, ANA)
    assert text.splitlines()[0] == ",".join(COLUMNS)


async def test_the_file_holds_the_latest_ten_thousand_lines(ana: Member, clock: FrozenClock) -> None:
    """A history of 10 050 grants of one micro-token, written as the ledger writes them but all in one op."""
    count = LINES_MAX + 50
    rewarded = await ana.does("create_room", subject="1")

    async def grow(work: UnitOfWork) -> None:
        wallet = await wallet_store.wallet(work.db, ANA)
        assert wallet is not None
        place, faucet, day = main_of(wallet.id), system(SystemAccount.ADMIN), 739_940
        posted = [
            Posted(
                Transfer(number, rewarded.op_id, TransferKind.POSTED, "award", 1, faucet, place, day, number),
                None,
                Side(wallet.version + number, wallet.main_available + number),
            )
            for number in range(1, count + 1)
        ]
        for first in range(0, count, 1000):
            await work.db.together([ledger_store.transfers_stored(posted[first : first + 1000])])
        await work.db.execute(
            "UPDATE econ_wallet SET version = version + :count, main_available = main_available + :count",
            count=count,
        )

    await ana.transactor.run(grow)
    lines = await history(ana)
    assert len(lines) == LINES_MAX
    assert [lines[0]["at"], lines[-1]["at"]] == [iso(count), iso(51)]
    assert len({line["at"] for line in lines}) == LINES_MAX


@SQLITE_ONLY
async def test_figures_on_the_wire(root: Person) -> None:
    stats = await root.api.get("/api/tokens/earning-stats/me", params={"days": 7})
    assert (stats["since"], stats["until"], stats["total"]) == ("2026-11-14", "2026-11-20", "50")
    assert stats["by_activity"] == [{"activity": "registration", "amount": "50", "times": 1}]
    assert [point["day"] for point in stats["series"]] == [f"2026-11-{day}" for day in range(14, 21)]
    spent = await root.api.get(f"/api/tokens/spending-stats/{root.id}")
    assert (len(spent["series"]), spent["by_category"]) == (30, [])
    for path in ("earning-stats", "spending-stats"):
        for days in (0, -1, 366, "x", 1.5):
            await root.api.get(f"/api/tokens/{path}/me", params={"days": days}, expect=422)
        await root.api.get(f"/api/tokens/{path}/you", expect=422)
    response = await root.api.checked("GET", "/api/tokens/history/me/csv")
    assert response.headers["content-type"].startswith("text/csv")
    assert response.headers["content-disposition"] == f'attachment; filename="tokens-{root.id}.csv"'
