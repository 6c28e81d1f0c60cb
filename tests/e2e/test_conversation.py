"""Two people meet, talk, lose the network, and come back: every message once, in order, and paid by the rules."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.e2e.conftest import SignedIn, Visit
from tests.e2e.visitor import Visitor
from tests.harness.server import Server, running_server
from tests.harness.services import postgresql_server

REGISTRATION, CREATE_ROOM, JOIN_ROOM, SEND_MESSAGE = 50, 15, 5, 1
HOSTILE = [
    "<img src=x onerror=\"console.error('ran')\">",
    "<script>console.error('ran')</script>",
    "javascript:console.error('ran')",
    "<a href=\"javascript:console.error('ran')\">press</a>",
]
FRIENDLY = ["สวัสดีค่ะ วันนี้ฝนตกไหม", "👩‍🔧 morning! 🎉", "see https://example.org/plan?a=1&b=2."]
QUEUED = ["first while away", "second while away", "third while away"]
MEANWHILE = ["are you there?", "well, I go on without you"]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Server]:
    if request.param == "sqlite":
        with running_server(tmp_path) as server:
            yield server
    else:
        with postgresql_server() as url, running_server(tmp_path, database_url=f"{url}/postgres") as server:
            yield server


def in_agreement(room_id: str, *visitors: Visitor) -> None:
    """All see exactly the server's history, all of it sent."""
    history = [(message["client_id"], message["seq"], message["body"]) for message in visitors[0].history(room_id)]
    for visitor in visitors:
        expect(visitor.by("message")).to_have_count(len(history))
        assert [(row.client_id, row.seq, row.body) for row in visitor.rows()] == history
        assert {row.state for row in visitor.rows()} == {"sent"}
    assert len({client_id for client_id, _, _ in history}) == len(history)
    assert all(after > before for (_, before, _), (_, after, _) in itertools.pairwise(history))


def meet(ann: Visitor, bob: Visitor) -> str:
    """Both register, Ann makes a room, Bob finds it; return its id."""
    ann.register("ann")
    bob.register("bob")
    room_id = ann.create_room("Bookbinding")
    bob.join_room("Bookbinding")
    expect(bob.page).to_have_url(f"{bob.base_url}/r/{room_id}")
    return room_id


def lose_the_network(visitor: Visitor) -> None:
    visitor.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    visitor.context.set_offline(True)
    expect(visitor.by("offline-banner")).to_be_visible()


def check_wallet(visitor: Visitor, expected: Counter[tuple[str, str]]) -> None:
    """The wallet says the rules' arithmetic: its total, each line of the statement, and why."""
    total = sum(int(amount) * count for (_, amount), count in expected.items())
    visitor.expect_balance(total)
    visitor.by("balance").click()
    expect(visitor.by("statement-entry")).to_have_count(expected.total())
    lines = visitor.by("statement-entry").evaluate_all(
        "lines => lines.map(line => [line.querySelector('.what p').innerText, line.querySelector('.much p').innerText])"
    )
    assert Counter((what, much) for what, much in lines) == expected
    expect(visitor.page.locator(".total")).to_have_text(f"{total} SCT")
    newest = visitor.by("statement-entry").first
    newest.get_by_test_id("why").click()
    expect(newest).to_contain_text("Base reward")
    expect(newest.locator(".granted dd")).to_have_text(str(SEND_MESSAGE))
    expect(newest).to_contain_text("of 50 used before")
    assert visitor.get("/api/tokens/balance/me")["balance"] == str(total)


@pytest.mark.timeout(90)
def test_two_people_talk_and_nothing_is_lost_or_doubled(visit: Visit, engine_server: Server) -> None:
    ann, bob = visit(engine_server.base_url), visit(engine_server.base_url)
    room_id = meet(ann, bob)

    ann.say(*FRIENDLY)
    expect(bob.by("message")).to_have_count(len(FRIENDLY))
    bob.say(*HOSTILE)
    expect(ann.by("message")).to_have_count(len(FRIENDLY + HOSTILE))
    in_agreement(room_id, ann, bob)
    for visitor in (ann, bob):
        assert [row.body for row in visitor.rows()] == FRIENDLY + HOSTILE
        links = visitor.by("message-body").locator("a, img, script")
        assert links.evaluate_all("found => found.map(one => one.href)") == ["https://example.org/plan?a=1&b=2"]

    lose_the_network(ann)
    ann.say(*QUEUED)
    expect(ann.by("message")).to_have_count(len(FRIENDLY + HOSTILE + QUEUED))
    bob.say(*MEANWHILE)
    ann.page.reload()
    expect(ann.by("message")).to_have_count(len(FRIENDLY + HOSTILE + QUEUED))
    assert [(row.body, row.state) for row in ann.rows()[-3:]] == [(body, "queued") for body in QUEUED]
    expect(ann.by("offline-banner")).to_be_visible()

    ann.context.set_offline(False)
    expect(ann.by("offline-banner")).to_be_hidden()
    said = FRIENDLY + HOSTILE + MEANWHILE + QUEUED
    for visitor in (ann, bob):
        expect(visitor.by("message").and_(visitor.page.locator("[data-state=sent]"))).to_have_count(len(said))
    in_agreement(room_id, ann, bob)
    assert [row.body for row in bob.rows()] == said

    ann_said, bob_said = len(FRIENDLY + QUEUED), len(HOSTILE + MEANWHILE)
    joined = ("Joined Guildhall", f"+{REGISTRATION}")
    sent = ("Sent a message", f"+{SEND_MESSAGE}")
    check_wallet(ann, Counter({joined: 1, ("Opened a room", f"+{CREATE_ROOM}"): 1, sent: ann_said}))
    check_wallet(bob, Counter({joined: 1, ("Joined a room", f"+{JOIN_ROOM}"): 1, sent: bob_said}))
    assert engine_server.run_command("audit").returncode == 0


def test_a_room_just_made_is_there_without_a_network(signed_in: SignedIn) -> None:
    eli = signed_in("eli")
    eli.go("/")
    eli.create_room("Brand new")
    eli.say("the first words")
    expect(eli.message("the first words")).to_have_attribute("data-state", "sent")
    lose_the_network(eli)
    eli.say("and the second")
    expect(eli.message("and the second")).to_have_attribute("data-state", "queued")
    eli.page.wait_for_timeout(200)  # the browser's database is given the time that a person takes
    eli.page.reload()
    eli.shows("Brand new")
    expect(eli.message("the first words")).to_have_attribute("data-state", "sent")
    expect(eli.message("and the second")).to_have_attribute("data-state", "queued")
