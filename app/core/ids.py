"""Ids: 63-bit integers that rise with time, made without asking anybody.

    | 42 bits: milliseconds since 2020 | 10 bits: node | 11 bits: sequence |

They sort by creation, fit a BIGINT and are sent as decimal strings, for JavaScript numbers hold only 53 bits.
"""

from __future__ import annotations

from typing import Protocol

from app.core.clock import Clock

EPOCH_MS = 1_577_836_800_000
_NODE_BITS = 10
_SEQUENCE_BITS = 11
NODES = 1 << _NODE_BITS


def first_id_at(at_ms: int) -> int:
    """The lowest id a node can make at this moment: what was made before is below, what is made later is not."""
    return (at_ms - EPOCH_MS) << (_NODE_BITS + _SEQUENCE_BITS)


class Ids(Protocol):
    """Where every room gets new ids from."""

    def new(self) -> int:
        """A new id, above every id this source has given before."""
        ...


class TimeOrderedIds:
    """Ids of one node. `node` (0..1023) must differ between processes that share a database.

    A clock that steps back does not repeat ids: the last moment seen is kept and counted on from.
    """

    def __init__(self, clock: Clock, node: int = 0) -> None:
        if not 0 <= node < NODES:
            raise ValueError(f"node must be within 0..{NODES - 1}")
        self._clock = clock
        self._node = node
        self._tick = 0

    def new(self) -> int:
        # Moment and sequence are one counter: a full millisecond runs on into the next instead of waiting for it.
        now = (self._clock.now_ms() - EPOCH_MS) << _SEQUENCE_BITS
        self._tick = max(now, self._tick + 1)
        moment, sequence = self._tick >> _SEQUENCE_BITS, self._tick & ((1 << _SEQUENCE_BITS) - 1)
        return (moment << (_NODE_BITS + _SEQUENCE_BITS)) | (self._node << _SEQUENCE_BITS) | sequence
