"""The simulation: it pays what the economy pays, its books and targets are right, the shipped policy meets them."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from typer.testing import CliRunner

from app.cli import cli
from app.core.actor import Actor
from app.core.clock import Calendar
from app.core.errors import AppError
from app.core.ids import Ids
from app.core.money import TOKEN
from app.economy.earning import daily, standing
from app.economy.earning.model import Activity
from app.economy.rules.model import Policy
from app.economy.rules.policy_file import DEFAULT_PRESET, PRESETS, load_policy
from app.economy.simulation import account, house
from app.economy.simulation.account import Account
from app.economy.simulation.agents import Life
from app.economy.simulation.books import WeekBooks, gini, percentile
from app.economy.simulation.crowd import gather
from app.economy.simulation.endpoints import SimulationEndpoints
from app.economy.simulation.house import House
from app.economy.simulation.model import GROUPS, Earners, Run, SimulationError, Verdict, Week
from app.economy.simulation.plots import Line, Plot, svg
from app.economy.simulation.report import PAGE, fingerprint, write_report
from app.economy.simulation.scenario import load_scenario
from app.economy.simulation.service import simulate
from app.economy.simulation.study import altered, conduct, variants
from app.economy.simulation.targets import judge
from app.infra.database import Database
from app.infra.http import Operations, bearer_token
from app.infra.openapi import openapi
from app.infra.problems import on_refusal
from app.infra.unit_of_work import Transactor
from app.main import ROOT
from tests.harness.api import Api
from tests.harness.economy import POLICY, rulebook_of
from tests.harness.economy import House as RealHouse
from tests.harness.engines import SQLITE_ONLY
from tests.harness.fakes import FrozenClock

ANA = 7001
DAY_MS = 24 * 3600 * 1000
NEW_YEAR_MS = 1_798_761_600_000
SMALL = Run(agents=200)
"""Enough people for every target; `python -m app simulate` runs ten times as many."""


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_the_shipped_policy_meets_every_target(seed: int) -> None:
    result = simulate(load_policy(), replace(SMALL, seed=seed))
    assert [verdict for verdict in result.verdicts if not verdict.passed] == []


@pytest.mark.parametrize("seed", [1, 2])
def test_the_first_rules_inflate_and_pay_farmers(seed: int) -> None:
    result = simulate(load_policy(PRESETS / "legacy.toml"), replace(SMALL, seed=seed))
    assert {"net_issuance_falls", "farmer_to_core"} <= {its.name for its in result.verdicts if not its.passed}


def test_the_same_seed_makes_the_same_run_and_another_one_another() -> None:
    run = Run(days=28, agents=40)
    assert simulate(POLICY, run) == simulate(POLICY, run)
    assert simulate(POLICY, run).weeks != simulate(POLICY, replace(run, seed=8)).weeks


class NoBooks(WeekBooks):
    """Books of a house with one account."""

    def __init__(self) -> None:
        super().__init__({ANA: "core"}, {"cosmetic": 150 * TOKEN})


@SQLITE_ONLY
async def test_it_pays_what_the_economy_pays(
    rooms: RealHouse, transactor: Transactor, database: Database, calendar: Calendar, clock: FrozenClock
) -> None:
    """Forty days around New Year of claims and activities, told to both; they must agree on every single reward."""
    clock.set(NEW_YEAR_MS - 20 * DAY_MS)

    async def paid(kind: str, key: str, weight: int = 1, reached: int = 1) -> int:
        activity = Activity(
            kind, ANA, clock.now_ms(), key, subject=key, fingerprint=key, weight=weight, reached=reached
        )
        rewarded = await transactor.run(lambda work: rooms.economy.reward_activity(work, activity))
        return 0 if rewarded is None else rewarded.decision.granted

    async def claim(key: str) -> None:
        await transactor.run(lambda work: rooms.daily.claim(work, ANA, key))

    chance = random.Random(3)
    ana, imagined = Account(ANA), House(POLICY, NoBooks())
    kinds = {"create_room": 2, "join_room": 3, "send_message": 60, "share_file": 12, "invite_friend": 1}
    for number in range(40):
        imagined.begin(calendar.day(clock.now_ms()), [])
        imagined.open(ana)
        if chance.random() < 0.93:
            await claim(f"claim {number}")
            imagined.claim_daily(ana)
        for kind, most in kinds.items():
            weight, key = chance.randint(0, most), f"{kind} {number}"
            if weight:
                assert imagined.reward(ana, kind, weight) == await paid(kind, key, weight), key
        for kind, reached in (("popular_message", 10), ("helpful_content", 3), ("media_shared", 9)):
            key = f"{kind} {number}"
            assert imagined.reward(ana, kind, reached=reached) == await paid(kind, key, reached=reached), key
        async with database.reader() as db:
            assert (await rooms.economy.balance_of(db, ANA)).balance == ana.balance
        clock.advance(days=1)
    assert ana.balance > 1000 * TOKEN


def test_its_constants_are_those_of_the_economy() -> None:
    assert (house.DAILY, house.STREAK_WEEK) == (daily.DAILY, daily.STREAK_WEEK)
    assert account.RECENT_DAYS == standing.RECENT_DAYS


def test_nobody_passes_a_cap_or_a_limit_or_owes_anything() -> None:
    scenario, chance = load_scenario(), random.Random(1)
    agents = gather(scenario, Run(agents=60), chance)
    books = WeekBooks({agent.account.id: agent.group for agent in agents}, {})
    place = House(POLICY, books)
    life = Life(place, scenario.prices("balanced"), chance)
    first = scenario.starts.toordinal()
    for day in range(35):
        place.begin(first + day, scenario.events_on(day))
        for agent in agents:
            if not life.comes(agent, day):
                continue
            life.live(agent, day)
            its = agent.account
            assert its.balance >= 0
            assert its.earned_today <= (POLICY.day_cap or 0)
            assert its.earned_week <= (POLICY.week_cap or 0)
            assert its.came_today["send_message"] <= 50 * TOKEN
            assert its.came_today["popular_message"] + its.came_today["helpful_content"] <= 10 * TOKEN
            assert its.came_year["invite_friend"] <= 300 * TOKEN
            assert its.gifts_today <= POLICY.gifts.per_day
    books.close([agent.account for agent in agents])
    assert max(agent.account.came_year["invite_friend"] for agent in agents) == 300 * TOKEN


def test_gifts_keep_to_the_tier_the_count_and_the_balance() -> None:
    giver, taker, place = Account(1), Account(2), House(POLICY, WeekBooks({1: "core", 2: "core"}, {}))
    place.begin(736_000, [])
    giver.balance = 80 * TOKEN
    place.open(giver)
    assert not place.give(giver, giver, 5 * TOKEN)
    assert not place.give(giver, taker, TOKEN // 2)
    assert not place.give(giver, taker, 51 * TOKEN)
    assert place.give(giver, taker, 45 * TOKEN)
    assert not place.give(giver, taker, 6 * TOKEN)
    assert taker.balance == 45 * TOKEN + 2 * TOKEN  # a tenth of it, cut to the cap of a day
    assert all(place.give(giver, taker, TOKEN) for _ in range(5))
    assert not place.give(giver, taker, TOKEN)  # the tier's fifty are given away


def test_tools_take_the_allowance_before_the_balance() -> None:
    ana, place = Account(ANA), House(POLICY, NoBooks())
    place.begin(736_000, [])
    place.open(ana)
    assert [place.build_website(ana) for _ in range(6)] == [True] * 5 + [False]
    ana.balance = TOKEN
    assert place.build_website(ana)
    assert (ana.allowance, ana.balance) == (0, 0)


@pytest.mark.parametrize(
    ("balances", "percent", "found"),
    [([], 50, 0), ([7], 99, 7), ([1, 2, 3, 4], 50, 2), ([1, 2, 3, 4, 5], 50, 3), (list(range(1, 101)), 90, 90)],
)
def test_percentiles_are_by_nearest_rank(balances: list[int], percent: int, found: int) -> None:
    assert percentile(balances, percent) == found


def test_gini_is_nothing_among_equals_and_near_one_when_one_holds_all() -> None:
    assert gini([5, 5, 5]) == 0
    assert gini([0] * 999 + [1]) == 999
    assert gini([1, 3]) == 250
    assert gini([0, 0]) == 0


def week(number: int, **changed: object) -> Week:
    """A week in which everybody earned alike and nothing was spent."""
    earners = {group: Earners(10, 2500 * TOKEN) for group in GROUPS}
    plain = Week(
        number=number,
        issued=100_000,
        burned=0,
        circulation=100_000,
        inflation=100,
        mean=0,
        median=0,
        p90=0,
        p99=0,
        gini=0,
        earners=earners,
        by_activity={},
        spent={},
        gifts=0,
        allowance_used=0,
        allowance_lapsed=0,
        saturation={},
        tiers={},
        affordable={},
    )
    return replace(plain, **changed)  # type: ignore[arg-type]  # the changes are those of the test


def verdicts(weeks: list[Week]) -> dict[str, Verdict]:
    dearest = {"cosmetic": 200 * TOKEN, "everyday": 30 * TOKEN, "functional": 200 * TOKEN, "premium": 500 * TOKEN}
    return {its.name: its for its in judge(weeks, dearest)}  # type: ignore[arg-type]  # the keys are item classes


def test_earnings_are_weighed_by_who_came() -> None:
    quiet = {**week(1).earners, "casual": Earners(0, 0), "core": Earners(0, 0), "power": Earners(30, 30_000 * TOKEN)}
    found = verdicts([week(1), week(2), week(3), week(4, earners=quiet)])
    assert found["average_active_user"].measured == (9 * 2500 + 30_000) * TOKEN // (9 * 10 + 30)
    assert found["power_user"].measured == (3 * 2500 + 30_000) * TOKEN // 60
    assert found["farmer_to_core"].measured == 250 * 100 // (45_000 // 90)


def test_each_class_is_paid_on_top_of_those_before() -> None:
    found = verdicts([week(number) for number in range(1, 5)])
    month, months = 250 * 30 / 7, 250 * 60 / 7
    assert found["cosmetic_each_fortnight"].measured == 250
    assert found["functional_each_month"].measured == int((month - 200 * 30 / 14) / 2)
    assert found["premium_each_two_months"].measured == int((months - 200 * 60 / 14 - 400) / 5)


def test_a_rate_that_falls_by_dilution_alone_is_not_enough() -> None:
    rates = [None, 90, 80, 70, 60, 50, 40]
    same = verdicts([week(at, inflation=rate) for at, rate in enumerate(rates, start=1)])
    assert same["inflation_falls"].passed
    assert (same["net_issuance_falls"].measured, same["net_issuance_falls"].passed) == (100, False)
    burned = [0, 0, 0, 0, 0, 10_000, 10_000]
    less = verdicts([week(at, burned=amount) for at, amount in enumerate(burned, start=1)])
    assert (less["net_issuance_falls"].measured, less["net_issuance_falls"].passed) == (90, True)
    assert not less["inflation_falls"].passed


def test_bounds_are_inclusive_and_nobody_passes_nothing() -> None:
    for measured, passed in ((199, False), (200, True), (300, True), (301, False), (None, False)):
        assert Verdict("any", "", "ratio", measured, 200, 300).passed is passed
    assert not verdicts([week(1, earners={group: Earners(0, 0) for group in GROUPS})] * 4)["power_user"].passed


@pytest.mark.parametrize(
    "wrong",
    [{"days": 27}, {"days": 367}, {"agents": 19}, {"agents": 20_001}, {"mix": {}}, {"mix": {"casual": -1, "core": 2}}],
)
def test_a_run_out_of_bounds_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SimulationError):
        Run(**wrong)  # type: ignore[arg-type]  # what the types do not refuse


def test_heads_add_up() -> None:
    assert Run(agents=101, mix={"casual": 1, "core": 1, "ring": 1}).heads() == {
        "casual": 34,
        "core": 34,
        "farmer": 0,
        "ring": 33,
    }


def test_every_variant_is_a_policy_and_names_what_exists() -> None:
    knobs, assumptions = variants()
    shipped = load_policy()
    assert all(its.policy != shipped for its in knobs)
    assert all((its.scenario, its.mix, its.days) != (load_scenario(), Run().mix, None) for its in assumptions)
    with pytest.raises(KeyError):
        altered({"rewards": {}}, {"without": ["rewards.sleep"]})


def test_the_report_has_every_part_and_its_plots_are_pictures(tmp_path: Path) -> None:
    study = conduct(Run(days=28, agents=40), tell=lambda _: None, seeds=(1, 2), agents=20)
    written = write_report(study, tmp_path)
    page = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert "{{" not in page
    for path in written:
        if path.suffix == ".svg":
            assert f"images/{path.name}" in page
            assert ET.parse(path).getroot().tag.endswith("svg")


def test_a_plot_names_its_lines_and_axes() -> None:
    drawn = svg(Plot("Money & more", "tokens", [Line("a<b", [(1, 2, 3), (2, 3, 4)])]))
    words = [text.text for text in ET.fromstring(drawn).iter("{http://www.w3.org/2000/svg}text")]
    assert {"Money & more", "tokens", "week", "a<b", "0", "4"} <= set(words)


def test_the_report_in_the_house_is_of_the_shipped_files() -> None:
    assert fingerprint() in (ROOT / "docs" / PAGE).read_text(encoding="utf-8"), "stale; run `make simulation`"


def test_the_command_says_pass_or_fail_by_its_code() -> None:
    small = ["simulate", "--days", "28", "--agents", "60", "--json"]
    passed = CliRunner().invoke(cli, [*small, "--policy", str(DEFAULT_PRESET)])
    assert passed.exit_code == (0 if json.loads(passed.stdout)["passed"] else 1)
    legacy = CliRunner().invoke(cli, [*small, "--policy", "legacy"])
    assert legacy.exit_code == 1
    assert not json.loads(legacy.stdout)["passed"]
    for wrong in (["--days", "1"], ["--mix", "cats:9"], ["--mix", "casual"], ["--policy", "none.toml"]):
        assert CliRunner().invoke(cli, ["simulate", *wrong]).exit_code == 2


async def as_root(request: Request) -> Actor:
    return Actor(1, "root", bearer_token(request) == "root", 1)


@pytest.fixture
async def root(
    database: Database, transactor: Transactor, clock: FrozenClock, ids: Ids, policy: Policy
) -> AsyncIterator[Api]:
    operations = SimulationEndpoints(rulebook_of(policy, clock, ids)).operations()
    document = openapi(operations, title="Simulation", version="1")

    async def promises(_: Request) -> JSONResponse:
        return JSONResponse(document)

    routes = [*Operations(database, transactor, as_root).routes(operations), Route("/openapi.json", promises)]
    web = Starlette(routes=routes, exception_handlers={AppError: on_refusal})
    async with Api.in_process(web, token="root") as api:
        yield api


@SQLITE_ONLY
async def test_one_dry_run_at_a_time(root: Api) -> None:
    path, source = "/api/admin/policies/dry-run", DEFAULT_PRESET.read_text(encoding="utf-8")
    asked = [root.checked("POST", path, json={"source": source}) for _ in range(2)]
    answers = sorted(await asyncio.gather(*asked), key=lambda response: response.status_code)
    assert [response.status_code for response in answers] == [200, 409]
    assert answers[1].json()["code"] == "simulation_running"
    told = answers[0].json()
    assert (told["agents"], told["passed"], len(told["weeks"])) == (200, True, 12)
    assert (await root.post(path, json={"source": source})) == told
    faulty = await root.post(path, json={"source": source.replace('"50"', '"x"', 1)}, expect=422)
    assert faulty["code"] == "policy_refused"
