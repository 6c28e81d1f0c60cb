"""A message the server will not have stays with its author, who decides what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import SignedIn, Visit
from tests.e2e.visitor import SAYS_NOTHING
from tests.harness.server import running_server

LONGEST = 8_000


def test_a_refused_message_can_be_retried_edited_and_discarded(signed_in: SignedIn) -> None:
    kai = signed_in("kai")
    kai.go("/")
    room_id = kai.create_room("Refusals")
    kai.say(SAYS_NOTHING, "goes on after it")
    failed = kai.page.locator("[data-testid=message][data-state=failed]")
    expect(failed).to_have_count(1)
    expect(kai.message("goes on after it")).to_have_attribute("data-state", "sent")
    client_id = failed.get_attribute("data-client-id")

    kai.page.reload()
    expect(failed).to_have_attribute("data-client-id", str(client_id))
    kai.by("retry").click()
    expect(failed).to_have_attribute("data-client-id", str(client_id))
    kai.by("edit").click()
    expect(failed).to_have_count(0)
    expect(kai.by("composer")).to_have_value(SAYS_NOTHING)
    kai.say("says something now")
    expect(kai.message("says something now")).to_have_attribute("data-state", "sent")

    kai.say(SAYS_NOTHING)
    kai.by("discard").click()
    expect(failed).to_have_count(0)
    kai.page.reload()
    expect(kai.message("says something now")).to_be_visible()
    assert [row.body for row in kai.rows()] == ["goes on after it", "says something now"]
    assert [message["body"] for message in kai.history(room_id)] == ["goes on after it", "says something now"]


def test_what_is_too_long_is_said_before_sending(signed_in: SignedIn) -> None:
    lou = signed_in("lou")
    lou.go("/")
    room_id = lou.create_room("Long words")
    # Each of these is one character to the server and two halves to the browser.
    lou.by("composer").fill("🧵" * (LONGEST + 1))
    expect(lou.page.get_by_text("1 character too many")).to_be_visible()
    expect(lou.by("send")).to_be_disabled()
    lou.by("composer").press("Enter")
    expect(lou.by("message")).to_have_count(0)
    lou.by("composer").press("Backspace")
    lou.by("send").click()
    expect(lou.by("message")).to_have_attribute("data-state", "sent")
    assert lou.history(room_id)[0]["body"] == "🧵" * LONGEST


def test_messages_of_a_room_left_elsewhere_are_kept(signed_in: SignedIn) -> None:
    mia, owner = signed_in("mia"), signed_in("mias_friend")
    room = owner.post("/api/rooms", {"name": "Revolving door"}, expect_status=201)["id"]
    mia.post(f"/api/rooms/{room}/join")
    mia.go(f"/r/{room}")
    mia.arrived()
    mia.context.set_offline(True)
    mia.say("written before I knew")
    mia.post(f"/api/rooms/{room}/leave", expect_status=204)
    mia.context.set_offline(False)
    expect(mia.by("room-join")).to_be_visible(timeout=15_000)
    mia.by("room-join").click()
    mia.by("retry").click()
    expect(mia.message("written before I knew")).to_have_attribute("data-state", "sent")
    assert [message["body"] for message in owner.history(room)] == ["written before I knew"]


@pytest.mark.timeout(60)
def test_who_is_too_fast_waits_and_loses_nothing(visit: Visit, tmp_path: Path) -> None:
    with running_server(tmp_path, rate_message="3+2/s") as server:
        zoe = visit(server.base_url)
        zoe.register("zoe")
        room_id = zoe.create_room("Rapids")
        words = [f"word {number}" for number in range(8)]
        zoe.say(*words)
        expect(zoe.page.locator("[data-testid=message][data-state=sent]")).to_have_count(len(words), timeout=20_000)
        assert [row.body for row in zoe.rows()] == words
        assert [message["body"] for message in zoe.history(room_id)] == words
