"""Runs simulations: the same run of the same policy always comes out the same."""

from __future__ import annotations

import random

from app.economy.rules.model import Policy
from app.economy.simulation.agents import Life
from app.economy.simulation.books import WeekBooks
from app.economy.simulation.crowd import gather
from app.economy.simulation.house import House
from app.economy.simulation.model import WEEK_DAYS, Result, Run
from app.economy.simulation.scenario import Scenario, load_scenario
from app.economy.simulation.targets import judge

DRY_RUN = Run(agents=200)
"""As long as the run that the shipped policy is judged by: in a shorter one, newcomers weigh more at its end."""


def simulate(policy: Policy, run: Run, scenario: Scenario | None = None) -> Result:
    """Play a policy through and judge it."""
    scenario = scenario or load_scenario()
    chance = random.Random(run.seed)
    agents = gather(scenario, run, chance)
    shop = scenario.prices(policy.name)
    dearest = {kind: max(price for _, price in offers) for kind, offers in shop.items()}
    books = WeekBooks({agent.account.id: agent.group for agent in agents}, dearest)
    house = House(policy, books)
    life = Life(house, shop, chance)
    for day in range(run.days - run.days % WEEK_DAYS):
        house.begin(scenario.starts.toordinal() + day, scenario.events_on(day))
        for agent in agents:
            if life.comes(agent, day):
                books.came(agent.account, house.day)
                life.live(agent, day)
                books.allowance_lapsed(agent.account.allowance)
        if day % WEEK_DAYS == WEEK_DAYS - 1:
            books.close([agent.account for agent in agents if agent.arrives <= day])
    weeks = tuple(books.weeks)
    return Result(policy.name, run, weeks, judge(weeks, dearest))


def dry_run(policy: Policy) -> Result:
    """A small run to see where a policy leads before it is published: a second or two of one processor."""
    return simulate(policy, DRY_RUN)
