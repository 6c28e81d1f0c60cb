"""Pictures of the main pages, for people to look at, in build/screenshots.

With UPDATE_IMAGES=1 the one of the README is written as well; otherwise a run leaves the tree as it is.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import SignedIn, Visit
from tests.e2e.gallery import (
    PHONE,
    Demo,
    Place,
    achievements,
    discover,
    docs,
    failed_message,
    gift,
    home,
    leaderboard,
    login,
    members,
    room,
    rules,
    settings,
    sign_in,
    wallet,
)
from tests.e2e.visitor import settled
from tests.harness.server import ROOT

FOLDER = ROOT / "build" / "screenshots"
README_IMAGE = ROOT / "docs" / "images" / "chat.png"
LARGEST_IMAGE = 200_000
PLACES: tuple[Place, ...] = (
    *(home, room, members, discover, wallet, gift, achievements, leaderboard, rules, settings, docs),
    failed_message,
)
LOOKS: dict[str, dict[str, Any]] = {
    "desktop": {"viewport": {"width": 1280, "height": 800}},
    "dark": {"viewport": {"width": 1280, "height": 800}, "color_scheme": "dark"},
    "phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True},
    "thai": {"viewport": {"width": 1280, "height": 800}, "locale": "th-TH"},
    "thai-phone": {"viewport": PHONE, "has_touch": True, "is_mobile": True, "locale": "th-TH", "color_scheme": "dark"},
}

ROOMS = {
    "Workshop": "Benches, tools, half-finished things",
    "Kitchen table": "Everything that is not work",
    "Radio hut": "Sensors, antennas, and why it does not reach the shed",
    "สวนหลังบ้าน": "ต้นไม้ ดิน และฝน",
}
CONVERSATION = (
    ("somchai", "Morning! The lathe is back from repair, and it purrs. 🎉"),
    ("somchai", "I have three table legs waiting for it."),
    ("ines", "Can somebody look over my drawing for the drawer runners before I cut? https://example.org/runner-4.pdf"),
    ("maren", "Send it over, I have ten minutes before the glue sets."),
    ("maren", "0.5 mm tighter on the left is brave in this weather. Oak moves."),
    ("nok", "ใช้ขี้ผึ้งดีกว่าค่ะ แล้วเผื่อขอบหลังไว้หน่อย"),
    ("somchai", "Agreed with Nok: wax, and leave the back edge loose."),
    ("ines", "Cutting now, wish me luck 🤞"),
    ("ines", "It slides like butter. Thank you all!"),
    ("maren", "That drawer earns you a coffee. ☕"),
)


@pytest.mark.timeout(90)
@pytest.mark.parametrize("look", LOOKS)
def test_pictures(visit: Visit, demo: Demo, look: str) -> None:
    visitor = visit(demo.base_url, **LOOKS[look])
    FOLDER.mkdir(parents=True, exist_ok=True)
    login(visitor)
    settled(visitor.page)
    visitor.page.screenshot(path=FOLDER / f"login-{look}.png")
    sign_in(visitor, demo)
    for place in PLACES:
        place(visitor)
        expect(visitor.by("balance").first).to_be_visible()
        settled(visitor.page)
        picture = FOLDER / f"{place.__name__.removesuffix('_message')}-{look}.png"
        visitor.page.screenshot(path=picture)
        assert picture.stat().st_size > 5_000


def test_the_picture_of_the_readme(signed_in: SignedIn) -> None:
    names = ("maren", "somchai", "ines", "nok")
    people = {name: signed_in(name, viewport={"width": 1200, "height": 760}) for name in names}
    maren = people["maren"]
    rooms = {
        name: maren.post("/api/rooms", {"name": name, "topic": topic}, expect_status=201)["id"]
        for name, topic in ROOMS.items()
    }
    for name, visitor in people.items():
        for room_id in rooms.values() if name != "maren" else ():
            visitor.post(f"/api/rooms/{room_id}/join")
        visitor.go(f"/r/{rooms['Workshop']}")
        visitor.arrived()
    for who, text in CONVERSATION:
        people[who].say(text)
        expect(maren.message(text.splitlines()[0])).to_have_attribute("data-state", "sent")
    for who, room_name in (("ines", "Kitchen table"), ("somchai", "สวนหลังบ้าน")):
        people[who].open_room(rooms[room_name])
        people[who].say("one", "two")
        expect(maren.unread(rooms[room_name])).to_have_text("2")
    settled(maren.page)
    picture = maren.page.screenshot()
    assert len(picture) < LARGEST_IMAGE
    if os.environ.get("UPDATE_IMAGES") == "1":
        README_IMAGE.parent.mkdir(parents=True, exist_ok=True)
        README_IMAGE.write_bytes(picture)
