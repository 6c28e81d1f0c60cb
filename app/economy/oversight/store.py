"""The statements of the oversight: the latest audits."""

from __future__ import annotations

import json
from dataclasses import asdict

from app.economy.oversight.model import AuditRun, KeptFinding
from app.infra.database import Connection, Row

RUNS_KEPT = 100

_RUN = "id, started_at, took_ms, report"


async def keep_run(db: Connection, run: AuditRun) -> None:
    """Store an audit, and drop those older than the last `RUNS_KEPT`."""
    report = {"checked": run.checked, "findings": [asdict(finding) for finding in run.findings]}
    await db.execute(
        """
        INSERT INTO econ_audit_run (id, started_at, took_ms, ok, report)
        VALUES (:id, :started_at, :took_ms, :ok, :report)
        """,
        id=run.id,
        started_at=run.started_at,
        took_ms=run.took_ms,
        ok=int(run.ok),
        report=json.dumps(report),
    )
    await db.execute(
        """
        DELETE FROM econ_audit_run
        WHERE id NOT IN (SELECT id FROM econ_audit_run ORDER BY started_at DESC, id DESC LIMIT :kept)
        """,
        kept=RUNS_KEPT,
    )


async def latest_runs(db: Connection, limit: int) -> list[AuditRun]:
    """The latest audits, newest first."""
    rows = await db.all(
        f"SELECT {_RUN} FROM econ_audit_run ORDER BY started_at DESC, id DESC LIMIT :limit", limit=limit
    )
    return [_run(row) for row in rows]


def _run(row: Row) -> AuditRun:
    report = json.loads(row["report"])
    findings = (
        KeptFinding(finding["check"], finding["says"], finding["rows"], tuple(finding["evidence"]))
        for finding in report["findings"]
    )
    return AuditRun(row["id"], row["started_at"], row["took_ms"], tuple(report["checked"]), tuple(findings))
