"""The economy put together as the application does it, under a policy that a test chooses."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.core.clock import Calendar, Clock
from app.core.ids import Ids
from app.economy.allowance.service import Allowances
from app.economy.earning.daily import DailyReward
from app.economy.earning.model import Activity, Rewarded
from app.economy.earning.service import Economy
from app.economy.earning.standing import Standings
from app.economy.goals.service import Goals
from app.economy.ledger.service import Ledger
from app.economy.rules.model import Policy, Published, PublishedText
from app.economy.rules.policy_file import load_policy
from app.economy.rules.service import Rulebook
from app.infra.unit_of_work import UnitOfWork

POLICY = replace(load_policy(), version=1)
"""The shipped policy, as its first version."""


@dataclass(frozen=True, slots=True)
class House:
    """The services of one node."""

    rulebook: Rulebook
    standings: Standings
    ledger: Ledger
    economy: Economy
    daily: DailyReward
    goals: Goals
    allowances: Allowances


def rulebook_of(policy: Policy, clock: Clock, ids: Ids) -> Rulebook:
    """A rulebook with this policy in force from ever on."""
    text = PublishedText(policy.version, policy.name, "", 0, None, "", 0)
    return Rulebook(clock, ids, [Published(text, policy)])


def house(clock: Clock, ids: Ids, calendar: Calendar, policy: Policy = POLICY) -> House:
    """The economy of one node under `policy`."""
    return house_of(rulebook_of(policy, clock, ids), clock, ids, calendar)


def house_of(rulebook: Rulebook, clock: Clock, ids: Ids, calendar: Calendar) -> House:
    """The economy of one node that decides by `rulebook`."""
    standings = Standings(rulebook, calendar, clock)
    ledger = Ledger(clock, ids, calendar, standings.settle)
    economy = Economy(ledger, rulebook, standings, calendar, clock)
    daily = DailyReward(economy, ledger, rulebook, standings, calendar, clock)
    goals = Goals(economy, ledger, rulebook, standings, calendar, clock)
    return House(rulebook, standings, ledger, economy, daily, goals, Allowances(ledger, rulebook, calendar, clock))


async def reward(economy: Economy, work: UnitOfWork, activity: Activity) -> Rewarded:
    """Tell of an activity that the policy rewards."""
    rewarded = await economy.reward_activity(work, activity)
    assert rewarded is not None, f"{activity.kind} has no reward"
    return rewarded
