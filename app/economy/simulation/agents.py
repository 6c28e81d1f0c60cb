"""Imagined people: what they do on a day they come, and what they buy."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from math import log

from app.core.money import TOKEN
from app.economy.simulation.account import Account
from app.economy.simulation.house import House
from app.economy.simulation.model import Group, ItemClass
from app.economy.simulation.scenario import Behaviour, Item

Shop = dict[ItemClass, list[tuple[Item, int]]]
FOREVER = date.max.toordinal()
PEOPLE_ENOUGH = 10
"""Reactions, votes and looks are told with as many people as any rule asks for."""


@dataclass(slots=True)
class Agent:
    """Somebody, how they behave, what they own until which day, and what they save for.

    `arrives` is a day of the run. `level` scales how much they do. `inviter` is set until they have been active.
    """

    account: Account
    group: Group
    behaviour: Behaviour
    arrives: int
    presence: float
    level: float
    circle: Sequence[Agent] = ()
    inviter: Agent | None = None
    owned: dict[str, int] = field(default_factory=dict)
    wanted: tuple[Item, int] | None = None


class Life:
    """Leads agents through their days in one house."""

    def __init__(self, house: House, shop: Shop, chance: random.Random) -> None:
        self._house = house
        self._shop = shop
        self._chance = chance

    def comes(self, agent: Agent, day: int) -> bool:
        """Whether somebody comes on a day of the run."""
        return agent.arrives == day or (agent.arrives < day and self._chance.random() < agent.presence)

    def live(self, agent: Agent, day: int) -> None:
        """Do on a day of the run what somebody does."""
        account, behaviour, house = agent.account, agent.behaviour, self._house
        house.open(account)
        if agent.arrives == day:
            house.reward(account, "registration")
            house.reward(account, "join_room", behaviour.rooms_at_first)
        claims = self._chance.random() < behaviour.claims
        if claims:
            house.claim_daily(account)
        self._talk(agent)
        self._share(agent)
        self._go_about_rooms(agent)
        self._bring_people(agent, claimed=claims)
        self._give(agent, day)
        house.settle_goals(account)
        for _ in range(self._times(agent, behaviour.websites)):
            house.build_website(account)
        self._buy(agent)

    def _talk(self, agent: Agent) -> None:
        account, behaviour, house = agent.account, agent.behaviour, self._house
        written = self._times(agent, behaviour.messages * agent.level)
        rule = house.policy.rewards.get("send_message")
        repeats = self._part(written, behaviour.repeats) if rule is not None and rule.distinct else 0
        house.reward(account, "send_message", written - repeats)
        for kind, share in (("popular_message", behaviour.popular), ("helpful_content", behaviour.helpful)):
            house.reward(account, kind, self._part(written, share), reached=PEOPLE_ENOUGH)

    def _share(self, agent: Agent) -> None:
        files = self._times(agent, agent.behaviour.files * agent.level)
        self._house.reward(agent.account, "share_file", files)
        opened = self._part(files, agent.behaviour.opened)
        self._house.reward(agent.account, "media_shared", opened, reached=PEOPLE_ENOUGH)

    def _go_about_rooms(self, agent: Agent) -> None:
        account, behaviour, house = agent.account, agent.behaviour, self._house
        house.reward(account, "join_room", self._times(agent, behaviour.joins))
        most = house.rooms_max(account)
        made = self._times(agent, behaviour.rooms)
        if most is not None:
            made = min(made, max(0, most - account.rooms))
        account.rooms += made
        house.reward(account, "create_room", made)
        house.reward(account, "room_moderator", self._times(agent, behaviour.moderates), reached=PEOPLE_ENOUGH)

    def _bring_people(self, agent: Agent, *, claimed: bool) -> None:
        """Being active, as a claim after a first message shows, is what the inviter is rewarded for."""
        self._house.reward(agent.account, "invite_friend", self._times(agent, agent.behaviour.invites))
        if agent.inviter is not None and claimed and agent.account.counts["ever"].done["send_message"]:
            self._house.reward(agent.inviter.account, "invite_friend")
            agent.inviter = None

    def _give(self, agent: Agent, day: int) -> None:
        behaviour = agent.behaviour
        if not agent.circle:
            return
        for _ in range(self._times(agent, behaviour.gifts)):
            amount = self._chance.randint(*behaviour.gift) * TOKEN
            to = self._chance.choice(agent.circle)
            if to.arrives <= day and agent.account.balance - amount >= behaviour.keeps * TOKEN:
                self._house.give(agent.account, to.account, amount)

    def _buy(self, agent: Agent) -> None:
        """Buy what somebody has been saving for, and see what else they would like to have."""
        for kind, days in agent.behaviour.wishes.items():
            if self._chance.random() * days >= 1:
                continue
            wish = self._wish(agent, kind)
            if wish is not None and kind == "everyday":
                self._pay(agent, *wish)
            elif wish is not None and agent.wanted is None:
                agent.wanted = wish
        if agent.wanted is not None and self._pay(agent, *agent.wanted):
            agent.wanted = None

    def _wish(self, agent: Agent, kind: ItemClass) -> tuple[Item, int] | None:
        day = self._house.day
        offers = [offer for offer in self._shop.get(kind, ()) if agent.owned.get(offer[0].name, 0) <= day]
        return self._chance.choice(offers) if offers else None

    def _pay(self, agent: Agent, item: Item, price: int) -> bool:
        if agent.account.balance - price < agent.behaviour.keeps * TOKEN:
            return False
        self._house.sell(agent.account, item.kind, price)
        if not item.each:
            agent.owned[item.name] = FOREVER if item.days is None else self._house.day + item.days
        return True

    def _times(self, agent: Agent, mean: float) -> int:
        """How often somebody does something of this mean on a day.

        The steady do it as often every day. For others it scatters geometrically: often not at all, now and then a lot.
        """
        if mean <= 0:
            return 0
        if agent.behaviour.steady:
            return int(mean + self._chance.random())
        return int(log(1 - self._chance.random()) / log(mean / (1 + mean)))

    def _part(self, count: int, share: float) -> int:
        """How many of so many, each by chance: counted by the gaps between them, which are geometric."""
        if share <= 0:
            return 0
        hits, at = 0, self._gap(share)
        while at < count:
            hits, at = hits + 1, at + 1 + self._gap(share)
        return hits

    def _gap(self, share: float) -> int:
        return int(log(1 - self._chance.random()) / log(1 - share))
