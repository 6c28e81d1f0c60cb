"""What an audit came to, as it is kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

EVIDENCE_KEPT = 3
"""How many rows of evidence are kept of each finding; the command line shows more."""


@dataclass(frozen=True, slots=True)
class KeptFinding:
    """An invariant that did not hold. `rows` is how many rows showed it, as far as they were counted."""

    check: str
    says: str
    rows: int
    evidence: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class AuditRun:
    """One audit that was carried out. Times are milliseconds; `checked` names every invariant recomputed."""

    id: int
    started_at: int
    took_ms: int
    checked: tuple[str, ...]
    findings: tuple[KeptFinding, ...]

    @property
    def ok(self) -> bool:
        return not self.findings
