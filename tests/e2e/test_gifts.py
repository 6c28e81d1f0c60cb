"""A gift between two people: who, how much, with which words, confirmed by a PIN, and never twice."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from tests.e2e.conftest import SignedIn
from tests.e2e.visitor import PASSWORD, PIN, Visitor

START = 50
BRONZE_LIMIT = 50
NOTE = "For the wax tip 🕯"


@pytest.fixture
def pair(signed_in: SignedIn, request: pytest.FixtureRequest) -> tuple[Visitor, Visitor]:
    """A giver who owns a room, with nothing open yet, and somebody else in it."""
    suffix = re.sub(r"\W", "", request.node.name)[-20:]
    giver, taker = signed_in(f"giver_{suffix}"), signed_in(f"taker_{suffix}")
    room = giver.post("/api/rooms", {"name": f"Gifts {suffix}"}, expect_status=201)["id"]
    taker.post(f"/api/rooms/{room}/join")
    return giver, taker


def name_of(visitor: Visitor) -> str:
    name: str = visitor.get("/api/me")["username"]
    return name


def choose(giver: Visitor, name: str) -> None:
    """Open the dialog from the wallet and choose the person by name."""
    giver.go("/wallet")
    giver.by("gift-open").click()
    giver.by("gift-person").fill(name[:9].upper())
    expect(giver.page.get_by_role("option", name=name)).to_be_visible()
    giver.by("gift-person").press("Enter")


def open_profile(giver: Visitor, opener: str) -> None:
    """Press the other person's name, and then the button of their profile."""
    giver.by(opener).first.click()
    giver.by("profile-gift").click()


def sent_gifts(giver: Visitor) -> list[tuple[str, str]]:
    return [(gift["amount"], gift["direction"]) for gift in giver.get("/api/gifts")["gifts"]]


@pytest.mark.timeout(60)
def test_a_gift_with_a_first_pin_a_wrong_one_and_the_right_one(pair: tuple[Visitor, Visitor]) -> None:
    giver, taker = pair
    name = name_of(taker)
    choose(giver, name)

    giver.by("pin-new").fill("1234")
    giver.by("pin-password").fill(PASSWORD)
    giver.by("pin-set").click()
    expect(giver.page.get_by_role("alert")).to_have_text("This PIN is too easy to guess. Please take another.")
    giver.by("pin-new").fill(PIN)
    giver.by("pin-password").fill(PASSWORD)
    giver.by("pin-set").click()

    expect(giver.by("gift-to")).to_have_text(name)
    send, reason = giver.by("gift-send"), giver.by("gift-reason")
    for amount, why in (
        ("", "Enter an amount."),
        ("1e1", "An amount is a number"),
        ("0.5", "The smallest gift is 1 SCT."),
        ("1000", "This is more than you can give."),
        (str(BRONZE_LIMIT + 1), "This is more than your tier lets you give today."),
        ("12.5", "Enter your PIN to confirm."),
    ):
        giver.by("gift-amount").fill(amount)
        expect(reason).to_contain_text(why)
        expect(send).to_be_disabled()
    expect(giver.by("gift-sums")).to_contain_text("52.5 SCT")
    expect(send).to_have_text(f"Send 12.5 SCT to {name}")

    giver.by("gift-note").fill(NOTE)
    giver.by("pin").fill("9183")
    send.click()
    expect(giver.by("gift-failure")).to_have_text("That PIN is wrong.")
    expect(giver.page.get_by_text("4 tries left")).to_be_visible()
    giver.by("pin").fill(PIN)
    giver.by("pin").press("Enter")
    expect(giver.by("gift-receipt")).to_contain_text(f"12.5 SCT went to {name}.")
    expect(giver.by("gift-receipt")).to_contain_text("37.5 SCT left to give today")
    giver.by("gift-close").click()

    expect(giver.by("balance").first).to_have_attribute("aria-label", "Wallet: 52.5 SCT")
    expect(giver.by("gift-entry")).to_contain_text(NOTE)
    expect(giver.by("statement-entry").first).to_contain_text("-12.5")
    taker.go("/wallet")
    expect(taker.by("gift-entry")).to_contain_text(f"From {name_of(giver)}")
    expect(taker.by("gift-entry")).to_contain_text(NOTE)
    # 50 for registering, 5 for joining, the gift, and a tenth of it as the bonus of whoever receives one.
    expect(taker.by("balance").first).to_have_attribute("aria-label", "Wallet: 68.75 SCT")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("opener", ["author", "member"])
def test_a_gift_from_a_name_in_a_room_is_seen_there_and_by_whom_it_is_for(
    pair: tuple[Visitor, Visitor], opener: str
) -> None:
    giver, taker = pair
    giver.put("/api/pin", {"password": PASSWORD, "pin": PIN})
    room = giver.get("/api/rooms")["rooms"][0]["id"]
    for visitor in pair:
        visitor.go(f"/r/{room}")
        visitor.arrived()
    taker.say("here is how to wax a drawer")
    expect(giver.by("author")).to_have_text(name_of(taker))
    open_profile(giver, opener)
    expect(giver.by("gift-to")).to_have_text(name_of(taker))
    giver.by("gift-amount").fill("3")
    giver.by("gift-note").fill(NOTE)
    giver.by("pin").fill(PIN)
    giver.by("gift-send").click()
    expect(giver.by("gift-receipt")).to_be_visible()
    giver.page.keyboard.press("Escape")
    expect(giver.page.get_by_role("dialog")).to_have_count(0)

    expect(taker.by("notice")).to_contain_text(f"{name_of(giver)} gave you 3 SCT")
    expect(taker.by("notice")).to_contain_text(NOTE)
    for visitor in pair:
        expect(visitor.by("gift-card")).to_contain_text(NOTE)
    taker.by("notice").get_by_role("button").click()
    expect(taker.by("notice")).to_have_count(0)


def test_a_gift_whose_answer_is_lost_is_tried_again_and_goes_once(pair: tuple[Visitor, Visitor]) -> None:
    giver, taker = pair
    giver.put("/api/pin", {"password": PASSWORD, "pin": PIN})
    choose(giver, name_of(taker))
    giver.by("gift-amount").fill("20")
    giver.by("pin").fill(PIN)

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    giver.page.route("**/api/tokens/gift", lose, times=1)
    giver.by("gift-send").click()
    expect(giver.by("gift-unsure")).to_be_visible()
    expect(giver.by("gift-amount")).to_have_attribute("readonly", "")
    assert sent_gifts(giver) == [("20", "sent")]
    giver.by("pin").fill(PIN)
    giver.by("gift-send").click()
    expect(giver.by("gift-receipt")).to_be_visible()
    assert sent_gifts(giver) == [("20", "sent")]
    giver.expect_balance(START + 15 - 20)


def test_five_wrong_pins_lock_it_and_the_page_says_until_when(pair: tuple[Visitor, Visitor]) -> None:
    giver, taker = pair
    giver.put("/api/pin", {"password": PASSWORD, "pin": PIN})
    choose(giver, name_of(taker))
    giver.by("gift-amount").fill("1")
    for left in (4, 3, 2, 1):
        giver.by("pin").fill("9183")
        giver.by("gift-send").click()
        expect(giver.page.get_by_text(f"{left} {'try' if left == 1 else 'tries'} left")).to_be_visible()
    giver.by("pin").fill("9183")
    giver.by("gift-send").click()
    expect(giver.by("pin-locked")).to_contain_text("The PIN is locked until")
    expect(giver.by("gift-send")).to_be_disabled()
    expect(giver.by("gift-reason")).to_have_text("The PIN is locked for now.")
    assert sent_gifts(giver) == []
    giver.go("/settings")
    expect(giver.by("pin-settings")).to_contain_text("A new PIN does not lift the lock.")


def test_the_pin_is_changed_in_the_settings_with_the_password(signed_in: SignedIn) -> None:
    ned = signed_in("ned")
    ned.go("/settings")
    expect(ned.by("pin-settings")).to_contain_text("No PIN is set yet.")
    ned.by("pin-change").click()
    ned.by("pin-new").fill(PIN)
    ned.by("pin-password").fill("not my password")
    ned.by("pin-set").click()
    expect(ned.page.get_by_role("alert")).to_have_text("The password is wrong.")
    ned.by("pin-password").fill(PASSWORD)
    ned.by("pin-password").press("Enter")
    expect(ned.by("pin-settings")).to_contain_text("The PIN is set.")
    assert ned.get("/api/pin")["set"] is True
