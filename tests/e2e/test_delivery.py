"""What the browser is given: its own origin only, a strict policy, and a small, compressed, lasting client."""

from __future__ import annotations

import json

from playwright.sync_api import Browser, Response, expect

from tests.e2e.conftest import SignedIn
from tests.e2e.visitor import Visitor
from tests.harness.server import Server

FIRST_LOAD_MAX = 120 * 1024
"""Bytes of compressed JavaScript before the first conversation is shown."""
WORTH_COMPRESSING = 1024


def test_the_client_is_small_compressed_and_lasting(signed_in: SignedIn) -> None:
    tom = signed_in("tom", service_workers="block")
    got: list[Response] = []
    tom.context.on("response", lambda response: got.append(response))
    tom.go("/")
    tom.arrived()
    tom.create_room("First load")
    assets = [response for response in got if "/static/assets/" in response.url]
    assert assets
    for response in assets:
        headers = response.all_headers()
        assert headers["cache-control"] == "public, max-age=31536000, immutable", response.url
        if int(headers["content-length"]) >= WORTH_COMPRESSING:
            assert headers.get("content-encoding") in ("br", "gzip"), response.url
    scripts = {response.url: response for response in got if response.url.endswith(".js")}
    size = sum(response.request.sizes()["responseBodySize"] for response in scripts.values())
    assert 0 < size <= FIRST_LOAD_MAX


def test_the_page_comes_with_a_strict_policy(signed_in: SignedIn) -> None:
    uma = signed_in("uma")
    answer = uma.context.request.get(uma.base_url + "/")
    rules = [rule.split() for rule in answer.headers["content-security-policy"].split(";") if rule.strip()]
    policy = {name: values for name, *values in rules}
    assert policy["default-src"] in (["'none'"], ["'self'"])
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == ["'none'"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "immutable" not in answer.headers["cache-control"]


def test_a_broken_policy_and_a_foreign_request_are_seen(browser: Browser, server: Server) -> None:
    visitor = Visitor(browser.new_context(), server.base_url)
    visitor.go("/login")
    expect(visitor.by("auth-submit")).to_be_visible()
    assert visitor.troubles == []
    visitor.page.evaluate(
        """() => {
          const script = document.createElement('script')
          script.textContent = 'window.ran = true'
          document.body.append(script)
          const image = document.createElement('img')
          image.src = 'http://127.0.0.2:9/x.png'
          document.body.append(image)
        }"""
    )
    visitor.page.evaluate("setTimeout(() => { throw new Error('on purpose') })")
    visitor.page.evaluate("alert('hello')")
    visitor.page.wait_for_timeout(300)
    told = json.dumps(visitor.troubles)
    assert visitor.page.evaluate("window.ran") is None
    for sign in ("policy violated: script-src", "policy violated: img-src", "on purpose", "dialog: hello"):
        assert sign in told, f"{sign} is not among {told}"
    visitor.context.close()
