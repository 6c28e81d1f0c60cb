"""Gathers the people of a run: who they are, when they come, whom they know."""

from __future__ import annotations

import random

from app.economy.simulation.account import Account
from app.economy.simulation.agents import Agent
from app.economy.simulation.model import HONEST, WEEK_DAYS, Group, Run
from app.economy.simulation.scenario import Arrivals, Scenario

RING_SIZE = 5
LEVELS = (0.5, 1.5)
"""How much less and more than the mean of their kind people do."""


def gather(scenario: Scenario, run: Run, chance: random.Random) -> list[Agent]:
    """Everybody who comes within the run, in no particular order."""
    agents: list[Agent] = []
    for group, count in _heads(scenario, run).items():
        for rank in range(count):
            arrives = _arrival(scenario.arrivals, rank / count)
            agents.append(_agent(scenario, len(agents) + 1, group, arrives, chance))
    honest = [agent for agent in agents if agent.group in HONEST]
    farmers = [agent for agent in agents if agent.group == "farmer"]
    ringers = [agent for agent in agents if agent.group == "ring"]
    circles = {"honest": honest, "class": farmers}
    for agent in (*honest, *farmers):
        agent.circle = circles[agent.behaviour.circle]
    for at in range(0, len(ringers), RING_SIZE):
        _close_ring(ringers[at : at + RING_SIZE])
    _invite(honest, scenario.arrivals.invited, chance)
    chance.shuffle(agents)
    return agents


def _heads(scenario: Scenario, run: Run) -> dict[Group, int]:
    heads: dict[Group, int] = dict(run.heads().items())
    heads["power"] = round(heads["core"] * scenario.power_share)
    heads["core"] -= heads["power"]
    return heads


def _arrival(arrivals: Arrivals, part: float) -> int:
    """The day on which somebody arrives whom this part of their kind precedes: evenly, so that no run is lopsided."""
    if part < arrivals.first_week:
        return int(part / arrivals.first_week * WEEK_DAYS)
    late = (part - arrivals.first_week) / (1 - arrivals.first_week)
    return WEEK_DAYS + int(late * (arrivals.last_day - WEEK_DAYS))


def _agent(scenario: Scenario, number: int, group: Group, arrives: int, chance: random.Random) -> Agent:
    behaviour = scenario.behaviours[group]
    return Agent(
        account=Account(number),
        group=group,
        behaviour=behaviour,
        arrives=arrives,
        presence=chance.uniform(*behaviour.presence),
        level=chance.uniform(*LEVELS),
    )


def _close_ring(ring: list[Agent]) -> None:
    """The first brings in the others, one a day."""
    for late, agent in enumerate(ring):
        agent.circle = ring
        agent.arrives = ring[0].arrives + late
        agent.inviter = ring[0] if late else None


def _invite(honest: list[Agent], share: float, chance: random.Random) -> None:
    for agent in honest:
        there = [other for other in honest if other.arrives < agent.arrives] if agent.arrives >= WEEK_DAYS else []
        if there and chance.random() < share:
            agent.inviter = chance.choice(there)
