"""The audit of the whole room: the ledger's invariants, caps and gifts held against history, and the links of the
chain.

The chain is checked here by counting: a row too many or too few in sealed history, a seal that is missing. A row that
was changed in place shows only when every row is read and hashed again, which takes minutes for a long history and is
done when asked for (`ledger.chain`).
"""

from __future__ import annotations

from collections.abc import Sequence

from app.economy.ledger.audit import Check, Report, audit_ledger
from app.economy.ledger.seal_store import CHECKS as CHAIN_CHECKS
from app.economy.oversight.audit_store import caps_of, counters, gifts, known_versions
from app.economy.rules.model import Policy
from app.infra.database import Connection


async def audit(db: Connection, policies: Sequence[Policy], *, owner: int | None = None) -> Report:
    """Check every invariant. `policies` are all versions that ever paid; `owner` narrows to one person's wallet."""
    checks = [known_versions(policies), *counters(), *gifts(), *(Check(*check) for check in CHAIN_CHECKS)]
    for policy in policies:
        checks += caps_of(policy)
    return await audit_ledger(db, checks, owner=owner)
