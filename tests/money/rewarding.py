"""What people should earn and where they should stand, in the plainest form: the reference, with rewards on top.

Like the ledger's part it shares no code with the product but the policy's numbers and the names of activities.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction

from app.economy.earning.model import Activity
from app.economy.rules.model import ACTIVITIES, Goal, Policy, RewardRule, Tier
from tests.money.reference import Ref, Reference, Refusal, Refused, Tally, Terms

Reward = tuple[int, str | None]
"""What was granted, and why nothing was."""

DAY = 86_400_000


@dataclass
class Person:
    """What somebody has earned, claimed and kept up."""

    tier: str = ""
    earn_day: int = 1
    earned: dict[tuple[str, int], int] = field(default_factory=dict)
    claims: set[tuple[str, int, str]] = field(default_factory=set)
    streak_days: int = 0
    streak_day: int = 1
    streak_best: int = 0

    def earned_in(self, days: range, *kinds: str) -> int:
        return sum(amount for (kind, day), amount in self.earned.items() if day in days and kind in (kinds or (kind,)))

    def streak_on(self, day: int) -> int:
        return self.streak_days if self.streak_day >= day - 1 else 0


@dataclass
class Running:
    """An event that multiplies rewards while it runs."""

    kind: str
    starts_at: int
    ends_at: int


def week_of(day: int) -> range:
    """The days of its ISO week: day 1 was a Monday."""
    monday = day - (day - 1) % 7
    return range(monday, monday + 7)


def year_of(day: int) -> range:
    year = date.fromordinal(day).year
    return range(date(year, 1, 1).toordinal(), date(year + 1, 1, 1).toordinal())


class RewardingReference(Reference):
    """The whole economy. `policy` and `midnight` (the end of today) are set like `now` and `today`."""

    def __init__(self, policy: Policy) -> None:
        super().__init__()
        self.policy = policy
        self.midnight = 0
        self.events: list[Running] = []
        self.people: dict[int, Person] = {}
        self._rewarded: dict[tuple[str, str], Reward] = {}
        self._allowed: set[tuple[int, int]] = set()
        self._worked: dict[tuple[str, int], Refusal | None] = {}

    def person(self, owner: int) -> Person:
        return self.people.setdefault(owner, Person())

    def unchanging(self) -> list[object]:
        return [self.policy]

    def settle(self, owner: int) -> None:
        self.person(owner).tier = self.tier_now(owner).name

    def tier_now(self, owner: int) -> Tier:
        """The tier somebody holds at this moment, whether they were told or not."""
        if self.policy.tier_basis == "balance":
            allowances = [place[2] for place, terms in self.lots.items() if terms.source == "allowance"]
            value = sum(amount for key, amount in self.spendable(owner).items() if key not in allowances)
        else:
            recent = range(self.today - 89, self.today + 400)
            value = sum(
                tally.came
                for (whose, day, code), tally in self.tallies.items()
                if whose == owner and code in ACTIVITIES and day in recent
            )
        return [tier for tier in self.policy.tiers if tier.threshold <= value][-1]

    def reward(self, op: int, activity: Activity) -> Reward | None:
        """Reward an activity, once for its key; None when the policy has nothing for it."""
        rule = self.policy.rewards.get(activity.kind)
        if rule is None or activity.reached < rule.least:
            return None
        told: list[Reward] = []
        key = (activity.kind, activity.key)
        if key not in self._rewarded:
            refusal = self.attempt(lambda: told.append(self._earn(op, rule, activity)))
            self._rewarded[key] = told[0] if refusal is None else (0, "balance_full")
        return self._rewarded[key]

    def _earn(self, op: int, rule: RewardRule, activity: Activity) -> Reward:
        kind, owner = activity.kind, activity.actor
        if rule.not_own and activity.counterpart == owner:
            return 0, "own"
        self.sweep(owner)
        person = self.person(owner)
        day = max(person.earn_day, self.today)
        if rule.once:
            claim = (kind, day if rule.once == "day" else 0, "" if rule.once == "ever" else activity.subject or "")
            if claim in person.claims:
                return 0, "already_rewarded"
            person.claims.add(claim)
        if rule.distinct and activity.fingerprint is not None:
            claim = (kind, day, activity.fingerprint)
            if claim in person.claims:
                return 0, "duplicate"
            person.claims.add(claim)
        self.note(owner, day, kind, Tally(done=1))
        base = (rule.amount + activity.amount * rule.share // 100) * activity.weight
        granted = min([int(base * self._factor(rule, person, day)), *self._room(rule, person, kind, day)])
        if granted > 0:
            person.earn_day = day
            person.earned[kind, day] = person.earned.get((kind, day), 0) + granted
            self.move(op, ("system", -1, ""), ("main", owner, ""), granted, kind, day)
        return granted, None

    def _factor(self, rule: RewardRule, person: Person, day: int) -> Fraction:
        if not rule.multiplied:
            return Fraction(1)
        multipliers = self.policy.multipliers
        streak = [factor for days, factor in multipliers.streak if days <= person.streak_on(day)]
        tier = [tier.factor for tier in self.policy.tiers if tier.name == person.tier]
        running = {event.kind for event in self.events if event.starts_at <= self.now < event.ends_at}
        event = [factor for kind, factor in multipliers.events.items() if kind in running]
        product = Fraction(1)
        for factors in (streak, tier, event):
            product *= Fraction(max([100, *factors]), 100)
        return product if multipliers.ceiling is None else min(product, Fraction(multipliers.ceiling, 100))

    def _room(self, rule: RewardRule, person: Person, kind: str, day: int) -> list[int]:
        today, policy = range(day, day + 1), self.policy
        sharing = [other for other, its in policy.rewards.items() if rule.shared_cap and its.shared_cap]
        caps = (
            (rule.cap_day, person.earned_in(today, kind)),
            (policy.shared_caps.get(rule.shared_cap or ""), person.earned_in(today, *sharing)),
            (rule.cap_year, person.earned_in(year_of(day), kind)),
            (policy.day_cap, person.earned_in(today)),
            (policy.week_cap, person.earned_in(week_of(day))),
        )
        return [max(0, cap - used) for cap, used in caps if cap is not None]

    def claim_daily(self, owner: int, ops: dict[str, int]) -> tuple[Refusal | None, list[tuple[str, int]]]:
        """Claim today's reward; `ops` are the ops of what it brings. Answers the refusal, or what was brought."""
        refusal = self.attempt(lambda: self._lengthen_streak(owner))
        if refusal is not None:
            return refusal, []
        told = [Activity("daily_login", owner, self.now, f"{owner}:{self.today}")]
        if self.person(owner).streak_days % 7 == 0:
            week = date.fromordinal(self.today).isocalendar()
            told.append(Activity("weekly_streak", owner, self.now, f"{owner}:{self.today}", subject=f"{week[:2]}"))
        brought = self._brought(told, ops)
        that = date.fromordinal(self.today)
        days = {day for (whose, day, _), tally in self.tallies.items() if whose == owner and tally.done}
        month = [day for day in days if that.replace(day=1).toordinal() <= day <= self.today]
        told = [
            Activity(
                "monthly_active",
                owner,
                self.now,
                f"{owner}:{self.today}",
                subject=f"{that.year} {that.month}",
                reached=len(month),
            )
        ]
        return None, brought + self._brought(told, ops)

    def _lengthen_streak(self, owner: int) -> None:
        self.sweep(owner)
        person = self.person(owner)
        if person.streak_days > 0 and person.streak_day >= self.today:
            raise Refused("already_claimed", next_at=self.midnight + DAY * (person.streak_day - self.today))
        person.streak_days = person.streak_on(self.today) + 1
        person.streak_day = self.today
        person.streak_best = max(person.streak_best, person.streak_days)

    def _brought(self, told: list[Activity], ops: dict[str, int]) -> list[tuple[str, int]]:
        rewards = [(activity.kind, self.reward(ops.get(activity.kind, 0), activity)) for activity in told]
        return [(kind, reward[0]) for kind, reward in rewards if reward is not None and reward[1] is None]

    def claim_goal(self, owner: int, goal_id: str, op: int) -> tuple[Refusal | None, int]:
        """Claim a goal; `op` is the op of its bonus. Answers the refusal, or how much was granted."""
        goals = [goal for goal in self.policy.goals if goal.id == goal_id]
        if not goals:
            return Refusal("not_found", {}), 0
        goal, kind = goals[0], "achievement" if goals[0].window == "ever" else "quest"
        windows = {"ever": (0, goal.id), "day": (self.today, f"{goal.id} {self.today}")}
        monday = week_of(self.today).start
        first, subject = windows.get(goal.window, (monday, f"{goal.id} week {monday}"))

        def check() -> None:
            self.sweep(owner)
            if (kind, 0, subject) in self.person(owner).claims:
                raise Refused("goal_claimed")
            reached = self._progress(owner, goal, first)
            if reached < goal.count:
                raise Refused("not_reached", progress=reached, count=goal.count)

        refusal = self.attempt(check)
        if refusal is not None:
            return refusal, 0
        activity = Activity(kind, owner, self.now, f"{owner}:{subject}", subject=subject, amount=goal.reward)
        reward = self.reward(op, activity)
        return None, reward[0] if reward else 0

    def _progress(self, owner: int, goal: Goal, first: int) -> int:
        if goal.counter == "streak_days":
            return self.person(owner).streak_best
        its = {key[1:]: tally for key, tally in self.tallies.items() if key[0] == owner and key[1] >= first}
        if goal.counter == "active_days":
            return len({day for (day, _), tally in its.items() if tally.done})
        if goal.counter == "gifts_sent":
            return sum(tally.went_ops for (_, code), tally in its.items() if code == "gift")
        return sum(tally.done for (_, code), tally in its.items() if code == goal.counter)

    def allow(self, owner: int) -> None:
        """Grant today's allowance unless that was tried."""
        allowance = self.policy.allowance
        if allowance is not None and (owner, self.today) not in self._allowed:
            self._allowed.add((owner, self.today))
            self._grant_allowance(owner, "allowance", lambda _: allowance.amount)

    def _grant_allowance(self, owner: int, code: str, amount: Callable[[Ref], int]) -> None:
        key = f"allowance:{self.today}"
        terms = Terms(10, self.midnight, False, "tools", len(self.lots), "allowance")

        def grant() -> None:
            self.sweep(owner)
            granted = amount(("lot", owner, key))
            if granted > 0:
                self.grant(0, owner, granted, code, key, terms)

        self.attempt(grant)

    def hold_for_work(self, op: int, owner: int, amount: int, expires_at: int) -> Refusal | None:
        self.allow(owner)
        refusal = self.attempt(lambda: self.hold(op, owner, amount, "tools", -2, expires_at))
        if refusal is None:
            self.holds[op].code = "site"
        return refusal

    def work_done(self, op: int, hold_id: int) -> Refusal | None:
        if ("done", hold_id) not in self._worked:
            self._worked["done", hold_id] = self.attempt(lambda: self.capture(op, hold_id, None))
        return self._worked["done", hold_id]

    def work_failed(self, hold_id: int) -> Refusal | None:
        """Give a hold back, and make good for allowance that has expired, within a day's amount. Once."""
        if ("failed", hold_id) in self._worked:
            return self._worked["failed", hold_id]
        refusal = self.attempt(lambda: self.release(hold_id))
        if refusal and refusal.code == "hold_resolved" and self.holds[hold_id].ran_out:
            refusal = None
        self._worked["failed", hold_id] = refusal
        if refusal is None:
            hold = self.holds[hold_id]
            lost = sum(part for place, part in hold.parts if self._is_expired_allowance(place, hold.returned_at))
            if lost > 0 and self.policy.allowance is not None:
                self._make_good(hold.parts[0][0][1], lost, self.policy.allowance.amount)
        return refusal

    def _is_expired_allowance(self, place: Ref, at: int) -> bool:
        terms = self.lots.get(place)
        return terms is not None and terms.source == "allowance" and terms.expires_at <= at

    def _make_good(self, owner: int, lost: int, day_amount: int) -> None:
        self.allow(owner)
        self._grant_allowance(
            owner,
            "allowance_again",
            lambda place: min(lost, day_amount - self.money.get(place, 0) - self.held_of(place)),
        )
