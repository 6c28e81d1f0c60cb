"""What the ledger should do, in the plainest form: a dictionary of accounts, and refusals by their code.

It shares no code with the ledger, stores nothing, and knows no concurrency; the state machine compares the two.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, field

from app.economy.earning.model import Activity
from app.economy.rules.model import Policy

Ref = tuple[str, int, str]
"""("main", owner, ""), ("lot", owner, key) or ("system", number, "")."""

LIMIT = 10**15


class Refused(Exception):
    """The refusal the ledger is to give."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Terms:
    """What a lot is."""

    priority: int
    expires_at: int
    giftable: bool
    reserved_for: str
    age: int


@dataclass
class Move:
    """A transfer that may be reversed."""

    debit: Ref
    credit: Ref
    amount: int
    reversed: int = 0


@dataclass
class Hold:
    """Money set aside, by the account it came from."""

    parts: list[tuple[Ref, int]]
    credit: Ref
    expires_at: int
    resolved: bool = False


@dataclass
class Earnings:
    """What a person has earned, by day and by activity and day."""

    last_day: int = 1
    by_day: dict[int, int] = field(default_factory=dict)
    by_activity: dict[tuple[str, int], int] = field(default_factory=dict)
    claims: set[tuple[str, int, str]] = field(default_factory=set)


class Reference:
    """All money there is. Whatever a person has, the system owes: the accounts and the holds sum to zero."""

    def __init__(self) -> None:
        self.money: dict[Ref, int] = {}
        self.held: dict[int, int] = {}
        self.lots: dict[Ref, Terms] = {}
        self.holds: dict[int, Hold] = {}
        self.moves: dict[int, list[Move]] = {}
        self.earnings: dict[int, Earnings] = {}

    def copy(self) -> Reference:
        return copy.deepcopy(self)

    def grant(self, op: int, owner: int, amount: int, now: int, key: str = "", terms: Terms | None = None) -> None:
        self.sweep(owner, now)
        place: Ref = ("main", owner, "")
        if terms is not None:
            place = ("lot", owner, key)
            self.lots.setdefault(place, terms)
        self._move(op, ("system", -30, ""), place, amount)

    def sweep(self, owner: int, now: int) -> None:
        """Take expired money out of a person's lots."""
        for place, terms in self.lots.items():
            amount = self.money.get(place, 0)
            if place[1] == owner and terms.expires_at <= now and amount:
                self._add(place, -amount)
                self._add(("system", -20, ""), amount)

    def earn(self, policy: Policy, activity: Activity, today: int, now: int) -> int:
        """Reward an activity; return how much was granted."""
        rule, owner = policy.rewards[activity.kind], activity.actor
        if rule.not_own and activity.counterpart == owner:
            return 0
        earnings = self.earnings.setdefault(owner, Earnings())
        day = max(earnings.last_day, today)
        self.sweep(owner, now)
        if rule.once:
            claim = (activity.kind, 0, activity.subject or "" if rule.once == "subject" else "")
            if claim in earnings.claims:
                return 0
            earnings.claims.add(claim)
        claim = (activity.kind, day, activity.fingerprint or "")
        if rule.distinct and claim in earnings.claims:
            return 0
        if rule.distinct:
            earnings.claims.add(claim)
        monday = day - (day - 1) % 7
        week = sum(earned for at, earned in earnings.by_day.items() if monday <= at < monday + 7)
        assert policy.day_cap is not None
        assert policy.week_cap is not None
        room = [policy.day_cap - earnings.by_day.get(day, 0), policy.week_cap - week]
        if rule.cap_day is not None:
            room.append(rule.cap_day - earnings.by_activity.get((activity.kind, day), 0))
        granted = min(rule.amount * activity.weight, *room)
        if granted == 0:
            return 0
        earnings.last_day = day
        earnings.by_day[day] = earnings.by_day.get(day, 0) + granted
        earnings.by_activity[activity.kind, day] = earnings.by_activity.get((activity.kind, day), 0) + granted
        self._add(("system", -1, ""), -granted)
        self._add(("main", owner, ""), granted)
        return granted

    def spend(self, op: int, owner: int, amount: int, purpose: str, now: int) -> None:
        self.sweep(owner, now)
        for place, part in self._plan(owner, amount, purpose, now):
            self._move(op, place, ("system", -3, ""), part)

    def gift(self, op: int, sender: int, recipient: int, amount: int, now: int) -> None:
        if sender == recipient:
            raise Refused("same_wallet")
        self.sweep(sender, now)
        self.sweep(recipient, now)
        for place, part in self._plan(sender, amount, "gift", now):
            self._move(op, place, ("main", recipient, ""), part)

    def hold(self, op: int, owner: int, amount: int, purpose: str, to: int, expires_at: int, now: int) -> None:
        if to == owner:
            raise Refused("same_wallet")
        self.sweep(owner, now)
        credit: Ref = ("main", to, "") if to > 0 else ("system", to, "")
        if to > 0:
            self.sweep(to, now)
        parts = self._plan(owner, amount, purpose, now)
        for place, part in parts:
            self._add(place, -part)
            self._hold(owner, part)
        self.holds[op] = Hold(parts, credit, expires_at)

    def capture(self, op: int, hold_id: int, amount: int | None, now: int) -> None:
        hold = self._unresolved(hold_id, now)
        if hold.expires_at <= now:
            raise Refused("hold_expired")
        total = sum(part for _, part in hold.parts)
        missing = total if amount is None else amount
        if missing > total:
            raise Refused("hold_exceeded")
        for place, part in hold.parts:
            taken = min(part, missing)
            missing -= taken
            self._hold(place[1], -part)
            if taken < part:
                self._add(place, part - taken)
            if taken > 0:
                self._add(hold.credit, taken)
                self.moves.setdefault(op, []).append(Move(place, hold.credit, taken))

    def release(self, hold_id: int, now: int) -> None:
        hold = self._unresolved(hold_id, now)
        for place, part in hold.parts:
            self._hold(place[1], -part)
            self._add(place, part)

    def reverse(self, original: int, amount: int | None, now: int) -> None:
        moves = self.moves.get(original, [])
        if not moves:
            raise Refused("nothing_to_reverse")
        for owner in {place[1] for move in moves for place in (move.debit, move.credit) if place[1] > 0}:
            self.sweep(owner, now)
        left = sum(move.amount - move.reversed for move in moves)
        missing = left if amount is None else amount
        if missing > left or left == 0:
            raise Refused("reversal_exceeded")
        for move in reversed(moves):
            part = min(move.amount - move.reversed, missing)
            if part > 0:
                missing -= part
                move.reversed += part
                self._add(move.credit, -part)
                self._add(move.debit, part)

    def spendable(self, owner: int, now: int) -> dict[str, int]:
        """What a person can spend, by lot key; "" is main."""
        result = {"": self.money.get(("main", owner, ""), 0)}
        for place, terms in self.lots.items():
            if place[1] == owner and terms.expires_at > now and self.money.get(place, 0):
                result[place[2]] = self.money[place]
        return result

    def total(self) -> int:
        return sum(self.money.values()) + sum(self.held.values())

    def _unresolved(self, hold_id: int, now: int) -> Hold:
        hold = self.holds.get(hold_id)
        if hold is None:
            raise Refused("hold_not_found")
        for owner in {hold.parts[0][0][1], hold.credit[1]}:
            if owner > 0:
                self.sweep(owner, now)
        if hold.resolved:
            raise Refused("hold_resolved")
        hold.resolved = True
        return hold

    def _plan(self, owner: int, amount: int, purpose: str, now: int) -> list[tuple[Ref, int]]:
        sources: list[tuple[int, int, int, Ref]] = [(50, 2**63 - 1, 0, ("main", owner, ""))]
        for place, terms in self.lots.items():
            fits = terms.reserved_for in ("", purpose) and (purpose != "gift" or terms.giftable)
            if place[1] == owner and terms.expires_at > now and fits:
                sources.append((terms.priority, terms.expires_at, terms.age, place))
        plan, missing = [], amount
        for _, _, _, place in sorted(sources):
            part = min(self.money.get(place, 0), missing)
            if part > 0:
                plan.append((place, part))
                missing -= part
        if missing:
            raise Refused("insufficient_tokens")
        return plan

    def _move(self, op: int, debit: Ref, credit: Ref, amount: int) -> None:
        self._add(debit, -amount)
        self._add(credit, amount)
        self.moves.setdefault(op, []).append(Move(debit, credit, amount))

    def _add(self, place: Ref, change: int) -> None:
        after = self.money.get(place, 0) + change
        self.money[place] = after
        if place[0] == "system":
            return
        if after < 0:
            raise Refused("insufficient_tokens")
        lots = sum(amount for ref, amount in self.money.items() if ref[:2] == ("lot", place[1]))
        if after > LIMIT or (place[0] == "lot" and lots > LIMIT):
            raise Refused("balance_too_large")

    def _hold(self, owner: int, change: int) -> None:
        self.held[owner] = self.held.get(owner, 0) + change
        if self.held[owner] > LIMIT:
            raise Refused("balance_too_large")
