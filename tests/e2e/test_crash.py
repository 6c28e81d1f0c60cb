"""The server is taken away without warning while people write: nothing is lost, nothing doubled, and they are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import Visit
from tests.e2e.test_conversation import in_agreement
from tests.harness.server import running_server


@pytest.mark.timeout(90)
def test_a_killed_server_loses_nothing(visit: Visit, tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        ann, bob = visit(server.base_url), visit(server.base_url)
        ann.register("ann")
        bob.register("bob")
        room_id = ann.create_room("Lighthouse")
        bob.join_room("Lighthouse")

        for turn in range(3):
            ann.say(f"ann {turn} before")
            bob.say(f"bob {turn} before")
        # Some of these are on the wire, stored but unconfirmed, or not yet sent.
        ann.say("ann at the moment")
        bob.say("bob at the moment")
        server.kill()
        for visitor in (ann, bob):
            expect(visitor.by("offline-banner")).to_be_visible()
        for turn in range(2):
            ann.say(f"ann {turn} after")
            bob.say(f"bob {turn} after")
        server.start()

        for visitor in (ann, bob):
            expect(visitor.by("offline-banner")).to_be_hidden(timeout=20_000)
            sent = visitor.by("message").and_(visitor.page.locator("[data-state=sent]"))
            expect(sent).to_have_count(12, timeout=20_000)
        in_agreement(room_id, ann, bob)
        said = [row.body for row in ann.rows()]
        for who in ("ann", "bob"):
            own = [body for body in said if body.startswith(who)]
            before, after = [f"{who} {turn} before" for turn in range(3)], [f"{who} {turn} after" for turn in range(2)]
            assert own == [*before, f"{who} at the moment", *after]
        ann.expect_balance(50 + 15 + 6)
        bob.expect_balance(50 + 5 + 6)
        assert server.run_command("audit").returncode == 0
