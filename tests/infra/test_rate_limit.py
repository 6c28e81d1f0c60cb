"""Token buckets: a burst at once, a rate in the long run, each key for itself."""

from __future__ import annotations

import pytest

from app.core.errors import TooMany
from app.infra import rate_limit
from app.infra.rate_limit import Rate, RateLimit
from tests.harness.fakes import FrozenClock


def uses(limit: RateLimit, key: object, most: int = 100) -> int:
    """How many uses are allowed now."""
    for used in range(most):
        try:
            limit.take(key)
        except TooMany:
            return used
    return most


def test_a_burst_is_allowed_and_then_the_rate(clock: FrozenClock) -> None:
    limit = RateLimit(Rate(burst=5, per_second=2.0), clock)
    assert uses(limit, "ann") == 5
    clock.advance(seconds=1)
    assert uses(limit, "ann") == 2
    clock.advance(seconds=3600)
    assert uses(limit, "ann") == 5


def test_keys_do_not_share(clock: FrozenClock) -> None:
    limit = RateLimit(Rate(burst=2, per_second=1.0), clock)
    assert uses(limit, "ann") == 2
    assert uses(limit, "ben") == 2


def test_a_refusal_says_when_the_next_is_allowed(clock: FrozenClock) -> None:
    limit = RateLimit(Rate(burst=1, per_second=1 / 60), clock)
    limit.take("ann")
    with pytest.raises(TooMany) as refused:
        limit.take("ann")
    assert refused.value.retry_after == 60
    clock.advance(seconds=60)
    limit.take("ann")


def test_what_did_not_count_is_given_back(clock: FrozenClock) -> None:
    limit = RateLimit(Rate(burst=2, per_second=0.001), clock)
    limit.take("ann")
    limit.give_back("ann")
    limit.give_back("ann")
    assert uses(limit, "ann") == 2


def test_a_clock_that_steps_back_gives_nothing_away(clock: FrozenClock) -> None:
    limit = RateLimit(Rate(burst=3, per_second=1.0), clock)
    assert uses(limit, "ann") == 3
    clock.advance(seconds=-30)
    assert uses(limit, "ann") == 0


def test_the_longest_unused_key_is_forgotten_first(clock: FrozenClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limit, "KEYS_MAX", 2)
    limit = RateLimit(Rate(burst=1, per_second=0.001), clock)
    for key in ("ann", "ben", "cid"):
        limit.take(key)
    assert [uses(limit, key) for key in ("cid", "ann")] == [0, 1]
