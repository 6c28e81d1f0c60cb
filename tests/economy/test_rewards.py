"""What activity earns: amounts, once-rules, caps, windows, explanations and the facts told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.clock import Calendar
from app.core.errors import KeyReused
from app.core.ids import Ids
from app.core.money import TOKEN
from app.economy.earning.errors import NoSuchReward, NotAnActivity, UnknownActivity
from app.economy.earning.events import RewardGranted, WalletChanged
from app.economy.earning.model import Activity, Balance, Rewarded
from app.economy.earning.service import Economy
from app.economy.rules.model import Policy
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from tests.harness.economy import POLICY, House, house, reward
from tests.harness.fakes import FrozenClock, RecordedFacts

ANA, BEN = 7001, 7002
HOUR = 3_600_000
ROOMS = replace(POLICY.rewards["create_room"], cap_year=None)
ROOMS_WITHOUT_END = pytest.mark.parametrize(
    "policy", [replace(POLICY, rewards={**POLICY.rewards, "create_room": ROOMS})]
)
"""Making rooms has no cap of its own, so that it fills those of the day and the week."""


class Person:
    """Does things that may earn."""

    def __init__(
        self, account_id: int, economy: Economy, transactor: Transactor, database: Database, clock: FrozenClock
    ) -> None:
        self.id = account_id
        self._economy = economy
        self._transactor = transactor
        self._database = database
        self._clock = clock
        self._told = 0

    async def does(self, kind: str, **details: object) -> Rewarded:
        """Tell of an activity and return what came of it."""
        self._told += 1
        given = {"key": f"{self.id}-{self._told}", "occurred_at": self._clock.now_ms(), **details}
        activity = Activity(kind=kind, actor=self.id, **given)  # type: ignore[arg-type]  # details are checked there
        return await self._transactor.run(lambda work: reward(self._economy, work, activity))

    async def earns(self, kind: str, **details: object) -> int:
        """Tell of an activity and return the whole and part tokens it earned, in micro-tokens."""
        return (await self.does(kind, **details)).decision.granted

    async def balance(self) -> Balance:
        async with self._database.reader() as db:
            return await self._economy.balance_of(db, self.id)


@pytest.fixture
def ana(economy: Economy, transactor: Transactor, database: Database, clock: FrozenClock) -> Person:
    return Person(ANA, economy, transactor, database, clock)


async def test_registration_pays_fifty_once(ana: Person) -> None:
    assert await ana.earns("registration") == 50 * TOKEN
    again = await ana.does("registration")
    assert (again.decision.granted, again.decision.withheld) == (0, "already_rewarded")
    assert (await ana.balance()).balance == 50 * TOKEN


async def test_each_room_made_pays_fifteen(ana: Person) -> None:
    assert await ana.earns("create_room", subject="1") == 15 * TOKEN
    assert await ana.earns("create_room", subject="2") == 15 * TOKEN
    assert await ana.earns("create_room", subject="2") == 0


async def test_joining_pays_for_the_first_join_of_others_rooms_up_to_ten_a_day(ana: Person, clock: FrozenClock) -> None:
    own = await ana.does("join_room", subject="1", counterpart=ANA)
    assert own.decision.withheld == "own"
    assert await ana.earns("join_room", subject="2", counterpart=BEN) == 5 * TOKEN
    assert await ana.earns("join_room", subject="2", counterpart=BEN) == 0
    assert await ana.earns("join_room", subject="3", counterpart=BEN) == 5 * TOKEN
    third = await ana.does("join_room", subject="4", counterpart=BEN)
    assert (third.decision.granted, third.decision.capped_by) == (0, "activity_day")
    clock.advance(days=1)
    assert await ana.earns("join_room", subject="5", counterpart=BEN) == 5 * TOKEN
    # The first join of room 4 earned nothing; a later one is not the first.
    assert (await ana.does("join_room", subject="4", counterpart=BEN)).decision.withheld == "already_rewarded"


async def test_messages_pay_one_each_up_to_fifty_a_day(ana: Person, clock: FrozenClock) -> None:
    earned = [await ana.earns("send_message", fingerprint=f"text {number}") for number in range(52)]
    assert earned == [TOKEN] * 50 + [0, 0]
    clock.advance(days=1)
    assert await ana.earns("send_message", fingerprint="text 0") == TOKEN


async def test_equal_content_is_rewarded_once_a_day(ana: Person, clock: FrozenClock) -> None:
    assert await ana.earns("send_message", fingerprint="hello") == TOKEN
    assert (await ana.does("send_message", fingerprint="hello")).decision.withheld == "duplicate"
    clock.advance(days=1)
    assert await ana.earns("send_message", fingerprint="hello") == TOKEN


async def test_what_a_cap_leaves_unpaid_counts_as_done_and_its_repetition_does_not(
    ana: Person, database: Database
) -> None:
    for number in range(50):
        await ana.does("send_message", fingerprint=f"{number}")
    assert (await ana.does("send_message", fingerprint="late")).decision.capped_by == "activity_day"
    assert (await ana.does("send_message", fingerprint="late")).decision.withheld == "duplicate"
    async with database.reader() as db:
        row = await db.one("SELECT done, came, came_ops FROM econ_tally WHERE code = 'send_message'")
    assert row is not None
    assert (row["done"], row["came"], row["came_ops"]) == (51, 50 * TOKEN, 50)


async def test_the_same_telling_is_rewarded_once(ana: Person, facts: RecordedFacts) -> None:
    first = await ana.does("send_message", key="m1", fingerprint="hi")
    told = len(facts.shown)
    again = await ana.does("send_message", key="m1", fingerprint="hi", occurred_at=1)
    assert again == first
    assert len(facts.shown) == told
    assert (await ana.balance()).balance == TOKEN


async def test_a_key_with_another_activity_is_refused(ana: Person) -> None:
    await ana.does("send_message", key="m1", fingerprint="hi")
    with pytest.raises(KeyReused):
        await ana.does("send_message", key="m1", fingerprint="something else")


@ROOMS_WITHOUT_END
async def test_a_reward_is_cut_at_the_day_cap(ana: Person) -> None:
    for number in range(15):
        await ana.does("send_message", fingerprint=f"{number}")
    for room in range(32):
        await ana.does("create_room", subject=f"{room}")
    cut = await ana.does("create_room", subject="last")
    assert (cut.decision.base, cut.decision.granted, cut.decision.capped_by) == (15 * TOKEN, 5 * TOKEN, "day")
    assert await ana.earns("create_room", subject="beyond") == 0
    balance = await ana.balance()
    assert (balance.balance, balance.today.earned) == (500 * TOKEN, 500 * TOKEN)


@ROOMS_WITHOUT_END
async def test_the_week_cap_binds_over_days_and_opens_on_monday(
    ana: Person, clock: FrozenClock, calendar: Calendar
) -> None:
    clock.set(calendar.next_week_ms(clock.now_ms()) + HOUR)
    earned = []
    for _day in range(7):
        earned.append(sum([await ana.earns("create_room", subject=f"{clock.now_ms()}-{n}") for n in range(34)]))
        clock.advance(days=1)
    assert earned == [500 * TOKEN] * 6 + [0]
    assert await ana.earns("create_room", subject="monday") == 15 * TOKEN
    assert (await ana.balance()).week.earned == 15 * TOKEN


async def test_a_clock_behind_midnight_does_not_open_yesterday_again(ana: Person, clock: FrozenClock) -> None:
    clock.set(clock.now_ms() // 86_400_000 * 86_400_000 - 500)
    for turn in range(60):
        clock.advance(ms=1000 if turn % 2 == 0 else -1000)
        await ana.does("send_message", fingerprint=f"{turn} a")
        await ana.does("send_message", fingerprint=f"{turn} b")
    # Midnight was crossed sixty times: one window of fifty, not two.
    assert (await ana.balance()).balance == 50 * TOKEN


async def test_an_activity_of_yesterday_counts_in_the_window_that_pays_it(ana: Person, clock: FrozenClock) -> None:
    yesterday = clock.now_ms()
    clock.advance(days=1)
    await ana.does("send_message", fingerprint="late", occurred_at=yesterday)
    assert (await ana.balance()).today.earned == TOKEN


async def test_weight_multiplies_and_is_cut_at_the_activity_cap(ana: Person) -> None:
    assert await ana.earns("send_message", weight=30, fingerprint="a") == 30 * TOKEN
    assert await ana.earns("send_message", weight=30, fingerprint="b") == 20 * TOKEN


async def test_an_unknown_activity_is_a_bug_that_is_heard(ana: Person) -> None:
    with pytest.raises(UnknownActivity):
        await ana.does("dance")


async def test_facts_tell_the_reward_and_the_balance_after_it(ana: Person, facts: RecordedFacts) -> None:
    rewarded = await ana.does("registration")
    granted, changed = facts.shown
    assert isinstance(granted, RewardGranted)
    assert (granted.account_id, granted.op_id, granted.activity) == (ANA, rewarded.op_id, "registration")
    assert (granted.amount, granted.balance) == (50 * TOKEN, 50 * TOKEN)
    assert isinstance(changed, WalletChanged)
    assert changed.balance == await ana.balance()


async def test_nothing_is_told_of_what_was_withheld(ana: Person, facts: RecordedFacts) -> None:
    await ana.does("registration")
    facts.shown.clear()
    await ana.does("registration")
    assert facts.shown == []


async def test_every_decision_can_be_explained(ana: Person, economy: Economy, database: Database) -> None:
    await ana.does("join_room", subject="1", counterpart=BEN)
    second = await ana.does("join_room", subject="2", counterpart=BEN)
    withheld = await ana.does("join_room", subject="2", counterpart=BEN)
    async with database.reader() as db:
        paid = await economy.explain(db, second.op_id)
        refused = await economy.explain(db, withheld.op_id)
    assert (paid.activity, paid.account_id, paid.policy_version) == ("join_room", ANA, 1)
    assert paid.decision == second.decision
    used = [(cap.name, cap.used_before, cap.limit) for cap in paid.decision.caps]
    assert used == [
        ("activity_day", 5 * TOKEN, 10 * TOKEN),
        ("activity_year", 5 * TOKEN, 250 * TOKEN),
        ("day", 5 * TOKEN, 500 * TOKEN),
        ("week", 5 * TOKEN, 3000 * TOKEN),
    ]
    assert refused.decision.withheld == "already_rewarded"


async def test_only_rewards_are_explained(economy: Economy, database: Database) -> None:
    async with database.reader() as db:
        with pytest.raises(NoSuchReward):
            await economy.explain(db, 12345)


async def test_check_cap_says_what_would_be_granted(
    ana: Person, economy: Economy, database: Database, clock: FrozenClock, calendar: Calendar
) -> None:
    await ana.does("join_room", subject="1", counterpart=BEN)
    async with database.reader() as db:
        free = await economy.check_cap(db, ANA, "join_room")
        stranger = await economy.check_cap(db, BEN, "registration")
    assert (free.decision.granted, free.decision.capped_by) == (5 * TOKEN, None)
    assert free.resets_at == calendar.next_day_ms(clock.now_ms())
    assert [cap.remaining for cap in free.decision.caps] == [
        5 * TOKEN,
        245 * TOKEN,
        495 * TOKEN,
        2995 * TOKEN,
    ]
    assert stranger.decision.granted == 50 * TOKEN
    async with database.reader() as db:
        with pytest.raises(NotAnActivity):
            await economy.check_cap(db, ANA, "dance")


async def test_the_statement_pages_through_all_that_happened(ana: Person, economy: Economy, database: Database) -> None:
    await ana.does("registration")
    for number in range(6):
        await ana.does("send_message", fingerprint=f"{number}")
    pages, cursor = [], None
    async with database.reader() as db:
        while True:
            page = await economy.statement(db, ANA, before=cursor, limit=3)
            pages.append([(entry.reason, entry.amount, entry.balance_after) for entry in page.entries])
            cursor = page.next
            if cursor is None:
                break
    assert [len(page) for page in pages] == [3, 3, 1]
    assert pages[0][0] == ("send_message", TOKEN, 56 * TOKEN)
    assert pages[-1] == [("registration", 50 * TOKEN, 50 * TOKEN)]


async def test_somebody_without_a_wallet_has_nothing(economy: Economy, database: Database) -> None:
    async with database.reader() as db:
        balance = await economy.balance_of(db, 99)
        statement = await economy.statement(db, 99, before=None, limit=50)
    assert (balance.balance, balance.held, balance.tier.name) == (0, 0, "bronze")
    assert (statement.entries, statement.next) == ([], None)


async def test_the_tier_rises_with_the_balance_and_allows_more_rooms(
    ana: Person, rooms: House, database: Database
) -> None:
    await ana.does("registration")
    async with database.reader() as db:
        assert (await rooms.standings.benefits(db, ANA)).rooms_max == 10
    for room in range(4):
        await ana.does("create_room", subject=f"{room}")
    balance = await ana.balance()
    assert (balance.balance, balance.tier.name) == (110 * TOKEN, "silver")
    assert balance.next_tier is not None
    assert (balance.next_tier.name, balance.next_tier.threshold) == ("gold", 500 * TOKEN)
    async with database.reader() as db:
        assert (await rooms.standings.benefits(db, ANA)).rooms_max == 50


async def test_the_policy_may_lower_a_cap_below_what_was_earned(
    ana: Person,
    ids: Ids,
    policy: Policy,
    calendar: Calendar,
    clock: FrozenClock,
    transactor: Transactor,
) -> None:
    for number in range(20):
        await ana.does("send_message", fingerprint=f"{number}")
    stricter = replace(policy, version=2, day_cap=10 * TOKEN)
    later = house(clock, ids, calendar, stricter).economy
    activity = Activity("send_message", ANA, clock.now_ms(), "late", fingerprint="late")
    rewarded = await transactor.run(lambda work: reward(later, work, activity))
    assert (rewarded.decision.granted, rewarded.decision.capped_by) == (0, "day")
