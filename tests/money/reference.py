"""What the ledger should do, in the plainest form: a dictionary of accounts, and refusals with their numbers.

It shares no code with the ledger, stores nothing, and knows no concurrency; the state machine compares the two. What
people earn, and where they stand, is in `rewarding`; what they give each other in `giving`.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

Ref = tuple[str, int, str]
"""("main", owner, ""), ("lot", owner, key) or ("system", number, "")."""

LIMIT = 10**15


class Refusal(NamedTuple):
    """A refusal that is to be given: its code and the numbers behind it."""

    code: str
    numbers: dict[str, Any]


class Refused(Exception):
    """Raised where a refusal is to be given."""

    def __init__(self, code: str, **numbers: Any) -> None:
        super().__init__(code)
        self.refusal = Refusal(code, numbers)


def tokens(micros: int) -> str:
    """An amount as it is told: in tokens, as a decimal number without needless zeros."""
    whole, rest = divmod(micros, 10**6)
    return f"{whole}.{rest:06}".rstrip("0").rstrip(".")


@dataclass
class Terms:
    """What a lot is."""

    priority: int
    expires_at: int
    giftable: bool
    reserved_for: str
    age: int
    source: str = "event"


@dataclass
class Move:
    """A transfer that may be reversed."""

    debit: Ref
    credit: Ref
    amount: int
    code: str
    reversed: int = 0


@dataclass
class Hold:
    """Money set aside, by the account it came from."""

    parts: list[tuple[Ref, int]]
    credit: Ref
    expires_at: int
    code: str
    resolved: bool = False
    returned_at: int = 0
    ran_out: bool = False


@dataclass
class Tally:
    """What was done, came and went under one code on one day, and in how many ops."""

    done: int = 0
    came: int = 0
    went: int = 0
    came_ops: int = 0
    went_ops: int = 0

    def add(self, other: Tally) -> None:
        self.done += other.done
        self.came += other.came
        self.went += other.went
        self.came_ops += other.came > 0
        self.went_ops += other.went > 0


TallyKey = tuple[int, int, str]
"""(owner, day, code)."""


class Reference:
    """All money there is. Whatever a person has, the system owes: the accounts and the holds sum to zero.

    Every op is made by `attempt`, at the moment `now` on the day `today`, which whoever drives this sets.
    """

    def __init__(self) -> None:
        self.now = 0
        self.today = 0
        self.money: dict[Ref, int] = {}
        self.held: dict[int, int] = {}
        self.lots: dict[Ref, Terms] = {}
        self.holds: dict[int, Hold] = {}
        self.moves: dict[int, list[Move]] = {}
        self.tallies: dict[TallyKey, Tally] = {}
        self._noted: dict[TallyKey, Tally] = {}
        self._moved: set[int] = set()

    def attempt(self, action: Callable[[], object]) -> Refusal | None:
        """Do one op; return its refusal, which leaves nothing behind, or None."""
        before = copy.deepcopy(self.__dict__, {id(its): its for its in self.unchanging()})
        self._noted, self._moved = {}, set()
        try:
            action()
            for key, noted in self._noted.items():
                self.tallies.setdefault(key, Tally()).add(noted)
            for owner in self._moved:
                self.settle(owner)
        except Refused as refused:
            self.__dict__ = before
            return refused.refusal
        return None

    def unchanging(self) -> list[object]:
        """What no op changes, so that it need not be kept for when one is refused."""
        return []

    def settle(self, owner: int) -> None:
        """What follows when somebody's money has moved."""

    def grant(
        self, op: int, owner: int, amount: int, code: str = "test", key: str = "", terms: Terms | None = None
    ) -> None:
        self.sweep(owner)
        place: Ref = ("main", owner, "")
        if terms is not None:
            place = ("lot", owner, key)
            self.lots.setdefault(place, terms)
        self.move(op, ("system", -30, ""), place, amount, code)

    def sweep(self, owner: int) -> None:
        """Take expired money out of a person's lots."""
        for place, terms in self.lots.items():
            amount = self.money.get(place, 0)
            if place[1] == owner and terms.expires_at <= self.now and amount:
                self._transfer(place, ("system", -20, ""), amount, "expiry")

    def spend(self, op: int, owner: int, amount: int, purpose: str) -> None:
        self.sweep(owner)
        for place, part in self.plan(owner, amount, purpose):
            self.move(op, place, ("system", -3, ""), part, "test")

    def transfer(self, op: int, sender: int, recipient: int, amount: int, code: str = "test") -> None:
        if sender == recipient:
            raise Refused("same_wallet")
        self.sweep(sender)
        self.sweep(recipient)
        for place, part in self.plan(sender, amount, "gift"):
            self.move(op, place, ("main", recipient, ""), part, code)

    def hold(self, op: int, owner: int, amount: int, purpose: str, to: int, expires_at: int) -> None:
        if to == owner:
            raise Refused("same_wallet")
        self.sweep(owner)
        credit: Ref = ("main", to, "") if to > 0 else ("system", to, "")
        if to > 0:
            self.sweep(to)
        parts = self.plan(owner, amount, purpose)
        for place, part in parts:
            self._add(place, -part)
            self._hold(owner, part)
        self.holds[op] = Hold(parts, credit, expires_at, "test")

    def capture(self, op: int, hold_id: int, amount: int | None) -> None:
        hold = self._unresolved(hold_id)
        if hold.expires_at <= self.now:
            raise Refused("hold_expired")
        total = sum(part for _, part in hold.parts)
        missing = total if amount is None else amount
        if missing > total:
            raise Refused("hold_exceeded", held=tokens(total), required=tokens(missing))
        for place, part in hold.parts:
            taken = min(part, missing)
            missing -= taken
            self._hold(place[1], -part)
            self._add(place, part - taken)
            if taken > 0:
                self._add(hold.credit, taken)
                self._moved_between(place, hold.credit, taken, hold.code)
                self.moves.setdefault(op, []).append(Move(place, hold.credit, taken, hold.code))

    def release(self, hold_id: int, *, ran_out: bool = False) -> None:
        hold = self._unresolved(hold_id)
        hold.returned_at, hold.ran_out = self.now, ran_out
        for place, part in hold.parts:
            self._hold(place[1], -part)
            self._add(place, part)

    def reverse(self, original: int, amount: int | None) -> None:
        moves = self.moves.get(original, [])
        if not moves:
            raise Refused("nothing_to_reverse")
        for owner in {place[1] for move in moves for place in (move.debit, move.credit) if place[1] > 0}:
            self.sweep(owner)
        left = sum(move.amount - move.reversed for move in moves)
        missing = left if amount is None else amount
        if missing > left or left == 0:
            raise Refused("reversal_exceeded", left=tokens(left), required=tokens(missing))
        for move in reversed(moves):
            part = min(move.amount - move.reversed, missing)
            if part > 0:
                missing -= part
                move.reversed += part
                self._transfer(move.credit, move.debit, part, f"undo.{move.code}")

    def spendable(self, owner: int) -> dict[str, int]:
        """What a person can spend, by lot key; "" is main."""
        result = {"": self.money.get(("main", owner, ""), 0)}
        for place, terms in self.lots.items():
            if place[1] == owner and terms.expires_at > self.now and self.money.get(place, 0):
                result[place[2]] = self.money[place]
        return result

    def held_of(self, place: Ref) -> int:
        """What unresolved holds have set aside out of an account."""
        waiting = [hold for hold in self.holds.values() if not hold.resolved]
        return sum(part for hold in waiting for source, part in hold.parts if source == place)

    def total(self) -> int:
        return sum(self.money.values()) + sum(self.held.values())

    def move(self, op: int, debit: Ref, credit: Ref, amount: int, code: str, day: int | None = None) -> None:
        """Move money, in a way that may be reversed where the op is known (not 0)."""
        self._transfer(debit, credit, amount, code, day)
        if op:
            self.moves.setdefault(op, []).append(Move(debit, credit, amount, code))

    def note(self, owner: int, day: int, code: str, noted: Tally) -> None:
        """Count something of the op that is being made."""
        sums = self._noted.setdefault((owner, day, code), Tally())
        sums.done += noted.done
        sums.came += noted.came
        sums.went += noted.went

    def _unresolved(self, hold_id: int) -> Hold:
        hold = self.holds.get(hold_id)
        if hold is None:
            raise Refused("hold_not_found")
        for owner in {hold.parts[0][0][1], hold.credit[1]}:
            if owner > 0:
                self.sweep(owner)
        if hold.resolved:
            raise Refused("hold_resolved")
        hold.resolved = True
        return hold

    def plan(self, owner: int, amount: int, purpose: str) -> list[tuple[Ref, int]]:
        sources: list[tuple[int, int, int, Ref]] = [(50, 2**63 - 1, 0, ("main", owner, ""))]
        for place, terms in self.lots.items():
            fits = terms.reserved_for in ("", purpose) and (purpose != "gift" or terms.giftable)
            if place[1] == owner and terms.expires_at > self.now and fits:
                sources.append((terms.priority, terms.expires_at, terms.age, place))
        result, missing = [], amount
        for _, _, _, place in sorted(sources):
            part = min(self.money.get(place, 0), missing)
            if part > 0:
                result.append((place, part))
                missing -= part
        if missing:
            raise Refused("insufficient_tokens", available=tokens(amount - missing), required=tokens(amount))
        return result

    def _transfer(self, debit: Ref, credit: Ref, amount: int, code: str, day: int | None = None) -> None:
        self._add(debit, -amount)
        self._add(credit, amount)
        self._moved_between(debit, credit, amount, code, day)

    def _moved_between(self, debit: Ref, credit: Ref, amount: int, code: str, day: int | None = None) -> None:
        for place, noted in ((debit, Tally(went=amount)), (credit, Tally(came=amount))):
            if place[0] != "system":
                self.note(place[1], day or self.today, code, noted)

    def _add(self, place: Ref, change: int) -> None:
        before = self.money.get(place, 0)
        after = before + change
        self.money[place] = after
        if place[0] == "system":
            return
        self._moved.add(place[1])
        if after < 0:
            raise Refused("insufficient_tokens", available=tokens(before), required=tokens(-change))
        lots = sum(amount for ref, amount in self.money.items() if ref[:2] == ("lot", place[1]))
        if after > LIMIT or (place[0] == "lot" and lots > LIMIT):
            raise Refused("balance_too_large", limit=tokens(LIMIT))

    def _hold(self, owner: int, change: int) -> None:
        self._moved.add(owner)
        self.held[owner] = self.held.get(owner, 0) + change
        if self.held[owner] > LIMIT:
            raise Refused("balance_too_large", limit=tokens(LIMIT))
