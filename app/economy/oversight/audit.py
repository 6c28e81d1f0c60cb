"""The audit of the whole room: the ledger's invariants, and the caps recomputed from history."""

from __future__ import annotations

from collections.abc import Sequence

from app.economy.ledger.audit import Report, audit_ledger
from app.economy.oversight.audit_store import caps_of, counters, known_versions
from app.economy.rules.model import Policy
from app.infra.database import Connection


async def audit(db: Connection, policies: Sequence[Policy], *, owner: int | None = None) -> Report:
    """Check every invariant. `policies` are all versions that ever paid; `owner` narrows to one person's wallet."""
    checks = [known_versions(policies), *counters()]
    for policy in policies:
        checks += caps_of(policy)
    return await audit_ledger(db, checks, owner=owner)
