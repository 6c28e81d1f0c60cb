"""Wire shapes of this room."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import date
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, PlainSerializer, WithJsonSchema

from app.core.money import format_amount
from app.economy.earning import model
from app.economy.rules.model import CapName, FactorName, TierBasis, Withheld
from app.economy.rules.model import Tier as PolicyTier
from app.economy.rules.schemas import TierRule, factor_text
from app.infra.wire import Amount, Id, Moment, PositiveAmount, Schema, check_text


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
    """What was earned in the running day or week, of at most `cap`; null is no limit."""

    earned: Amount
    cap: Amount | None


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

    @classmethod
    def all(cls, entries: Sequence[model.Entry]) -> list[Entry]:
        return [cls(**asdict(entry)) for entry in entries]


class Statement(Schema):
    """A page of history, newest first. `next` is the cursor of the page after it."""

    entries: list[Entry]
    next: str | None

    @classmethod
    def of(cls, statement: model.Statement) -> Statement:
        return cls(entries=Entry.all(statement.entries), next=None if statement.next is None else str(statement.next))


class StatementQuery(Schema):
    cursor: Annotated[str | None, Field(pattern="^[0-9]{1,18}$")] = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Multiplier(Schema):
    """One factor of a reward."""

    name: FactorName
    factor: str


class CapUse(Schema):
    """A cap as it stood before the decision."""

    name: CapName
    used_before: Amount
    limit: Amount


class Explanation(Schema):
    """Why a reward was what it was: `base` times the multipliers, at most `ceiling` times it, is `multiplied`."""

    op_id: Id
    at: Moment
    kind: str
    activity: str
    base: Amount
    multipliers: list[Multiplier]
    ceiling: str | None
    multiplied: Amount
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
            multipliers=[Multiplier(name=its.name, factor=factor_text(its.hundredths)) for its in decision.factors],
            ceiling=None if decision.ceiling is None else factor_text(decision.ceiling),
            multiplied=decision.multiplied,
            granted=decision.granted,
            capped_by=decision.capped_by,
            withheld=decision.withheld,
            policy_version=explanation.policy_version,
            caps=[CapUse(name=cap.name, used_before=cap.used_before, limit=cap.limit) for cap in decision.caps],
        )


class CheckingCap(Schema):
    activity: Annotated[str, Field(min_length=1, max_length=48)]


class Remaining(Schema):
    """What the caps leave; null where there is no such cap."""

    activity: Amount | None
    shared: Amount | None
    year: Amount | None
    day: Amount | None
    week: Amount | None


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
            remaining=Remaining(
                activity=left.get("activity_day"),
                shared=left.get("shared_day"),
                year=left.get("activity_year"),
                day=left.get("day"),
                week=left.get("week"),
            ),
            resets_at=check.resets_at,
        )


class TierStanding(Schema):
    """The tier held, what it allows, and how far the next one is: `value` by the policy's `basis`."""

    user_id: Id
    basis: TierBasis
    value: Amount
    tier: TierRule
    next: TierRule | None
    missing: Amount | None
    tiers: list[TierRule]

    @classmethod
    def of(cls, account_id: int, standing: model.Standing, tiers: tuple[PolicyTier, ...]) -> TierStanding:
        above = standing.next_tier
        return cls(
            user_id=account_id,
            basis=standing.basis,
            value=standing.value,
            tier=TierRule.of(standing.tier),
            next=TierRule.of(above) if above else None,
            missing=above.threshold - standing.value if above else None,
            tiers=[TierRule.of(tier) for tier in tiers],
        )


class StreakStep(Schema):
    """The next step of the streak's multiplier."""

    days: int
    factor: str


class Streak(Schema):
    """Days in a row on which the daily reward was claimed; `claimed` are those of this and last month."""

    days: int
    best: int
    today: date
    claimable: bool
    next_at: Moment
    factor: str
    next: StreakStep | None
    claimed: list[date]

    @classmethod
    def of(cls, streak: model.Streak) -> Streak:
        step = streak.next_factor
        return cls(
            days=streak.days,
            best=streak.best,
            today=date.fromordinal(streak.today),
            claimable=streak.claimable,
            next_at=streak.next_at,
            factor=factor_text(streak.factor),
            next=StreakStep(days=step[0], factor=factor_text(step[1])) if step else None,
            claimed=[date.fromordinal(day) for day in streak.claimed],
        )


class ClaimedReward(Schema):
    """One reward of a claim. Its op explains it."""

    op_id: Id
    activity: str
    granted: Amount
    multiplied: Amount


class DailyClaim(Schema):
    """What claiming the daily reward brought."""

    day: date
    streak_days: int
    granted: Amount
    rewards: list[ClaimedReward]
    next_at: Moment

    @classmethod
    def of(cls, claimed: model.Claimed) -> DailyClaim:
        return cls(
            day=date.fromordinal(claimed.day),
            streak_days=claimed.streak_days,
            granted=sum(rewarded.decision.granted for _, rewarded in claimed.rewards),
            rewards=[
                ClaimedReward(
                    op_id=rewarded.op_id,
                    activity=activity,
                    granted=rewarded.decision.granted,
                    multiplied=rewarded.decision.multiplied,
                )
                for activity, rewarded in claimed.rewards
            ],
            next_at=claimed.next_at,
        )


class Awarding(Schema):
    """Tokens that an administrator gives somebody, and why."""

    user_id: Id
    amount: PositiveAmount
    reason: Annotated[str, Field(min_length=1, max_length=280), AfterValidator(check_text)]


class Awarded(Schema):
    """An award that was paid."""

    op_id: Id
    user_id: Id
    amount: Amount
