"""Wire shapes of the oversight."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.economy.ledger.audit import EVIDENCE_MAX
from app.economy.oversight import model
from app.economy.oversight.store import RUNS_KEPT
from app.infra.wire import Id, Moment, Schema


class AuditFinding(Schema):
    """An invariant that did not hold, and a few of the rows that show it."""

    check: str
    says: str
    rows: Annotated[int, Field(ge=1, le=EVIDENCE_MAX, description=f"Rows that show it, counted up to {EVIDENCE_MAX}")]
    evidence: list[dict[str, str | int | float | None]]


class AuditRun(Schema):
    """One audit: when it began, how long it took, what it recomputed, and what did not hold."""

    id: Id
    started_at: Moment
    took_ms: int
    ok: bool
    checked: list[str]
    findings: list[AuditFinding]

    @classmethod
    def of(cls, run: model.AuditRun) -> AuditRun:
        findings = [
            AuditFinding(check=each.check, says=each.says, rows=each.rows, evidence=list(each.evidence))
            for each in run.findings
        ]
        return cls(
            id=run.id,
            started_at=run.started_at,
            took_ms=run.took_ms,
            ok=run.ok,
            checked=list(run.checked),
            findings=findings,
        )


class AuditRuns(Schema):
    """The latest audits, newest first. `running` says that the node which answers is at one right now."""

    running: bool
    runs: list[AuditRun]


class AuditQuery(Schema):
    limit: Annotated[int, Field(ge=1, le=RUNS_KEPT)] = 20
