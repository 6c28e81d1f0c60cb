"""Proof that the tests of money can fail: break one promise at a time in a copy of the tree, and see who notices.

`python -m tests.money.mutants [NAME ...]` runs all mutants or those named; `--list` names them. Exit code 1 says that
some mutant survived. Each names the few tests that must fail, so that each takes seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.delivery.mutants import Edit
from tests.money.gift_mutants import GIFTS, RETURNED
from tests.money.mutation import Mutant, copy_of_the_tree, first_error, run_tests, survives

_LEDGER, _SHEET, _OPEN = "app/economy/ledger/service.py", "app/economy/ledger/sheet.py", "app/economy/ledger/open_op.py"
_WALLETS, _RULES = "app/economy/ledger/wallet_store.py", "app/economy/rules/policy.py"
_EARNING, _DAILY = "app/economy/earning/batch.py", "app/economy/earning/daily.py"
_STANDING, _ALLOWANCE = "app/economy/earning/standing.py", "app/economy/allowance/service.py"
_GOALS = "app/economy/goals/service.py"

_BY_EXAMPLE = "tests/economy/test_ledger.py::test_"
_PROMISE = "tests/money/test_promises.py::test_"
_TOGETHER = "tests/money/test_concurrency.py::test_"


def _mutant(name: str, path: str, old: str, new: str, *tests: str) -> Mutant:
    return Mutant(name, (Edit(path, old, new),), tests)


LEDGER = (
    _mutant(
        "a-key-serves-any-request",
        _LEDGER,
        '    if row["request_hash"] != op.digest():\n        raise KeyReused\n',
        "",
        f"{_BY_EXAMPLE}a_key_serves_one_request",
    ),
    _mutant(
        "a-refusal-is-forgotten",
        _LEDGER,
        "            if refusal.retry or isinstance(refusal, KeyReused):\n",
        "            if refusal:\n",
        f"{_BY_EXAMPLE}a_refusal_is_kept_even_when_it_could_be_granted_later",
    ),
    _mutant(
        "a-key-is-claimed-without-its-scope",
        _LEDGER,
        "        if not claimed:\n",
        "        if False:\n",
        f"{_TOGETHER}one_gift_told_in_parallel_is_given_once",
    ),
    Mutant(
        "a-batch-trusts-what-it-saw-before-its-locks",
        (
            Edit(
                _LEDGER,
                "        await opened.lock(*{op.actor for op in ops})\n"
                "        names = [op.name for op in ops]\n"
                "        stored = await store.ops_by_key(work.db, names)\n",
                "        names = [op.name for op in ops]\n"
                "        stored = await store.ops_by_key(work.db, names)\n"
                "        await opened.lock(*{op.actor for op in ops})\n",
            ),
            Edit(
                _LEDGER,
                "        if await opened.write(store.ops_stored(settled, now)) < len(settled):\n",
                "        if await opened.write(store.ops_stored(settled, now)) < 0:\n",
            ),
        ),
        (f"{_TOGETHER}one_key_told_in_parallel_pays_once[postgresql]",),
    ),
    _mutant(
        "a-batch-pays-for-a-key-that-is-taken",
        _LEDGER,
        "            if name not in stored and name not in fresh:\n",
        "            if name not in fresh:\n",
        f"{_TOGETHER}one_key_told_in_parallel_pays_once",
    ),
    _mutant(
        "burning-ignores-expiry",
        _SHEET,
        "ranked = [((lot.priority, lot.expires_at, lot.id),",
        "ranked = [((lot.priority, -lot.expires_at, lot.id),",
        f"{_BY_EXAMPLE}among_equals_what_expires_first_burns_first",
    ),
    Mutant(
        "expired-money-pays",
        (
            Edit(_OPEN, "            if wallet.next_expiry_at <= self.now:\n", "            if False:\n"),
            Edit(_SHEET, "if lot.expires_at > self._now]", "]"),
        ),
        (f"{_BY_EXAMPLE}expired_money_cannot_be_spent_though_nobody_swept_it",),
    ),
    _mutant(
        "restricted-money-is-given-away",
        "app/economy/ledger/model.py",
        "        if purpose is Purpose.GIFT and not self.giftable:\n            return False\n",
        "",
        f"{_BY_EXAMPLE}only_what_may_be_given_away_is",
    ),
    _mutant(
        "wallets-are-locked-as-they-come",
        _WALLETS,
        "ORDER BY id {db.for_update}",
        "ORDER BY id DESC {db.for_update}",
        f"{_BY_EXAMPLE}wallets_are_locked_in_ascending_id_whoever_gives",
    ),
    _mutant(
        "wallets-wait-for-each-other",
        _WALLETS,
        "ORDER BY id {db.for_update}",
        "ORDER BY random() {db.for_update}",
        "tests/money/test_storm.py::test_no_cap_limit_or_balance_is_exceeded_and_no_deadlock_surfaces[postgresql]",
    ),
    _mutant(
        "a-wallet-is-read-without-its-lock",
        _WALLETS,
        "ORDER BY id {db.for_update}",
        "ORDER BY id",
        f"{_TOGETHER}nobody_spends_more_than_there_is[postgresql]",
    ),
)
HOLDS_AND_REFUNDS = (
    _mutant(
        "a-void-gives-back-to-main",
        _SHEET,
        "return self._post(released, self._shift(pending.debit, pending.amount, -pending.amount), None)",
        "self._shift(pending.debit, 0, -pending.amount)\n"
        "        main = main_of(pending.debit.wallet_id or 0)\n"
        "        return self._post(released, self._shift(main, pending.amount, 0), None)",
        f"{_BY_EXAMPLE}a_void_gives_back_to_the_lots_that_were_held",
    ),
    _mutant(
        "the-rest-of-a-capture-is-kept",
        _SHEET,
        "debited = self._shift(pending.debit, rest, -pending.amount)",
        "debited = self._shift(pending.debit, 0, -pending.amount)",
        f"{_BY_EXAMPLE}the_rest_of_a_capture_goes_back_to_its_lots",
    ),
    _mutant(
        "an-expired-hold-is-captured",
        _LEDGER,
        "pending.expires_at <= opened.now for pending",
        "pending.expires_at < opened.now - 10**9 for pending",
        f"{_BY_EXAMPLE}an_expired_hold_is_not_captured",
    ),
    _mutant(
        "a-hold-is-resolved-twice",
        _LEDGER,
        "if await store.resolution_of(opened.db, pendings[0].id) is not None:",
        "if False:",
        f"{_TOGETHER}a_hold_is_resolved_by_one_of_many",
    ),
    _mutant(
        "a-refund-exceeds-the-price",
        _LEDGER,
        "item.amount - await store.reversed_so_far(opened.db, item.id)",
        "item.amount",
        f"{_TOGETHER}a_reversal_in_parallel_gives_back_once",
    ),
    _mutant(
        "a-refund-reaches-the-wrong-lots",
        _LEDGER,
        "for item, rest in reversed(left):",
        "for item, rest in left:",
        f"{_BY_EXAMPLE}a_refund_reaches_the_lots_that_paid_the_last_first",
    ),
)
CAPS = (
    _mutant(
        "a-day-opens-twice",
        _RULES,
        "    return max(last_day, today)\n",
        "    return today\n",
        f"{_TOGETHER}a_cap_holds_for_two_nodes_whose_clocks_disagree_at_midnight",
    ),
    _mutant(
        "a-cap-refuses-what-it-should-cut",
        _RULES,
        "min(multiplied, tightest.remaining)",
        "(multiplied if multiplied <= tightest.remaining else 0)",
        f"{_PROMISE}a_reward_is_cut_at_a_cap_and_not_refused_whole",
    ),
    _mutant(
        "each-fills-the-shared-cap-alone",
        _RULES,
        "    if rule.shared_cap is None:\n        return (kind,)\n",
        "    return (kind,)\n",
        f"{_PROMISE}activities_that_share_a_cap_fill_it_together",
    ),
    _mutant(
        "a-year-is-a-month",
        _EARNING,
        "rules.first_of_year(day)",
        "rules.first_of_month(day)",
        f"{_PROMISE}a_year_has_its_cap",
    ),
    _mutant(
        "a-week-begins-every-day",
        _EARNING,
        "week=wallet.earn_week_used if same_week else 0",
        "week=wallet.earn_week_used if same_day else 0",
        f"{_PROMISE}a_week_has_its_cap_and_ends_on_sunday",
    ),
    _mutant(
        "equal-content-is-paid-again",
        _EARNING,
        "self.day, self.activity.fingerprint\n",
        'self.day, f"{self.activity.fingerprint} {self.op_id}"[:128]\n',
        f"{_TOGETHER}equal_content_in_parallel_pays_once",
    ),
    _mutant(
        "the-ceiling-is-open",
        _RULES,
        "multiplied = base * ceiling // ONE",
        "multiplied = base * product // scale",
        f"{_PROMISE}streak_and_tier_multiply_up_to_the_ceiling",
    ),
    _mutant(
        "a-tier-is-told-and-not-kept",
        _STANDING,
        "        opened.sheet.set_tier(wallet.id, tier)\n",
        "",
        f"{_PROMISE}the_tier_in_the_wallet_is_the_one_last_told",
    ),
)
TALLIES = (
    _mutant(
        "what-is-held-is-tallied",
        _SHEET,
        "if transfer.kind in (TransferKind.POSTED, TransferKind.CAPTURED):",
        "if transfer.kind in (TransferKind.POSTED, TransferKind.PENDING, TransferKind.CAPTURED):",
        f"{_PROMISE}tallies_are_what_moved",
    ),
    _mutant(
        "a-reversal-is-tallied-as-its-original",
        _SHEET,
        'code = transfer.code if transfer.reverses_id is None else f"{UNDO}{transfer.code}"',
        "code = transfer.code",
        f"{_PROMISE}tallies_are_what_moved",
    ),
    _mutant(
        "a-tally-forgets-what-was-before",
        _WALLETS,
        "came = econ_tally.came + excluded.came,",
        "came = excluded.came,",
        f"{_PROMISE}a_reward_is_cut_at_a_cap_and_not_refused_whole",
    ),
)
BATCHES = (
    _mutant(
        "a-batch-forgets-what-it-has-paid",
        _EARNING,
        " + sheet.came(wallet.id, day, code)",
        "",
        "tests/money/test_batches.py::test_a_batch_is_its_activities_one_by_one[sqlite-0-balance]",
    ),
    _mutant(
        "a-batch-raises-nobody-until-it-ends",
        _EARNING,
        "        self._standings.place(self._work, self._opened, self._policy, wallet.id, self._earned)\n",
        "",
        "tests/money/test_batches.py::test_a_batch_is_its_activities_one_by_one[sqlite-0-balance]",
    ),
    _mutant(
        "an-op-is-counted-for-each-transfer",
        _SHEET,
        "ops = int(mark not in self._counted)",
        "ops = 1",
        f"{_PROMISE}tallies_are_what_moved",
    ),
)
STREAKS_AND_GOALS = (
    _mutant(
        "a-streak-survives-a-missed-day",
        _RULES,
        "return length if last_day >= day - 1 else 0",
        "return length if last_day >= day - 2 else 0",
        f"{_PROMISE}a_day_is_claimed_once_and_a_missed_day_ends_the_streak",
    ),
    _mutant(
        "a-day-is-claimed-twice",
        _DAILY,
        "wallet.streak_day >= opened.day:",
        "wallet.streak_day > opened.day:",
        f"{_PROMISE}a_day_is_claimed_once_and_a_missed_day_ends_the_streak",
    ),
    _mutant(
        "the-best-streak-is-the-last",
        _SHEET,
        "streak_best=max(wallet.streak_best, days)",
        "streak_best=days",
        f"{_PROMISE}a_day_is_claimed_once_and_a_missed_day_ends_the_streak",
    ),
    _mutant(
        "a-bonus-is-told-every-day",
        _DAILY,
        "Activity(MONTHLY, account_id, now, key, subject",
        "Activity(MONTHLY, account_id, now, str(month), subject",
        f"{_PROMISE}a_bonus_of_the_month_is_told_with_the_claim_that_brought_it",
    ),
    _mutant(
        "a-goal-is-claimed-again",
        _GOALS,
        "if subject in await store.claims(opened.db, wallet.id):",
        "if False:",
        f"{_PROMISE}a_goal_is_paid_once_when_it_is_reached",
    ),
    Mutant(
        "a-claim-is-answered-by-todays-goals",
        (
            Edit(_GOALS, "if not outcome.replayed:", "if True:"),
            Edit(
                _GOALS,
                'amount=outcome.result["reward"],',
                "amount=next(its.reward for its in self.all() if its.id in subject),",
            ),
        ),
        (f"{_PROMISE}a_claim_of_a_goal_is_answered_as_before_whatever_the_goals_are_by_then",),
    ),
)
ALLOWANCES = (
    _mutant(
        "the-allowance-outlives-its-day",
        _ALLOWANCE,
        "            expires_at=self._calendar.next_day_ms(now),\n            reserved_for",
        "            expires_at=self._calendar.next_day_ms(now) + 1000,\n            reserved_for",
        f"{_PROMISE}an_allowance_is_gone_at_midnight_and_never_accumulates",
    ),
    _mutant(
        "the-allowance-pays-last",
        "app/economy/ledger/accounts.py",
        "ALLOWANCE = 10",
        "ALLOWANCE = 55",
        f"{_PROMISE}the_allowance_pays_first_and_for_tools_alone",
    ),
    _mutant(
        "more-than-a-day-is-made-good",
        _ALLOWANCE,
        "min(lost, allowance.amount - today.available - today.held)",
        "lost",
        f"{_PROMISE}expired_allowance_is_made_good_within_a_days_amount",
    ),
    _mutant(
        "a-failure-is-made-good-each-time-it-is-told",
        _ALLOWANCE,
        " and not outcome.replayed:",
        ":",
        f"{_PROMISE}a_failure_told_again_later_makes_good_for_nothing",
    ),
)
MUTANTS = (*LEDGER, *HOLDS_AND_REFUNDS, *CAPS, *TALLIES, *BATCHES, *STREAKS_AND_GOALS, *ALLOWANCES, *RETURNED, *GIFTS)


def main() -> int:
    known = {mutant.name: mutant for mutant in MUTANTS}
    parser = argparse.ArgumentParser(description="Break one promise at a time and see the tests of money notice.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants to run; all when none is named")
    parser.add_argument("--list", action="store_true", help="only name them")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - known.keys():
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    if arguments.list:
        print("\n".join(known))
        return 0
    chosen = [mutant for name, mutant in known.items() if name in (arguments.names or known)]
    with tempfile.TemporaryDirectory(prefix="guildhall-mutant-") as folder:
        copy_of_the_tree(Path(folder))
        # A test that fails by itself would kill every mutant.
        sound = run_tests(Path(folder), sorted({node for mutant in chosen for node in mutant.nodes()}))
        if sound.returncode != 0:
            print(f"the tests fail without any mutant: {first_error(sound.stdout)}")
            return 1
        survivors = [mutant.name for mutant in chosen if survives(mutant, Path(folder))]
    print(f"{len(chosen) - len(survivors)} killed, {len(survivors)} survived")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
