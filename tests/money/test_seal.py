"""The hash chain: the same on both engines, and whoever changes sealed history, or the chain itself, is told on."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from app.core.clock import Calendar, SystemClock
from app.core.ids import Ids, TimeOrderedIds
from app.economy.ledger import chain, seal_store, sealing
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.chain import BREAKS_MAX, ChainReport, Problem, verify_chain
from app.economy.ledger.model import OpRequest
from app.economy.ledger.seal import COLUMNS, FORMAT, GENESIS, OP, TABLES, TRANSFER, Member, Seal
from app.economy.ledger.sealing import MARGIN_MS, PARTIAL_MS, Sealing
from app.economy.ledger.service import Ledger
from app.infra.database import Database, IntegrityViolation, database_from_url
from app.infra.unit_of_work import Transactor, UnitOfWork
from tests.harness.databases import DatabaseSource, PostgreSQLSource, SQLiteSource
from tests.harness.engines import POSTGRESQL_ONLY
from tests.harness.fakes import NOON, FrozenClock, RecordedFacts
from tests.money.faults import Crash
from tests.money.house import ANA, BEN, STEP_MS, House, by_force


@pytest.fixture
def house(database: Database, database_url: str, clock: FrozenClock, ids: Ids) -> House:
    return House(database, database_url, clock, ids)


@pytest.fixture
async def sealed(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A history of three batches, of eight rows, of eight and of four."""
    monkeypatch.setattr(sealing, "BATCH_ROWS", 8)
    await house.live()
    await house.live()
    house.clock.advance(ms=MARGIN_MS + 60_000)
    # The last batch is not full, and follows when it has waited.
    assert await house.seal() == 2
    house.clock.advance(ms=PARTIAL_MS)
    assert await house.seal() == 1
    return house


async def ids_of(house: House, table: str) -> list[int]:
    async with house.database.reader() as db:
        return [row["id"] for row in await db.all(f"SELECT id FROM {table} ORDER BY id")]


def problems(report: ChainReport) -> list[tuple[int, Problem, str | None, int | None]]:
    return [(item.batch, item.problem, item.table, item.row_id) for item in report.breaks]


async def test_an_untouched_history_verifies(sealed: House) -> None:
    report = await sealed.verify()
    assert report.ok, report.to_text()
    assert (report.batches, report.rows, report.unsealed) == (3, 20, 0)
    await sealed.live()
    assert (await sealed.verify()).unsealed > 0
    assert f"head {report.head}" in report.to_text()
    assert report.to_json()["head"] == report.head != GENESIS


async def test_an_empty_history_verifies(house: House) -> None:
    assert await house.seal() == 0
    report = await house.verify(GENESIS)
    assert (report.ok, report.head, report.unsealed) == (True, GENESIS, 0)


async def test_what_is_young_waits(house: House) -> None:
    await house.live()
    house.clock.advance(ms=MARGIN_MS - 1000)
    assert await house.seal() == 0
    house.clock.advance(ms=10_000)
    assert await house.seal() == 1


CHANGES = [("econ_op", column) for column in COLUMNS[FORMAT][OP] if column != "id"] + [
    ("econ_transfer", column) for column in COLUMNS[FORMAT][TRANSFER] if column != "id"
]
TEXTS = ("scope", "idem_key", "request_hash", "kind", "result")


@pytest.mark.parametrize(("table", "column"), CHANGES)
async def test_a_change_of_any_column_is_found(sealed: House, table: str, column: str) -> None:
    row_id = (await ids_of(sealed, table))[3]
    text = column == "code" or (table == "econ_op" and column in TEXTS)
    value = f"'x' || SUBSTR({column}, 2)" if text else f"COALESCE({column}, 0) + 1"
    if column == "status":
        value = "3 - status"
    await by_force(sealed, f"UPDATE {table} SET {column} = {value} WHERE id = {row_id}")
    ((batch, *found),) = problems(await sealed.verify())
    assert (batch > 0, found) == (True, [Problem.ROW_CHANGED, table, row_id])


@pytest.mark.parametrize("table", ["econ_op", "econ_transfer"])
async def test_a_deleted_row_is_found(sealed: House, table: str) -> None:
    row_id = (await ids_of(sealed, table))[-1]
    await by_force(sealed, f"DELETE FROM {table} WHERE id = {row_id}")
    assert problems(await sealed.verify()) == [(3, Problem.ROW_DELETED, table, row_id)]


@pytest.mark.parametrize("row_id", [-5, 0, 7])
async def test_a_row_below_all_others_is_found(sealed: House, row_id: int) -> None:
    await by_force(sealed, _copied("econ_op", row_id, (await ids_of(sealed, "econ_op"))[0]))
    assert problems(await sealed.verify()) == [(1, Problem.ROW_INSERTED, "econ_op", row_id)]


@pytest.mark.parametrize("page", [1, 2, 1000])
async def test_a_row_with_the_id_of_another_kind_of_row_is_found(
    sealed: House, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    monkeypatch.setattr(chain, "ROWS_PAGE", page)
    op_id, transfer_id = (await ids_of(sealed, "econ_op"))[-1], (await ids_of(sealed, "econ_transfer"))[0]
    statement = f"INSERT INTO econ_transfer SELECT {', '.join(_columns(TRANSFER, op_id))} FROM econ_transfer"
    await by_force(sealed, f"{statement} WHERE id = {transfer_id}")
    assert problems(await sealed.verify()) == [(3, Problem.ROW_INSERTED, "econ_transfer", op_id)]


def _columns(table: str, row_id: int) -> list[str]:
    """A row's columns with another id, and another place in the order of its wallet or another key."""
    other = {
        "id": str(row_id),
        "idem_key": f"'{row_id}'",
        "credit_version": "credit_version + 1000",
        "debit_version": "debit_version + 1000",
    }
    return [other.get(column, column) for column in COLUMNS[FORMAT][table]]


def _copied(table: str, row_id: int, of: int) -> str:
    letter = next(letter for letter, name in TABLES.items() if name == table)
    return f"INSERT INTO {table} SELECT {', '.join(_columns(letter, row_id))} FROM {table} WHERE id = {of}"


async def test_a_row_that_commits_after_its_range_was_sealed_is_found(sealed: House) -> None:
    late = TimeOrderedIds(FrozenClock(NOON + STEP_MS), node=5).new()
    async with sealed.database.transaction() as db:
        # No force is needed: this is what a process does that slept for hours with an id in its hand.
        await db.execute(_copied("econ_op", late, (await ids_of(sealed, "econ_op"))[0]))
    found = problems(await sealed.verify())
    assert [(problem, table, row) for _, problem, table, row in found] == [(Problem.ROW_INSERTED, "econ_op", late)]
    sealed.clock.advance(days=1)
    await sealed.live()
    sealed.clock.advance(days=1)
    assert await sealed.seal() > 0
    assert problems(await sealed.verify()) == found, "it is told for ever, and hides nothing of what came later"


SEAL_CHANGES = {
    "sealed_at = sealed_at + 1": [(2, Problem.SEAL_CHANGED)],
    "members = members + 1": [(2, Problem.SEAL_CHANGED)],
    "to_id = to_id + 1": [(2, Problem.SEAL_CHANGED), (3, Problem.SEAL_UNLINKED)],
    "from_id = from_id + 1": [(2, Problem.SEAL_UNLINKED), (2, Problem.SEAL_CHANGED)],
    "hash = previous": [(2, Problem.SEAL_CHANGED), (3, Problem.SEAL_UNLINKED)],
    "previous = hash": [(2, Problem.SEAL_UNLINKED), (2, Problem.SEAL_CHANGED)],
    "number = 9": [(3, Problem.SEAL_UNLINKED), (9, Problem.SEAL_UNLINKED), (9, Problem.SEAL_CHANGED)],
    "format = 99": [(2, Problem.SEAL_UNREADABLE)],
    "digests = (SELECT digests FROM econ_seal WHERE number = 3)": [(2, Problem.SEAL_CHANGED)],
}


@pytest.mark.parametrize("change", SEAL_CHANGES)
async def test_a_change_of_a_seal_is_found(sealed: House, change: str) -> None:
    await by_force(sealed, f"UPDATE econ_seal SET {change} WHERE number = 2")
    assert [found[:2] for found in problems(await sealed.verify())] == SEAL_CHANGES[change]


async def test_a_seal_taken_out_is_found(sealed: House) -> None:
    await by_force(sealed, "DELETE FROM econ_seal WHERE number = 2")
    assert problems(await sealed.verify()) == [(3, Problem.SEAL_UNLINKED, None, None)]


async def test_a_history_sealed_anew_is_told_by_a_hash_that_was_kept(sealed: House) -> None:
    kept = (await sealed.verify()).head
    async with sealed.database.reader() as db:
        older = (await seal_store.seals_after(db, 0, 9))[0].hash
    await by_force(sealed, "UPDATE econ_op SET result = '{}' WHERE status = 1", "DELETE FROM econ_seal")
    assert await sealed.seal() == 2
    sealed.clock.advance(ms=PARTIAL_MS)
    assert await sealed.seal() == 1
    assert (await sealed.verify()).ok, "whoever owns the database can lie in itself consistently"
    for known in (kept, older):
        assert problems(await sealed.verify(known)) == [(0, Problem.HASH_UNKNOWN, None, None)]


async def test_a_kept_hash_holds_while_the_chain_grows(sealed: House) -> None:
    kept = (await sealed.verify()).head
    await sealed.live()
    sealed.clock.advance(days=1)
    await sealed.seal()
    report = await sealed.verify(kept)
    assert (report.ok, report.head != kept) == (True, True)


async def test_seals_cannot_be_changed(sealed: House) -> None:
    statements = ["UPDATE econ_seal SET sealed_at = 0", "DELETE FROM econ_seal"]
    if sealed.database.dialect == "sqlite":
        statements.append("REPLACE INTO econ_seal SELECT * FROM econ_seal")
    else:
        statements.append("TRUNCATE econ_seal")
    for statement in statements:
        with pytest.raises(IntegrityViolation):
            async with sealed.database.transaction() as db:
                await db.execute(statement)


async def test_several_sealers_make_one_chain(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealing, "BATCH_ROWS", 5)
    for _ in range(6):
        await house.live()
    house.clock.advance(days=1)
    await asyncio.gather(*(house.seal() for _ in range(5)))
    report = await house.verify()
    assert report.ok, report.to_text()
    assert (report.batches, report.rows, report.unsealed) == (12, 60, 0)


async def test_a_crash_in_the_middle_leaves_whole_batches_and_the_rest_follows(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH_ROWS", 4)
    await house.live()
    house.clock.advance(days=1)
    assert await house.transactor.run(house.sealing.seal_next)

    async def crash(work: UnitOfWork) -> None:
        await house.sealing.seal_next(work)
        raise Crash

    with pytest.raises(Crash):
        await house.transactor.run(crash)
    assert ((await house.verify()).batches, (await house.verify()).unsealed) == (1, 5)
    again = House(house.database, house.url, house.clock, TimeOrderedIds(house.clock))
    assert await again.seal() == 1
    again.clock.advance(days=1)
    assert await again.seal() == 1
    report = await again.verify()
    assert (report.ok, report.batches, report.rows) == (True, 3, 9)


@POSTGRESQL_ONLY
async def test_nothing_is_sealed_past_the_start_of_an_open_transaction(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "MARGIN_MS", 0)
    monkeypatch.setattr(sealing, "PARTIAL_MS", 0)
    clock = SystemClock()
    ids = TimeOrderedIds(clock)
    transactor, keeper = Transactor(database, RecordedFacts()), Sealing(clock, database.dialect)
    ledger = Ledger(clock, ids, Calendar("UTC"))

    async def grant(work: UnitOfWork, owner: int) -> None:
        op = OpRequest("test", str(owner), "grant", owner, {})
        await ledger.grant(work, op, owner=owner, amount=5, code="t", faucet=SystemAccount.EVENT)

    async with database.transaction() as slow:
        await grant(UnitOfWork(slow), ANA)
        await asyncio.sleep(0.2)
        await transactor.run(lambda work: grant(work, BEN))
        await asyncio.sleep(0.2)
        before = await transactor.run(keeper.seal_next)
    assert not before, "the grant that commits later has the lower id"
    assert await transactor.run(keeper.seal_next)
    async with database.snapshot() as db:
        report = await verify_chain(db)
    assert (report.ok, report.rows, report.unsealed) == (True, 4, 0)


async def test_the_same_history_has_the_same_hashes_on_both_engines(
    sqlite_source: SQLiteSource, postgresql_source: PostgreSQLSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sealing, "BATCH_ROWS", 7)
    chains = [await _chain(source) for source in (sqlite_source, postgresql_source)]
    assert len(chains[0]) == 4
    assert chains[0] == chains[1]


async def _chain(source: DatabaseSource) -> list[Seal]:
    url = await source.create()
    database = database_from_url(url)
    await database.open()
    try:
        clock = FrozenClock()
        house = House(database, url, clock, TimeOrderedIds(clock))
        for _ in range(3):
            await house.live()
        clock.advance(days=1)
        # What is open on the server for real moves a seal's reach by less than the day that has passed.
        await house.seal()
        async with database.reader() as db:
            seals = await seal_store.seals_after(db, 0, 99)
        report = await house.verify()
        assert report.ok, report.to_text()
        return seals
    finally:
        await database.close()
        await source.drop(url)


async def test_a_seal_covers_every_column_there_is(database: Database) -> None:
    async with database.reader() as db:
        for letter, table in TABLES.items():
            if database.dialect == "sqlite":
                rows = await db.all(f"SELECT name FROM pragma_table_info('{table}')")
            else:
                rows = await db.all(
                    f"SELECT column_name AS name FROM information_schema.columns WHERE table_name = '{table}'"
                )
            assert {row["name"] for row in rows} == set(COLUMNS[FORMAT][letter])


def test_hashes_stay_what_they_are_from_release_to_release() -> None:
    op = dict.fromkeys(COLUMNS[1][OP], 7) | {"result": '{"amount":"5"}', "scope": "\u00fc\U0001f600"}
    transfer = dict.fromkeys(COLUMNS[1][TRANSFER], None) | {"id": 8, "amount": 10**15}
    members = [Member.of(OP, op, 1), Member.of(TRANSFER, transfer, 1)]
    first = Seal.over(members, after=None, now=1_795_176_000_123)
    second = Seal.over([replace(members[0], id=9)], after=first, now=1_795_176_000_124)
    assert (first.hash[:16], second.hash[:16]) == ("49bc3f37a0f76f5c", "5d0fe639dc4addff")


def test_a_report_names_so_many_breaks_and_counts_the_rest() -> None:
    report = ChainReport()
    for row_id in range(BREAKS_MAX + 5):
        report.found(1, Problem.ROW_DELETED, "econ_op", row_id)
    assert (len(report.to_json()["breaks"]), report.to_json()["broken"]) == (BREAKS_MAX, BREAKS_MAX + 5)
    assert "and 5 more" in report.to_text()
