"""Policy files: the shipped one is what it says, and a wrong one is refused by file, key and reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.money import TOKEN
from app.economy.rules.model import ACTIVITIES
from app.economy.rules.policy_file import DEFAULT_PRESET, PRESETS, PolicyError, load_policy
from app.economy.rules.policy_tables import render_policies


@pytest.mark.parametrize("path", sorted(PRESETS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_preset_loads_under_its_name(path: Path) -> None:
    policy = load_policy(path)
    assert policy.name == path.stem
    assert policy.rewards.keys() <= ACTIVITIES


def test_the_default_is_the_balanced_table() -> None:
    policy = load_policy()
    amounts = {kind: rule.amount // TOKEN for kind, rule in policy.rewards.items()}
    assert amounts == {
        "registration": 50,
        "daily_login": 10,
        "create_room": 15,
        "join_room": 5,
        "send_message": 1,
        "share_file": 3,
        "weekly_streak": 100,
        "monthly_active": 200,
        "invite_friend": 100,
        "receive_gift": 0,
        "room_moderator": 100,
        "popular_message": 5,
        "helpful_content": 10,
        "media_shared": 2,
        "achievement": 0,
        "quest": 0,
    }
    assert policy.rewards["receive_gift"].share == 10
    assert {kind for kind in ACTIVITIES if policy.rewards[kind].least > 1} == {
        "monthly_active",
        "room_moderator",
        "popular_message",
        "helpful_content",
        "media_shared",
    }
    assert (policy.day_cap, policy.week_cap) == (500 * TOKEN, 3000 * TOKEN)
    assert policy.rewards["send_message"].cap_day == 50 * TOKEN
    assert policy.rewards["join_room"].cap_day == 10 * TOKEN
    tiers = [(tier.name, tier.threshold // TOKEN, tier.rooms_max) for tier in policy.tiers]
    assert tiers == [("bronze", 0, 10), ("silver", 100, 50), ("gold", 500, 100), ("platinum", 1000, None)]


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ('amount = "50"', 'amount = "-1"', "rewards.registration.amount: "),
        ('amount = "50"', 'amount = "1e3"', "rewards.registration.amount: "),
        ('amount = "50"', "amount = 50", "rewards.registration.amount: Value error, an amount is a decimal string"),
        ('amount = "50"', 'amount = "0"', "rewards.registration: has neither an amount nor a share"),
        ('share = "0.1"', 'share = "1.01"', "rewards.receive_gift.share"),
        (
            'share = "0.1"',
            'share = "0.1"\namount = "1"',
            "rewards.receive_gift: has neither an amount",
        ),
        ('amount = "1"\n', 'amount = "1.5"\n', "rewards.send_message.multiplied: only whole tokens multiply exactly"),
        ('factor = "1.25"', 'factor = "0.9"', "multipliers.streak.1.factor: "),
        ('factor = "1.25"', 'factor = "1.255"', "multipliers.streak.1.factor: "),
        ("days = 7\n", "days = 3\n", "multipliers.streak: the days do not ascend"),
        ('weekend = "1.2"', 'monday = "1.2"', "multipliers.events.monday"),
        ('shared_cap = "received"', 'shared_cap = "given"', "there is no caps.shared.given"),
        ('"avatar_frame", ', '"crown", ', "tiers.levels.1.perks: unknown perk crown"),
        ('counter = "send_message"', 'counter = "yawns"', "goals.0.counter: unknown counter"),
        ('id = "first_50_files"', 'id = "first_100_messages"', "goals: two goals have the same id"),
        ('{ en = "Write 100 messages", ', "{ ", "goals.0.titles: needs exactly en, th"),
        ('website = "1"', 'website = "6"', "allowance.website: is above allowance.amount"),
        ('amount = "50"', 'amount = "501"', "rewards.registration.amount: is above caps.day"),
        ('cap_day = "10"', 'cap_day = "4.9"', "rewards.join_room.cap_day: is below a single reward"),
        ('week = "3000"', 'week = "499"', "caps.week: is below caps.day"),
        ('from = "0"', 'from = "1"', "tiers.levels.0.from: is not 0"),
        ('from = "500"', 'from = "100"', "tiers.levels.2.from: is not above the level before"),
        ('name = "gold"', 'name = "silver"', "tiers.levels: two levels have the same name"),
        ("rooms_max = 10\n", "rooms_max = 0\n", "tiers.levels.0.rooms_max: "),
        ("[rewards.create_room]", "[rewards.create_rooms]", "rewards.create_rooms: unknown activity"),
        ('once = "ever"', 'once = "never"', "rewards.registration.once: "),
        ("distinct = true", "distinctive = true", "rewards.send_message.distinctive: "),
        ('name = "balanced"', "name = ", "balanced.toml: "),
        ('basis = "balance"', 'basis = "luck"', "tiers.basis: "),
    ],
)
def test_a_wrong_policy_is_refused_by_key_and_reason(tmp_path: Path, old: str, new: str, fault: str) -> None:
    text = DEFAULT_PRESET.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "balanced.toml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PolicyError) as refused:
        load_policy(path)
    lines = str(refused.value).splitlines()
    assert all(line.startswith("balanced.toml: ") for line in lines)
    assert any(fault in line for line in lines), lines


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"none\.toml: "):
        load_policy(tmp_path / "none.toml")


def test_the_tables_show_every_number() -> None:
    page = render_policies([load_policy()])
    assert page.count("\n# ") + page.startswith("# ") == 1
    for row in (
        "| `registration` | 50 | when an account is made; once for each person |  | - |",
        "| `send_message` | 1 | for each message; equal content once a day | yes | 50 a day |",
        "| all rewards of a week | 3000 |",
        "| streak of 30 days | x 2 |",
        "| event: weekend | x 1.2 |",
        "| gold | 500 | 1.25 | 100 | 500 | 25 | 50 |",
        "| `first_100_messages` | Write 100 messages | 50 | ever |",
    ):
        assert row in page
