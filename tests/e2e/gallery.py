"""Every page and dialog of the product, on a lively instance: for whatever has to look at all of them."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import expect

from tests.e2e.visitor import PIN, SAYS_NOTHING, Visitor
from tests.harness.server import ROOT
from tests.harness.services import free_port, listening, running

ROOM = "Kitchen table"
PHONE = {"width": 390, "height": 844}
SMALLEST = {"width": 320, "height": 640}


@dataclass(frozen=True, slots=True)
class Demo:
    """The running demonstration. `curator` is its administrator."""

    base_url: str
    curator: str
    password: str


@contextmanager
def demonstration(folder: Path) -> Iterator[Demo]:
    """The product's own demonstration, until the block ends."""
    port, log = free_port(), folder / "demo.log"
    own = {"HOST": "127.0.0.1", "PORT": str(port), "DATA_DIR": str(folder / "data")}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GUILDHALL_")}
    environment = inherited | {f"GUILDHALL_{name}": value for name, value in own.items()} | {"PYTHONPATH": str(ROOT)}
    with running([sys.executable, "-m", "app", "demo"], lambda: listening(port), log, cwd=folder, env=environment):
        told = re.search(r"Sign in as (\w+), .* with the password (\S+)", log.read_text())
        assert told is not None, "The demonstration does not say who may sign in"
        yield Demo(f"http://127.0.0.1:{port}", told[1], told[2])


def sign_in(visitor: Visitor, demo: Demo) -> None:
    """Sign the curator in, past the page, with a PIN to give gifts with."""
    visitor.post("/api/auth/login", {"username": demo.curator, "password": demo.password})
    visitor.put("/api/pin", {"password": demo.password, "pin": PIN})


def login(visitor: Visitor) -> None:
    visitor.go("/login")
    expect(visitor.by("auth-submit")).to_be_visible()


def refused_login(visitor: Visitor) -> None:
    login(visitor)
    visitor.by("auth-username").fill("nobody")
    visitor.by("auth-password").fill("not their password")
    visitor.by("auth-submit").click()
    expect(visitor.page.get_by_role("alert")).to_be_visible()


def register(visitor: Visitor) -> None:
    visitor.go("/register")
    expect(visitor.by("auth-submit")).to_be_visible()


def setup(visitor: Visitor) -> None:
    visitor.go("/setup#token")
    expect(visitor.by("setup-submit")).to_be_visible()


def home(visitor: Visitor) -> None:
    visitor.go("/")
    expect(visitor.by("room-item").first).to_be_visible()
    expect(visitor.by("balance").first).to_be_visible()


def room(visitor: Visitor) -> None:
    home(visitor)
    visitor.by("room-item").filter(has_text=ROOM).click()
    expect(visitor.by("message").first).to_be_visible()


def failed_message(visitor: Visitor) -> None:
    """A message the server would not have, with its three ways out."""
    room(visitor)
    visitor.say(SAYS_NOTHING)
    expect(visitor.by("retry")).to_be_visible()


def offline(visitor: Visitor) -> None:
    room(visitor)
    visitor.context.set_offline(True)
    visitor.say("Said into the silence")
    expect(visitor.by("offline-banner")).to_be_visible()


def members(visitor: Visitor) -> None:
    room(visitor)
    show = visitor.page.get_by_role("button", name=re.compile("Show members|แสดงรายชื่อสมาชิก"))
    if show.is_visible():
        show.click()
    expect(visitor.page.get_by_role("complementary")).to_be_visible()


def profile(visitor: Visitor) -> None:
    """Somebody else, by their name in the list of members."""
    members(visitor)
    visitor.by("member").first.click()
    expect(visitor.by("profile-gift")).to_be_visible()


def leave_dialog(visitor: Visitor) -> None:
    members(visitor)
    visitor.page.get_by_role("complementary").get_by_role("button", name=re.compile("Leave|ออก")).click()
    expect(visitor.page.get_by_role("dialog")).to_be_visible()


def create_dialog(visitor: Visitor) -> None:
    home(visitor)
    visitor.by("new-room").click()
    expect(visitor.by("room-name")).to_be_visible()


def switcher(visitor: Visitor) -> None:
    home(visitor)
    visitor.page.keyboard.press("Control+k")
    expect(visitor.by("switcher")).to_be_visible()


def shortcuts(visitor: Visitor) -> None:
    home(visitor)
    visitor.page.keyboard.press("Control+/")
    expect(visitor.page.get_by_role("dialog")).to_be_visible()


def discover(visitor: Visitor) -> None:
    visitor.go("/discover")
    expect(visitor.page.get_by_role("main").locator("li").first).to_be_visible()


def wallet(visitor: Visitor) -> None:
    visitor.go("/wallet")
    visitor.by("why").first.click()
    expect(visitor.by("statement-entry").locator("dl").first).to_be_visible()


def tier(visitor: Visitor) -> None:
    """What the tier allows, and the figures as tables."""
    visitor.go("/wallet")
    visitor.by("tier").locator("summary").click()
    visitor.by("statistics").locator("summary").first.click()
    expect(visitor.by("statistics").locator("table").first).to_be_visible()


def claimed(visitor: Visitor) -> None:
    """The day's reward, claimed."""
    visitor.go("/wallet")
    expect(visitor.by("streak")).to_be_visible()
    if visitor.by("claim").is_visible():
        visitor.by("claim").click()
    expect(visitor.by("claim")).to_have_count(0)


def gift_person(visitor: Visitor) -> None:
    visitor.go("/wallet")
    visitor.by("gift-open").click()
    expect(visitor.page.get_by_role("option").first).to_be_visible()


def gift(visitor: Visitor) -> None:
    """A gift that only lacks its PIN."""
    gift_person(visitor)
    visitor.page.get_by_role("option").first.click()
    visitor.by("gift-amount").fill("2.5")
    visitor.by("gift-note").fill("ขอบคุณ 🍲")
    expect(visitor.by("gift-sums")).to_be_visible()
    expect(visitor.by("gift-reason")).not_to_be_empty()


def gift_beyond(visitor: Visitor) -> None:
    """A gift of more than one has."""
    gift(visitor)
    visitor.by("gift-amount").fill("123456")
    expect(visitor.by("gift-send")).to_be_disabled()


def achievements(visitor: Visitor) -> None:
    visitor.go("/achievements")
    expect(visitor.by("goal").first).to_be_visible()


def leaderboard(visitor: Visitor) -> None:
    visitor.go("/leaderboard")
    expect(visitor.by("rank").first).to_be_visible()


def rules(visitor: Visitor) -> None:
    visitor.go("/rules")
    expect(visitor.by("reward-rule").first).to_be_visible()


def pin_form(visitor: Visitor) -> None:
    visitor.go("/settings")
    visitor.by("pin-change").click()
    expect(visitor.by("pin-new")).to_be_focused()


def settings(visitor: Visitor) -> None:
    visitor.go("/settings")
    visitor.by("invite-create").click()
    expect(visitor.by("invite-code")).to_be_visible()


def docs(visitor: Visitor) -> None:
    visitor.go("/docs")
    visitor.page.locator("summary").first.click()
    expect(visitor.page.locator("details[open]")).to_be_visible()


def strange_room(visitor: Visitor) -> None:
    visitor.go("/r/1")
    expect(visitor.by("room-join")).to_be_visible()


def missing(visitor: Visitor) -> None:
    visitor.go("/there/is/no/such/page")
    expect(visitor.page.get_by_role("heading", level=1)).to_be_visible()


Place = Callable[[Visitor], None]
OUTSIDE: tuple[Place, ...] = (login, refused_login, register, setup, docs, missing)
"""What people see who are not signed in."""
INSIDE: tuple[Place, ...] = (
    home,
    room,
    members,
    profile,
    leave_dialog,
    create_dialog,
    switcher,
    shortcuts,
    discover,
    wallet,
    tier,
    claimed,
    gift_person,
    gift,
    gift_beyond,
    achievements,
    leaderboard,
    rules,
    settings,
    pin_form,
    docs,
    strange_room,
    failed_message,
    offline,
)
"""What the curator sees. `offline` stays last: it takes the network away."""
