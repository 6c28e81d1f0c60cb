"""Awards: by administrators alone, of an exact amount, to a person there is, once for each key; the reason is kept."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

from app.core.money import AMOUNT_MAX, format_amount
from app.main import Guildhall
from tests.harness.application import Person, errands_done
from tests.harness.engines import SQLITE_ONLY

People = Callable[..., Awaitable[Person]]
AWARD = "/api/tokens/award"
HUGE = format_amount(AMOUNT_MAX)


def award(person: Person, **change: Any) -> dict[str, Any]:
    return {"user_id": person.id, "amount": "12.5", "reason": "for the lantern", **change}


def keyed(key: str) -> dict[str, str]:
    return {"Idempotency-Key": key}


async def balance(person: Person) -> str:
    return str((await person.api.get("/api/tokens/balance/me"))["balance"])


async def registered(app: Guildhall, person: People, name: str) -> Person:
    """Somebody whose 50 tokens for registering are paid."""
    somebody = await person(name)
    await errands_done(app)
    return somebody


async def test_an_award_is_paid_once_for_each_key_and_its_reason_is_kept(
    app: Guildhall, root: Person, person: People
) -> None:
    ann = await registered(app, person, "ann")
    told = await asyncio.gather(*(root.api.post(AWARD, json=award(ann), headers=keyed("lantern")) for _ in range(5)))
    assert told == [told[0]] * 5
    assert (told[0]["user_id"], told[0]["amount"]) == (ann.id, "12.5")
    assert await balance(ann) == "62.5"
    for change in ({"amount": "12.6"}, {"reason": "for the moon"}, {"user_id": root.id}):
        body = award(ann, **change)
        assert (await root.api.post(AWARD, json=body, headers=keyed("lantern"), expect=409))["code"] == "key_reused"
    assert await balance(ann) == "62.5"
    # Without a key each request is an intent of its own.
    await root.api.post(AWARD, json=award(ann))
    await root.api.post(AWARD, json=award(ann))
    assert await balance(ann) == "87.5"
    async with app.database.reader() as db:
        row = await db.one("SELECT actor_id, result FROM econ_op WHERE id = :id", id=int(told[0]["op_id"]))
    assert row is not None
    assert (row["actor_id"], json.loads(row["result"])["reason"]) == (int(root.id), "for the lantern")
    entry = (await ann.api.get("/api/tokens/history/me"))["entries"][0]
    assert (entry["kind"], entry["amount"], entry["source"]) == ("award", "+12.5", "main")


async def test_only_administrators_award_and_not_to_nobody(app: Guildhall, root: Person, person: People) -> None:
    ann = await registered(app, person, "ann")
    assert (await ann.api.post(AWARD, json=award(ann), expect=403))["code"] == "forbidden"
    for nobody in ("1", "9223372036854775807"):
        body = award(ann, user_id=nobody)
        refused = await root.api.post(AWARD, json=body, headers=keyed("nobody"), expect=404)
        assert refused["code"] == "not_found"
    # Nothing was stored under the key.
    await root.api.post(AWARD, json=award(ann), headers=keyed("nobody"))
    assert await balance(ann) == "62.5"


@SQLITE_ONLY
async def test_no_other_amount_is_an_amount(app: Guildhall, root: Person, person: People) -> None:
    ann = await registered(app, person, "ann")
    amounts: list[Any] = ["0", "0.000000", "-1", "+1", "", " 1", "1 ", "1.", ".5", "1e3", "0x10", "1,5", "1_000"]
    amounts += ["0.0000001", "1000000000.000001", "10000000000", "9" * 400, "NaN", "nan", "Infinity", "-inf", "\u0661"]
    amounts += [1, 1.5, 0, -1, 10**30, True, None, ["1"], {"amount": "1"}]
    for amount in amounts:
        refused = await root.api.post(AWARD, json=award(ann, amount=amount), headers=keyed("odd"), expect=422)
        assert refused["code"] == "invalid", amount
    for raw in ("NaN", "Infinity", "-Infinity", "1e400"):
        content = json.dumps(award(ann, amount="RAW")).replace('"RAW"', raw)
        headers = {"Content-Type": "application/json"}
        assert (await root.api.post(AWARD, content=content, headers=headers, expect=422))["code"] == "invalid"
    others: list[dict[str, Any]] = [{"reason": ""}, {"reason": "x" * 281}, {"reason": "a\x00b"}, {"reason": None}]
    others += [{"user_id": "0"}, {"user_id": "-1"}, {"user_id": "me"}, {"user_id": 1.5}, {"more": 1}]
    for other in others:
        assert (await root.api.post(AWARD, json=award(ann, **other), expect=422))["code"] == "invalid", other
    for key in ("", "with a blank", "x" * 65, "\x7f"):
        assert (await root.api.post(AWARD, json=award(ann), headers=keyed(key), expect=422))["code"] == "invalid", key
    assert await balance(ann) == "50"


async def test_a_balance_that_would_be_too_large_is_refused_for_good(
    app: Guildhall, root: Person, person: People
) -> None:
    ann = await registered(app, person, "ann")
    refused = await root.api.post(AWARD, json=award(ann, amount=HUGE), headers=keyed("much"), expect=409)
    assert (refused["code"], refused["limit"]) == ("balance_too_large", HUGE)
    assert await balance(ann) == "50"
    again = await root.api.post(AWARD, json=award(ann, amount=HUGE), headers=keyed("much"), expect=409)
    assert {**again, "correlation_id": 0} == {**refused, "correlation_id": 0}
    await root.api.post(AWARD, json=award(ann, amount=format_amount(AMOUNT_MAX - 50_000_000)))
    assert await balance(ann) == HUGE
    one = await root.api.post(AWARD, json=award(ann, amount="0.000001"), expect=409)
    assert one["code"] == "balance_too_large"


@SQLITE_ONLY
async def test_somebody_who_has_all_there_can_be_claims_a_day_and_earns_nothing(
    app: Guildhall, root: Person, person: People
) -> None:
    ann = await registered(app, person, "ann")
    await root.api.post(AWARD, json=award(ann, amount=format_amount(AMOUNT_MAX - 50_000_000)))
    claimed = await ann.api.post("/api/tokens/claim-daily", headers=keyed("full"))
    assert (claimed["granted"], claimed["rewards"], claimed["streak_days"]) == ("0", [], 1)
    assert await ann.api.post("/api/tokens/claim-daily", headers=keyed("full")) == claimed
    assert await balance(ann) == HUGE
