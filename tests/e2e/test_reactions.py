"""Two people say without words what they think, by mouse and by keyboard; and one of them is trusted with the room."""

from __future__ import annotations

import re

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, expect

from tests.e2e.conftest import SignedIn
from tests.e2e.gallery import PHONE
from tests.e2e.test_accessibility import violations
from tests.e2e.visitor import Visitor


def together(signed_in: SignedIn, first: str, second: str, room: str) -> tuple[Visitor, Visitor]:
    """Two people with the room shown, made by the first."""
    visitors = signed_in(first), signed_in(second)
    room_id = visitors[0].post("/api/rooms", {"name": room}, expect_status=201)["id"]
    visitors[1].post(f"/api/rooms/{room_id}/join")
    for visitor in visitors:
        visitor.go(f"/r/{room_id}")
        visitor.shows(room)
    return visitors


def react(visitor: Visitor, body: str, emoji: str) -> None:
    """Choose an emoji for a message from the picker."""
    visitor.message(body).hover()
    visitor.message(body).get_by_test_id("react").click()
    visitor.by("emoji-picker").locator(f"[data-emoji='{emoji}']").click()
    expect(visitor.by("emoji-picker")).to_have_count(0)


def reaction(visitor: Visitor, body: str, emoji: str) -> Locator:
    """The emoji under a message."""
    return visitor.message(body).locator(f"[data-testid=reaction][data-emoji='{emoji}']")


def expect_reaction(visitor: Visitor, body: str, emoji: str, count: int, *, own: bool) -> None:
    found = reaction(visitor, body, emoji)
    expect(found.locator(".figures")).to_have_text(str(count))
    expect(found).to_have_attribute("aria-pressed", str(own).lower())


def test_two_people_react_see_it_and_take_it_away(signed_in: SignedIn) -> None:
    ann, bob = together(signed_in, "reacting_ann", "reacting_bob", "Applause")
    ann.say("the roof is done")
    expect(bob.message("the roof is done")).to_be_visible()
    react(bob, "the roof is done", "🎉")
    expect_reaction(ann, "the roof is done", "🎉", 1, own=False)
    reaction(ann, "the roof is done", "🎉").click()
    for visitor in (ann, bob):
        expect_reaction(visitor, "the roof is done", "🎉", 2, own=True)
    expect(reaction(ann, "the roof is done", "🎉")).to_have_attribute("title", re.compile("reacting_bob and you"))

    bob.message("the roof is done").get_by_test_id("vote").click()
    for visitor in (ann, bob):
        expect(visitor.message("the roof is done").get_by_test_id("helpful")).to_contain_text("1")
    expect(ann.message("the roof is done").get_by_test_id("vote")).to_have_count(0)
    ann.page.reload()
    expect_reaction(ann, "the roof is done", "🎉", 2, own=True)
    assert violations(Axe(), bob) == []

    reaction(bob, "the roof is done", "🎉").click()
    expect_reaction(ann, "the roof is done", "🎉", 1, own=True)
    react(ann, "the roof is done", "🎉")
    bob.message("the roof is done").get_by_test_id("helpful").click()
    for visitor in (ann, bob):
        expect(visitor.by("reaction")).to_have_count(0)
        expect(visitor.by("helpful")).to_have_count(0)


def test_reacting_by_keyboard_alone(signed_in: SignedIn) -> None:
    kim, _ = together(signed_in, "reacting_kim", "reacting_lee", "Keys")
    kim.say("one", "two", "three")
    expect(kim.by("react")).to_have_count(3)
    kim.page.locator("[role=log]").focus()
    kim.page.keyboard.press("Tab")
    expect(kim.message("three").get_by_test_id("react")).to_be_focused()
    kim.page.keyboard.press("ArrowUp")
    expect(kim.message("two").get_by_test_id("react")).to_be_focused()
    kim.page.keyboard.press("Enter")
    expect(kim.by("emoji-picker").get_by_role("button").first).to_be_focused()
    kim.page.keyboard.press("Escape")
    expect(kim.message("two").get_by_test_id("react")).to_be_focused()
    kim.page.keyboard.press("Enter")
    kim.page.keyboard.press("ArrowRight")
    kim.page.keyboard.press("Enter")
    expect_reaction(kim, "two", "❤️", 1, own=True)
    expect(kim.message("two").get_by_test_id("react")).to_be_focused()
    kim.page.keyboard.press("ArrowRight")
    expect(reaction(kim, "two", "❤️")).to_be_focused()
    kim.page.keyboard.press("Space")
    expect(kim.by("reaction")).to_have_count(0)
    kim.page.keyboard.press("Tab")
    expect(kim.by("composer")).to_be_focused()


def test_on_a_phone_everything_is_at_hand(signed_in: SignedIn) -> None:
    ann, bob = together(signed_in, "touching_ann", "touching_bob", "Thumbs")
    ann.say("look")
    phone = signed_in("touching_cat", viewport=PHONE, is_mobile=True, has_touch=True)
    room_id = ann.page.url.rpartition("/")[2]
    phone.post(f"/api/rooms/{room_id}/join")
    phone.go(f"/r/{room_id}")
    phone.message("look").get_by_test_id("react").tap()
    picker = phone.by("emoji-picker")
    expect(picker).to_be_in_viewport(ratio=1)
    picker.locator("[data-emoji='🔥']").tap()
    expect_reaction(phone, "look", "🔥", 1, own=True)
    expect_reaction(bob, "look", "🔥", 1, own=False)
    assert violations(Axe(), phone) == []


def test_the_owner_appoints_and_dismisses_a_moderator(signed_in: SignedIn) -> None:
    ann, bob = together(signed_in, "trusting_ann", "trusted_bob", "Trust")
    for visitor in (ann, bob):
        expect(visitor.page.get_by_role("complementary")).to_be_visible()
    ann.page.get_by_role("button", name="Make trusted_bob a moderator").click()
    for visitor in (ann, bob):
        expect(visitor.page.get_by_role("complementary").get_by_text("Moderator", exact=True)).to_be_visible()
    expect(bob.by("appoint")).to_have_count(0)
    assert violations(Axe(), ann) == []
    ann.page.get_by_role("button", name="Dismiss trusted_bob as moderator").click()
    for visitor in (ann, bob):
        expect(visitor.page.get_by_text("Moderator", exact=True)).to_have_count(0)
