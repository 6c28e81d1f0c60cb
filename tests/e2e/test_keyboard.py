"""Everything can be done without a mouse, and one always sees where one is."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.e2e.conftest import SignedIn, Visit
from tests.e2e.visitor import PASSWORD, Visitor

FOCUS = """() => {
  const focused = document.activeElement
  const outlined = [focused, focused.parentElement].some(element => {
    const style = getComputedStyle(element)
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 1
  })
  // After the last stop comes the browser's own frame, which to the page is its body.
  return { where: focused.outerHTML.slice(0, 160), seen: focused === document.body || outlined }
}"""


def tab_to(visitor: Visitor, test_id: str, *, most: int = 30) -> None:
    """Press Tab until the element has the focus; at every stop the focus must be seen."""
    wanted = visitor.by(test_id).first
    for _ in range(most):
        visitor.page.keyboard.press("Tab")
        focus = visitor.page.evaluate(FOCUS)
        assert focus["seen"], f"The focus is not seen on {focus['where']}"
        if wanted.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{test_id} is not reached with {most} Tabs")


def test_a_conversation_by_keyboard_alone(visit: Visit, signed_in: SignedIn) -> None:
    owner = signed_in("keys_owner")
    rooms = [owner.post("/api/rooms", {"name": name}, expect_status=201)["id"] for name in ("Alder", "Birch", "Cedar")]
    kim = signed_in("kim")
    for room in rooms:
        kim.post(f"/api/rooms/{room}/join")
    kim.context.clear_cookies()
    page = kim.page

    kim.go("/login")
    expect(kim.by("auth-submit")).to_be_visible()
    tab_to(kim, "auth-username")
    page.keyboard.type("kim")
    tab_to(kim, "auth-password")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    kim.arrived()

    page.keyboard.press("Control+k")
    expect(kim.by("switcher")).to_be_focused()
    page.keyboard.type("birch")
    page.keyboard.press("Enter")
    kim.shows("Birch")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Alt+ArrowDown")
    kim.shows("Cedar")
    expect(kim.by("composer")).to_be_focused()
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    expect(kim.by("message")).to_have_attribute("data-state", "sent")
    assert [row.body for row in kim.rows()] == ["first line\nsecond line"]
    page.keyboard.press("Alt+ArrowUp")
    kim.shows("Birch")

    tab_to(kim, "balance", most=60)
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{kim.base_url}/wallet")
    tab_to(kim, "why", most=60)
    page.keyboard.press("Enter")
    expect(page.get_by_text("Base reward")).to_be_visible()


def test_dialogs_close_with_escape_and_give_the_focus_back(signed_in: SignedIn) -> None:
    dee = signed_in("dee")
    dee.go("/")
    dee.arrived()
    tab_to(dee, "new-room")
    dee.page.keyboard.press("Enter")
    expect(dee.by("room-name")).to_be_focused()
    dee.page.keyboard.press("Escape")
    expect(dee.page.get_by_role("dialog")).to_have_count(0)
    expect(dee.by("new-room")).to_be_focused()
    dee.page.keyboard.press("Control+/")
    expect(dee.page.get_by_role("dialog")).to_be_visible()
    dee.page.keyboard.press("Escape")
    expect(dee.page.get_by_role("dialog")).to_have_count(0)


def test_the_first_stop_leads_to_the_conversation(signed_in: SignedIn) -> None:
    sam = signed_in("sam")
    sam.go("/")
    sam.arrived()
    sam.page.keyboard.press("Tab")
    skip = sam.page.get_by_role("link", name="Skip to the conversation")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    sam.page.keyboard.press("Enter")
    expect(sam.page.get_by_role("main")).to_be_focused()
