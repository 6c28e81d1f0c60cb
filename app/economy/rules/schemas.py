"""Wire shapes of this room."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema

from app.core.money import format_amount
from app.economy.rules import model
from app.economy.rules.model import ONE, EventKind, GoalWindow, Once, TierBasis
from app.economy.rules.policy_file import SOURCE_MAX
from app.infra.wire import Amount, Id, Moment, Schema, check_text

Text = AfterValidator(check_text)
FutureMoment = Annotated[datetime, WithJsonSchema({"type": "string", "format": "date-time"})]


def factor_text(hundredths: int) -> str:
    """A factor as a decimal string: 125 is "1.25"."""
    return format_amount(hundredths * 10_000)


def millis(moment: datetime) -> int:
    """A moment with its offset as milliseconds; one without an offset is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int(aware.timestamp() * 1000)


class Reward(Schema):
    """What an activity earns. `share` is of the amount it is about; limits that are null do not exist."""

    activity: str
    amount: Amount
    share: str | None
    once: Once | None
    not_own: bool
    distinct: bool
    least: int
    multiplied: bool
    cap_day: Amount | None
    cap_year: Amount | None
    shared_cap: str | None


class TierRule(Schema):
    """A tier, where it begins, and what it allows; null is no limit."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: str
    from_: Annotated[Amount, Field(serialization_alias="from")]
    factor: str
    rooms_max: int | None
    gifts_day: Amount | None
    storage_gb: int
    file_mb: int
    perks: list[str]

    @classmethod
    def of(cls, tier: model.Tier) -> TierRule:
        return cls(
            name=tier.name,
            from_=tier.threshold,
            factor=factor_text(tier.factor),
            rooms_max=tier.rooms_max,
            gifts_day=tier.gifts_day,
            storage_gb=tier.storage_gb,
            file_mb=tier.file_mb,
            perks=sorted(tier.perks),
        )


class StreakStep(Schema):
    days: int
    factor: str


class EventFactor(Schema):
    kind: EventKind
    factor: str


class GoalRule(Schema):
    id: str
    counter: str
    count: int
    reward: Amount
    window: GoalWindow
    titles: dict[str, str]

    @classmethod
    def of(cls, goal: model.Goal) -> GoalRule:
        return cls(
            id=goal.id,
            counter=goal.counter,
            count=goal.count,
            reward=goal.reward,
            window=goal.window,
            titles=dict(goal.titles),
        )


class DecayRule(Schema):
    """What dormant balances lose every 30 days: `share` of what is above `floor`, after `idle_days`."""

    share: str
    idle_days: int
    floor: Amount


class Policy(Schema):
    """The rules in force, as anybody may read them."""

    name: str
    version: int
    token: str
    symbol: str
    day_cap: Amount | None
    week_cap: Amount | None
    shared_caps: dict[str, Amount]
    rewards: list[Reward]
    streak: list[StreakStep]
    events: list[EventFactor]
    ceiling: str | None
    tiers: list[TierRule]
    tier_basis: TierBasis
    gift_minimum: Amount
    gifts_per_day: int
    allowance: Amount | None
    website_cost: Amount | None
    decay: DecayRule | None
    goals: list[GoalRule]

    @classmethod
    def of(cls, policy: model.Policy) -> Policy:
        multipliers = policy.multipliers
        return cls(
            name=policy.name,
            version=policy.version,
            token=policy.token,
            symbol=policy.symbol,
            day_cap=policy.day_cap,
            week_cap=policy.week_cap,
            shared_caps=dict(policy.shared_caps),
            rewards=[_reward(kind, rule) for kind, rule in policy.rewards.items()],
            streak=[StreakStep(days=days, factor=factor_text(factor)) for days, factor in multipliers.streak],
            events=[EventFactor(kind=kind, factor=factor_text(its)) for kind, its in _events(multipliers)],
            ceiling=None if multipliers.ceiling is None else factor_text(multipliers.ceiling),
            tiers=[TierRule.of(tier) for tier in policy.tiers],
            tier_basis=policy.tier_basis,
            gift_minimum=policy.gifts.minimum,
            gifts_per_day=policy.gifts.per_day,
            allowance=policy.allowance.amount if policy.allowance else None,
            website_cost=policy.allowance.website if policy.allowance else None,
            decay=_decay(policy.decay),
            goals=[GoalRule.of(goal) for goal in policy.goals],
        )


class PolicyVersion(Schema):
    """A published version: who published it, when it comes into force, and its text."""

    version: int
    name: str
    effective_from: Moment
    author_id: Id | None
    note: str
    created_at: Moment
    source: str

    @classmethod
    def of(cls, text: model.PublishedText) -> PolicyVersion:
        return cls(
            version=text.version,
            name=text.name,
            effective_from=text.effective_from,
            author_id=text.author_id,
            note=text.note,
            created_at=text.created_at,
            source=text.source,
        )


class PolicyVersions(Schema):
    """All versions, the newest first; `current` is the one in force."""

    current: int
    versions: list[PolicyVersion]


class CheckingPolicy(Schema):
    """The text of a policy, in TOML."""

    source: Annotated[str, Field(min_length=1, max_length=SOURCE_MAX), Text]


class PublishingPolicy(CheckingPolicy):
    """A policy to publish. Without `effective_from` it comes into force as soon as every node can know it."""

    note: Annotated[str, Field(min_length=1, max_length=500), Text]
    effective_from: FutureMoment | None = None


class Event(Schema):
    """A window in which rewards are multiplied."""

    id: Id
    kind: EventKind
    name: str
    factor: str
    starts_at: Moment
    ends_at: Moment

    @classmethod
    def of(cls, event: model.SeasonalEvent, policy: model.Policy) -> Event:
        return cls(
            id=event.id,
            kind=event.kind,
            name=event.name,
            factor=factor_text(policy.multipliers.events.get(event.kind, ONE)),
            starts_at=event.starts_at,
            ends_at=event.ends_at,
        )


class Events(Schema):
    """Events that run or are announced, the first to start first."""

    events: list[Event]


class SchedulingEvent(Schema):
    """An event to announce."""

    kind: EventKind
    name: Annotated[str, Field(min_length=1, max_length=80), Text]
    starts_at: FutureMoment
    ends_at: FutureMoment


def _reward(kind: str, rule: model.RewardRule) -> Reward:
    return Reward(
        activity=kind,
        amount=rule.amount,
        share=factor_text(rule.share) if rule.share else None,
        once=rule.once,
        not_own=rule.not_own,
        distinct=rule.distinct,
        least=rule.least,
        multiplied=rule.multiplied,
        cap_day=rule.cap_day,
        cap_year=rule.cap_year,
        shared_cap=rule.shared_cap,
    )


def _decay(decay: model.Decay | None) -> DecayRule | None:
    if decay is None:
        return None
    return DecayRule(share=factor_text(decay.rate), idle_days=decay.idle_days, floor=decay.floor)


def _events(multipliers: model.Multipliers) -> list[tuple[EventKind, int]]:
    return sorted(multipliers.events.items(), key=lambda item: item[1])
