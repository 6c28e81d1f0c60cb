"""The audit that runs by itself: when, what is kept and measured of it, who may read it, and the chain beside it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx2
import pytest
import structlog
from typer.testing import CliRunner

from app.cli import cli
from app.core.clock import Calendar
from app.core.ids import Ids
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.model import OpRequest
from app.economy.ledger.service import Ledger
from app.economy.oversight.errors import AuditRunning
from app.economy.oversight.model import EVIDENCE_KEPT
from app.economy.oversight.service import StandingAudit
from app.economy.oversight.store import RUNS_KEPT
from app.economy.rules.model import Policy
from app.infra.database import Connection, Database
from app.infra.telemetry import Metrics
from app.infra.unit_of_work import Transactor, UnitOfWork
from app.main import Guildhall
from tests.harness.application import Person, errands_done
from tests.harness.economy import House, keeper
from tests.harness.fakes import FrozenClock

PEOPLE = (1, 2, 3, 4, 5)
HOUR_S = 3600
DAMAGE = "UPDATE econ_wallet SET main_available = main_available + 1"


class Books:
    """Hands the audit its policies, and can hold it up there."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.open = asyncio.Event()
        self.open.set()
        self.read = 0

    async def policies(self, _: Connection) -> Sequence[Policy]:
        self.read += 1
        await self.open.wait()
        return [self.policy]


@pytest.fixture
def books(policy: Policy) -> Books:
    return Books(policy)


Audits = Callable[[], StandingAudit]


@pytest.fixture
def node(
    database: Database, transactor: Transactor, clock: FrozenClock, ids: Ids, metrics: Metrics, books: Books
) -> Audits:
    """Makes the audit of one more node."""

    def make() -> StandingAudit:
        return StandingAudit(
            database, transactor, books.policies, clock=clock, ids=ids, metrics=metrics, interval_s=HOUR_S
        )

    return make


@pytest.fixture
async def history(ledger: Ledger, transactor: Transactor) -> None:
    """A grant to each of five people."""

    async def grants(work: UnitOfWork) -> None:
        for owner in PEOPLE:
            op = OpRequest("test", f"g{owner}", "grant", owner, {})
            await ledger.grant(work, op, owner=owner, amount=100, code="test", faucet=SystemAccount.ADMIN)

    await transactor.run(grants)


async def damage(database: Database) -> None:
    async with database.transaction() as db:
        await db.execute(DAMAGE)


async def count(database: Database) -> int:
    async with database.reader() as db:
        row = await db.one("SELECT COUNT(*) AS n FROM econ_audit_run")
    assert row is not None
    return int(row["n"])


class TestRunning:
    async def test_it_runs_when_an_interval_has_passed_and_on_one_node_only(
        self, history: None, node: Audits, database: Database, clock: FrozenClock
    ) -> None:
        one, other = node(), node()
        for expected, seconds in ((1, HOUR_S - 1), (1, 1), (2, 0)):
            await one.run_if_due()
            await other.run_if_due()
            assert await count(database) == expected
            clock.advance(seconds=seconds)

    async def test_the_latest_is_kept_with_what_it_found(
        self, history: None, node: Audits, database: Database, clock: FrozenClock
    ) -> None:
        audit = node()
        good = await audit.run()
        await damage(database)
        clock.advance(seconds=5)
        with structlog.testing.capture_logs() as logs:
            bad = await audit.run()
        async with database.reader() as db:
            assert await audit.latest(db, 9) == [bad, good]
        assert (good.ok, bad.ok) == (True, False)
        assert "wallet_equals_history" in good.checked
        (finding,) = bad.findings
        assert (finding.check, finding.rows, len(finding.evidence)) == ("wallet_equals_history", 5, EVIDENCE_KEPT)
        assert [(entry["log_level"], entry["checks"]) for entry in logs if entry["event"] == "audit_failed"] == [
            ("error", ["wallet_equals_history"])
        ]

    async def test_the_last_hundred_are_kept(self, node: Audits, database: Database, clock: FrozenClock) -> None:
        audit = node()
        runs = []
        for _ in range(RUNS_KEPT + 2):
            runs.append(await audit.run())
            clock.advance(seconds=1)
        async with database.reader() as db:
            assert await audit.latest(db, 999) == runs[:1:-1]

    async def test_a_node_does_one_at_a_time_and_goes_on_after_a_failure(
        self, node: Audits, books: Books, database: Database
    ) -> None:
        audit = node()
        books.open.clear()
        running = asyncio.ensure_future(audit.run())
        while not books.read:
            await asyncio.sleep(0)
        with pytest.raises(AuditRunning):
            await audit.run()
        await audit.run_if_due()
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        assert (books.read, await count(database)) == (1, 0)
        books.open.set()
        assert (await audit.run()).ok

    async def test_it_looks_at_one_moment_and_holds_up_nobody(
        self, history: None, node: Audits, books: Books, ledger: Ledger, transactor: Transactor
    ) -> None:
        books.open.clear()
        running = asyncio.ensure_future(node().run())
        while not books.read:
            await asyncio.sleep(0)
        op = OpRequest("test", "meanwhile", "gift", 1, {})
        try:
            async with asyncio.timeout(5):
                await transactor.run(
                    lambda work: ledger.transfer(work, op, sender=1, recipient=2, amount=5, code="gift")
                )
        finally:
            books.open.set()
        assert (await running).ok


async def test_housekeeping_seals_what_has_settled(
    history: None,
    database: Database,
    transactor: Transactor,
    rooms: House,
    clock: FrozenClock,
    calendar: Calendar,
) -> None:
    houses = [keeper(rooms, database, transactor, clock, calendar) for _ in range(3)]
    for rows in (None, 10):
        await asyncio.gather(*(house.run_once() for house in houses))
        async with database.reader() as db:
            sealed = await db.one("SELECT CAST(SUM(members) AS BIGINT) AS n FROM econ_seal")
        assert sealed is not None
        assert sealed["n"] == rows
        clock.advance(days=1)


class TestServed:
    """The whole application."""

    @pytest.fixture
    async def root(self, app: Guildhall, person: Callable[..., Awaitable[Person]]) -> Person:
        """The administrator."""
        await person("ann")
        root = await person("root")
        await app.transactor.run(lambda work: app.accounts.promote(work, "root"))
        await errands_done(app)
        return root

    async def test_administrators_read_and_start_it(
        self, app: Guildhall, root: Person, person: Callable[..., Awaitable[Person]]
    ) -> None:
        assert await root.api.get("/api/admin/audit") == {"running": False, "runs": []}
        first = await root.api.post("/api/admin/audit")
        await damage(app.database)
        second = await root.api.post("/api/admin/audit")
        assert (first["ok"], first["findings"], second["ok"]) == (True, [], False)
        (finding,) = second["findings"]
        assert (finding["check"], finding["rows"]) == ("wallet_equals_history", 2)
        assert {"wallet_id", "main_by_history"} <= finding["evidence"][0].keys()
        assert (await root.api.get("/api/admin/audit"))["runs"] == [second, first]
        assert (await root.api.get("/api/admin/audit?limit=1"))["runs"] == [second]
        await root.api.get("/api/admin/audit?limit=101", expect=422)
        ben = await person("ben")
        for method in ("GET", "POST"):
            assert (await ben.api.checked(method, "/api/admin/audit")).status_code == 403

    async def test_a_second_one_is_refused_while_one_runs(
        self, app: Guildhall, root: Person, monkeypatch: pytest.MonkeyPatch, books: Books
    ) -> None:
        monkeypatch.setattr(app._audit, "_policies", books.policies)
        books.open.clear()
        running = asyncio.ensure_future(root.api.post("/api/admin/audit"))
        while not books.read:
            await asyncio.sleep(0.001)
        assert (await root.api.get("/api/admin/audit"))["running"]
        assert (await root.api.post("/api/admin/audit", expect=409))["code"] == "audit_running"
        books.open.set()
        assert (await running)["checked"]

    async def test_it_is_measured(self, app: Guildhall, root: Person, clock: FrozenClock) -> None:
        transport = httpx2.ASGITransport(app=app, client=("127.0.0.1", 5000))

        async def metrics() -> dict[str, str]:
            async with httpx2.AsyncClient(transport=transport, base_url="http://testserver") as client:
                text = (await client.get("/metrics")).text
            return dict(line.rsplit(" ", 1) for line in text.splitlines() if line.startswith("guildhall_audit"))

        assert (await metrics())["guildhall_audit_ok"] == "NaN"
        await root.api.post("/api/admin/audit")
        good = await metrics()
        assert (good["guildhall_audit_ok"], float(good["guildhall_audit_last_run_timestamp_seconds"])) == (
            "1.0",
            clock.now_ms() / 1000,
        )
        assert float(good["guildhall_audit_duration_seconds"]) > 0
        assert good['guildhall_audit_breaches{check="wallet_equals_history"}'] == "0.0"
        await damage(app.database)
        await root.api.post("/api/admin/audit")
        bad = await metrics()
        assert bad["guildhall_audit_ok"] == "0.0"
        assert bad['guildhall_audit_breaches{check="wallet_equals_history"}'] == "2.0"
        assert bad['guildhall_audit_breaches{check="chain_linked"}'] == "0.0"


class TestCommand:
    """`python -m app audit --verify-chain`."""

    @pytest.fixture
    def run(
        self, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> Callable[..., Awaitable[tuple[int, str]]]:
        monkeypatch.setenv("GUILDHALL_DATABASE_URL", database_url)
        monkeypatch.setenv("GUILDHALL_DATA_DIR", str(tmp_path))
        monkeypatch.chdir(tmp_path)

        async def run(*arguments: str) -> tuple[int, str]:
            # In a thread, for the command begins an event loop of its own.
            result = await asyncio.to_thread(CliRunner().invoke, cli, ["audit", *arguments])
            return result.exit_code, result.output

        return run

    @pytest.fixture
    async def sealed(
        self,
        history: None,
        database: Database,
        transactor: Transactor,
        rooms: House,
        clock: FrozenClock,
        calendar: Calendar,
    ) -> int:
        """A sealed history; the id of an op in it."""
        clock.advance(days=1)
        await keeper(rooms, database, transactor, clock, calendar).run_once()
        async with database.reader() as db:
            row = await db.one("SELECT MIN(id) AS id FROM econ_op")
        assert row is not None
        return int(row["id"])

    async def test_it_prints_a_head_that_can_be_kept(
        self, sealed: int, run: Callable[..., Awaitable[tuple[int, str]]]
    ) -> None:
        code, text = await run("--verify-chain")
        assert (code, "1 batches of 10 rows recomputed, 0 breaks" in text) == (0, True), text
        head = text.split()[-1]
        code, text = await run("--expect", head, "--json")
        assert (code, json.loads(text)["ok"], json.loads(text)["chain"]["head"]) == (0, True, head)
        code, text = await run("--expect", "0" * 63 + "1")
        assert (code, "no seal has the expected hash" in text) == (1, True)
        code, text = await run("--expect", "what")
        assert (code, "64 hexadecimal digits" in text) == (2, True), text
        code, text = await run()
        assert (code, "batches" in text) == (0, False)

    async def test_it_names_the_row_that_was_changed(
        self, sealed: int, run: Callable[..., Awaitable[tuple[int, str]]], database: Database
    ) -> None:
        async with database.transaction() as db:
            off = "DROP TRIGGER econ_op_settled_once"
            await db.execute(off if database.dialect == "sqlite" else f"{off} ON econ_op")
            await db.execute("UPDATE econ_op SET actor_id = 77 WHERE id = :id", id=sealed)
        assert (await run())[0] == 0, "no invariant minds"
        code, text = await run("--verify-chain")
        assert (code, f"BROKEN batch 1: econ_op {sealed} was changed" in text) == (1, True), text
        code, text = await run("--verify-chain", "--json")
        told = json.loads(text)
        assert (code, told["ok"], told["findings"]) == (1, False, [])
        changed = {"batch": 1, "problem": "row_changed", "table": "econ_op", "row_id": str(sealed)}
        assert told["chain"]["breaks"] == [changed]
