"""Reads a policy file into the frozen rules, or says which key of which file is wrong and why."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from app.core.errors import Invalid
from app.core.money import parse_amount
from app.economy.rules.model import ACTIVITIES, Once, Policy, RewardRule, Tier

PRESETS = Path(__file__).parent / "presets"
DEFAULT_PRESET = PRESETS / "balanced.toml"


class PolicyError(Exception):
    """A policy file that cannot be used. The message has one line for each fault: file, key, reason."""


def load_policy(path: Path = DEFAULT_PRESET) -> Policy:
    """Read and check a policy. Raises `PolicyError`, naming every fault found."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
        file = _File.model_validate(raw)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PolicyError(f"{path.name}: {error}") from error
    except ValidationError as error:
        raise PolicyError(_faults(path, ((_key(item["loc"]), item["msg"]) for item in error.errors()))) from None
    found = list(_inconsistencies(file))
    if found:
        raise PolicyError(_faults(path, iter(found)))
    return file.policy()


def _amount(value: Any) -> int:
    if not isinstance(value, str):
        raise ValueError('an amount is a decimal string, such as "12.5"')
    try:
        return 0 if value == "0" else parse_amount(value)
    except Invalid as error:
        raise ValueError(error.detail) from None


_Tokens = Annotated[int, BeforeValidator(_amount)]
_Positive = Annotated[int, Field(gt=0), BeforeValidator(_amount)]
_Name = Annotated[str, Field(min_length=1, max_length=32)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class _Token(_Table):
    name: _Name
    symbol: Annotated[str, Field(min_length=1, max_length=8)]


class _Caps(_Table):
    day: _Positive
    week: _Positive


class _Reward(_Table):
    amount: _Positive
    once: Once | None = None
    not_own: bool = False
    distinct: bool = False
    cap_day: _Positive | None = None


class _Level(_Table):
    name: _Name
    threshold: Annotated[_Tokens, Field(alias="from")]
    rooms_max: Annotated[int, Field(ge=1)] | None = None


class _Tiers(_Table):
    basis: Literal["balance"]
    levels: Annotated[list[_Level], Field(min_length=1)]


class _File(_Table):
    name: _Name
    version: Annotated[int, Field(ge=1)]
    token: _Token
    caps: _Caps
    rewards: dict[str, _Reward]
    tiers: _Tiers

    def policy(self) -> Policy:
        return Policy(
            name=self.name,
            version=self.version,
            token=self.token.name,
            symbol=self.token.symbol,
            day_cap=self.caps.day,
            week_cap=self.caps.week,
            rewards={kind: RewardRule(**reward.model_dump()) for kind, reward in self.rewards.items()},
            tiers=tuple(Tier(**level.model_dump()) for level in self.tiers.levels),
        )


def _inconsistencies(file: _File) -> Iterator[tuple[str, str]]:
    for kind in sorted(file.rewards.keys() - ACTIVITIES):
        yield f"rewards.{kind}", f"unknown activity; known are {', '.join(sorted(ACTIVITIES))}"
    for kind in sorted(ACTIVITIES - file.rewards.keys()):
        yield f"rewards.{kind}", "missing: every activity has a rule"
    for kind, reward in file.rewards.items():
        if reward.cap_day is not None and reward.cap_day < reward.amount:
            yield f"rewards.{kind}.cap_day", "is below a single reward"
        if reward.amount > file.caps.day:
            yield f"rewards.{kind}.amount", "is above caps.day: it could never be paid in full"
    if file.caps.week < file.caps.day:
        yield "caps.week", "is below caps.day"
    levels = file.tiers.levels
    if levels[0].threshold != 0:
        yield "tiers.levels.0.from", "is not 0: everybody needs a tier"
    for index in range(1, len(levels)):
        if levels[index].threshold <= levels[index - 1].threshold:
            yield f"tiers.levels.{index}.from", "is not above the level before"
    if len({level.name for level in levels}) < len(levels):
        yield "tiers.levels", "two levels have the same name"


def _faults(path: Path, found: Iterator[tuple[str, str]]) -> str:
    return "\n".join(f"{path.name}: {key}: {reason}" for key, reason in found)


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location)
