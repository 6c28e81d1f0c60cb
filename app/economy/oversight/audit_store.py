"""The room's own invariants beside the ledger's: the caps and their counters, recomputed from history."""

from __future__ import annotations

from collections.abc import Sequence

from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.audit import Check
from app.economy.ledger.audit_store import OWNED
from app.economy.rules.model import Policy

_REWARDS = f"""
SELECT t.credit_wallet AS wallet_id, t.code, t.day, t.amount, o.policy_version, o.kind AS op_kind
FROM econ_transfer t JOIN econ_op o ON o.id = t.op_id
WHERE t.debit_account = {int(SystemAccount.ACTIVITY)}
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
    activity = f"""
        SELECT c.wallet_id, c.activity, c.day, c.used, CAST(COALESCE(s.amount, 0) AS BIGINT) AS used_by_history
        FROM econ_cap c JOIN econ_wallet w ON w.id = c.wallet_id LEFT JOIN (
          SELECT r.wallet_id, r.code, r.day, SUM(r.amount) AS amount FROM ({_REWARDS}) r
          GROUP BY r.wallet_id, r.code, r.day
        ) s ON s.wallet_id = c.wallet_id AND s.code = c.activity AND s.day = c.day
        WHERE {OWNED} AND c.used <> COALESCE(s.amount, 0)
    """
    return [
        Check("earned_equals_history", "what a wallet counts as earned today and this week was earned", today),
        Check("cap_equals_history", "what is counted to an activity's cap was earned by it", activity),
    ]


def caps_of(policy: Policy) -> list[Check]:
    """No window holds more than its cap. A window counts if every reward in it was paid by this version."""
    checks = [
        _cap(policy, "cap_day", "r.day", policy.day_cap),
        _cap(policy, "cap_week", _MONDAY, policy.week_cap),
    ]
    for activity, rule in policy.rewards.items():
        if rule.cap_day is not None:
            checks.append(_cap(policy, f"cap_{activity}", "r.day", rule.cap_day, activity))
    return checks


def _cap(policy: Policy, name: str, window: str, limit: int, activity: str | None = None) -> Check:
    only = "" if activity is None else "AND r.code = :activity"
    sql = f"""
        SELECT w.id AS wallet_id, {window} AS first_day, CAST(SUM(r.amount) AS BIGINT) AS earned
        FROM ({_REWARDS}) r JOIN econ_wallet w ON w.id = r.wallet_id
        WHERE {OWNED} {only}
        GROUP BY w.id, {window}
        HAVING SUM(r.amount) > CAST(:limit AS BIGINT) AND MIN(r.policy_version) = :version
          AND MAX(r.policy_version) = :version
    """
    params: tuple[tuple[str, object], ...] = (("limit", limit), ("version", policy.version))
    if activity is not None:
        params += (("activity", activity),)
    return Check(f"{name}_v{policy.version}", "no more was earned in a window than its cap", sql, params)
