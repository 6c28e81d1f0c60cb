"""axe finds nothing on any page or dialog: light and dark, desktop and phone."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.e2e.conftest import DESKTOP, Visit
from tests.e2e.gallery import INSIDE, OUTSIDE, PHONE, Demo, sign_in
from tests.e2e.visitor import Visitor, settled

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
TAGS = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]
OPTIONS = {"resultTypes": ["violations"], "runOnly": {"type": "tag", "values": TAGS}}


def violations(axe: Axe, visitor: Visitor) -> list[str]:
    """What axe objects to on the shown page, each with the rule and the first elements that break it.

    It looks twice where it must: the demonstration is alive, and a balance that changes half-way fades for a moment.
    """
    found: list[dict[str, Any]] = []
    for _ in range(2):
        settled(visitor.page)
        found = axe.run(visitor.page, options=OPTIONS).response["violations"]
        if not found:
            break
    return [f"{rule['id']}: {[node['html'][:160] for node in rule['nodes'][:3]]}" for rule in found]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing(visit: Visit, demo: Demo, viewport: dict[str, int]) -> None:
    axe, found = Axe(), {}
    visitor = visit(demo.base_url, viewport=viewport, has_touch=viewport is PHONE)

    def look(name: str) -> None:
        """In both themes: what is shown follows the system's at once."""
        for scheme in SCHEMES:
            visitor.page.emulate_media(color_scheme=scheme)
            found[f"{name} ({scheme})"] = violations(axe, visitor)

    for place in OUTSIDE:
        place(visitor)
        look(f"{place.__name__} outside")
    sign_in(visitor, demo)
    for place in INSIDE:
        place(visitor)
        look(place.__name__)
    assert {name: told for name, told in found.items() if told} == {}


def test_axe_does_see_what_is_wrong(visit: Visit) -> None:
    visitor = visit()
    visitor.page.set_content("<html><body><img src='data:,'><button></button></body></html>")
    assert {told.partition(":")[0] for told in violations(Axe(), visitor)} >= {"image-alt", "button-name"}
