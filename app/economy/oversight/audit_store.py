"""The room's own invariants beside the ledger's: caps and their counters recomputed from history, and gifts."""

from __future__ import annotations

from collections.abc import Sequence

from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.audit import Check
from app.economy.ledger.audit_store import OWNED
from app.economy.ledger.model import TransferKind
from app.economy.ledger.sheet import UNDO
from app.economy.ledger.store import APPLIED
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
_GIFT = "gift"
# What the transfers of each op come to between its two people; `others` are those that do not belong into a gift.
_GIFT_MOVED = f"""
SELECT t.op_id, CAST(SUM(t.amount) AS BIGINT) AS amount, MIN(d.owner_id) AS sender, MIN(c.owner_id) AS recipient,
  SUM(CASE WHEN t.code = '{_GIFT}' AND t.kind = {int(TransferKind.POSTED)} AND t.reverses_id IS NULL
    AND t.credit_account = t.credit_wallet AND d.owner_id = o.actor_id THEN 0 ELSE 1 END)
    + CASE COUNT(DISTINCT c.owner_id) WHEN 1 THEN 0 ELSE 1 END AS others
FROM econ_transfer t JOIN econ_op o ON o.id = t.op_id
LEFT JOIN econ_wallet d ON d.id = t.debit_wallet LEFT JOIN econ_wallet c ON c.id = t.credit_wallet
WHERE t.op_id IN (SELECT op_id FROM econ_gift) GROUP BY t.op_id
"""
_OF_OWNER = "(CAST(:owner AS BIGINT) = 0 OR {0} = CAST(:owner AS BIGINT))"
_GIFT_ROWS = f"""
SELECT g.op_id, g.sender_id, g.recipient_id, g.amount, g.at, o.kind, o.status, o.created_at,
  m.sender AS sender_by_transfers, m.recipient AS recipient_by_transfers, m.amount AS amount_by_transfers, m.others
FROM econ_gift g LEFT JOIN econ_op o ON o.id = g.op_id LEFT JOIN ({_GIFT_MOVED}) m ON m.op_id = g.op_id
WHERE ({_OF_OWNER.format("g.sender_id")} OR {_OF_OWNER.format("g.recipient_id")})
  AND (o.id IS NULL OR o.kind <> '{_GIFT}' OR o.status <> {APPLIED} OR o.actor_id <> g.sender_id
  OR o.created_at <> g.at OR m.op_id IS NULL OR m.others <> 0 OR m.sender <> g.sender_id
  OR m.recipient <> g.recipient_id OR m.amount <> g.amount)
"""
_GIFT_MISSING = f"""
SELECT o.id AS op_id, o.actor_id, o.result, o.created_at FROM econ_op o LEFT JOIN econ_gift g ON g.op_id = o.id
WHERE o.scope = '{_GIFT}.' || CAST(o.actor_id AS VARCHAR(20)) AND o.status = {APPLIED} AND g.op_id IS NULL
  AND {_OF_OWNER.format("o.actor_id")}
"""


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


def gifts() -> list[Check]:
    """What people are shown of gifts is what was moved."""
    return [
        Check("gift_equals_transfers", "a gift is what its op moved, from its sender to its recipient", _GIFT_ROWS),
        Check("gift_recorded", "every gift that was carried out is among the gifts", _GIFT_MISSING),
    ]


def caps_of(policy: Policy) -> list[Check]:
    """No window holds more than its cap. A window counts if every reward in it was paid by this version."""
    checks = [
        _cap(policy, "cap_day", "r.day", policy.day_cap),
        _cap(policy, "cap_week", _MONDAY, policy.week_cap),
    ]
    for activity, rule in policy.rewards.items():
        checks.append(_cap(policy, f"cap_{activity}", "r.day", rule.cap_day, (activity,)))
        year = _first_of_year(year_of("r.day"))
        checks.append(_cap(policy, f"cap_year_{activity}", year, rule.cap_year, (activity,)))
    for name, limit in policy.shared_caps.items():
        sharing = tuple(kind for kind, rule in policy.rewards.items() if rule.shared_cap == name)
        checks.append(_cap(policy, f"shared_{name}", "r.day", limit, sharing))
    return [check for check in checks if check is not None]


def year_of(day: str) -> str:
    """SQL for the calendar year of a day: by the mean length of a year it is that one, or the one before."""
    year = f"(({day} - 1) * 400 / 146097 + 1)"
    return f"({year} + CASE WHEN {_first_of_year(f'({year} + 1)')} <= {day} THEN 1 ELSE 0 END)"


def _first_of_year(year: str) -> str:
    before = f"({year} - 1)"
    return f"({before} * 365 + {before} / 4 - {before} / 100 + {before} / 400 + 1)"


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
