"""Who gets in: the first administrator, the invited, and nobody whose session has ended."""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import SignedIn, Visit
from tests.e2e.visitor import PASSWORD
from tests.harness.server import Server, running_server


def setup_link(server: Server) -> str:
    """The link for the first administrator, which is printed just after the server answers."""
    for _ in range(50):
        if link := re.search(r"http://\S+/setup#\S+\n", server.log):
            return link[0].strip()
        time.sleep(0.1)
    raise AssertionError("The server prints no link for the first administrator")


@pytest.mark.timeout(60)
def test_the_first_administrator_invites_somebody(visit: Visit, tmp_path: Path) -> None:
    with running_server(tmp_path, registration="invite") as server:
        link = setup_link(server)
        ada, ben = visit(server.base_url), visit(server.base_url)
        ada.page.goto(link)
        ada.by("auth-username").fill("ada")
        ada.by("auth-password").fill(PASSWORD)
        ada.by("setup-submit").click()
        ada.arrived()

        ben.page.goto(link)
        ben.by("auth-username").fill("mallory")
        ben.by("auth-password").fill(PASSWORD)
        ben.by("setup-submit").click()
        expect(ben.page.get_by_role("alert")).to_have_text("This link has been used. Sign in instead.")

        ada.go("/settings")
        expect(ada.page.get_by_text("Administrator", exact=True)).to_be_visible()
        ada.by("invite-create").click()
        code = ada.by("invite-code").inner_text()

        ben.go("/register")
        ben.by("auth-username").fill("ben")
        ben.by("auth-password").fill(PASSWORD)
        ben.by("auth-submit").click()
        expect(ben.page.get_by_role("alert")).to_have_text("An invite code is needed.")
        ben.by("auth-invite").fill(code)
        ben.by("auth-submit").click()
        ben.arrived()
        ben.go("/settings")
        expect(ben.page.get_by_text("Signed in as ben")).to_be_visible()
        expect(ben.by("invite-create")).to_have_count(0)

        eve = visit(server.base_url)
        eve.go("/register")
        eve.by("auth-username").fill("eve")
        eve.by("auth-password").fill(PASSWORD)
        eve.by("auth-invite").fill(code)
        eve.by("auth-submit").click()
        expect(eve.page.get_by_role("alert")).to_have_text("This invite code does not work (any more).")


def test_a_revoked_session_is_signed_out_at_once(visit: Visit, signed_in: SignedIn) -> None:
    here, there = signed_in("remy"), visit()
    there.login("remy")
    here.go("/settings")
    here.page.get_by_role("button", name="Sign out there").click()
    expect(there.by("auth-submit")).to_be_visible()
    expect(there.page.get_by_text("Your session has ended")).to_be_visible()
    assert there.context.request.get(f"{there.base_url}/api/me").status == 401
    here.page.reload()
    here.arrived()


@pytest.mark.timeout(60)
def test_another_account_does_not_send_the_first_ones_queue(visit: Visit, signed_in: SignedIn) -> None:
    ola = signed_in("ola")
    ola.go("/")
    room_id = ola.create_room("Two accounts")
    ola.context.set_offline(True)
    ola.say("ola wrote this")
    expect(ola.message("ola wrote this")).to_have_attribute("data-state", "queued")
    # Signing out needs the server; the page must not send on the way.
    ola.context.clear_cookies()
    ola.context.set_offline(False)
    expect(ola.by("auth-submit")).to_be_visible(timeout=15_000)

    ola.register("per")
    ola.join_room("Two accounts")
    ola.say("per wrote this")
    expect(ola.message("per wrote this")).to_have_attribute("data-state", "sent")
    assert [message["body"] for message in ola.history(room_id)] == ["per wrote this"]
    assert [row.body for row in ola.rows()] == ["per wrote this"]

    ola.logout()
    assert ola.context.request.get(f"{ola.base_url}/api/me").status == 401
    ola.login("ola")
    ola.open_room(room_id)
    expect(ola.message("ola wrote this")).to_have_attribute("data-state", "sent")
    said = [(message["author"]["username"], message["body"]) for message in ola.history(room_id)]
    assert said == [("per", "per wrote this"), ("ola", "ola wrote this")]
