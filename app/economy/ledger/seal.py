"""What a seal is made of: the digest of each row of history, and the hash that ties a batch of them to the one before.

A row is digested as a JSON array of its table's letter and its columns: integers in decimal, text in ASCII with
escapes, NULL as null. Nothing in it depends on the engine. Both sides of a hash are spelled here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

OP, TRANSFER = "o", "t"
TABLES = {OP: "econ_op", TRANSFER: "econ_transfer"}

COLUMNS: dict[int, dict[str, tuple[str, ...]]] = {
    1: {
        OP: (
            "id",
            "scope",
            "idem_key",
            "request_hash",
            "kind",
            "actor_id",
            "policy_version",
            "status",
            "result",
            "created_at",
        ),
        TRANSFER: (
            "id",
            "op_id",
            "kind",
            "code",
            "amount",
            "returned",
            "debit_account",
            "debit_wallet",
            "debit_version",
            "debit_balance",
            "credit_account",
            "credit_wallet",
            "credit_version",
            "credit_balance",
            "pending_id",
            "reverses_id",
            "expires_at",
            "day",
            "created_at",
        ),
    }
}
"""The columns digested, by format and table. A table that gains a column gets a new format; old seals keep theirs."""

FORMAT = max(COLUMNS)
LOWEST_ID = -(2**63)
"""The first batch reaches down to here, so that no id lies below the chain."""
GENESIS = "0" * 64
"""What the first batch names as the hash before it."""

_MEMBER = struct.Struct(">cq32s")


@dataclass(frozen=True, slots=True)
class Member:
    """A row of history as a seal knows it."""

    table: str
    id: int
    digest: bytes

    @classmethod
    def of(cls, table: str, row: Mapping[str, Any], format_: int = FORMAT) -> Member:
        """Digest a row that has at least the columns of the format."""
        values = [row[column] for column in COLUMNS[format_][table]]
        return cls(table, row["id"], hashlib.sha256(_canonical([table, *values])).digest())


@dataclass(frozen=True, slots=True)
class Seal:
    """One batch of the chain: every op and transfer with an id from `from_id` to `to_id`, in the order of ids."""

    number: int
    format: int
    from_id: int
    to_id: int
    members: int
    digests: bytes
    previous: str
    hash: str
    sealed_at: int

    @classmethod
    def over(cls, members: Sequence[Member], *, after: Seal | None, now: int) -> Seal:
        """Seal these members, at least one and in the order of ids, behind `after`."""
        unhashed = cls(
            number=after.number + 1 if after else 1,
            format=FORMAT,
            from_id=after.to_id + 1 if after else LOWEST_ID,
            to_id=members[-1].id,
            members=len(members),
            digests=b"".join(_MEMBER.pack(member.table.encode(), member.id, member.digest) for member in members),
            previous=after.hash if after else GENESIS,
            hash="",
            sealed_at=now,
        )
        return replace(unhashed, hash=unhashed.computed_hash())

    def computed_hash(self) -> str:
        """The hash of all other columns, the previous hash among them."""
        told = (self.number, self.format, self.from_id, self.to_id, self.members, self.previous, self.sealed_at)
        return hashlib.sha256(_canonical(told) + self.digests).hexdigest()

    def unpacked(self) -> dict[tuple[str, int], bytes]:
        """The digests by table and id. Raises `ValueError` if they are not of this shape."""
        if len(self.digests) != self.members * _MEMBER.size:
            raise ValueError("The digests are not those of so many members")
        return {(table.decode(), id_): digest for table, id_, digest in _MEMBER.iter_unpack(self.digests)}


def _canonical(values: Sequence[Any]) -> bytes:
    # What is no JSON value can only have been put there by force; its spelling matters no more than that it differs.
    return json.dumps(values, separators=(",", ":"), ensure_ascii=True, default=repr).encode()
