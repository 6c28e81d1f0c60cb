"""Recomputes every invariant of the ledger from its history and tells what does not hold.

Reads only, and repairs nothing: run it over a `snapshot()` connection, so that all checks see one state. Each finding
carries the rows that show it, at most `EVIDENCE_MAX`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.economy.ledger.audit_store import CHECKS, breaches
from app.infra.database import Connection

EVIDENCE_MAX = 20


@dataclass(frozen=True, slots=True)
class Check:
    """One invariant. `sql` selects the rows that break it; `:owner` is 0, or the person to look at alone.

    `params` are the check's own parameters.
    """

    name: str
    says: str
    sql: str
    params: tuple[tuple[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """An invariant that does not hold, and rows that show it."""

    check: str
    says: str
    evidence: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What an audit found. `checked` names every invariant that was recomputed."""

    checked: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """As JSON values; numbers above 2^53 are strings."""
        return {
            "ok": self.ok,
            "checked": list(self.checked),
            "findings": [
                {"check": finding.check, "says": finding.says, "evidence": [_wire(row) for row in finding.evidence]}
                for finding in self.findings
            ],
        }

    def to_text(self) -> str:
        """For a person at a terminal: what was checked, and every finding with its evidence."""
        lines = [f"{len(self.checked)} invariants recomputed, {len(self.findings)} broken"]
        for finding in self.findings:
            lines.append(f"BROKEN {finding.check}: {finding.says}")
            lines += [f"    {row}" for row in finding.evidence]
        return "\n".join(lines)


async def audit_ledger(db: Connection, extra: Sequence[Check] = (), *, owner: int | None = None) -> Report:
    """Check the ledger's invariants and those of `extra`; of one person's wallet alone if `owner` is given."""
    checks = [Check(*check) for check in CHECKS] + list(extra)
    findings = []
    for check in checks:
        params = dict(check.params)
        if ":owner" in check.sql:
            params["owner"] = owner or 0
        evidence = await breaches(db, check.sql, EVIDENCE_MAX, params)
        if evidence:
            findings.append(Finding(check.name, check.says, tuple(evidence)))
    return Report(tuple(check.name for check in checks), tuple(findings))


def _wire(row: dict[str, Any]) -> dict[str, Any]:
    return {key: str(value) if isinstance(value, int) and abs(value) > 2**53 else value for key, value in row.items()}
