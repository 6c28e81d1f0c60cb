"""Wire shapes of this room."""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field, PlainSerializer, WithJsonSchema

from app.core.money import format_amount
from app.economy.earning import model
from app.economy.rules.model import CapName, Withheld
from app.infra.wire import Amount, Id, Moment, Schema


def _signed(micros: int) -> str:
    return f"+{format_amount(micros)}" if micros > 0 else format_amount(micros)


Change = Annotated[
    int,
    PlainSerializer(_signed, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^([+-][0-9]+(\.[0-9]{1,6})?|0)$", "description": "A change, exact"}),
]
"""Micro-tokens that came or went; a signed decimal string of tokens on the wire."""


class NextTier(Schema):
    """The tier above, and the balance it begins at."""

    name: str
    at: Amount


class Tier(Schema):
    """The tier held, and the balance it begins at."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: str
    from_: Annotated[Amount, Field(serialization_alias="from")]
    next: NextTier | None


class Window(Schema):
    """What was earned in the running day or week, of at most `cap`."""

    earned: Amount
    cap: Amount


class Balance(Schema):
    """What a person has. `balance` can be spent; `held` is set aside beside it."""

    user_id: Id
    balance: Amount
    held: Amount
    by_source: dict[str, Amount]
    tier: Tier
    today: Window
    week: Window
    symbol: str
    token: str

    @classmethod
    def of(cls, balance: model.Balance) -> Balance:
        above = balance.next_tier
        return cls(
            user_id=balance.account_id,
            balance=balance.balance,
            held=balance.held,
            by_source=balance.by_source,
            tier=Tier(
                name=balance.tier.name,
                from_=balance.tier.threshold,
                next=NextTier(name=above.name, at=above.threshold) if above else None,
            ),
            today=Window(earned=balance.today.earned, cap=balance.today.cap),
            week=Window(earned=balance.week.earned, cap=balance.week.cap),
            symbol=balance.symbol,
            token=balance.token,
        )


class Entry(Schema):
    """One line of a statement. `kind` is what was asked for, `reason` what for; `source` the money that moved."""

    id: Id
    op_id: Id
    at: Moment
    kind: str
    reason: str
    amount: Change
    balance_after: Amount
    source: str


class Statement(Schema):
    """A page of history, newest first. `next` is the cursor of the page after it."""

    entries: list[Entry]
    next: str | None

    @classmethod
    def of(cls, statement: model.Statement) -> Statement:
        entries = [
            Entry(
                id=entry.id,
                op_id=entry.op_id,
                at=entry.at,
                kind=entry.kind,
                reason=entry.reason,
                amount=entry.amount,
                balance_after=entry.balance_after,
                source=entry.source,
            )
            for entry in statement.entries
        ]
        return cls(entries=entries, next=None if statement.next is None else str(statement.next))


class StatementQuery(Schema):
    cursor: Annotated[str | None, Field(pattern="^[0-9]{1,18}$")] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Multiplier(Schema):
    name: str
    factor: str


class CapUse(Schema):
    """A cap as it stood before the decision."""

    name: CapName
    used_before: Amount
    limit: Amount


class Explanation(Schema):
    """Why a reward was what it was."""

    op_id: Id
    at: Moment
    kind: str
    activity: str
    base: Amount
    multipliers: list[Multiplier]
    granted: Amount
    capped_by: CapName | None
    withheld: Withheld | None
    policy_version: int
    caps: list[CapUse]

    @classmethod
    def of(cls, explanation: model.Explanation) -> Explanation:
        decision = explanation.decision
        return cls(
            op_id=explanation.op_id,
            at=explanation.at,
            kind="reward",
            activity=explanation.activity,
            base=decision.base,
            multipliers=[],
            granted=decision.granted,
            capped_by=decision.capped_by,
            withheld=decision.withheld,
            policy_version=explanation.policy_version,
            caps=[CapUse(name=cap.name, used_before=cap.used_before, limit=cap.limit) for cap in decision.caps],
        )


class CheckingCap(Schema):
    activity: Annotated[str, Field(min_length=1, max_length=48)]


class Remaining(Schema):
    """What the caps leave. `activity` is null where the activity has no cap of its own."""

    activity: Amount | None
    day: Amount
    week: Amount


class CapCheck(Schema):
    """What an activity would earn now. `resets_at` is when the window that binds begins anew."""

    activity: str
    base: Amount
    would_grant: Amount
    capped_by: CapName | None
    remaining: Remaining
    resets_at: Moment

    @classmethod
    def of(cls, check: model.CapCheck) -> CapCheck:
        decision = check.decision
        left = {cap.name: cap.remaining for cap in decision.caps}
        return cls(
            activity=check.activity,
            base=decision.base,
            would_grant=decision.granted,
            capped_by=decision.capped_by,
            remaining=Remaining(activity=left.get("activity_day"), day=left["day"], week=left["week"]),
            resets_at=check.resets_at,
        )
