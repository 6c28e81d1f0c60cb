"""The room's own invariants beside the ledger's: the caps and their counters, recomputed from history."""

from __future__ import annotations

from collections.abc import Sequence

from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.audit import Check
from app.economy.ledger.audit_store import OWNED
from app.economy.ledger.sheet import UNDO
from app.economy.rules.model import Policy

_REWARDS = f"""
SELECT t.credit_wallet AS wallet_id, t.code, t.day, t.amount, o.policy_version, o.kind AS op_kind
FROM econ_transfer t JOIN econ_op o ON o.id = t.op_id
WHERE t.debit_account = {int(SystemAccount.ACTIVITY)}
"""
# What the tallies should be: each side of every transfer that moved money, by wallet, day and code.
_CODE = f"CASE WHEN reverses_id IS NULL THEN code ELSE '{UNDO}' || code END"
_MOVED = f"""
SELECT wallet_id, day, {_CODE} AS code, CAST(SUM(came) AS BIGINT) AS came, CAST(SUM(went) AS BIGINT) AS went,
  COUNT(DISTINCT CASE WHEN came > 0 THEN op_id END) AS came_ops,
  COUNT(DISTINCT CASE WHEN went > 0 THEN op_id END) AS went_ops
FROM (
  SELECT credit_wallet AS wallet_id, day, code, reverses_id, amount AS came, 0 AS went, op_id
  FROM econ_transfer WHERE credit_wallet IS NOT NULL
  UNION ALL
  SELECT debit_wallet, day, code, reverses_id, 0, amount, op_id
  FROM econ_transfer WHERE debit_wallet IS NOT NULL AND kind IN (0, 2)
) AS sides GROUP BY wallet_id, day, {_CODE}
"""
# The Monday of a day: ISO weeks begin on Mondays, and day 1 of the calendar was one.
_MONDAY = "(r.day - 1) - (r.day - 1) % 7"


def known_versions(policies: Sequence[Policy]) -> Check:
    versions = ", ".join(str(policy.version) for policy in policies) or "0"
    return Check(
        "policy_known",
        "rewards were paid by a known version of the policy",
        f"SELECT r.policy_version, COUNT(*) AS rewards FROM ({_REWARDS}) r"
        f" WHERE r.policy_version NOT IN ({versions}) GROUP BY r.policy_version",
    )


def counters() -> list[Check]:
    """The stored counters are what history says."""
    today = f"""
        SELECT w.id AS wallet_id, w.earn_day, w.earn_day_used, w.earn_week_used,
          CAST(COALESCE(s.today, 0) AS BIGINT) AS today_by_history,
          CAST(COALESCE(s.week, 0) AS BIGINT) AS week_by_history
        FROM econ_wallet w LEFT JOIN (
          SELECT r.wallet_id, SUM(CASE WHEN r.day = v.earn_day THEN r.amount ELSE 0 END) AS today,
            SUM(CASE WHEN {_MONDAY} = (v.earn_day - 1) - (v.earn_day - 1) % 7 THEN r.amount ELSE 0 END) AS week
          FROM ({_REWARDS}) r JOIN econ_wallet v ON v.id = r.wallet_id GROUP BY r.wallet_id
        ) s ON s.wallet_id = w.id
        WHERE {OWNED} AND (w.earn_day_used <> COALESCE(s.today, 0) OR w.earn_week_used <> COALESCE(s.week, 0))
    """
    columns = "wallet_id, day, code, came, went, came_ops, went_ops"
    tally = f"""
        SELECT {columns} FROM (
          SELECT {columns} FROM econ_tally WHERE came > 0 OR went > 0
          UNION ALL SELECT {columns} FROM ({_MOVED}) AS moved
        ) AS both_sides JOIN econ_wallet w ON w.id = wallet_id WHERE {OWNED}
        GROUP BY {columns} HAVING COUNT(*) <> 2
    """
    return [
        Check("earned_equals_history", "what a wallet counts as earned today and this week was earned", today),
        Check("tally_equals_history", "what is tallied for a wallet, a day and a code is what was moved", tally),
    ]


def caps_of(policy: Policy) -> list[Check]:
    """No window holds more than its cap. A window counts if every reward in it was paid by this version."""
    checks = [
        _cap(policy, "cap_day", "r.day", policy.day_cap),
        _cap(policy, "cap_week", _MONDAY, policy.week_cap),
    ]
    for activity, rule in policy.rewards.items():
        checks.append(_cap(policy, f"cap_{activity}", "r.day", rule.cap_day, (activity,)))
    for name, limit in policy.shared_caps.items():
        sharing = tuple(kind for kind, rule in policy.rewards.items() if rule.shared_cap == name)
        checks.append(_cap(policy, f"shared_{name}", "r.day", limit, sharing))
    return [check for check in checks if check is not None]


def _cap(policy: Policy, name: str, window: str, limit: int | None, activities: Sequence[str] = ()) -> Check | None:
    if limit is None:
        return None
    codes = {f"code{index}": code for index, code in enumerate(activities)}
    only = f"AND r.code IN ({', '.join(f':{name}' for name in codes)})" if codes else ""
    sql = f"""
        SELECT w.id AS wallet_id, {window} AS first_day, CAST(SUM(r.amount) AS BIGINT) AS earned
        FROM ({_REWARDS}) r JOIN econ_wallet w ON w.id = r.wallet_id
        WHERE {OWNED} {only}
        GROUP BY w.id, {window}
        HAVING SUM(r.amount) > CAST(:limit AS BIGINT) AND MIN(r.policy_version) = :version
          AND MAX(r.policy_version) = :version
    """
    params: tuple[tuple[str, object], ...] = (("limit", limit), ("version", policy.version), *codes.items())
    return Check(f"{name}_v{policy.version}", "no more was earned in a window than its cap", sql, params)
