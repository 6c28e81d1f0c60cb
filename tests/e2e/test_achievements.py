"""Goals that are reached and claimed, and a leaderboard that nobody has to be on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import SignedIn, Visit
from tests.e2e.visitor import PASSWORD, Visitor
from tests.harness.server import Server, running_server

QUEST = "talk_today"


@pytest.fixture
def quiet_server(tmp_path: Path) -> Iterator[Server]:
    """A server with nobody else on its leaderboard."""
    with running_server(tmp_path) as server:
        yield server


def test_a_quest_is_reached_claimed_and_celebrated_briefly(signed_in: SignedIn) -> None:
    quin = signed_in("quin")
    (rule,) = (goal for goal in quin.get("/api/achievements/list")["goals"] if goal["id"] == QUEST)
    messages, bonus = rule["count"], int(rule["reward"])
    quin.go("/achievements")
    goal = quin.page.locator(f"[data-goal={QUEST}]")
    expect(goal).to_contain_text(f"0 of {messages}")
    expect(goal.get_by_test_id("goal-claim")).to_have_count(0)

    quin.go("/")
    quin.create_room("Ten words")
    quin.say(*(f"word {number}" for number in range(messages)))
    quin.expect_balance(50 + 15 + messages)
    quin.go("/achievements")
    goal.get_by_test_id("goal-claim").click()
    notice = quin.by("notice")
    expect(notice).to_contain_text(rule["titles"]["en"])
    expect(notice).to_contain_text(f"+{bonus} SCT")
    longest = "document.getAnimations().map(one => one.effect.getComputedTiming().activeDuration)"
    assert all(duration <= 1_500 for duration in quin.page.evaluate(longest))
    expect(goal).to_contain_text("Claimed")
    expect(goal.get_by_test_id("goal-claim")).to_have_count(0)
    quin.expect_balance(50 + 15 + messages + bonus)
    notice.get_by_role("button").click()
    expect(notice).to_have_count(0)


def names(visitor: Visitor) -> list[str]:
    """Who is on the list, top to bottom."""
    visitor.go("/leaderboard")
    expect(visitor.by("own-rank")).to_be_visible()
    return [text.removesuffix(" (You)") for text in visitor.by("rank").locator(".name").all_inner_texts()]


def test_whoever_hides_is_seen_by_nobody_else_and_still_knows_their_rank(visit: Visit, quiet_server: Server) -> None:
    first, second = visit(quiet_server.base_url), visit(quiet_server.base_url)
    for visitor, name in ((first, "first"), (second, "second")):
        visitor.post("/api/auth/register", {"username": name, "password": PASSWORD}, expect_status=201)
    first.go("/")
    first.create_room("Ahead")
    first.expect_balance(65)
    second.go("/")
    second.expect_balance(50)
    assert names(second) == ["first", "second"]
    expect(second.by("own-rank")).to_have_text("Your rank is 2.")

    assert names(first) == ["first", "second"]
    first.by("board-shown").uncheck()
    expect(first.by("own-rank")).to_have_text("Your rank is 1.")
    expect(first.by("board-shown")).not_to_be_checked()
    assert names(second) == ["second"]
    first.page.reload()
    expect(first.by("board-shown")).not_to_be_checked()
    first.by("board-shown").check()
    expect(first.by("board-shown")).to_be_enabled()
    assert names(second) == ["first", "second"]


def test_the_list_is_switched_by_keyboard_and_a_balance_has_no_window(signed_in: SignedIn) -> None:
    rae = signed_in("rae")
    rae.go("/leaderboard")
    expect(rae.by("rank").first).to_be_visible()
    rae.page.get_by_role("radio", name="Earned").focus()
    rae.page.keyboard.press("ArrowRight")
    expect(rae.page.get_by_role("radio", name="Balance")).to_be_checked()
    expect(rae.page.get_by_text("A balance is as it is now.")).to_be_visible()
    expect(rae.page.get_by_role("radio", name="Today")).to_be_disabled()
    rae.page.keyboard.press("ArrowRight")
    expect(rae.page.get_by_role("radio", name="Given")).to_be_checked()
    expect(rae.by("own-rank")).to_have_text("You are not ranked here yet.")
