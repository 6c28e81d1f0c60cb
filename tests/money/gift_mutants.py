"""Mutants of gifts and PINs, and of holds that time gives back."""

from __future__ import annotations

from tests.delivery.mutants import Edit
from tests.money.mutation import Mutant

_GIFTS, _PINS = "app/economy/gifts/service.py", "app/economy/gifts/pins.py"
_PROMISE = "tests/money/test_promises.py::test_"


def _mutant(name: str, path: str, old: str, new: str, *tests: str) -> Mutant:
    return Mutant(name, (Edit(path, old, new),), tests)


GIFTS = (
    _mutant(
        "a-days-limit-is-looked-at-afterwards",
        "app/economy/gifts/policy.py",
        "sent.amount + amount > daily_limit:",
        "sent.amount > daily_limit:",
        "tests/economy/test_gifts.py::test_refusals_tell_their_numbers_and_change_nothing",
    ),
    _mutant(
        "a-days-gifts-are-read-without-the-lock",
        _GIFTS,
        "        source, target = await opened.lock(sender_id, new.recipient_id)\n"
        "        # Read under the wallet's lock, or gifts in parallel could pass the limit together.\n"
        "        sent = await store.sent_on(opened.db, source.id, opened.day)\n",
        "        seen = await self._standings.wallet(opened.db, sender_id)\n"
        "        sent = await store.sent_on(opened.db, seen.id, opened.day)\n"
        "        source, target = await opened.lock(sender_id, new.recipient_id)\n",
        "tests/economy/test_gifts_at_once.py::test_eight_at_once_stay_within_the_limit[postgresql]",
    ),
    _mutant(
        "a-try-is-counted-after-the-look",
        _PINS,
        "            counted = await self._count_try(account_id)\n"
        "            if not await self._hasher.verify(counted.hash, self._seasoned(account_id, pin)):\n",
        "            async with self._database.reader() as db:\n"
        "                kept = await store.pin(db, account_id)\n"
        "            right = kept and await self._hasher.verify(kept.hash, self._seasoned(account_id, pin))\n"
        "            counted = await self._count_try(account_id)\n"
        "            if not right:\n",
        "tests/money/test_gift_crash.py::test_a_try_is_used_up_before_anybody_looks_whether_it_is_right",
    ),
    _mutant(
        "a-new-pin-ends-a-lock",
        "app/economy/gifts/store.py",
        "set_at = excluded.set_at, tries = 0\n",
        "set_at = excluded.set_at, tries = 0, locked_until = 0\n",
        "tests/economy/test_pins.py::test_a_new_pin_forgets_tries_but_no_lock",
    ),
)
RETURNED = (
    _mutant(
        "what-time-gave-back-is-not-made-good",
        "app/economy/allowance/service.py",
        "and await store.ran_out(work.db, hold_id):",
        "and False:",
        f"{_PROMISE}expired_allowance_is_made_good_though_time_gave_it_back",
    ),
    _mutant(
        "what-came-back-in-time-is-made-good",
        "app/economy/allowance/store.py",
        "AND l.expires_at <= r.created_at GROUP",
        "GROUP",
        f"{_PROMISE}what_came_back_in_time_is_not_made_good",
    ),
)
