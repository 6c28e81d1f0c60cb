"""The audit finds nothing in a sound ledger, and each kind of damage by its name, with the rows that show it."""

from __future__ import annotations

import json
from datetime import date

import pytest

from app.core.clock import Calendar
from app.core.ids import Ids
from app.core.money import TOKEN
from app.economy.earning.model import Activity
from app.economy.gifts.model import NewGift
from app.economy.gifts.service import Gifts
from app.economy.ledger.accounts import SystemAccount
from app.economy.ledger.audit import EVIDENCE_MAX, Report
from app.economy.ledger.model import LotTerms, OpRequest, Purpose
from app.economy.ledger.rollup import Rollup
from app.economy.ledger.sealing import Sealing
from app.economy.oversight.audit import audit
from app.economy.oversight.audit_store import year_of
from app.infra.database import Connection, Database
from app.infra.unit_of_work import Transactor, UnitOfWork
from tests.harness.economy import POLICY, house
from tests.harness.fakes import FrozenClock
from tests.money.gift_desk import Hall, actor
from tests.money.machine import begin

ANA, BEN, EVE = 101, 102, 103

DAMAGE = {
    "transfer_shape": "UPDATE econ_transfer SET debit_account = -99 WHERE debit_account = -1",
    "no_negative_balance": "UPDATE econ_lot SET available = -1",
    "wallet_equals_history": "UPDATE econ_wallet SET main_available = main_available + 1",
    "lot_equals_history": "UPDATE econ_lot SET held = held + 1",
    "wallet_equals_lots": "UPDATE econ_wallet SET next_expiry_at = 5",
    "held_equals_holds": "UPDATE econ_wallet SET held = held + 1",
    "hold_resolved_once": "UPDATE econ_transfer SET returned = returned + 1 WHERE kind = 2",
    "one_key_one_outcome": "UPDATE econ_op SET status = 2 WHERE kind = 'reward'",
    "reversal_within_original": "UPDATE econ_transfer SET amount = amount * 100 WHERE reverses_id IS NOT NULL",
    "reversal_mirrors_original": "UPDATE econ_transfer SET debit_account = -2 WHERE reverses_id IS NOT NULL",
    "expired_never_spent": "UPDATE econ_lot SET expires_at = 1 WHERE source = 'deposit'",
    "expired_only_when_due": "UPDATE econ_lot SET expires_at = 9223372036854775807 WHERE source = 'allowance'",
    "restricted_never_given": "UPDATE econ_lot SET giftable = 0 WHERE source = 'deposit'",
    "versions_gap_free": "UPDATE econ_transfer SET credit_balance = credit_balance + 1 WHERE kind = 0",
    "version_is_last": "UPDATE econ_wallet SET version = version + 1",
    "rollup_equals_history": "UPDATE econ_rollup_day SET amount = amount + 1",
    "chain_linked": "UPDATE econ_seal SET from_id = from_id + 1",
    "chain_complete": "UPDATE econ_seal SET members = members + 1",
    "policy_known": "UPDATE econ_op SET policy_version = 9 WHERE kind = 'reward'",
    "earned_equals_history": "UPDATE econ_wallet SET earn_week_used = earn_week_used + 1",
    "tally_equals_history": "UPDATE econ_tally SET came_ops = came_ops + 1 WHERE came > 0",
    "gift_equals_transfers": "UPDATE econ_gift SET amount = amount + 1",
    "gift_recorded": "DELETE FROM econ_gift",
    "cap_day_v1": "UPDATE econ_transfer SET amount = 501000000 WHERE code = 'registration'",
    "cap_week_v1": "UPDATE econ_transfer SET amount = 3001000000 WHERE code = 'registration'",
    "cap_join_room_v1": "UPDATE econ_transfer SET amount = 11000000 WHERE code = 'join_room'",
    "cap_send_message_v1": "UPDATE econ_transfer SET amount = 51000000 WHERE code = 'send_message'",
    "cap_share_file_v1": "UPDATE econ_transfer SET amount = 31000000, code = 'share_file' WHERE code = 'send_message'",
    "cap_year_join_room_v1": "UPDATE econ_transfer SET amount = 251000000 WHERE code = 'join_room'",
    "cap_year_create_room_v1": (
        "UPDATE econ_transfer SET amount = 151000000, code = 'create_room' WHERE code = 'join_room'"
    ),
    "cap_year_room_moderator_v1": (
        "UPDATE econ_transfer SET amount = 201000000, code = 'room_moderator' WHERE code = 'join_room'"
    ),
    "cap_year_invite_friend_v1": (
        "UPDATE econ_transfer SET amount = 301000000, code = 'invite_friend' WHERE code = 'join_room'"
    ),
    "cap_receive_gift_v1": "UPDATE econ_transfer SET amount = 31000000, code = 'receive_gift' WHERE code = 'join_room'",
    "shared_received_v1": "UPDATE econ_transfer SET amount = 61000000, code = 'media_shared' WHERE code = 'join_room'",
}

GIFT_OP = "op_id = (SELECT op_id FROM econ_gift)"
GIFT_DAMAGE = {
    "the amount of the row": "UPDATE econ_gift SET amount = amount - 1",
    "its sender": "UPDATE econ_gift SET sender_id = 103",
    "its recipient": "UPDATE econ_gift SET recipient_id = 103",
    "its moment": "UPDATE econ_gift SET at = at + 1",
    "a row for another op": "UPDATE econ_gift SET op_id = (SELECT id FROM econ_op WHERE kind = 's')",
    "the amount of the transfer": f"UPDATE econ_transfer SET amount = amount + 1 WHERE {GIFT_OP}",
    "whose money it was": f"UPDATE econ_transfer SET debit_account = -1, debit_wallet = NULL WHERE {GIFT_OP}",
    "who got it": f"UPDATE econ_transfer SET credit_account = -2, credit_wallet = NULL WHERE {GIFT_OP}",
    "what it was for": f"UPDATE econ_transfer SET code = 'item' WHERE {GIFT_OP}",
    "a transfer gone": f"DELETE FROM econ_transfer WHERE {GIFT_OP}",
    "a transfer too many": (
        "UPDATE econ_transfer SET op_id = (SELECT op_id FROM econ_gift) WHERE code = 'item' AND reverses_id IS NULL"
    ),
    "an op that was refused": "UPDATE econ_op SET status = 2 WHERE id = (SELECT op_id FROM econ_gift)",
}


class Undone(Exception):
    """Ends a transaction whose damage must not stay."""


@pytest.fixture
async def busy_ledger(database: Database, transactor: Transactor, clock: FrozenClock, ids: Ids) -> Database:
    """A ledger in which everything has happened once."""
    calendar = Calendar("UTC")
    rooms = house(clock, ids, calendar)
    ledger, economy = rooms.ledger, rooms.economy
    rollup = Rollup(clock, calendar)
    now = clock.now_ms()
    deposit = LotTerms("dep", "deposit", 60, giftable=True)
    allowance = LotTerms("day", "allowance", 10, expires_at=now + 1000, reserved_for=Purpose.TOOLS)

    def op(key: str) -> OpRequest:
        return OpRequest("test", key, key, ANA, {})

    async def rewards(work: UnitOfWork) -> None:
        for kind in ("registration", "join_room", "send_message"):
            await economy.reward_activity(work, Activity(kind, ANA, now, kind, BEN, "7", "text"))

    async def movements(work: UnitOfWork) -> None:
        source, tools = SystemAccount.DEPOSIT_BNB, Purpose.TOOLS
        await ledger.grant(work, op("d"), owner=ANA, amount=9 * TOKEN, code="deposit", faucet=source, lot=deposit)
        await ledger.grant(
            work, op("a"), owner=ANA, amount=5, code="day", faucet=SystemAccount.ALLOWANCE, lot=allowance
        )
        await ledger.transfer(work, op("g"), sender=ANA, recipient=BEN, amount=60 * TOKEN, code="gift")
        spent = await ledger.spend(
            work, op("s"), owner=BEN, amount=10, code="item", sink=SystemAccount.SHOP, purpose=Purpose.SHOP
        )
        await ledger.reverse(work, op("r"), original_op=spent.op_id, amount=4)
        for key in ("h1", "h2", "h3"):
            expires_at = now + 3 * 86_400_000
            await ledger.hold(
                work,
                op(key),
                owner=BEN,
                amount=8,
                code="job",
                to=SystemAccount.BURN,
                expires_at=expires_at,
                purpose=tools,
            )

    async def resolutions(work: UnitOfWork) -> None:
        first, second = await work.db.all("SELECT id FROM econ_op WHERE kind IN ('h1', 'h2') ORDER BY id")
        await ledger.capture(work, op("c"), hold_id=first["id"], amount=3)
        await ledger.void(work, op("v"), hold_id=second["id"])
        await ledger.expire_lots(work, ANA)

    async def accounts(work: UnitOfWork) -> None:
        await begin(rooms, work)

    async def gift(work: UnitOfWork) -> None:
        gifts = Gifts(ledger, rooms.rulebook, rooms.standings, Hall(), calendar, clock)
        outcome, _ = await gifts.send(work, actor(ANA), NewGift(BEN, 3 * TOKEN, "x"), "cake")
        outcome.unwrap()

    await transactor.run(accounts)
    await transactor.run(rewards)
    await transactor.run(gift)
    await transactor.run(movements)
    clock.advance(days=2)
    await transactor.run(resolutions)

    async def close_days(work: UnitOfWork) -> None:
        for day in await rollup.open_days(work.db):
            await rollup.close_day(work, day)

    await transactor.run(close_days)
    assert await transactor.run(Sealing(clock, database.dialect).seal_next)
    return database


async def test_a_sound_ledger_has_no_findings(busy_ledger: Database) -> None:
    async with busy_ledger.snapshot() as db:
        report = await audit(db, [POLICY])
    assert report.ok, report.to_json()
    assert set(report.checked) == DAMAGE.keys(), "every check is shown below to find its damage"


async def test_each_kind_of_damage_is_found_with_evidence(busy_ledger: Database) -> None:
    missed = []
    for check, damage in DAMAGE.items():
        report = await audit_after(busy_ledger, damage)
        evidence = [finding.evidence for finding in report.findings if finding.check == check]
        told = json.loads(json.dumps(report.to_json()))
        if told["ok"] or len(evidence) != 1 or not 1 <= len(evidence[0]) <= EVIDENCE_MAX:
            missed.append((check, told))
    assert not missed


async def test_whatever_is_changed_of_a_gift_is_found(busy_ledger: Database) -> None:
    rows = {}
    for changed, damage in GIFT_DAMAGE.items():
        found = (await audit_after(busy_ledger, damage)).findings
        rows[changed] = sum(len(finding.evidence) for finding in found if finding.check == "gift_equals_transfers")
    assert rows == dict.fromkeys(GIFT_DAMAGE, 1)


async def test_gifts_are_audited_for_both_of_their_people(busy_ledger: Database) -> None:
    damage = "UPDATE econ_gift SET amount = amount + 1"
    found = {owner: not (await audit_after(busy_ledger, damage, owner=owner)).ok for owner in (ANA, BEN, EVE)}
    assert found == {ANA: True, BEN: True, EVE: False}


async def test_every_day_is_in_its_calendar_year(database: Database) -> None:
    starts = {year: date(year, 1, 1).toordinal() for year in range(1, 3001)}
    days = ", ".join(f"({day - 1}), ({day})" for day in starts.values())
    async with database.reader() as db:
        rows = await db.all(f"SELECT column1 AS day, {year_of('column1')} AS year FROM (VALUES {days}) AS days")
    found = {row["day"]: row["year"] for row in rows if row["day"] > 0}
    assert found == {day + before: year + before for year, day in starts.items() for before in (0, -1) if day + before}


async def test_an_audit_of_one_person_looks_at_their_wallet(busy_ledger: Database) -> None:
    damage = f"UPDATE econ_wallet SET main_available = main_available + 1 WHERE owner_id = {ANA}"
    assert not (await audit_after(busy_ledger, damage, owner=ANA)).ok
    assert (await audit_after(busy_ledger, damage, owner=BEN)).ok


async def audit_after(database: Database, damage: str, owner: int | None = None) -> Report:
    """What the audit says of a damaged ledger; the damage is undone."""
    reports = []
    with pytest.raises(Undone):
        async with database.transaction() as db:
            await remove_guards(db, database.dialect)
            await db.execute(damage)
            reports.append(await audit(db, [POLICY], owner=owner))
            raise Undone
    return reports[0]


async def remove_guards(db: Connection, dialect: str) -> None:
    """Do what somebody with the database in their hands can do: drop the triggers and the checks."""
    if dialect == "sqlite":
        for row in await db.all("SELECT name FROM sqlite_master WHERE type = 'trigger'"):
            await db.execute(f"DROP TRIGGER {row['name']}")
        await db.execute("PRAGMA ignore_check_constraints = ON")
        return
    for table in ("econ_wallet", "econ_lot", "econ_op", "econ_transfer", "econ_tally", "econ_seal", "econ_gift"):
        await db.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for row in await db.all(
            f"SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid = '{table}'::regclass"
        ):
            await db.execute(f"ALTER TABLE {table} DROP CONSTRAINT {row['conname']}")
