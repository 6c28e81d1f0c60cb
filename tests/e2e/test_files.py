"""Files: two people share and open them, by button, drop and paste, on a desk and on a phone; and what is refused."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path
from time import sleep

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import FilePayload, Page, Route, expect

from tests.e2e.conftest import SignedIn
from tests.e2e.gallery import PHONE
from tests.e2e.test_accessibility import violations
from tests.e2e.test_keyboard import tab_to
from tests.e2e.test_reactions import together
from tests.e2e.visitor import Visitor, settled
from tests.harness.server import ROOT

PICTURES = ROOT / "build" / "screenshots"
DROP = """([name, type, content]) => {
  const carried = new DataTransfer()
  carried.items.add(new File([Uint8Array.from(atob(content), char => char.charCodeAt(0))], name, { type }))
  const target = document.querySelector('[data-testid=composer]').closest('section')
  const whole = { bubbles: true, cancelable: true, dataTransfer: carried }
  const tell = (kind) => target.dispatchEvent(new DragEvent(kind, whole))
  tell('dragenter')
  window.dropThem = () => tell('drop')
}"""
PASTE = """([name, content]) => {
  const carried = new DataTransfer()
  carried.items.add(new File([Uint8Array.from(atob(content), char => char.charCodeAt(0))], name, { type: 'image/png' }))
  const area = document.querySelector('[data-testid=composer]')
  area.dispatchEvent(new ClipboardEvent('paste', { bubbles: true, cancelable: true, clipboardData: carried }))
}"""


RUN = """address => new Promise((tell) => {
  const script = document.createElement('script')
  script.src = address
  script.onload = () => tell('loaded')
  script.onerror = () => tell('refused')
  document.head.append(script)
})"""
HOSTILE = {
    "page.html": b"<!doctype html><script>parent.document.title = opener = 'taken'; alert(1)</script>",
    "drawing.svg": b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(document.cookie)</script></svg>',
    "code.js": b"document.title = 'taken'; alert(1)",
}


def png(width: int, height: int) -> bytes:
    """A picture of a sunset."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(
        b"\0" + bytes((250 - 120 * y // height, 180 - 130 * y // height, 90 + 60 * y // height)) * width
        for y in range(height)
    )
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def handed(name: str, content: bytes, kind: str = "application/octet-stream") -> FilePayload:
    return {"name": name, "mimeType": kind, "buffer": content}


def attach(visitor: Visitor, *files: FilePayload) -> None:
    visitor.by("file-input").set_input_files(list(files))


def ready(visitor: Visitor, count: int) -> None:
    """Wait until so many files are uploaded."""
    expect(visitor.page.locator("[data-testid=upload][data-state=done]")).to_have_count(count)


def picture_of(visitor: Visitor, name: str) -> None:
    """Keep a picture of the page, to be looked at."""
    settled(visitor.page)
    PICTURES.mkdir(parents=True, exist_ok=True)
    visitor.page.screenshot(path=PICTURES / f"files-{name}.png")


def late(route: Route) -> None:
    """Let an answer wait a while."""
    sleep(0.4)
    route.continue_()


def still(page: Page) -> float:
    """Where the last message begins, in pixels."""
    top: float = page.locator("[data-testid=message]").last.evaluate("row => row.getBoundingClientRect().top")
    return top


def test_a_picture_and_a_text_are_shared_seen_and_opened(signed_in: SignedIn, tmp_path: Path) -> None:
    ann, bob = together(signed_in, "sharing_ann", "sharing_bob", "Darkroom")
    attach(ann, handed("พระอาทิตย์ตก.png", png(1600, 1000)), handed("notes.txt", b"half past six"))
    ready(ann, 2)
    assert violations(Axe(), ann) == []
    picture_of(ann, "attached")
    ann.say("two things")
    expect(ann.by("upload")).to_have_count(0)

    shown = bob.message("two things")
    image = shown.get_by_test_id("picture").locator("img")
    expect(image).to_be_visible()
    expect(image).to_have_js_property("complete", value=True)
    assert image.evaluate("image => [image.naturalWidth, image.width, image.height]") == [1600, 360, 225]
    assert violations(Axe(), bob) == []
    picture_of(bob, "shown")

    # By keyboard: Tab comes to the newest message, and what it shows can be opened there.
    bob.page.locator("[role=log]").focus()
    tab_to(bob, "picture", most=3)
    bob.page.keyboard.press("ArrowRight")
    expect(shown.get_by_test_id("file")).to_be_focused()
    bob.page.keyboard.press("ArrowLeft")
    with bob.page.expect_response(lambda answer: answer.url.endswith("/opened")) as opened:
        bob.page.keyboard.press("Enter")
    assert opened.value.status == 204
    expect(bob.by("viewed")).to_be_visible()
    assert violations(Axe(), bob) == []
    picture_of(bob, "viewer")
    bob.page.keyboard.press("Escape")
    expect(bob.by("viewed")).to_have_count(0)
    expect(shown.get_by_test_id("picture")).to_be_focused()

    with bob.page.expect_response(lambda answer: answer.url.endswith("/opened")), bob.page.expect_download() as saved:
        shown.get_by_test_id("file").click()
    assert saved.value.suggested_filename == "notes.txt"
    saved.value.save_as(tmp_path / "notes.txt")
    assert (tmp_path / "notes.txt").read_bytes() == b"half past six"

    bob.page.reload()
    expect(bob.message("two things").get_by_test_id("picture")).to_be_visible()
    ann.go("/wallet")
    expect(ann.by("storage")).to_contain_text("of 1 GB")
    expect(ann.page.get_by_role("button", name="Why? Shared a file")).to_have_count(2)
    assert violations(Axe(), ann) == []
    picture_of(ann, "wallet")


def test_what_cannot_be_shared_is_said_with_its_numbers(signed_in: SignedIn) -> None:
    ann, _ = together(signed_in, "refused_ann", "refused_bob", "Scales")
    attach(ann, handed("film.bin", bytes(11 * 2**20)), handed("nothing.txt", b""), handed("good.txt", b"fine"))
    expect(ann.by("upload").filter(has_text="film.bin")).to_contain_text("yours may have up to 10 MB")
    expect(ann.by("upload").filter(has_text="nothing.txt")).to_contain_text("This file is empty")
    ready(ann, 1)
    expect(ann.by("send")).to_be_disabled()
    assert violations(Axe(), ann) == []
    picture_of(ann, "refused")
    for name in ("film.bin", "nothing.txt"):
        ann.by("upload").filter(has_text=name).get_by_test_id("upload-remove").click()
    ann.by("send").click()
    expect(ann.by("file")).to_contain_text("good.txt")
    assert [file["name"] for file in ann.history(ann.page.url.rpartition("/")[2])[-1]["files"]] == ["good.txt"]
    attach(ann, *(handed(f"{number}.txt", b"x") for number in range(6)))
    expect(ann.by("upload")).to_have_count(4)
    expect(ann.page.get_by_text("A message takes up to 4 files.")).to_be_visible()


def test_dropped_and_pasted_pictures_move_nothing(signed_in: SignedIn) -> None:
    ann, bob = together(signed_in, "dropping_ann", "dropping_bob", "Window")
    picture = base64.b64encode(png(900, 700)).decode()
    ann.page.evaluate(DROP, ["dropped.png", "image/png", picture])
    expect(ann.page.get_by_text("Drop files to share them in Window")).to_be_visible()
    picture_of(ann, "dropping")
    ann.page.evaluate("window.dropThem()")
    expect(ann.page.get_by_text("Drop files to share them in Window")).to_have_count(0)
    ann.page.evaluate(PASTE, ["pasted.png", picture])
    ready(ann, 2)
    # The bytes come late: what follows the pictures has its place already.
    bob.page.route("**/api/files/*", late)
    ann.by("send").click()
    ann.say("after them")
    expect(bob.message("after them")).to_be_visible()
    before = still(bob.page)
    expect(bob.by("picture").first.locator("img")).to_have_js_property("naturalWidth", value=900)
    assert still(bob.page) == before


def test_what_holds_a_script_is_never_run(signed_in: SignedIn) -> None:
    ann, bob = together(signed_in, "hostile_ann", "hostile_bob", "Doorstep")
    attach(ann, *(handed(name, content, "text/html") for name, content in HOSTILE.items()))
    ready(ann, len(HOSTILE))
    ann.by("send").click()
    expect(bob.by("file")).to_have_count(len(HOSTILE))
    addresses = [f"{bob.base_url}{link.get_attribute('href')}" for link in bob.by("file").all()]
    for address, name in zip(addresses, HOSTILE, strict=True):
        with bob.page.expect_download() as saved:
            bob.page.evaluate("address => { location.href = address }", address)
        assert saved.value.suggested_filename == name
        assert bob.page.evaluate(RUN, address) == "refused"
        bob.shows("Doorstep")
        assert bob.page.title() != "taken"
    # The browser says why it refused; a dialog would stand here too.
    assert all("MIME type" in trouble for trouble in bob.troubles)
    bob.troubles.clear()


def test_without_a_connection_files_wait(signed_in: SignedIn) -> None:
    ann, bob = together(signed_in, "waiting_ann", "waiting_bob", "Platform")
    ann.context.set_offline(True)
    expect(ann.page.get_by_text("You are offline.")).to_be_visible(timeout=15_000)
    attach(ann, handed("later.txt", b"later"))
    expect(ann.by("upload")).to_contain_text("Waits for a connection")
    expect(ann.by("send")).to_be_disabled()
    picture_of(ann, "offline")
    ann.context.set_offline(False)
    ready(ann, 1)
    ann.by("send").click()
    expect(bob.by("file")).to_contain_text("later.txt")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_in_thai(signed_in: SignedIn, scheme: str) -> None:
    ann, _ = together(signed_in, f"phoning_ann_{scheme}", f"phoning_bob_{scheme}", f"Pocket {scheme}")
    room_id = ann.page.url.rpartition("/")[2]
    phone = signed_in(
        f"phoning_cat_{scheme}", viewport=PHONE, is_mobile=True, has_touch=True, color_scheme=scheme, locale="th-TH"
    )
    phone.post(f"/api/rooms/{room_id}/join")
    phone.go(f"/r/{room_id}")
    attach(phone, handed("ภาพถ่ายจากโทรศัพท์ของฉันที่มีชื่อยาวมาก.png", png(1000, 2000)), handed("เอกสาร.pdf", b"%PDF-1.7"))
    ready(phone, 2)
    assert violations(Axe(), phone) == []
    picture_of(phone, f"phone-attached-{scheme}")
    phone.by("send").tap()
    expect(ann.by("picture")).to_be_visible()
    expect(phone.by("picture").locator("img")).to_have_js_property("naturalWidth", value=1000)
    assert violations(Axe(), phone) == []
    picture_of(phone, f"phone-shown-{scheme}")
    phone.by("picture").tap()
    expect(phone.by("viewed")).to_be_in_viewport()
    assert violations(Axe(), phone) == []
    picture_of(phone, f"phone-viewer-{scheme}")
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
