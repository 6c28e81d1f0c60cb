"""The benchmark of the ledger counts what happened, and pgbench does the same work as the product."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.infra.database import database_from_url
from bench import document
from bench.ledger import pgbench, report, results
from bench.ledger.cases import CASES, PGBENCH, SUBJECTS, Case, Moment, Plan, Turn
from bench.ledger.databases import Databases, SQLiteFiles
from bench.ledger.results import LedgerResults
from bench.ledger.run import Stage
from bench.run import postmaster_of
from bench.turns import BenchError

PLAN = Plan(warm_s=0.05, measured_s=0.15, rounds=1)
SMALL = [Case("earn", 2), Case("gift", 2), Case("hold_capture", 2), Case("earn", 1, 16)]
TURN = Turn("guildhall-postgresql", "gift", 8, 1, 1, 100, 1000.0, 5.0, 9.0, 500.0, 200.0, 0.0)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, postgresql_url: str) -> Stage:
    """Seeded databases on both engines, and turns on copies of them."""
    stage = Stage(tmp_path_factory.mktemp("ledger"), postgresql_url, postmaster_of(postgresql_url))
    asyncio.run(stage.prepare())
    return stage


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Databases:
    folder = tmp_path_factory.mktemp("sqlite-ledger")
    databases = Databases(SQLiteFiles(folder), folder)
    asyncio.run(databases.prepare())
    return databases


@pytest.fixture
async def copy(sqlite: Databases) -> AsyncIterator[str]:
    async with sqlite.copy() as url:
        yield url


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
async def test_a_turn_stores_what_it_counts_and_the_books_add_up(stage: Stage, case: Case) -> None:
    """`take_turn` itself counts the rows, which are the same of everybody, and audits them."""
    for subject in case.subjects:
        turn = await stage.take_turn(subject, case, PLAN)
        assert (turn.subject, turn.case) == (subject, case)
        assert turn.operations > 0
        assert turn.operations % case.batch == 0
        assert 0 < turn.p50_ms <= turn.p99_ms
        assert turn.per_s > 0
        assert turn.client_cpu_us > 0
        assert turn.server_cpu_us >= 0
        assert 0 <= turn.others_share <= 1


async def test_what_was_not_stored_is_not_counted(sqlite: Databases, copy: str) -> None:
    await sqlite.check(copy, "gift", 0)
    with pytest.raises(BenchError, match="1 times gift"):
        await sqlite.check(copy, "gift", 1)


async def test_books_that_do_not_add_up_are_refused(sqlite: Databases, copy: str) -> None:
    database = database_from_url(copy)
    await database.open()
    async with database.transaction() as db:
        await db.execute("UPDATE econ_wallet SET main_available = main_available + 1 WHERE owner_id = 7")
    await database.close()
    with pytest.raises(BenchError, match="do not add up"):
        await sqlite.check(copy, "gift", 0)


def test_pgbench_that_fails_is_no_figure(stage: Stage, postgresql_url: str, tmp_path: Path) -> None:
    url, moment = f"{postgresql_url}/postgres", Moment(0, 1)
    with pytest.raises(BenchError, match="econ_op"):
        pgbench.measure(url, tmp_path, Case("gift", 1), PLAN, postmaster_of(postgresql_url), moment)


def test_every_operation_is_measured_by_one_caller_and_by_many() -> None:
    assert {case.callers for case in CASES if case.batch == 1} == {1, 8, 32}
    assert {case.batch for case in CASES} == {1, 128, 512}
    assert all(PGBENCH in case.subjects for case in CASES if case.batch == 1)
    assert all((pgbench.SCRIPTS / f"{case.operation}.sql").exists() for case in CASES)


def test_a_report_says_how_many_times_more_pgbench_reaches(tmp_path: Path) -> None:
    rival = dataclasses.replace(TURN, subject=PGBENCH, per_s=2500.0, others_share=0.4)
    slower = dataclasses.replace(TURN, per_s=900.0)
    faster = dataclasses.replace(TURN, per_s=3000.0)
    batch = dataclasses.replace(TURN, operation="earn", callers=1, batch=512, per_s=12_345.0, others_share=0.4)
    LedgerResults({"date": "today"}, (TURN, rival, slower, faster, batch)).save(tmp_path / "kept.json")
    told = report.section(results.load(tmp_path / "kept.json"))
    assert "Gifts by 8 callers: pgbench reaches 2.5 times as many." in told
    assert "| gift | 8 | - | 1,000 (900-3,000) | 2,500 (2,500-2,500) | 0.40 |" in told
    assert "This run was disturbed" not in told
    noisy = report.section(LedgerResults({}, (rival, batch)))
    assert "other work took 40% of the cores in the median turn" in noisy
    assert f"Rewards in batches of 512 by one caller, {SUBJECTS[TURN.subject]}: 12,345 a second." in told


def test_each_part_of_the_document_is_written_alone() -> None:
    ledger = f"{report.HEADING}\n\nOld figures."
    servers = "# Performance\n\nMessages."
    both = document.merged(servers, ledger=ledger)
    assert both == f"{servers}\n\n{ledger}\n"
    assert document.merged(both, servers="# Performance\n\nNew.") == f"# Performance\n\nNew.\n\n{ledger}\n"
    assert document.merged(both, ledger=f"{report.HEADING}\n\nNew.") == f"{servers}\n\n{report.HEADING}\n\nNew.\n"
