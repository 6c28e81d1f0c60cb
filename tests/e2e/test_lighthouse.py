"""Lighthouse on the pages people begin with, signed in and on the demonstration: accessible, and fast enough.

Accessibility is a promise. Performance depends on what else the machine does, so its figures are recorded in
build/lighthouse and only held against bounds well below what an idle machine shows.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.conftest import ARGUMENTS
from tests.e2e.gallery import ROOM, Demo
from tests.harness.server import ROOT
from tests.harness.services import free_port

HERE = Path(__file__).parent
REPORTS = ROOT / "build" / "lighthouse"
ACCESSIBILITY_MIN = 95
PERFORMANCE_MIN = {"desktop": 80, "mobile": 70}
CATEGORIES = ("performance", "accessibility", "best-practices")


class Lighthouse:
    """Lighthouse in a process of its own, which audits one page after another."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        """`port` is where the browser listens that it drives."""
        self._process = process
        self._options = {
            "port": port,
            "output": "json",
            "onlyCategories": CATEGORIES,
            # It is only for looking at reports.
            "disableFullPageScreenshot": True,
        }

    def audit(self, url: str, form: str, report: Path) -> dict[str, Any]:
        """Audit a page and return what is reported."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        asked = {"url": url, "form": form, "report": str(report), "options": self._options}
        print(json.dumps(asked), file=self._process.stdin, flush=True)
        answer = json.loads(self._process.stdout.readline() or '{"ok": false, "error": "Lighthouse ended"}')
        assert answer["ok"], answer["error"]
        reported: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        return reported


@pytest.fixture(scope="module")
def installed() -> None:
    """Lighthouse is installed from its lock file when that has not been done."""
    installed, locked = HERE / "node_modules" / ".package-lock.json", HERE / "package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < locked.stat().st_mtime:
        npm = shutil.which("npm")
        assert npm is not None, "npm is not installed"
        subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=HERE, check=True, timeout=300)
        installed.touch()


@pytest.fixture(scope="module")
def lighthouse(installed: None, signed_in_browser: SignedInBrowser) -> Iterator[Lighthouse]:
    node = shutil.which("node")
    assert node is not None, "Node is not installed"
    command = [node, str(HERE / "lighthouse.mjs")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield Lighthouse(process, signed_in_browser.port)
        process.kill()


@dataclass(frozen=True, slots=True)
class SignedInBrowser:
    """A browser of its own that Lighthouse drives; it has the curator's session."""

    port: int
    room: str


@pytest.fixture(scope="module")
def signed_in_browser(
    browser: Browser, chromium: str, demo: Demo, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[SignedInBrowser]:
    port = free_port()
    context = browser.browser_type.launch_persistent_context(
        tmp_path_factory.mktemp("profile"),
        executable_path=chromium,
        args=[*ARGUMENTS, f"--remote-debugging-port={port}"],
        no_viewport=True,
    )
    answer = context.request.post(
        f"{demo.base_url}/api/auth/login",
        data={"username": demo.curator, "password": demo.password},
        headers={"Origin": demo.base_url},
    )
    assert answer.ok
    rooms = context.request.get(f"{demo.base_url}/api/rooms").json()["rooms"]
    yield SignedInBrowser(port, next(room["id"] for room in rooms if room["name"] == ROOM))
    context.close()


@pytest.mark.timeout(420)  # the first may install it
@pytest.mark.parametrize("form", ["desktop", "mobile"])
@pytest.mark.parametrize("place", ["login", "chat", "wallet"])
def test_lighthouse(
    lighthouse: Lighthouse, signed_in_browser: SignedInBrowser, demo: Demo, place: str, form: str
) -> None:
    path = {"login": "/login", "chat": f"/r/{signed_in_browser.room}", "wallet": "/wallet"}[place]
    # The session belongs to the address by number: by name, nobody is signed in.
    host = demo.base_url.replace("127.0.0.1", "localhost") if place == "login" else demo.base_url
    REPORTS.mkdir(parents=True, exist_ok=True)
    report = lighthouse.audit(host + path, form, REPORTS / f"{place}-{form}.json")
    assert report["finalDisplayedUrl"].endswith(path)
    scores = {name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES}
    print(f"{place} {form}: {scores}")
    assert scores["accessibility"] >= ACCESSIBILITY_MIN
    assert scores["performance"] >= PERFORMANCE_MIN[form]
