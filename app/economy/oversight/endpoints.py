"""HTTP operations of the oversight, for administrators."""

from __future__ import annotations

from app.economy.oversight.errors import AuditRunning
from app.economy.oversight.schemas import AuditQuery, AuditRun, AuditRuns
from app.economy.oversight.service import StandingAudit
from app.infra.database import Connection
from app.infra.http import Operation


class OversightEndpoints:
    """The proof that the books add up."""

    def __init__(self, audit: StandingAudit) -> None:
        self._audit = audit

    def operations(self) -> list[Operation]:
        path, tag = "/api/admin/audit", "admin"
        return [
            Operation("GET", path, self.audit_runs, admin=True, tag=tag),
            Operation("POST", path, self.run_audit, errors=(AuditRunning,), admin=True, tag=tag),
        ]

    async def audit_runs(self, db: Connection, query: AuditQuery) -> AuditRuns:
        """The latest audits, newest first."""
        runs = await self._audit.latest(db, query.limit)
        return AuditRuns(running=self._audit.running, runs=[AuditRun.of(run) for run in runs])

    async def run_audit(self) -> AuditRun:
        """Recompute every invariant of the ledger now; the answer comes when it is done.

        It reads all of history on a snapshot, which holds up nobody, and may take minutes.
        """
        return AuditRun.of(await self._audit.run())
