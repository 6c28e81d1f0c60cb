"""One emoji, in its one spelling, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.chat.emoji import EMOJI_MAX, check_emoji
from app.core.errors import Invalid

EMOJI = [
    "👍", "👍🏽", "❤️", "☺️", "😀", "🎉", "©️", "1️⃣", "#️⃣", "🏽", "🫩", "🇹🇭", "🇬🇧", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏳️‍🌈", "🏴‍☠️", "👁️‍🗨️", "👨‍👩‍👧‍👦",
    "🧑🏻‍❤️‍💋‍🧑🏼", "👩🏾‍⚕️", "🏃🏽‍♀️‍➡️", "⌚", "☝🏿", "❤️‍🔥", "🧑‍🧑‍🧒‍🧒",
]  # fmt: skip
"""As keyboards that follow the standard write them."""
SELECTOR = "\ufe0f"


@pytest.mark.parametrize("emoji", EMOJI)
def test_an_emoji_is_kept_in_its_one_spelling(emoji: str) -> None:
    assert check_emoji(emoji) == emoji
    assert check_emoji(emoji.replace(SELECTOR, "")) == emoji
    assert check_emoji(emoji + SELECTOR) == emoji
    assert len(emoji) <= EMOJI_MAX


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "a", "1", "#", "ok", "👍👍", "👍 ", " 👍", "👍x", "❤\ufe0e", "🍕🏽", "🇹", "🇹🇭🇹🇭", "🇽🇽",
        SELECTOR, "\u200d", "👍\u200d", "\u200d👍", "👍\u200d\u200d👍", "\u20e3", "a\u20e3",
        "🏴\U000e0061\U000e007f", "🏴\U000e0067", "ก", "é", "👨‍👩‍👧‍👦‍👦", "\u00a9\u00a9", "\U0010ffff", "\u2800", "→",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="one emoji"):
        check_emoji(text)


@given(st.text(alphabet=st.sampled_from("👍❤🏽🇹🇭\u200d\ufe0f1\u20e3🏴a"), max_size=6))
def test_the_spelling_of_what_is_accepted_is_final(text: str) -> None:
    try:
        emoji = check_emoji(text)
    except Invalid:
        return
    assert check_emoji(emoji) == emoji
    assert check_emoji(text.replace(SELECTOR, "")) == emoji
