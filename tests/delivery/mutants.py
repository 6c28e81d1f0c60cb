"""Proof that the oracle can fail: break one promise at a time in a copy of the tree, and see which assertion notices.

`python -m tests.delivery.mutants [NAME ...]` runs all mutants or those named; `--list` names them. Exit code 1 says
that some mutant survived. ORACLE_SECONDS and ORACLE_SEED are handed on.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.tidy.tree import ROOT, files

COPIED = ("app", "migrations", "tests", "pyproject.toml")
RUN_SECONDS = 240


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace `old`, which stands once in the file, by `new`."""

    path: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """A promise broken by some edits, and the engine on which that shows."""

    name: str
    edits: tuple[Edit, ...]
    engine: str = "sqlite"


_POST = """        posted = await self._transactor.run(
            lambda work: self._chat.post(
                work,
                actor,
                command.room_id,
                client_id=command.client_id,
                body=command.body,
                file_ids=command.file_ids,
            )
        )
"""
_ACK_EARLY = """        acked = asyncio.get_running_loop().create_future()

        async def early(work):
            posted = await self._chat.post(
                work,
                actor,
                command.room_id,
                client_id=command.client_id,
                body=command.body,
                file_ids=command.file_ids,
            )
            acked.done() or acked.set_result(posted)
            await asyncio.sleep(0.03)
            return posted

        running = asyncio.ensure_future(self._transactor.run(early))
        running.add_done_callback(lambda done: acked.done() or acked.set_exception(done.exception()))
        posted = await acked
"""
_KEEP = """                await self._sink.keep(db, work.facts)
        return result, work.facts
"""
_SHOW_EARLY = """                await self._sink.keep(db, work.facts)
                await self._show(work.facts)
                await asyncio.sleep(0.03)
        return result, work.facts
"""
_KEEP_LATE = """                pass
        if work.facts:
            await asyncio.sleep(0.03)
            async with self._database.transaction() as db:
                await self._sink.keep(db, work.facts)
        return result, work.facts
"""
_NEXT_SEQ = """    row = await db.one("UPDATE room SET seq = seq + 1 WHERE id = :id RETURNING seq", id=room_id)
    return None if row is None else row["seq"]
"""
_UNLOCKED_SEQ = """    row = await db.one("SELECT seq + 1 AS seq FROM room WHERE id = :id", id=room_id)
    if row is not None:
        await db.execute("UPDATE room SET seq = :seq WHERE id = :id", seq=row["seq"], id=room_id)
    return None if row is None else row["seq"]
"""

MUTANTS = (
    Mutant(
        "retries-are-stored-again",
        (
            Edit("migrations/0003_chat.sql", "  UNIQUE (author_id, client_id),\n", ""),
            Edit(
                "app/chat/message_store.py",
                "ON CONFLICT (author_id, client_id) DO NOTHING RETURNING id",
                "RETURNING id",
            ),
            Edit(
                "app/chat/service.py",
                "before = await message_store.message_sent_with(work.db, actor.id, client_id)",
                "before = None",
            ),
        ),
    ),
    Mutant(
        "no-beacon",
        (Edit("app/realtime/beacon.py", "                    await self._revisit(connected)\n", ""),),
    ),
    Mutant(
        "no-done-mark",
        (
            Edit(
                "app/infra/outbox.py",
                "UPDATE outbox SET done_at = :now WHERE id IN (SELECT id FROM given)",
                "UPDATE outbox SET attempts = attempts WHERE id IN (SELECT id FROM given) AND created_at <= :now",
            ),
        ),
    ),
    Mutant(
        "ack-before-commit",
        (
            Edit(
                "app/realtime/chat.py", "from typing import Protocol\n", "import asyncio\nfrom typing import Protocol\n"
            ),
            Edit("app/realtime/chat.py", _POST, _ACK_EARLY),
        ),
    ),
    Mutant(
        "push-before-commit",
        (
            Edit(
                "app/infra/unit_of_work.py",
                _KEEP,
                _SHOW_EARLY,
            ),
            Edit("app/infra/unit_of_work.py", "                await self._show(facts)\n", ""),
        ),
    ),
    Mutant(
        "errands-after-commit",
        (
            Edit(
                "app/infra/unit_of_work.py",
                _KEEP,
                _KEEP_LATE,
            ),
        ),
    ),
    Mutant("number-without-lock", (Edit("app/chat/store.py", _NEXT_SEQ, _UNLOCKED_SEQ),), engine="postgresql"),
)


def survives(mutant: Mutant) -> bool:
    """Run the oracle against the mutant and print what came of it."""
    with tempfile.TemporaryDirectory(prefix="guildhall-mutant-") as folder:
        copy = Path(folder)
        for path in files():
            name = path.relative_to(ROOT)
            if name.parts[0] in COPIED:
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, copy / name)
        for edit in mutant.edits:
            apply(edit, copy)
        ran = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-s", "tests/delivery/test_oracle.py", "-k", mutant.engine],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": str(copy), "ORACLE_SECONDS": os.environ.get("ORACLE_SECONDS", "20")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
            check=False,
        )
    verdict = {0: "SURVIVED", 1: "killed"}.get(ran.returncode, f"pytest ended with {ran.returncode}")
    print(f"{mutant.name} ({mutant.engine}): {verdict} by {reason(ran.stdout)}", flush=True)
    return ran.returncode != 1


def apply(edit: Edit, root: Path) -> None:
    """Raises `ValueError` when the code has changed, so that a mutant never passes for one unchanged."""
    text = (root / edit.path).read_text(encoding="utf-8")
    if text.count(edit.old) != 1:
        raise ValueError(f"{edit.path} does not hold this once:\n{edit.old}")
    (root / edit.path).write_text(text.replace(edit.old, edit.new), encoding="utf-8")


def reason(output: str) -> str:
    """The first error that pytest tells."""
    found = re.search(r"^(?:E|[ |]+\|)\s+((?:\w+\.)*\w*(?:Error|Refused|Timeout)\b:? .*)$", output, flags=re.MULTILINE)
    return found[1][:300] if found else output[-1500:]


def main() -> int:
    known = {mutant.name: mutant for mutant in MUTANTS}
    parser = argparse.ArgumentParser(description="Break one promise at a time and see the oracle notice.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants to run; all when none is named")
    parser.add_argument("--list", action="store_true", help="only name them")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - known.keys():
        parser.error(f"no such mutant: {', '.join(sorted(unknown))}")
    if arguments.list:
        print("\n".join(known))
        return 0
    survivors = [name for name, mutant in known.items() if name in (arguments.names or known) and survives(mutant)]
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
