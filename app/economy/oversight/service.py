"""The standing audit: runs by itself and when asked, keeps what it found, and tells it to the metrics."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from time import perf_counter

import structlog

from app.core.clock import Clock
from app.core.ids import Ids
from app.economy.ledger.audit import Report
from app.economy.oversight import store
from app.economy.oversight.audit import audit
from app.economy.oversight.errors import AuditRunning
from app.economy.oversight.model import EVIDENCE_KEPT, AuditRun, KeptFinding
from app.economy.rules.model import Policy
from app.infra.database import Connection, Database
from app.infra.telemetry import Metrics
from app.infra.unit_of_work import Transactor, UnitOfWork

Policies = Callable[[Connection], Awaitable[Sequence[Policy]]]
"""Reads all versions of the policy that ever paid."""

log = structlog.get_logger(__name__)


class StandingAudit:
    """Audits on a snapshot, which waits for nobody and holds up nobody; one at a time on this node."""

    def __init__(
        self,
        database: Database,
        transactor: Transactor,
        policies: Policies,
        *,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
        interval_s: float,
    ) -> None:
        """`interval_s` lies between two audits of the installation, whichever node runs them."""
        self._database = database
        self._transactor = transactor
        self._policies = policies
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._interval_ms = round(interval_s * 1000)
        self.running = False
        """Whether this node is auditing right now."""

    async def run_if_due(self) -> None:
        """Audit if the last one began an interval ago or more, and none is running here."""
        async with self._database.reader() as db:
            latest = await store.latest_runs(db, 1)
        due = not latest or self._clock.now_ms() - latest[0].started_at >= self._interval_ms
        if due and not self.running:
            await self.run()

    async def run(self) -> AuditRun:
        """Audit now and keep the result. Raises `AuditRunning` when this node is at it already."""
        if self.running:
            raise AuditRunning
        self.running = True
        try:
            run = await self._audit()
        finally:
            self.running = False
        await self._transactor.run(partial(self._keep, run=run))
        if not run.ok:
            log.error("audit_failed", run=run.id, checks=[finding.check for finding in run.findings])
        return run

    async def latest(self, db: Connection, limit: int) -> list[AuditRun]:
        """The latest audits of the installation, newest first."""
        return await store.latest_runs(db, limit)

    async def measure(self, db: Connection) -> None:
        """Set the metrics from the latest audit, so that every node tells the same, after a restart too."""
        for run in await store.latest_runs(db, 1):
            metrics = self._metrics
            metrics.audit_ok.set(run.ok)
            metrics.audit_last_run_seconds.set(run.started_at / 1000)
            metrics.audit_took_seconds.set(run.took_ms / 1000)
            broken = {finding.check: finding.rows for finding in run.findings}
            metrics.audit_breaches.clear()
            for check in run.checked:
                metrics.audit_breaches.labels(check).set(broken.get(check, 0))

    async def _audit(self) -> AuditRun:
        started_at, started = self._clock.now_ms(), perf_counter()
        async with self._database.snapshot() as db:
            report = await audit(db, await self._policies(db))
        took_ms = round((perf_counter() - started) * 1000)
        return AuditRun(self._ids.new(), started_at, took_ms, report.checked, _kept(report))

    async def _keep(self, work: UnitOfWork, run: AuditRun) -> None:
        await store.keep_run(work.db, run)


def _kept(report: Report) -> tuple[KeptFinding, ...]:
    found = report.to_json()["findings"]
    return tuple(
        KeptFinding(each["check"], each["says"], len(each["evidence"]), tuple(each["evidence"][:EVIDENCE_KEPT]))
        for each in found
    )
