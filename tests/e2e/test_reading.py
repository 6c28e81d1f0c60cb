"""What is unread, on every device alike; where reading begins; and that history never moves what is being read."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import SignedIn, Visit
from tests.e2e.visitor import Visitor

OTHER_ROW = "[data-testid=message][data-seq='{seq}']"


def second_device(visit: Visit, username: str) -> Visitor:
    visitor = visit()
    visitor.login(username)
    return visitor


def top_of(page: Page, seq: int) -> float:
    """How far below the window's top edge a message stands, in pixels."""
    box = page.locator(OTHER_ROW.format(seq=seq)).bounding_box()
    assert box is not None, f"Message {seq} is not in sight"
    return box["y"]


def first_seen(visitor: Visitor) -> int:
    """The seq of the first message whose top is inside the list."""
    seq: int = visitor.page.evaluate(
        """() => {
          const top = document.querySelector('[role=log]').getBoundingClientRect().top
          const rows = [...document.querySelectorAll('[data-testid=message]')]
          return Number(rows.find(row => row.getBoundingClientRect().top >= top).dataset.seq)
        }"""
    )
    return seq


def fill(writer: Visitor, room_id: str, count: int, *, start: int = 1) -> None:
    """Have `count` numbered messages written and stored."""
    writer.say(*(f"line {number}" for number in range(start, start + count)))
    expect(writer.message(f"line {start + count - 1}")).to_have_attribute("data-state", "sent", timeout=20_000)


@pytest.mark.timeout(90)
def test_unread_counts_agree_on_all_devices(visit: Visit, signed_in: SignedIn) -> None:
    noor, ole = signed_in("noor"), signed_in("ole")
    noor.go("/")
    quiet, busy = noor.create_room("Quiet corner"), noor.create_room("Busy corner")
    ole.post(f"/api/rooms/{quiet}/join")
    ole.post(f"/api/rooms/{busy}/join")
    ole.go(f"/r/{quiet}")
    ole.arrived()
    tablet = second_device(visit, "ole")
    tablet.open_room(quiet)
    expect(ole.unread(busy)).to_have_count(0)

    fill(noor, busy, 3)
    for device in (ole, tablet):
        expect(device.unread(busy)).to_have_text("3")
    tablet.page.bring_to_front()
    tablet.open_room(busy)
    expect(tablet.by("unread-divider")).to_be_visible()
    divider = tablet.page.locator("[data-testid=unread-divider], [data-testid=message]").evaluate_all(
        "rows => rows.findIndex(row => row.dataset.testid === 'unread-divider')"
    )
    assert divider == 0, "All three are new, so the divider stands before the first"
    expect(ole.unread(busy)).to_have_count(0)
    tablet.open_room(quiet)
    expect(tablet.unread(busy)).to_have_count(0)

    noor.say("line 4")
    for device in (ole, tablet):
        expect(device.unread(busy)).to_have_text("1")
        assert {room["id"]: room["unread"] for room in device.get("/api/rooms")["rooms"]} == {quiet: 0, busy: 1}
    ole.page.reload()
    expect(ole.unread(busy)).to_have_text("1")


@pytest.mark.timeout(90)
def test_history_loads_without_moving_what_is_read(signed_in: SignedIn) -> None:
    pim = signed_in("pim", viewport={"width": 1000, "height": 600})
    pim.go("/")
    room_id = pim.create_room("Long story")
    for number in range(1, 121):
        if number % 40 == 1:
            pim.page.reload()
            pim.arrived()
        pim.say(f"line {number}" + "\nand more" * (number % 4))
    expect(pim.message("line 120")).to_be_visible(timeout=30_000)
    expect(pim.page.locator("[data-testid=message]:not([data-state=sent])")).to_have_count(0, timeout=30_000)

    pim.page.reload()
    expect(pim.message("line 120")).to_be_visible()
    log = pim.page.get_by_role("log")
    log.hover()
    oldest = pim.history(room_id)[0]["seq"]
    for _ in range(40):
        with_top = first_seen(pim)
        before = top_of(pim.page, with_top)
        pim.page.mouse.wheel(0, -240)
        pim.page.wait_for_timeout(120)
        # Only the wheel may have moved the row, whatever was put before it meanwhile.
        if pim.page.locator(OTHER_ROW.format(seq=with_top)).count():
            moved = top_of(pim.page, with_top) - before
            assert -2 <= moved <= 242, f"Message {with_top} jumped by {moved}"
        if first_seen(pim) < oldest - 20:
            break
    assert first_seen(pim) < oldest, "No older messages came"

    latest = pim.page.get_by_role("button", name="Jump to latest")
    latest.click()
    expect(pim.message("line 120")).to_be_in_viewport()
    expect(latest).to_be_hidden()


@pytest.mark.timeout(60)
def test_what_arrives_does_not_move_who_reads_above(signed_in: SignedIn) -> None:
    ada, ben = signed_in("ada"), signed_in("ben", viewport={"width": 1000, "height": 500})
    ada.go("/")
    room_id = ada.create_room("Scroll hall")
    fill(ada, room_id, 40)
    ben.post(f"/api/rooms/{room_id}/join")
    ben.go(f"/r/{room_id}")
    expect(ben.message("line 40")).to_be_visible()
    ben.page.get_by_role("log").hover()
    ben.page.wait_for_timeout(500)  # rows are still being measured, which keeps the end in sight
    ben.page.mouse.wheel(0, -500)
    ben.page.wait_for_timeout(400)
    seq = first_seen(ben)
    before = top_of(ben.page, seq)
    fill(ada, room_id, 3, start=41)
    latest = ben.page.get_by_role("button", name="3 new messages")
    expect(latest).to_be_visible()
    assert abs(top_of(ben.page, seq) - before) <= 1
    latest.click()
    expect(ben.message("line 43")).to_be_in_viewport()
