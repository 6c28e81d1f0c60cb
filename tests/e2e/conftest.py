"""A browser for the whole run, a server for most journeys, and people who sit down at them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.gallery import Demo, demonstration
from tests.e2e.visitor import PASSWORD, Visitor
from tests.harness.server import Server, running_server

ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
DESKTOP = {"width": 1280, "height": 900}

Visit = Callable[..., Visitor]
SignedIn = Callable[..., Visitor]


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None and os.environ.get("REQUIRE_ALL") != "1":
        pytest.skip("Chromium is not installed")
    assert path is not None, "Chromium is not installed"
    return path


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator[Browser]:
    expect.set_options(timeout=8_000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server of every journey that does not need one of its own."""
    with running_server(tmp_path_factory.mktemp("hall"), rate_register="1000+100/m") as server:
        yield server
        assert server.bugs == []


@pytest.fixture
def visit(browser: Browser, server: Server) -> Iterator[Visit]:
    """Sits somebody new down at a browser of their own: `ann = visit()`. At the end, none of them saw trouble."""
    visitors: list[Visitor] = []

    def sit_down(base_url: str = server.base_url, **options: Any) -> Visitor:
        options = {"viewport": DESKTOP, "locale": "en-GB", "timezone_id": "Asia/Bangkok"} | options
        context = browser.new_context(**options)
        context.set_default_timeout(8_000)
        visitors.append(Visitor(context, base_url))
        return visitors[-1]

    yield sit_down
    troubles = [trouble for visitor in visitors for trouble in visitor.troubles]
    for visitor in visitors:
        visitor.context.close()
    assert troubles == []


@pytest.fixture
def signed_in(visit: Visit) -> SignedIn:
    """Sits somebody down who has an account, made past the page because this is not what the journey is about."""

    def register(username: str, **options: Any) -> Visitor:
        visitor = visit(**options)
        visitor.post("/api/auth/register", {"username": username, "password": PASSWORD}, expect_status=201)
        return visitor

    return register


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The product's demonstration, for whatever looks at all pages."""
    with demonstration(tmp_path_factory.mktemp("demo")) as demo:
        yield demo
