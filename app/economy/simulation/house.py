"""The economy's flow without a database: what people do is decided by the very functions that pay real people.

Several things of one kind that somebody does on one day are decided at once, as one activity of that weight. It comes
to the same as one after another, but for a tier that is reached half-way through the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Protocol

from app.economy.rules.model import Decision, Earned, EventKind, Factor, Policy, RewardRule
from app.economy.rules.policy import (
    decide,
    factors_of,
    first_of_month,
    month_of,
    sharers,
    streak_on,
    tier_at,
    week_of,
)
from app.economy.simulation.account import Account
from app.economy.simulation.model import ItemClass

DAILY = "daily_login"
STREAK_WEEK = 7
"""A weekly streak is paid every so many days of a streak."""


class Books(Protocol):
    """Where the house writes down what it does."""

    def rewarded(self, account: Account, kind: str, decision: Decision, rule: RewardRule) -> None: ...

    def burned(self, what: str, amount: int) -> None: ...

    def given(self, amount: int) -> None: ...

    def allowance_used(self, amount: int) -> None: ...


class House:
    """Everything that moves money, under one policy, on one day after another."""

    def __init__(self, policy: Policy, books: Books) -> None:
        self.policy = policy
        self.day = 0
        self._books = books
        self._week, self._month, self._first_of_month = "", "", 0
        self._factors = cache(self._factors_of)
        self._events: Sequence[EventKind] = ()
        self._sharers = {kind: sharers(policy, rule, kind) for kind, rule in policy.rewards.items()}
        self._tiers = {tier.name: tier for tier in policy.tiers}

    def begin(self, day: int, events: Sequence[EventKind]) -> None:
        """Turn to a day, on which these kinds of event run."""
        self.day, self._events = day, events
        self._week, self._month = str(week_of(day)), str(month_of(day))
        self._first_of_month = first_of_month(day)
        self._factors.cache_clear()

    def open(self, account: Account) -> None:
        """Whoever comes first finds the day's allowance."""
        account.turn_to(self.day)
        self._settle(account)
        account.allowance = self.policy.allowance.amount if self.policy.allowance else 0

    def reward(
        self,
        account: Account,
        kind: str,
        weight: int = 1,
        *,
        told: int = 0,
        reached: int = 1,
        subject: str | None = None,
    ) -> int:
        """What doing something so many times brings. Without `subject`, each time it was done to something new."""
        rule = self.policy.rewards.get(kind)
        if rule is None or weight == 0 or reached < rule.least:
            return 0
        account.turn_to(self.day)
        if rule.once is not None and not account.claim(kind, rule.once, subject):
            return 0
        earned = self._earned(account, kind, rule)
        decision = decide(self.policy, rule, rule.base(weight, told), earned, self._factors_now(account))
        account.count(kind, weight)
        account.be_active()
        if decision.granted:
            account.receive_reward(kind, decision.granted)
            self._settle(account)
        self._books.rewarded(account, kind, decision, rule)
        return decision.granted

    def claim_daily(self, account: Account) -> None:
        """Claim the daily reward, and what a streak and an active month bring with it."""
        if DAILY not in self.policy.rewards or account.streak_day == self.day:
            return
        account.streak_days = streak_on(self.day, account.streak_day, account.streak_days) + 1
        account.streak_day = self.day
        self.reward(account, DAILY, subject="")
        if account.streak_days % STREAK_WEEK == 0:
            self.reward(account, "weekly_streak", subject=self._week)
        active = sum(1 for day in account.active_days[-31:] if day >= self._first_of_month)
        self.reward(account, "monthly_active", reached=active, subject=self._month)

    def give(self, sender: Account, recipient: Account, amount: int) -> bool:
        """Send a gift; False when a limit or the balance does not allow it."""
        sender.turn_to(self.day)
        rules, most = self.policy.gifts, self._tiers[sender.tier].gifts_day
        if sender is recipient or amount < rules.minimum or amount > sender.balance:
            return False
        if sender.gifts_today >= rules.per_day or (most is not None and sender.given_today + amount > most):
            return False
        recipient.turn_to(self.day)
        sender.balance -= amount
        sender.gifts_today += 1
        sender.given_today += amount
        sender.count("gifts_sent")
        sender.count("tokens_given", amount)
        recipient.balance += amount
        recipient.count("gifts_received")
        self._settle(sender)
        self._settle(recipient)
        self._books.given(amount)
        self.reward(recipient, "receive_gift", told=amount, subject=str(sender.id))
        return True

    def sell(self, account: Account, kind: ItemClass, price: int) -> None:
        """Take the price of something from somebody who has it."""
        account.balance -= price
        self._settle(account)
        self._books.burned(kind, price)

    def build_website(self, account: Account) -> bool:
        """Use a tool: from the allowance, then from the balance; False when neither can pay it."""
        if self.policy.allowance is None:
            return False
        price = self.policy.allowance.website
        free = min(account.allowance, price)
        if price - free > account.balance:
            return False
        account.allowance -= free
        self._books.allowance_used(free)
        if price > free:
            account.balance -= price - free
            self._settle(account)
            self._books.burned("tools", price - free)
        return True

    def settle_goals(self, account: Account) -> None:
        """Claim every goal that has been reached."""
        for goal in self.policy.goals:
            if not account.reached(goal) and account.progress(goal) >= goal.count:
                account.reach(goal)
                self.reward(account, "achievement" if goal.window == "ever" else "quest", told=goal.reward)

    def _settle(self, account: Account) -> None:
        """Re-evaluate the tier, as after every movement of money."""
        basis = {
            "balance": account.balance,
            "lifetime": account.earned_ever,
            "earned_90d": account.earned_recently() if self.policy.tier_basis == "earned_90d" else 0,
        }[self.policy.tier_basis]
        account.tier = tier_at(self.policy, basis)[0].name

    def rooms_max(self, account: Account) -> int | None:
        """How many rooms somebody may own; None is no limit."""
        return self._tiers[account.tier].rooms_max

    def _earned(self, account: Account, kind: str, rule: RewardRule) -> Earned:
        came = account.came_today
        return Earned(
            day=self.day,
            activity_day=came[kind],
            shared_day=sum(came[other] for other in self._sharers[kind]) if rule.shared_cap else 0,
            activity_year=account.came_year[kind],
            today=account.earned_today,
            week=account.earned_week,
        )

    def _factors_now(self, account: Account) -> tuple[Factor, ...]:
        return self._factors(streak_on(self.day, account.streak_day, account.streak_days), account.tier)

    def _factors_of(self, streak: int, tier: str) -> tuple[Factor, ...]:
        return factors_of(self.policy, streak=streak, tier=tier, events=self._events)
