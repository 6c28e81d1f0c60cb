"""Languages, themes, motion, and small screens: on every page, not only where somebody looked."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import SignedIn, Visit
from tests.e2e.gallery import INSIDE, OUTSIDE, PHONE, SMALLEST, Demo, docs, missing, sign_in
from tests.e2e.visitor import Visitor, settled

READ_WORDS = """() => {
  const people = '[data-testid=message-body], .author, [aria-live], .typing, code, noscript, script, style'
  const said = []
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) if (!walker.currentNode.parentElement.closest(people)) said.push(walker.currentNode.data)
  for (const element of document.querySelectorAll('*'))
    for (const name of ['aria-label', 'placeholder', 'title', 'alt'])
      if (element.hasAttribute(name)) said.push(element.getAttribute(name))
  return said.map(text => text.trim()).filter(Boolean)
}"""
"""Everything the page says, but for what people have written to each other."""
STICKS_OUT = """() => [...document.querySelectorAll('a, button, input, select, textarea, h1, h2, p, li, dd')]
  .filter(element => {
    if (element.closest('.skip, .heard, pre, [role=log]:not(.placed)') || !element.checkVisibility()) return false
    const box = element.getBoundingClientRect()
    return box.width > 0 && (box.left < -1 || box.right > innerWidth + 1)
  })
  .map(element => element.outerHTML.slice(0, 120))"""
LATIN = re.compile(r"[A-Za-z]{3,}")
UNTRANSLATED = re.compile(
    r"Guildhall|SecureChat Token|SCT|English|Ctrl|Tab|Shift|Enter|Alt|Esc|API|PIN|Mozilla.*|.*Chrom.*"
)
"""Names of things, of keys, and of browsers."""


def words(visitor: Visitor) -> set[str]:
    return set(visitor.page.evaluate(READ_WORDS))


def content(visitor: Visitor) -> set[str]:
    """What people named and called themselves."""
    found = {
        text for room in visitor.get("/api/rooms/discover?limit=100")["rooms"] for text in (room["name"], room["topic"])
    }
    for room in visitor.get("/api/rooms")["rooms"]:
        found |= {member["user"]["username"] for member in visitor.get(f"/api/rooms/{room['id']}/members")["members"]}
    return found


def untranslated(said: set[str], people: set[str]) -> list[str]:
    """Texts that still have words in Latin letters when everything people wrote is taken out."""
    names = re.compile(
        "|".join(re.escape(text) for text in sorted(people, key=len, reverse=True) if len(text) > 2) or "$^"
    )
    return sorted(text for text in said if LATIN.search(UNTRANSLATED.sub("", names.sub("", text))))


@pytest.mark.timeout(90)
def test_thai_is_complete_and_dates_are_gregorian(visit: Visit, demo: Demo) -> None:
    visitor = visit(demo.base_url, locale="th-TH")
    left: dict[str, list[str]] = {}
    for place in OUTSIDE:
        if place is not docs:
            place(visitor)
            left[place.__name__] = untranslated(words(visitor), set())
    sign_in(visitor, demo)
    people = content(visitor)
    year = datetime.now(UTC).year
    for place in INSIDE:
        if place in (docs, missing):
            continue
        place(visitor)
        said = words(visitor)
        left[place.__name__] = untranslated(said, people)
        assert not any(str(year + 543) in text for text in said), f"A Buddhist year on {place.__name__}"
        assert not any("undefined" in text or "NaN" in text for text in said), place.__name__
    assert visitor.page.locator("html").get_attribute("lang") == "th"
    assert {name: told for name, told in left.items() if told} == {}


def test_the_language_is_switched_in_place_and_remembered(signed_in: SignedIn) -> None:
    lin = signed_in("lin")
    lin.go("/settings")
    lin.by("locale-select").select_option("th")
    expect(lin.page.get_by_role("heading", level=1)).to_have_text("การตั้งค่า")
    lin.page.reload()
    expect(lin.page.get_by_role("heading", level=1)).to_have_text("การตั้งค่า")
    expect(lin.page.locator("html")).to_have_attribute("lang", "th")
    lin.by("locale-select").select_option("en")
    expect(lin.page.get_by_role("heading", level=1)).to_have_text("Settings")


def paper(visitor: Visitor) -> str:
    """The colour behind everything."""
    colour: str = visitor.page.evaluate("getComputedStyle(document.body).backgroundColor")
    return colour


def test_the_theme_is_light_dark_or_the_systems(signed_in: SignedIn) -> None:
    tea = signed_in("tea", color_scheme="light")
    tea.go("/settings")
    tea.by("theme-select").select_option("light")
    light = paper(tea)
    tea.by("theme-select").select_option("dark")
    dark = paper(tea)
    assert light != dark
    tea.page.reload()
    expect(tea.by("theme-select")).to_have_value("dark")
    assert paper(tea) == dark
    tea.by("theme-select").select_option("system")
    assert paper(tea) == light
    tea.page.emulate_media(color_scheme="dark")
    assert paper(tea) == dark


def test_reduced_motion_is_honoured(signed_in: SignedIn) -> None:
    moving = """document.getAnimations()
      .filter(one => one.effect.getComputedTiming().activeDuration > 20)
      // What appears and disappears at once does not move.
      .filter(one => !one.effect.getKeyframes().every(frame => frame.easing.startsWith('steps')))
      .map(one => `${one.animationName ?? one.transitionProperty} of ${one.effect.target.className}`)"""
    calm, lively = signed_in("calm", reduced_motion="reduce"), signed_in("lively", reduced_motion="no-preference")
    moved = {}
    for visitor in (calm, lively):
        visitor.go("/")
        visitor.create_room(f"Motion of {visitor is calm}")
        visitor.say("earns a token")
        seen: set[str] = set()
        for _ in range(20):
            seen |= set(visitor.page.evaluate(moving))
            visitor.page.wait_for_timeout(50)
        moved[visitor is calm] = seen
    assert moved[True] == set()
    assert moved[False], "Nothing moves in any case, so this shows nothing"


@pytest.mark.timeout(90)
@pytest.mark.parametrize("viewport", [PHONE, SMALLEST], ids=["390", "320"])
def test_nothing_sticks_out_of_a_small_screen(visit: Visit, demo: Demo, viewport: dict[str, int]) -> None:
    visitor = visit(demo.base_url, viewport=viewport, is_mobile=True, has_touch=True)
    found = {}
    for place in OUTSIDE:
        place(visitor)
        found[place.__name__] = visitor.page.evaluate(STICKS_OUT)
    sign_in(visitor, demo)
    for place in INSIDE:
        place(visitor)
        settled(visitor.page)
        found[place.__name__] = visitor.page.evaluate(STICKS_OUT)
        width = visitor.page.evaluate("document.scrollingElement.scrollWidth")
        assert width <= viewport["width"], f"{place.__name__} scrolls sideways: {width}"
    assert {name: told for name, told in found.items() if told} == {}
