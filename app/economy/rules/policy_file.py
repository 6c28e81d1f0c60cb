"""Reads a policy file into the frozen rules, or says which key of which file is wrong and why."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.core.errors import Invalid
from app.core.money import TOKEN, parse_amount
from app.economy.rules.model import (
    ACTIVITIES,
    COUNTERS,
    ONE,
    PERKS,
    Allowance,
    Decay,
    EventKind,
    GiftRules,
    Goal,
    GoalWindow,
    Multipliers,
    Once,
    Policy,
    RewardRule,
    Tier,
    TierBasis,
)

PRESETS = Path(__file__).parent / "presets"
DEFAULT_PRESET = PRESETS / "balanced.toml"
SOURCE_MAX = 64 * 1024
"""The longest policy text, in characters."""

_FACTOR = re.compile(r"[0-9]{1,3}(\.[0-9]{1,2})?")
LANGUAGES = frozenset({"en", "th"})


class PolicyError(Exception):
    """A policy that cannot be used. The message has one line for each fault: file, key, reason."""


def load_policy(path: Path = DEFAULT_PRESET) -> Policy:
    """Read and check a policy file. Raises `PolicyError`, naming every fault found."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError(f"{path.name}: {error}") from error
    return parse_policy(source, path.name)


def parse_policy(source: str, name: str) -> Policy:
    """Check the text of a policy, called `name` in errors. Raises `PolicyError`, naming every fault found."""
    try:
        document = tomllib.loads(source)
    except (ValueError, RecursionError) as error:
        # Beside what is no TOML: integers of thousands of digits, and brackets nested thousands deep.
        raise PolicyError(f"{name}: {error}") from error
    return policy_of(document, name)


def policy_of(document: dict[str, Any], name: str) -> Policy:
    """Check the parsed text of a policy. Raises `PolicyError` like `parse_policy`."""
    try:
        file = _File.model_validate(document)
    except ValidationError as error:
        raise PolicyError(_faults(name, ((_key(item["loc"]), item["msg"]) for item in error.errors()))) from None
    found = list(_inconsistencies(file))
    if found:
        raise PolicyError(_faults(name, iter(found)))
    return file.policy()


def _amount(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError('an amount is a decimal string, such as "12.5"')
    try:
        return 0 if value == "0" else parse_amount(value)
    except Invalid as error:
        raise ValueError(error.detail) from None


def _hundredths(value: Any) -> int:
    if not isinstance(value, str) or not _FACTOR.fullmatch(value):
        raise ValueError('a factor is a decimal string with at most two decimals, such as "1.25"')
    whole, _, part = value.partition(".")
    return int(whole) * ONE + int(part.ljust(2, "0"))


_Tokens = Annotated[int, BeforeValidator(_amount)]
_Positive = Annotated[int, Field(gt=0), BeforeValidator(_amount)]
_Factor = Annotated[int, Field(ge=ONE, le=10 * ONE), BeforeValidator(_hundredths)]
_Share = Annotated[int, Field(gt=0, le=ONE), BeforeValidator(_hundredths)]
_Name = Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[A-Za-z0-9][A-Za-z0-9_ -]*$")]
_Count = Annotated[int, Field(ge=1, le=10_000_000)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Token(_Table):
    name: _Name
    symbol: Annotated[str, Field(min_length=1, max_length=8)]


class _Caps(_Table):
    day: _Positive | None = None
    week: _Positive | None = None
    shared: dict[_Name, _Positive] = {}


class _Reward(_Table):
    amount: _Tokens = 0
    share: _Share | Annotated[int, Field(ge=0, le=0)] = 0
    once: Once | None = None
    not_own: bool = False
    distinct: bool = False
    least: _Count = 1
    multiplied: bool = False
    cap_day: _Positive | None = None
    cap_year: _Positive | None = None
    shared_cap: str | None = None


class _Step(_Table):
    days: _Count
    factor: _Factor


class _Multipliers(_Table):
    streak: list[_Step] = []
    events: dict[EventKind, _Factor] = {}
    ceiling: _Factor | None = None


class _Level(_Table):
    name: _Name
    threshold: Annotated[_Tokens, Field(alias="from")]
    factor: _Factor = ONE
    rooms_max: _Count | None = None
    gifts_day: _Positive | None = None
    storage_gb: _Count = 1
    file_mb: _Count = 10
    perks: list[str] = []


class _Tiers(_Table):
    basis: TierBasis
    levels: Annotated[list[_Level], Field(min_length=1)]


class _Gifts(_Table):
    minimum: _Positive
    per_day: _Count


class _Allowance(_Table):
    amount: _Positive
    website: _Positive


class _Decay(_Table):
    rate: _Share
    idle_days: _Count
    floor: _Tokens


class _Goal(_Table):
    id: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    counter: str
    count: _Count
    reward: _Positive
    window: GoalWindow = "ever"
    titles: dict[str, Annotated[str, Field(min_length=1, max_length=80)]]


class _File(_Table):
    name: _Name
    token: _Token
    caps: _Caps = _Caps()
    rewards: dict[str, _Reward]
    multipliers: _Multipliers = _Multipliers()
    tiers: _Tiers
    gifts: _Gifts
    allowance: _Allowance | None = None
    decay: _Decay | None = None
    goals: list[_Goal] = []

    def policy(self) -> Policy:
        steps = tuple((step.days, step.factor) for step in self.multipliers.streak)
        levels = (level.model_dump() for level in self.tiers.levels)
        return Policy(
            name=self.name,
            version=0,
            token=self.token.name,
            symbol=self.token.symbol,
            day_cap=self.caps.day,
            week_cap=self.caps.week,
            shared_caps=self.caps.shared,
            rewards={kind: RewardRule(**reward.model_dump()) for kind, reward in self.rewards.items()},
            multipliers=Multipliers(steps, dict(self.multipliers.events), self.multipliers.ceiling),
            tiers=tuple(Tier(**{**level, "perks": frozenset(level["perks"])}) for level in levels),
            tier_basis=self.tiers.basis,
            gifts=GiftRules(**self.gifts.model_dump()),
            allowance=Allowance(**self.allowance.model_dump()) if self.allowance else None,
            decay=Decay(**self.decay.model_dump()) if self.decay else None,
            goals=tuple(Goal(**goal.model_dump()) for goal in self.goals),
        )


def _inconsistencies(file: _File) -> Iterator[tuple[str, str]]:
    for kind, reward in file.rewards.items():
        for key, reason in _faults_of_reward(file, kind, reward):
            yield f"rewards.{kind}{key}", reason
    if file.caps.day is not None and file.caps.week is not None and file.caps.week < file.caps.day:
        yield "caps.week", "is below caps.day"
    days = [step.days for step in file.multipliers.streak]
    if days != sorted(set(days)):
        yield "multipliers.streak", "the days do not ascend"
    yield from _faults_of_tiers(file.tiers.levels)
    yield from _faults_of_goals(file.goals, file.rewards.keys())
    if file.allowance is not None and file.allowance.website > file.allowance.amount:
        yield "allowance.website", "is above allowance.amount: nobody could pay it"


def _faults_of_reward(file: _File, kind: str, reward: _Reward) -> Iterator[tuple[str, str]]:
    if kind not in ACTIVITIES:
        yield "", f"unknown activity; known are {', '.join(sorted(ACTIVITIES))}"
    if bool(reward.amount) == bool(reward.share):
        yield "", "has neither an amount nor a share, or both"
    if reward.cap_day is not None and reward.cap_day < reward.amount:
        yield ".cap_day", "is below a single reward"
    if reward.cap_year is not None and reward.cap_year < reward.amount:
        yield ".cap_year", "is below a single reward"
    if reward.shared_cap is not None and reward.shared_cap not in file.caps.shared:
        yield ".shared_cap", f"there is no caps.shared.{reward.shared_cap}"
    if reward.shared_cap in file.caps.shared and file.caps.shared[reward.shared_cap] < reward.amount:
        yield ".shared_cap", "is below a single reward"
    if file.caps.day is not None and reward.amount > file.caps.day:
        yield ".amount", "is above caps.day: it could never be paid in full"
    if reward.multiplied and (reward.share or reward.amount % TOKEN):
        yield ".multiplied", "only whole tokens multiply exactly"


def _faults_of_tiers(levels: list[_Level]) -> Iterator[tuple[str, str]]:
    if levels[0].threshold != 0:
        yield "tiers.levels.0.from", "is not 0: everybody needs a tier"
    for index, level in enumerate(levels):
        if index and level.threshold <= levels[index - 1].threshold:
            yield f"tiers.levels.{index}.from", "is not above the level before"
        for perk in sorted(set(level.perks) - PERKS):
            yield f"tiers.levels.{index}.perks", f"unknown perk {perk}; known are {', '.join(sorted(PERKS))}"
    if len({level.name for level in levels}) < len(levels):
        yield "tiers.levels", "two levels have the same name"


def _faults_of_goals(goals: list[_Goal], rewarded: Collection[str]) -> Iterator[tuple[str, str]]:
    for kind in sorted({"achievement" if goal.window == "ever" else "quest" for goal in goals} - set(rewarded)):
        yield f"rewards.{kind}", "missing: there are goals that pay by it"
    if len({goal.id for goal in goals}) < len(goals):
        yield "goals", "two goals have the same id"
    for index, goal in enumerate(goals):
        if goal.counter not in COUNTERS:
            yield f"goals.{index}.counter", f"unknown counter; known are {', '.join(sorted(COUNTERS))}"
        if goal.titles.keys() != LANGUAGES:
            yield f"goals.{index}.titles", f"needs exactly {', '.join(sorted(LANGUAGES))}"


def _faults(name: str, found: Iterator[tuple[str, str]]) -> str:
    return "\n".join(f"{name}: {key}: {reason}" for key, reason in found)


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
