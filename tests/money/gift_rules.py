"""The rules of a random program that concern gifts as people send them: with a PIN, within limits, under a key."""

from __future__ import annotations

from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from app.core.events import Fact
from app.economy.gifts.endpoints import GiftEndpoints
from app.economy.gifts.events import GiftSent
from app.economy.gifts.schemas import GiftGiven, Giving, PinStatus, SettingPin
from tests.harness.application import PASSWORD
from tests.money.gift_desk import REQUEST, Visit, actor
from tests.money.giving import EASY, HALL, NAMES, Asked, Told
from tests.money.program import Program, beside, crashes, owners
from tests.money.reference import tokens

PINS = ("4071", "8301", "7294")
WRONG = "5062"
NOBODY = 109

digits = st.sampled_from([*PINS, *PINS, *EASY])
mostly = st.sampled_from([True, True, True, True, False])
notes = st.sampled_from([None, None, "for you", " for you\n", "  ", "ขอบคุณ ❤️"])
others = st.sampled_from([1, 2, 1, 2, 1, 2, 1, 2, 0, None])
"""How far round the circle of three the recipient stands; 0 is oneself, and None is nobody."""
gifts: st.SearchStrategy[dict[str, Any]] = st.builds(
    dict,
    other=others,
    amount=st.sampled_from([1, 2, 3, 3, 4, 4, 5, 6, 7, 9, 12, 15, 40]),
    note=notes,
    room=st.sampled_from([None, None, None, None, HALL, HALL + 1]),
    right=st.sampled_from([True, True, True, True, True, True, True, False]),
)


class GiftRules(Program):
    """Every rule asks the same of the engines and of the reference."""

    def __init__(self, *sources: Any) -> None:
        super().__init__(*sources)
        self.given: list[tuple[Asked, str]] = []

    @rule(owner=owners, pin=digits, knows_password=mostly, crash=crashes)
    def set_pin(self, owner: int, pin: str, knows_password: bool, crash: int | None) -> None:
        body = SettingPin(password=PASSWORD if knows_password else "wrong horse", pin=pin)

        async def ask(operations: GiftEndpoints) -> PinStatus:
            return await operations.set_pin(REQUEST, actor(owner), body)

        def expect(told: Told, facts: list[Fact]) -> None:
            assert (told, facts) == (self.reference.set_pin(owner, pin, knows_password=knows_password), [])

        self.machine.visit(ask, died=lambda _: None, expect=expect, crash=crash)

    @rule(sender=owners, some=st.lists(gifts, min_size=1, max_size=5), patient=mostly, crash=crashes)
    def give(self, sender: int, some: list[dict[str, Any]], patient: bool, crash: int | None) -> None:
        """Give some gifts one after the other; a process dies on the way of the first.

        Whoever is told that they have no PIN sets one; the patient wait for the end of a lock.
        """
        for gift in some:
            pin = self.reference.pins.get(sender)
            if patient and pin:
                self.clock.set(max(self.now, pin.locked_until))
            self._give_new(sender, crash=crash if gift is some[0] else None, **gift)
            if pin is None:
                self.set_pin(owner=sender, pin=PINS[1], knows_password=True, crash=None)

    @rule(
        choice=st.integers(0, 9),
        change=st.sampled_from([{}, {}, {"amount": 5}, {"note": "else"}, {"recipient": NOBODY}, {"room": HALL}]),
        right=mostly,
        crash=crashes,
    )
    def give_again(self, choice: int, change: dict[str, Any], right: bool, crash: int | None) -> None:
        """Ask again under a key that was used, mostly for the same."""
        if self.given:
            asked, key = self.given[-1 - choice % len(self.given)]
            self._give(asked._replace(**change), key, right, crash)

    @rule(owner=owners, times=st.sampled_from([5, 6, 1]), then_sets=st.one_of(st.none(), digits), crash=crashes)
    def guess(self, owner: int, times: int, then_sets: str | None, crash: int | None) -> None:
        """Guess a PIN in vain, mostly until it is locked, and now and then set another one."""
        for _ in range(times if owner in self.reference.pins else 0):
            self._give_new(owner, other=1, amount=2, note=None, room=None, right=False, crash=None)
        if then_sets:
            self.set_pin(owner=owner, pin=then_sets, knows_password=True, crash=crash)

    @rule(event=st.sampled_from(["midnight", "end of a lock", "end of a lock"]), early=st.booleans())
    def wait_for(self, event: str, early: bool) -> None:
        """Let the moment come when a day or the last lock ends, or let it be a millisecond before."""
        self.machine.tell_time()
        locked = [pin.locked_until for pin in self.reference.pins.values() if pin.locked_until > self.now]
        moment = self.reference.midnight if event == "midnight" else max(locked, default=self.now + 1)
        self.clock.set(moment - early)

    @rule(owner=owners)
    def look_at_options(self, owner: int) -> None:
        self.machine.tell_time()
        for engine in self.machine.engines:
            options = engine.read(partial(engine.desk.operations.gift_options, actor=actor(owner)))
            assert options.model_dump(mode="json") == self.reference.options(owner)

    def _give_new(
        self, sender: int, other: int | None, amount: int, note: str | None, room: int | None, right: bool, crash: Any
    ) -> None:
        self.count += 1
        recipient = NOBODY if other is None else beside(sender, other)
        asked = Asked(sender, recipient, amount, note, room)
        self.given.append((asked, f"gift{self.count}"))
        self._give(asked, f"gift{self.count}", right, crash)

    def _give(self, asked: Asked, key: str, right: bool, crash: int | None) -> None:
        pin = self.reference.pins.get(asked.sender)
        shown = WRONG if not right else pin.digits if pin else PINS[0]
        body = Giving.model_validate(
            {
                "recipient_id": str(asked.recipient),
                "amount": tokens(asked.amount),
                "pin": shown,
                "note": asked.note,
                "room_id": asked.room and str(asked.room),
            }
        )
        arrives = asked._replace(note=(asked.note or "").strip() or None)
        fresh = (asked.sender, key) not in self.reference.gifts

        async def ask(operations: GiftEndpoints) -> GiftGiven:
            return await operations.send_gift(REQUEST, actor(asked.sender), body, key)

        def died(visit: Visit) -> None:
            self.reference.died_giving(arrives, visit.commits, visit.hashes_seen)

        def expect(told: Told, facts: list[Fact]) -> None:
            op = int(told["op_id"]) if isinstance(told, dict) else 0
            assert told == self.reference.give(arrives, shown, key, op)
            sent = [fact for fact in facts if isinstance(fact, GiftSent)]
            assert sent == ([self._fact(arrives, op)] if op and fresh else [])

        self.machine.visit(ask, died=died, expect=expect, crash=crash)

    def _fact(self, asked: Asked, op: int) -> GiftSent:
        return GiftSent(
            op_id=op,
            sender=asked.sender,
            sender_name=NAMES[asked.sender],
            recipient=asked.recipient,
            recipient_name=NAMES[asked.recipient],
            amount=asked.amount,
            symbol=self.reference.policy.symbol,
            note=asked.note,
            room_id=asked.room,
            at=self.now,
        )
