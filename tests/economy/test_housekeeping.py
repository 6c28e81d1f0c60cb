"""Run-out holds and lots expire, ended days are summed, and doing it again changes nothing."""

from __future__ import annotations

import asyncio

import pytest

from app.core.clock import Calendar
from app.economy.earning.model import Activity
from app.economy.earning.service import Economy
from app.economy.ledger import wallet_store
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import LotTerms, OpRequest, Purpose
from app.economy.ledger.rollup import Rollup
from app.economy.ledger.service import Ledger
from app.economy.oversight.audit import audit
from app.economy.oversight.housekeeping import Housekeeping
from app.economy.rules.model import Policy
from app.infra.database import Database
from app.infra.unit_of_work import Transactor, UnitOfWork
from tests.harness.economy import House, keeper, reward
from tests.harness.fakes import FrozenClock

ANA = 1


@pytest.fixture
def rollup(clock: FrozenClock, calendar: Calendar) -> Rollup:
    return Rollup(clock, calendar)


@pytest.fixture
def housekeeping(
    database: Database,
    transactor: Transactor,
    rooms: House,
    clock: FrozenClock,
    calendar: Calendar,
) -> Housekeeping:
    return keeper(rooms, database, transactor, clock, calendar)


@pytest.fixture
async def due(ledger: Ledger, transactor: Transactor, clock: FrozenClock) -> None:
    """A hold and a lot that have run out, on a day that has ended."""
    soon = clock.now_ms() + 1000
    lot = LotTerms("event", "event", 20, expires_at=soon)

    async def begin(work: UnitOfWork) -> None:
        for number, terms in enumerate((None, lot)):
            await ledger.grant(
                work,
                OpRequest("test", f"g{number}", "grant", ANA, {}),
                owner=ANA,
                amount=100,
                code="test",
                faucet=SystemAccount.ADMIN,
                lot=terms,
            )
        await ledger.hold(
            work,
            OpRequest("test", "h", "hold", ANA, {}),
            owner=ANA,
            amount=130,
            code="test",
            to=SystemAccount.BURN,
            expires_at=soon,
            purpose=Purpose.TOOLS,
        )

    await transactor.run(begin)
    clock.advance(days=1)


async def test_a_round_expires_what_ran_out_and_sums_ended_days(
    due: None, housekeeping: Housekeeping, database: Database, policy: Policy
) -> None:
    # The hold gives the lot's part back, which has expired meanwhile: the next round takes it out.
    assert [await housekeeping.run_once() for _ in range(3)] == [2, 1, 0]
    async with database.snapshot() as db:
        wallet = await wallet_store.wallet(db, ANA)
        report = await audit(db, [policy])
        sums = await db.all("SELECT kind, transfers, amount FROM econ_rollup_day ORDER BY kind, amount")
    assert wallet is not None
    assert (wallet.main_available, wallet.lot_available, wallet.held) == (100, 0, 0)
    assert report.ok, report.to_json()
    assert [(row["kind"], row["transfers"], row["amount"]) for row in sums] == [(0, 2, 200), (1, 2, 130)]


async def test_two_nodes_may_keep_house_at_once(
    due: None, housekeeping: Housekeeping, database: Database, policy: Policy
) -> None:
    await asyncio.gather(*(housekeeping.run_once() for _ in range(4)))
    while await housekeeping.run_once():
        pass
    async with database.snapshot() as db:
        assert (await audit(db, [policy])).ok


async def test_a_day_is_not_closed_before_it_has_settled(
    due: None, rollup: Rollup, transactor: Transactor, clock: FrozenClock, calendar: Calendar
) -> None:
    with pytest.raises(ValueError, match="not settled"):
        await transactor.run(lambda work: rollup.close_day(work, calendar.day(clock.now_ms())))
    midnight = calendar.next_day_ms(clock.now_ms())
    clock.set(midnight + 30 * 60_000)
    yesterday = calendar.day(midnight - 1)
    with pytest.raises(ValueError, match="not settled"):
        await transactor.run(lambda work: rollup.close_day(work, yesterday))
    clock.set(midnight + 61 * 60_000)
    await transactor.run(lambda work: rollup.close_day(work, yesterday))


async def test_holds_that_run_out_later_are_found_by_later_rounds(
    due: None,
    housekeeping: Housekeeping,
    ledger: Ledger,
    transactor: Transactor,
    clock: FrozenClock,
    database: Database,
) -> None:
    while await housekeeping.run_once():
        pass
    op, soon = OpRequest("test", "h2", "hold", ANA, {}), clock.now_ms() + 5 * 60_000
    sink, tools = SystemAccount.BURN, Purpose.TOOLS
    await transactor.run(
        lambda work: ledger.hold(work, op, owner=ANA, amount=9, code="t", to=sink, expires_at=soon, purpose=tools)
    )
    assert await housekeeping.run_once() == 0
    clock.advance(ms=10 * 60_000)
    assert await housekeeping.run_once() == 1


async def test_only_claims_of_bygone_days_are_dropped(
    economy: Economy, housekeeping: Housekeeping, transactor: Transactor, clock: FrozenClock, database: Database
) -> None:
    async def write(key: str) -> int:
        activity = Activity("send_message", ANA, clock.now_ms(), key, fingerprint="text")
        rewarded = await transactor.run(lambda work: reward(economy, work, activity))
        return rewarded.decision.granted

    registration = Activity("registration", ANA, clock.now_ms(), "r1")
    await transactor.run(lambda work: economy.reward_activity(work, registration))
    await write("m1")
    await housekeeping.run_once()
    assert await write("m2") == 0
    clock.advance(days=9)
    await housekeeping.run_once()
    async with database.reader() as db:
        rows = await db.all("SELECT activity FROM econ_claim")
    assert [row["activity"] for row in rows] == ["registration"]
