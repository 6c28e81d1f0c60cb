"""The daily claim, its streak, and what the wallet says about it: every number is the server's."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.conftest import SignedIn, Visit
from tests.e2e.visitor import Visitor

REGISTRATION, DAILY, CREATE_ROOM = 50, 10, 15


def opened(visitor: Visitor) -> Visitor:
    """The visitor, with their wallet open and loaded."""
    visitor.go("/wallet")
    expect(visitor.by("streak")).to_be_visible()
    expect(visitor.by("statistics").get_by_role("table").first).to_be_visible()
    return visitor


def test_a_day_is_claimed_once_and_stands_in_streak_calendar_and_statement(signed_in: SignedIn) -> None:
    ida = signed_in("ida")
    ida.go("/")
    ida.expect_balance(REGISTRATION)
    opened(ida)
    expect(ida.by("streak")).to_contain_text("A streak begins")
    ida.by("claim").click()
    expect(ida.by("claimed-reward")).to_have_text(re.compile(rf"Daily claim\s+\+{DAILY} SCT"))
    expect(ida.by("streak")).to_have_text("1 day in a row")
    expect(ida.by("claim")).to_have_count(0)
    ida.expect_balance(REGISTRATION + DAILY)

    today = ida.get("/api/tokens/streak/me")["today"]
    claimed = ida.by("daily").get_by_role("cell").filter(has_text="claimed")
    expect(claimed).to_have_count(1)
    expect(claimed).to_contain_text(str(int(today[8:])))
    expect(claimed).to_contain_text("today")

    newest = ida.by("statement-entry").first
    expect(newest).to_contain_text("Daily claim")
    newest.get_by_test_id("why").click()
    expect(newest.locator(".granted dd")).to_have_text(str(DAILY))
    expect(newest).to_contain_text(f"{REGISTRATION} of 500 used before")
    # A day's reward is no reason to celebrate.
    expect(ida.by("notice")).to_have_count(0)

    ida.page.reload()
    expect(ida.by("streak")).to_have_text("1 day in a row")
    expect(ida.by("claim")).to_have_count(0)


def test_claimed_on_another_device_the_page_says_so(visit: Visit, signed_in: SignedIn) -> None:
    here, there = opened(signed_in("two_devices")), visit()
    there.login("two_devices")
    opened(there).by("claim").click()
    expect(there.by("claimed-reward")).to_be_visible()
    here.by("claim").click()
    expect(here.by("claim")).to_have_count(0)
    expect(here.by("streak")).to_have_text("1 day in a row")
    expect(here.page.get_by_role("alert")).to_have_count(0)
    for visitor in (here, there):
        visitor.expect_balance(REGISTRATION + DAILY)


def test_a_claim_without_an_answer_is_tried_again_and_paid_once(signed_in: SignedIn) -> None:
    una = opened(signed_in("una_answered"))
    una.page.route("**/claim-daily", lambda route: (route.fetch(), route.abort()), times=1)
    una.by("claim").click()
    expect(una.page.get_by_role("alert")).to_have_text("The server cannot be reached.")
    una.by("claim").click()
    expect(una.by("claimed-reward")).to_have_count(1)
    una.expect_balance(REGISTRATION + DAILY)


def test_what_is_earned_meanwhile_appears_and_can_be_taken_away_as_a_file(signed_in: SignedIn, tmp_path: Path) -> None:
    moe = opened(signed_in("moe"))
    moe.post("/api/rooms", {"name": "Made elsewhere"}, expect_status=201)
    expect(moe.by("statement-entry").first).to_contain_text("Opened a room")
    total = moe.by("statistics").get_by_text(f"{REGISTRATION + CREATE_ROOM} SCT")
    expect(total).to_be_visible()
    moe.page.get_by_role("radio", name="7 days").check()
    expect(total).to_be_visible()
    moe.by("statistics").get_by_text("As a table").click()
    expect(moe.by("statistics").get_by_role("table").first.get_by_role("row")).to_have_count(1 + 7)

    with moe.page.expect_download() as download:
        moe.by("csv").click()
    download.value.save_as(tmp_path / "statement.csv")
    with (tmp_path / "statement.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == moe.by("statement-entry").count()


def test_the_rules_are_published_and_reached_from_the_wallet(signed_in: SignedIn) -> None:
    pia = opened(signed_in("pia"))
    pia.page.get_by_role("link", name="Rules").click()
    expect(pia.page.get_by_role("heading", level=1)).to_have_text("How tokens are earned")
    policy = pia.get("/api/economy/policy")
    expect(pia.by("reward-rule")).to_have_count(len(policy["rewards"]))
    expect(pia.by("reward-rule").filter(has_text="Opening a room")).to_contain_text(str(CREATE_ROOM))
