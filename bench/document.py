"""docs/performance.md: what the run of the servers says, then what that of the ledger says; each is written alone."""

from __future__ import annotations

from bench.ledger.report import HEADING
from bench.subjects import ROOT

DOCUMENT = ROOT / "docs" / "performance.md"


def write(*, servers: str = "", ledger: str = "") -> None:
    """Write what is given, and leave the other part as it is."""
    DOCUMENT.write_text(merged(DOCUMENT.read_text(encoding="utf-8"), servers=servers, ledger=ledger), encoding="utf-8")


def merged(before: str, *, servers: str = "", ledger: str = "") -> str:
    """The document with one part or both replaced."""
    old_servers, heading, old_ledger = before.partition(HEADING)
    parts = (servers or old_servers, ledger or heading + old_ledger)
    return "\n\n".join(part.strip() for part in parts if part.strip()) + "\n"
