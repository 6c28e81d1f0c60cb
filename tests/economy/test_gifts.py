"""Gifts over HTTP: what they move, who sees them, what is refused, and the limits of a day."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from app.core.clock import iso
from app.core.money import AMOUNT_MAX, format_amount
from app.economy.ledger.accounts import Priority
from app.economy.ledger.model import LotTerms, Purpose
from app.main import Guildhall
from tests.economy.giving import PIN, WRONG, Purse, give, set_pin
from tests.harness.api import Api
from tests.harness.application import Person
from tests.harness.fakes import FrozenClock

People = Callable[..., Awaitable[Person]]
EVENT = LotTerms("event", "event", Priority.EVENT, giftable=True)


@pytest.fixture
def purse(app: Guildhall, clock: FrozenClock) -> Purse:
    return Purse(app, clock)


@pytest.fixture
async def ann(purse: Purse, person: People) -> Person:
    """Has the 50 tokens of her registration and a PIN."""
    ann = await person("ann")
    await set_pin(ann)
    await purse.settle()
    return ann


@pytest.fixture
async def ben(purse: Purse, person: People) -> Person:
    """Has the 50 tokens of his registration and no PIN."""
    ben = await person("ben")
    await purse.settle()
    return ben


def noon_of(day: int) -> int:
    """Noon (UTC) of a day of November 2026."""
    return int(datetime(2026, 11, day, 12, tzinfo=UTC).timestamp() * 1000)


async def test_a_gift_moves_money_and_both_see_it(ann: Person, ben: Person, purse: Purse, clock: FrozenClock) -> None:
    answer = await give(ann, ben, "12.375", note="  for the cake\n")
    gift = {
        "op_id": answer["op_id"],
        "at": iso(clock.now_ms()),
        "direction": "sent",
        "other": {"id": ben.id, "username": "ben"},
        "amount": "12.375",
        "note": "for the cake",
        "room_id": None,
    }
    assert answer == {"op_id": answer["op_id"], "gift": gift, "balance": "37.625", "left_today": "37.625"}
    assert await ann.api.get("/api/gifts") == {"gifts": [gift], "next": None}
    got = gift | {"direction": "received", "other": {"id": ann.id, "username": "ann"}}
    assert await ben.api.get("/api/gifts") == {"gifts": [got], "next": None}
    assert await purse.balance(ann) == "37.625"
    for whose, amount in ((ann, "-12.375"), (ben, "+12.375")):
        entries = (await whose.api.get("/api/tokens/history/me"))["entries"]
        (line,) = [entry for entry in entries if entry["op_id"] == answer["op_id"]]
        assert (line["kind"], line["reason"], line["amount"]) == ("gift", "gift", amount)
    await purse.assert_sound()


async def test_the_recipient_earns_a_tenth_once_for_each_sender_and_day(ann: Person, ben: Person, purse: Purse) -> None:
    await give(ann, ben, "12.375")
    assert await purse.balance(ben) == "63.6125"  # 50, the gift, a tenth of it
    await give(ann, ben, "10")
    assert await purse.balance(ben) == "73.6125"


async def test_a_gift_in_a_room_is_for_its_members(ann: Person, ben: Person, purse: Purse) -> None:
    room = await ben.room()
    before = await purse.state()
    for room_id in (room["id"], "12345"):
        assert (await give(ann, ben, room_id=room_id, expect=403))["code"] == "not_a_member"
    assert await purse.state() == before
    await ann.join(room["id"])
    assert (await give(ann, ben, room_id=room["id"]))["gift"]["room_id"] == room["id"]
    await ann.api.post(f"/api/rooms/{room['id']}/leave", expect=204)
    await give(ann, ben, room_id=room["id"], expect=403)


async def test_history_pages_over_both_sides(ann: Person, ben: Person, purse: Purse, clock: FrozenClock) -> None:
    await set_pin(ben)
    ops = []
    for number in range(5):
        clock.advance(seconds=1)
        sender, recipient = ((ann, ben), (ben, ann))[number % 2]
        ops.append((await give(sender, recipient))["op_id"])
    first = await ann.api.get("/api/gifts", params={"limit": 3})
    rest = await ann.api.get("/api/gifts", params={"limit": 3, "cursor": first["next"]})
    gifts = first["gifts"] + rest["gifts"]
    assert [gift["op_id"] for gift in gifts] == ops[::-1]
    assert [gift["direction"] for gift in gifts] == ["sent", "received"] * 2 + ["sent"]
    assert rest["next"] is None
    whole = await ann.api.get("/api/gifts", params={"limit": 5})
    assert (len(whole["gifts"]), whole["next"]) == (5, None)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"cursor": "-1"}, {"cursor": "9" * 19}, {"page": 1}])
async def test_a_malformed_page_is_refused(ann: Person, query: dict[str, object]) -> None:
    assert (await ann.api.get("/api/gifts", params=query, expect=422))["code"] == "invalid"


@pytest.mark.parametrize(
    "change",
    [
        *({"amount": amount} for amount in ("0", "-1", "1.0000001", "1000000001", "9" * 30, "NaN", "Infinity", "1e3")),
        *({"amount": amount} for amount in ("", " 1", "1,5", "\u0661", 1, 1.5, True, None, ["1"])),
        *({"note": note} for note in ("x" * 281, "a\x00b", "a\x1bb", 7)),
        *({"pin": pin} for pin in ("", "407", "40711", "40a1", "\uff14\uff10\uff17\uff11", 4071, None)),
        *({"recipient_id": who} for who in ("ben", "-1", "0", "9" * 19, None)),
        {"room_id": "hall"},
        {"sender_id": "1"},
    ],
)
async def test_what_is_no_gift_is_refused_and_changes_nothing(
    ann: Person, ben: Person, purse: Purse, change: dict[str, Any]
) -> None:
    before = await purse.state()
    assert (await give(ann, ben, **{"amount": "1", **change, "expect": 422}))["code"] == "invalid"
    assert await purse.state() == before
    assert (await ann.api.get("/api/pin"))["tries_left"] == 5


async def test_the_key_of_a_gift_is_checked_too(ann: Person, ben: Person) -> None:
    assert (await give(ann, ben, key="k" * 65, expect=422))["code"] == "invalid"


async def test_refusals_tell_their_numbers_and_change_nothing(ann: Person, ben: Person, purse: Purse) -> None:
    before = await purse.state()
    refused = await give(ann, ann, expect=409)
    assert refused["code"] == "own_gift"
    assert (await give(ann, ben, recipient_id="12345", expect=404))["code"] == "not_found"
    refused = await give(ann, ben, "0.999999", expect=409)
    assert (refused["code"], refused["minimum"]) == ("gift_too_small", "1")
    refused = await give(ann, ben, "50.000001", expect=409)
    assert {name: refused[name] for name in ("code", "limit", "sent", "left")} == {
        "code": "gift_limit",
        "limit": "50",
        "sent": "0",
        "left": "50",
    }
    await give(ann, ben, "20")
    before = await purse.state()
    refused = await give(ann, ben, "30.5", expect=409)
    assert {name: refused[name] for name in ("code", "limit", "sent", "left")} == {
        "code": "gift_limit",
        "limit": "50",
        "sent": "20",
        "left": "30",
    }
    assert await purse.state() == before


async def test_nobody_gives_more_than_they_have(ann: Person, ben: Person, purse: Purse) -> None:
    await purse.endow(ann, "100")
    before = await purse.state()
    refused = await give(ann, ben, "150.5", expect=409)
    assert {name: refused[name] for name in ("code", "available", "required")} == {
        "code": "insufficient_tokens",
        "available": "150",
        "required": "150.5",
    }
    assert await purse.state() == before
    await purse.assert_sound()


async def test_a_recipient_who_is_full_costs_the_sender_nothing(ann: Person, ben: Person, purse: Purse) -> None:
    await purse.endow(ben, format_amount(AMOUNT_MAX - 50_000_000))
    before = await purse.state()
    refused = await give(ann, ben, expect=409)
    assert (refused["code"], refused["limit"]) == ("balance_too_large", "1000000000")
    assert await purse.state() == before


async def test_a_gift_needs_a_pin_that_is_set_and_right(ann: Person, ben: Person, purse: Purse) -> None:
    before = await purse.state()
    assert (await give(ben, ann, expect=409))["code"] == "pin_not_set"
    refused = await give(ann, ben, pin=WRONG, expect=403)
    assert (refused["code"], refused["tries_left"]) == ("pin_wrong", 4)
    assert await purse.state() == before


async def test_the_same_request_again_is_the_same_gift(ann: Person, ben: Person, purse: Purse) -> None:
    first = await give(ann, ben, "5", key="cake", note="x")
    second = await give(ann, ben, "7")
    before = await purse.state()
    now = {"balance": second["balance"], "left_today": second["left_today"]}
    assert await give(ann, ben, "5", key="cake", note="x") == first | now
    assert await give(ann, ben, "5.0", key="cake", note=" x ") == first | now
    assert await purse.state() == before


async def test_giving_away_may_cost_the_tier_and_its_limit(ann: Person, ben: Person, purse: Purse) -> None:
    await purse.endow(ann, "100")
    assert (await give(ann, ben, "51"))["left_today"] == "0"
    refused = await give(ann, ben, expect=409)
    assert (refused["code"], refused["limit"], refused["sent"], refused["left"]) == ("gift_limit", "50", "51", "0")


@pytest.mark.parametrize("change", [{"amount": "6"}, {"note": "y"}, {"note": None}, {"room_id": "1"}])
async def test_a_key_serves_one_gift(ann: Person, ben: Person, purse: Purse, change: dict[str, Any]) -> None:
    await give(ann, ben, "5", key="cake", note="x")
    before = await purse.state()
    refused = await give(ann, ben, key="cake", **{"amount": "5", "note": "x", **change, "expect": 409})
    assert refused["code"] == "key_reused"
    assert await purse.state() == before


async def test_a_refusal_is_kept_with_its_key(ann: Person, ben: Person, purse: Purse) -> None:
    refused = await give(ann, ben, "60", key="big", expect=409)
    await purse.endow(ann, "100")
    assert await give(ann, ben, "60", key="big", expect=409) == refused
    await give(ann, ben, "60", key="again")


async def test_two_people_may_use_the_same_key(ann: Person, ben: Person) -> None:
    await set_pin(ben)
    assert (await give(ann, ben, key="k"))["op_id"] != (await give(ben, ann, key="k"))["op_id"]


async def test_a_replay_never_skips_the_pin(ann: Person, ben: Person) -> None:
    await give(ann, ben, key="cake")
    assert (await give(ann, ben, key="cake", pin=WRONG, expect=403))["code"] == "pin_wrong"
    # And a wrong PIN is not what the key is kept for.
    assert (await give(ann, ben, key="pie", pin=WRONG, expect=403))["code"] == "pin_wrong"
    await give(ann, ben, key="pie")
    for _ in range(5):
        await give(ann, ben, key="cake", pin=WRONG, expect=403)
    assert (await give(ann, ben, key="cake", expect=429))["code"] == "pin_locked"


@pytest.mark.parametrize(("more", "limit"), [("0", "50"), ("100", "200"), ("500", "500"), ("2000", None)])
async def test_each_tier_gives_so_much_a_day(
    ann: Person, ben: Person, purse: Purse, more: str, limit: str | None
) -> None:
    if more != "0":
        await purse.endow(ann, more)
    options = await ann.api.get("/api/gifts/options")
    assert (options["daily_limit"], options["left_today"]) == (limit, limit)
    if limit is None:
        assert (await give(ann, ben, "600"))["left_today"] is None
        return
    assert (await give(ann, ben, str(int(limit) + 1), expect=409))["code"] == "gift_limit"


async def test_a_day_has_ten_gifts(ann: Person, ben: Person, purse: Purse) -> None:
    for _ in range(10):
        await give(ann, ben)
    before = await purse.state()
    refused = await give(ann, ben, expect=409)
    assert (refused["code"], refused["limit"]) == ("gift_count", 10)
    assert await purse.state() == before


async def test_options_say_how_much_may_be_given(ann: Person, ben: Person, purse: Purse, clock: FrozenClock) -> None:
    await purse.endow(ann, "5", LotTerms("today", "allowance", Priority.ALLOWANCE, reserved_for=Purpose.TOOLS))
    await purse.endow(ann, "3", LotTerms("gone", "event", Priority.EVENT, clock.now_ms() + 1, giftable=True))
    assert (await ann.api.get("/api/gifts/options"))["balance_giftable"] == "53"
    clock.advance(1)
    assert (await ann.api.get("/api/gifts/options"))["balance_giftable"] == "50"
    await purse.endow(ann, "7", EVENT)
    await give(ann, ben, "2.5")
    assert await ann.api.get("/api/gifts/options") == {
        "minimum": "1",
        "daily_limit": "50",
        "sent_today": "2.5",
        "left_today": "47.5",
        "gifts_left_today": 9,
        "balance_giftable": "54.5",
        "pin": {"set": True, "tries_left": 5, "locked_until": None},
    }


@pytest.mark.parametrize(
    "lot",
    [
        LotTerms("today", "allowance", Priority.ALLOWANCE, reserved_for=Purpose.TOOLS),
        LotTerms("deposit", "worktoken", Priority.DEPOSIT),
        LotTerms("devices", "event", Priority.EVENT, giftable=True, reserved_for=Purpose.DEVICES),
    ],
)
async def test_allowance_and_restricted_money_are_not_given(
    ann: Person, ben: Person, purse: Purse, lot: LotTerms
) -> None:
    await purse.endow(ann, "100")
    await purse.endow(ann, "40", lot)
    refused = await give(ann, ben, "150.5", expect=409)
    assert (refused["code"], refused["available"]) == ("insufficient_tokens", "150")
    await give(ann, ben, "150")
    assert await purse.balance(ann) == "40"
    await purse.assert_sound()


async def test_event_money_is_given_before_main_money(ann: Person, ben: Person, purse: Purse) -> None:
    await purse.endow(ann, "4", EVENT)
    await give(ann, ben, "6")
    assert (await ann.api.get("/api/tokens/balance/me"))["by_source"] == {"main": "48"}
    # Out of two pockets, and still one gift.
    assert (await ann.api.get("/api/gifts/options"))["gifts_left_today"] == 9
    await purse.assert_sound()


@pytest.mark.parametrize("app_settings", [{"timezone": "Asia/Bangkok"}])
async def test_the_limits_begin_anew_at_midnight_of_the_platform(
    ann: Person, ben: Person, purse: Purse, clock: FrozenClock
) -> None:
    await purse.endow(ann, "40")
    for _ in range(10):
        await give(ann, ben, "5")
    clock.set(noon_of(20) + 5 * 3_600_000 - 1)  # the last millisecond of the day in Bangkok
    assert (await give(ann, ben, "5", expect=409))["code"] == "gift_count"
    clock.advance(1)
    assert (await ann.api.get("/api/gifts/options"))["gifts_left_today"] == 10
    assert (await give(ann, ben, "5"))["left_today"] == "45"
    await purse.assert_sound()


async def test_strangers_give_nothing(api: Api, ann: Person) -> None:
    body = {"recipient_id": ann.id, "amount": "1", "pin": PIN}
    assert (await api.post("/api/tokens/gift", json=body, expect=401))["code"] == "unauthenticated"
