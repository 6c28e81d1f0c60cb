"""A person at a browser: what they do on the page, and a watch over everything that must never happen there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from time import monotonic
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Request,
    Response,
    WebSocket,
    expect,
)

PASSWORD = "correct horse battery"
PIN = "8294"
SAYS_NOTHING = "\u2800"
"""A text that the page takes for one and the server refuses: nothing but a blank that counts as a letter."""
WATCH_POLICY = """
addEventListener('securitypolicyviolation', (event) => {
  console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`)
})
"""
READ_ROWS = """rows => rows.map(row => ({
  client_id: row.dataset.clientId,
  seq: row.dataset.seq ? Number(row.dataset.seq) : null,
  state: row.dataset.state,
  body: row.querySelector('[data-testid=message-body]').textContent,
}))"""
NETWORK_TROUBLE = re.compile(r"net::ERR_|WebSocket connection to|status of 4\d\d|blocked by Playwright")
"""What the browser itself writes when a request fails. Journeys make that happen on purpose."""


@dataclass(frozen=True, slots=True)
class Row:
    """One message as the page shows it."""

    client_id: str
    seq: int | None
    state: str
    body: str


class Visitor:
    """One browser context with one page, watched from its first request on."""

    def __init__(self, context: BrowserContext, base_url: str) -> None:
        self.context = context
        self.base_url = base_url
        self.troubles: list[str] = []
        """Script errors, broken policies, dialogs and requests to other origins, in the order seen."""
        context.add_init_script(WATCH_POLICY)
        context.on("request", self._requested)
        context.on("console", self._logged)
        context.on("weberror", lambda error: self.troubles.append(f"uncaught: {error.error}"))
        context.on("dialog", self._asked)
        context.on("requestfailed", lambda request: self._note(f"{request.url}: {request.failure}"))
        context.on("response", self._answered)
        self.page = context.new_page()
        self.page.on("websocket", self._socket_opened)

    def go(self, path: str) -> None:
        """Load a page of the product anew."""
        self.page.goto(self.base_url + path)

    def by(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def register(self, username: str, *, invite: str | None = None) -> None:
        """Make an account on the page."""
        self.go("/register")
        if invite is not None:
            self.by("auth-invite").fill(invite)
        self._credentials(username)
        self.by("auth-submit").click()
        self.arrived()

    def login(self, username: str) -> None:
        """Sign in on the page."""
        self.go("/login")
        self._credentials(username)
        self.by("auth-submit").click()
        self.arrived()

    def logout(self) -> None:
        self.go("/settings")
        self.by("logout").click()
        expect(self.by("auth-submit")).to_be_visible()

    def arrived(self) -> None:
        """Wait until the hall is shown, connected."""
        expect(self.page.get_by_text("Connected", exact=True)).to_be_visible(timeout=15_000)

    def create_room(self, name: str) -> str:
        """Make a room on the page, which then shows it; return its id."""
        self.by("new-room").click()
        self.by("room-name").fill(name)
        self.by("room-create").click()
        self.shows(name)
        return self.page.url.rpartition("/")[2]

    def join_room(self, name: str) -> None:
        """Find a room on the page and join it; the page then shows it."""
        self.by("discover-open").click()
        self.page.get_by_role("searchbox").fill(name)
        self.page.get_by_role("button", name=f"Join: {name}", exact=True).click()
        self.shows(name)

    def open_room(self, room_id: str) -> None:
        """Show a room of the list."""
        item = self.page.locator(f"[data-testid=room-item][data-room-id='{room_id}']")
        item.click()
        expect(item).to_have_attribute("aria-current", "page")
        expect(self.by("composer")).to_be_visible()

    def shows(self, room: str) -> None:
        """Wait until the room of this name is the one shown."""
        expect(self.page.get_by_role("heading", level=1, name=room)).to_be_visible()
        expect(self.by("composer")).to_be_visible()

    def message(self, body: str) -> Locator:
        """The message with this text and no other."""
        return self.by("message").filter(has=self.page.get_by_text(body, exact=True))

    def say(self, *bodies: str) -> None:
        """Write messages, one after another, as fast as the page takes them."""
        for body in bodies:
            self.by("composer").fill(body)
            self.by("composer").press("Enter")

    def rows(self) -> list[Row]:
        """The messages in sight, top to bottom."""
        shown: list[dict[str, Any]] = self.by("message").evaluate_all(READ_ROWS)
        return [Row(**row) for row in shown]

    def unread(self, room_id: str) -> Locator:
        """The unread badge of a room."""
        return self.page.locator(f"[data-room-id='{room_id}'] [data-testid=unread] [aria-hidden]")

    def expect_balance(self, amount: int) -> None:
        """The header says, sooner or later, exactly this balance."""
        expect(self.by("balance").first).to_have_attribute("aria-label", f"Wallet: {amount} SCT", timeout=10_000)

    def get(self, path: str) -> Any:
        """Ask the server past the page, with this browser's session."""
        answer = self.context.request.get(self.base_url + path)
        assert answer.ok, f"GET {path} -> {answer.status}: {answer.text()}"
        return answer.json()

    def post(self, path: str, body: dict[str, Any] | None = None, *, expect_status: int = 200) -> Any:
        """Do something past the page, with this browser's session."""
        return self._send("POST", path, body, expect_status)

    def put(self, path: str, body: dict[str, Any]) -> Any:
        """Set something past the page, with this browser's session."""
        return self._send("PUT", path, body, 200)

    def history(self, room_id: str) -> list[dict[str, Any]]:
        """The latest messages of a room as the server has them, oldest first."""
        messages: list[dict[str, Any]] = self.get(f"/api/rooms/{room_id}/messages")["messages"]
        return messages

    def _send(self, method: str, path: str, body: dict[str, Any] | None, expect_status: int) -> Any:
        headers = {"Origin": self.base_url}
        answer = self.context.request.fetch(self.base_url + path, method=method, data=body or {}, headers=headers)
        assert answer.status == expect_status, f"{method} {path} -> {answer.status}: {answer.text()}"
        return answer.json() if answer.body() else None

    def _credentials(self, username: str) -> None:
        self.by("auth-username").fill(username)
        self.by("auth-password").fill(PASSWORD)

    def _requested(self, request: Request) -> None:
        if not request.url.startswith((self.base_url, "data:", "blob:")):
            self.troubles.append(f"foreign request: {request.url}")

    def _logged(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not NETWORK_TROUBLE.search(message.text):
            self.troubles.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self._note(f"{response.url}: {response.status}")

    def _socket_opened(self, socket: WebSocket) -> None:
        self._note("socket opened")
        socket.on("close", lambda _: self._note("socket closed"))
        socket.on("framereceived", self._frame_received)

    def _frame_received(self, frame: str | bytes) -> None:
        if '"ok":false' in str(frame):
            self._note(f"refused: {frame!s}")

    def _note(self, line: str) -> None:
        """Say what a failing test is explained by; pytest shows it with the failure and only then."""
        print(f"{monotonic():.3f} {id(self) % 9973}: {line}"[:300])

    def _asked(self, dialog: Dialog) -> None:
        self.troubles.append(f"dialog: {dialog.message}")
        dialog.dismiss()


def settled(page: Page) -> None:
    """Wait until fonts are there and nothing moves any more, for pictures and audits."""
    page.evaluate(
        "document.fonts.ready.then(() => Promise.all(document.getAnimations().map(a => a.finished.catch(() => 0))))"
    )
