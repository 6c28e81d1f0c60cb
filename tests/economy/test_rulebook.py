"""Published policies and scheduled events: what is in force when, on every node, and what may not be published."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids, TimeOrderedIds
from app.core.money import TOKEN
from app.economy.rules.errors import NoSuchEvent, PolicyRefused, PublishedMeanwhile, TooSoon
from app.economy.rules.model import EventKind, Published, SeasonalEvent
from app.economy.rules.schemas import SchedulingEvent, millis
from app.economy.rules.service import EVENT_MS_MAX, NOTICE_MS, NOTICE_MS_MAX, Rulebook, published_policies
from app.infra.database import Database
from app.infra.unit_of_work import Transactor
from tests.harness.application import Person
from tests.harness.economy import RULES_FILE, House, Member, assert_sound, house
from tests.harness.engines import POSTGRESQL_ONLY, SQLITE_ONLY
from tests.harness.fakes import NOON, FrozenClock

ANA, ROOT = 7001, 1
SOURCE = RULES_FILE.read_text(encoding="utf-8")
DOUBLED = SOURCE.replace('amount = "15"', 'amount = "30"')
HOUR = 3_600_000


class Node:
    """One process: a rulebook of its own over the shared database, and a clock in the hand."""

    def __init__(self, database: Database, transactor: Transactor, number: int = 0) -> None:
        self.clock = FrozenClock()
        ids = TimeOrderedIds(self.clock, number)
        self.rulebook = Rulebook(self.clock, ids)
        self.rooms: House = house(self.clock, ids, Calendar("UTC"), rulebook=self.rulebook)
        self._database = database
        self._transactor = transactor

    async def begin(self, source: str = SOURCE) -> None:
        await self._transactor.run(lambda work: self.rulebook.begin(work, source))
        await self.refresh()

    async def refresh(self) -> None:
        async with self._database.reader() as db:
            await self.rulebook.refresh(db)

    async def publish(self, source: str = DOUBLED, effective_from: int | None = None) -> Published:
        published = await self._transactor.run(
            lambda work: self.rulebook.publish(work, ROOT, source, effective_from=effective_from, note="why")
        )
        await self.refresh()
        return published

    async def schedule(self, starts_at: int, ends_at: int, kind: EventKind = "special") -> SeasonalEvent:
        event = await self._transactor.run(
            lambda work: self.rulebook.schedule(
                work, ROOT, kind=kind, name="Lantern night", starts_at=starts_at, ends_at=ends_at
            )
        )
        await self.refresh()
        return event

    async def cancel(self, event_id: int) -> None:
        await self._transactor.run(lambda work: self.rulebook.cancel(work, event_id))
        await self.refresh()


@pytest.fixture
async def node(database: Database, transactor: Transactor) -> Node:
    node = Node(database, transactor)
    await node.begin()
    return node


async def rows(database: Database) -> list[dict[str, Any]]:
    async with database.reader() as db:
        return [dict(row) for row in await db.all("SELECT * FROM econ_policy ORDER BY version")]


async def test_the_first_policy_begins_once_whoever_begins(database: Database, transactor: Transactor) -> None:
    nodes = [Node(database, transactor, number) for number in range(4)]
    await asyncio.gather(*(node.begin(SOURCE if number else DOUBLED) for number, node in enumerate(nodes)))
    (first,) = await rows(database)
    assert (first["version"], first["effective_from"], first["author_id"]) == (1, 0, None)
    assert first["source"] in (SOURCE, DOUBLED)
    assert len({repr(node.rulebook.policy()) for node in nodes}) == 1
    before = await rows(database)
    await nodes[0].begin(DOUBLED)
    assert await rows(database) == before


async def test_a_version_comes_into_force_at_its_moment_on_every_node(
    database: Database, transactor: Transactor, node: Node
) -> None:
    other = Node(database, transactor, 1)
    await other.refresh()
    published = await node.publish()
    begins = NOON + NOTICE_MS
    assert (published.text.version, published.text.effective_from, published.text.author_id) == (2, begins, ROOT)
    assert (published.policy.version, published.policy.rewards["create_room"].amount) == (2, 30 * TOKEN)
    assert [its.text.version for its in other.rulebook.versions] == [1]
    await other.refresh()
    for its in (node, other):
        assert [its.rulebook.policy(at).version for at in (0, NOON, begins - 1, begins, begins + HOUR)] == [
            1,
            1,
            1,
            2,
            2,
        ]
        assert its.rulebook.policy().version == 1
        its.clock.advance(ms=NOTICE_MS)
        assert its.rulebook.policy().version == 2


async def test_an_op_names_the_version_that_paid_it(database: Database, transactor: Transactor, node: Node) -> None:
    ana = Member(ANA, node.rooms, transactor, database)
    await node.publish()
    earlier = await ana.does("create_room", subject="1")
    node.clock.advance(ms=NOTICE_MS)
    later = await ana.does("create_room", subject="2")
    async with database.reader() as db:
        told = [await node.rooms.economy.explain(db, its.op_id) for its in (earlier, later)]
        policies = await published_policies(db)
    assert [(its.policy_version, its.decision.granted // TOKEN) for its in told] == [(1, 15), (2, 30)]
    await assert_sound(database, *policies)


async def test_versions_are_only_added_and_in_order(database: Database, node: Node) -> None:
    (first,) = await rows(database)
    far = NOON + 10 * HOUR
    await node.publish(effective_from=far)
    for moment in (far - 1, NOON + NOTICE_MS, NOON + NOTICE_MS - 1, NOON, 0, -1):
        with pytest.raises(TooSoon):
            await node.publish(effective_from=moment)
    # Without a moment it would come before the one that is announced.
    with pytest.raises(TooSoon):
        await node.publish()
    await node.publish(SOURCE, effective_from=far)
    stored = await rows(database)
    assert [row["version"] for row in stored] == [1, 2, 3]
    assert stored[0] == first
    assert [node.rulebook.policy(at).version for at in (far - 1, far)] == [1, 3]


async def test_a_version_of_a_far_year_is_refused(database: Database, node: Node) -> None:
    for moment in (NOON + NOTICE_MS_MAX + 1, millis(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)), 2**62):
        with pytest.raises(PolicyRefused):
            await node.publish(effective_from=moment)
        with pytest.raises(PolicyRefused):
            await node.schedule(moment, moment + HOUR)
    assert len(await rows(database)) == 1
    await node.publish(effective_from=NOON + NOTICE_MS_MAX)


async def test_a_faulty_text_is_refused_by_every_fault_and_nothing_is_published(database: Database, node: Node) -> None:
    faulty = SOURCE.replace('once = "ever"', 'once = "never"').replace('week = "3000"', 'week = "3e3"')
    with pytest.raises(PolicyRefused) as refused:
        await node.publish(faulty)
    assert {line.split(": ")[1] for line in refused.value.detail.splitlines()} == {
        "rewards.registration.once",
        "caps.week",
    }
    inconsistent = SOURCE.replace('week = "3000"', 'week = "300"').replace(
        'counter = "share_file"', 'counter = "sleep"'
    )
    with pytest.raises(PolicyRefused) as refused:
        await node.publish(inconsistent)
    assert {line.split(": ")[1] for line in refused.value.detail.splitlines()} == {"caps.week", "goals.1.counter"}
    assert len(await rows(database)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "",
        "name =",
        "a = " + "[" * 6000,
        "a = " + "9" * 6000,
        "a = 2026-13-45",
        SOURCE + "\n[token]\n",
        SOURCE.replace('amount = "50"', "amount = 50"),
        SOURCE.replace('amount = "50"', "amount = nan"),
        SOURCE.replace('amount = "50"', 'amount = "0.0000001"'),
        SOURCE.replace('amount = "50"', 'amount = "-50"'),
        SOURCE.replace('amount = "50"', 'amount = "99999999999"'),
    ],
    ids=range(11),
)
def test_whatever_is_no_policy_is_a_refusal_and_never_a_bug(source: str, clock: FrozenClock, ids: Ids) -> None:
    with pytest.raises(PolicyRefused):
        Rulebook(clock, ids).check(source)


async def waiting(database: Database) -> int:
    """How many transactions of this PostgreSQL database wait for another one."""
    async with database.reader() as db:
        row = await db.one(
            """
            SELECT COUNT(*) AS n FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
            WHERE NOT l.granted AND a.datname = current_database()
            """
        )
    assert row is not None
    return int(row["n"])


@POSTGRESQL_ONLY
async def test_of_two_who_publish_at_once_one_is_told_so(
    database: Database, transactor: Transactor, node: Node
) -> None:
    other = Node(database, transactor, 1)

    async with asyncio.timeout(30):
        async with database.transaction() as db:
            texts = await db.all("SELECT version FROM econ_policy")
            assert len(texts) == 1
            await db.execute(
                """
                INSERT INTO econ_policy (version, name, source, effective_from, note, created_at)
                VALUES (2, 'tested', :source, :begins, '', 0)
                """,
                source=SOURCE,
                begins=NOON + NOTICE_MS,
            )
            second = asyncio.create_task(other.publish())
            # It has read that version 1 is the last, and waits for the first to make up its mind.
            while not await waiting(database):
                await asyncio.sleep(0.02)
        with pytest.raises(PublishedMeanwhile):
            await second
    assert [row["source"] for row in await rows(database)] == [SOURCE, SOURCE]


async def test_many_who_publish_at_once_lose_nothing_unsaid(database: Database, node: Node) -> None:
    told = await asyncio.gather(*(node.publish() for _ in range(6)), return_exceptions=True)
    published = [its.text.version for its in told if isinstance(its, Published)]
    assert all(isinstance(its, Published | PublishedMeanwhile) for its in told)
    assert sorted(published) == list(range(2, 2 + len(published)))
    assert [row["version"] for row in await rows(database)] == [1, *sorted(published)]


async def test_an_event_runs_from_its_start_up_to_its_end(
    database: Database, transactor: Transactor, node: Node
) -> None:
    ana = Member(ANA, node.rooms, transactor, database)
    starts, ends = NOON + HOUR, NOON + 2 * HOUR
    await node.schedule(starts, ends)
    await node.schedule(starts, ends - HOUR // 2, "weekend")
    other = Node(database, transactor, 1)
    await other.begin()
    earned = []
    for moment in (NOON, starts - 1, starts, ends - 1, ends):
        node.clock.set(moment)
        earned.append((await ana.does("share_file", subject=str(moment))).decision.granted // TOKEN)
        other.clock.set(moment)
        assert other.rulebook.events() == node.rulebook.events()
    # The highest of those that run, not their product.
    assert earned == [3, 3, 6, 6, 3]
    assert [event.kind for event in node.rulebook.events(starts)] == ["special", "weekend"]
    assert [event.kind for event in node.rulebook.events(ends - 1)] == ["special"]
    assert node.rulebook.scheduled == []


async def test_an_event_can_be_called_off_and_ended(database: Database, transactor: Transactor, node: Node) -> None:
    coming = await node.schedule(NOON + HOUR, NOON + 2 * HOUR)
    await node.cancel(coming.id)
    assert node.rulebook.events(NOON + HOUR) == []
    running = await node.schedule(NOON + HOUR, NOON + 2 * HOUR, "holiday")
    node.clock.set(NOON + HOUR)
    other = Node(database, transactor, 1)
    other.clock.set(NOON + HOUR)
    await other.refresh()
    assert [event.id for event in other.rulebook.events()] == [running.id]
    await node.cancel(running.id)
    await other.refresh()
    assert (node.rulebook.events(), other.rulebook.events()) == ([], [])
    for event_id in (running.id, coming.id, 12345):
        with pytest.raises(NoSuchEvent):
            await node.cancel(event_id)
    ended = await node.schedule(NOON + 2 * HOUR, NOON + 3 * HOUR)
    node.clock.set(NOON + 3 * HOUR)
    with pytest.raises(NoSuchEvent):
        await node.cancel(ended.id)


async def test_events_that_cannot_be_are_refused(node: Node) -> None:
    refused: list[tuple[int, int, type[Exception]]] = [
        (NOON + NOTICE_MS - 1, NOON + HOUR, TooSoon),
        (NOON - HOUR, NOON + HOUR, TooSoon),
        (NOON + HOUR, NOON + HOUR, PolicyRefused),
        (NOON + HOUR, NOON + NOTICE_MS, PolicyRefused),
        (NOON + HOUR, NOON + HOUR + EVENT_MS_MAX + 1, PolicyRefused),
    ]
    for starts, ends, refusal in refused:
        with pytest.raises(refusal):
            await node.schedule(starts, ends)
    assert node.rulebook.scheduled == []


@SQLITE_ONLY
async def test_moments_are_read_by_their_offset_across_summer_time(node: Node) -> None:
    # The hour that happens twice in Berlin on 25 October 2026, once with each offset.
    body = SchedulingEvent.model_validate(
        {
            "kind": "weekend",
            "name": "The long night",
            "starts_at": "2026-10-25T02:30:00+02:00",
            "ends_at": "2026-10-25T02:30:00+01:00",
        }
    )
    assert millis(body.ends_at) - millis(body.starts_at) == HOUR
    node.clock.set(millis(body.starts_at) - NOTICE_MS)
    event = await node.schedule(millis(body.starts_at), millis(body.ends_at))
    assert (event.runs_at(millis(body.starts_at)), event.runs_at(millis(body.ends_at))) == (True, False)
    assert millis(datetime(2026, 10, 25, 0, 30)) == event.starts_at  # noqa: DTZ001 - without an offset it is UTC


PATHS: list[tuple[str, dict[str, Any]]] = [
    ("/api/admin/policies", {"source": SOURCE, "note": "far", "effective_from": "9999-12-31T23:59:59-14:00"}),
    ("/api/admin/policies", {"source": SOURCE, "note": "far", "effective_from": "0001-01-01T00:00:00+14:00"}),
    ("/api/admin/policies", {"source": SOURCE, "note": ""}),
    ("/api/admin/policies", {"source": SOURCE, "note": "a\x00b"}),
    ("/api/admin/policies", {"source": "a = " + "[" * 6000, "note": "deep"}),
    ("/api/admin/policies/check", {"source": "a = " + "9" * 6000}),
    (
        "/api/admin/events",
        {"kind": "special", "name": "far", "starts_at": "9999-12-31T23:00:00Z", "ends_at": "9999-12-31T23:59:59-14:00"},
    ),
    (
        "/api/admin/events",
        {"kind": "eclipse", "name": "far", "starts_at": "2027-01-01T00:00:00Z", "ends_at": "2027-01-02T00:00:00Z"},
    ),
]


@SQLITE_ONLY
async def test_what_an_administrator_may_mistype_is_refused(root: Person) -> None:
    for path, body in PATHS:
        refused = await root.api.post(path, json=body, expect=422)
        assert refused["code"] in ("invalid", "policy_refused", "too_soon")
    assert [its["version"] for its in (await root.api.get("/api/admin/policies"))["versions"]] == [1]
    assert (await root.api.get("/api/economy/events"))["events"] == []
