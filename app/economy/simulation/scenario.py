"""The assumptions of the simulation, read from `scenario.toml`: how people behave, what is sold, which events run."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from app.core.money import parse_amount
from app.economy.rules.model import EventKind
from app.economy.simulation.model import Group, ItemClass

SCENARIO = Path(__file__).parent / "scenario.toml"


def _tokens(value: Any) -> Any:
    return parse_amount(value) if isinstance(value, str) else value


Price = Annotated[int, Field(gt=0), BeforeValidator(_tokens)]
Share = Annotated[float, Field(ge=0, le=1)]
Chance = Annotated[float, Field(ge=0, lt=1)]
Mean = Annotated[float, Field(ge=0)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Arrivals(_Table):
    """When people come to the house, and who of them were invited."""

    first_week: Share
    last_day: int
    invited: Share


class PlannedEvent(_Table):
    """An event on days of the run, counted from 0."""

    kind: EventKind
    first: int
    days: Annotated[int, Field(gt=0)]
    every: int | None = None

    def runs_on(self, day: int) -> bool:
        since = day - self.first
        return 0 <= (since if self.every is None or since < 0 else since % self.every) < self.days


class Behaviour(_Table):
    """What somebody does on a day they come; the file says what each number means."""

    presence: tuple[Share, Share]
    steady: bool = False
    claims: Share
    messages: Mean
    repeats: Chance = 0
    files: Mean = 0
    rooms_at_first: int = 0
    joins: Mean = 0
    rooms: Mean = 0
    popular: Chance = 0
    helpful: Chance = 0
    opened: Chance = 0
    moderates: Mean = 0
    invites: Mean = 0
    gifts: Mean = 0
    gift: tuple[int, int] = (1, 1)
    websites: Mean = 0
    wishes: Mapping[ItemClass, int] = {}
    keeps: int = 0
    circle: Literal["honest", "class", "ring"]


class Item(_Table):
    """Something that is sold."""

    name: str
    kind: Annotated[ItemClass, Field(alias="class")]
    price: Price
    enhanced: Price | None = None
    days: int | None = None
    each: bool = False


class Scenario(_Table):
    """Everything a run assumes beside the policy."""

    starts: date
    power_share: Share
    arrivals: Arrivals
    events: tuple[PlannedEvent, ...]
    behaviours: Mapping[Group, Behaviour]
    items: tuple[Item, ...]

    def events_on(self, day: int) -> list[EventKind]:
        """The kinds of event that run on a day of the run."""
        return [event.kind for event in self.events if event.runs_on(day)]

    def prices(self, policy: str) -> dict[ItemClass, list[tuple[Item, int]]]:
        """What is sold under a policy of this name, by class, each with its price."""
        sold: dict[ItemClass, list[tuple[Item, int]]] = {}
        for item in self.items:
            price = item.enhanced if policy == "enhanced" else item.price
            if price is not None:
                sold.setdefault(item.kind, []).append((item, price))
        return sold


def load_scenario(path: Path = SCENARIO) -> Scenario:
    """Read the assumptions; a file that does not fit raises pydantic's `ValidationError`."""
    return Scenario.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
