"""A promise of money broken in a copy of the tree, and whether the tests that should notice do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from tests.delivery.mutants import COPIED, Edit, apply
from tests.tidy.tree import ROOT, files

RUN_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Mutant:
    """A promise broken by some edits, and the tests that must notice, `file::test[engine]`; the engine is SQLite."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]

    def nodes(self) -> list[str]:
        return [test if test.endswith("]") else f"{test}[sqlite]" for test in self.tests]


def copy_of_the_tree(folder: Path) -> None:
    """Copy what the tests of money need."""
    for path in files():
        name = path.relative_to(ROOT)
        if name.parts[0] in COPIED:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, folder / name)


def run_tests(folder: Path, nodes: list[str]) -> subprocess.CompletedProcess[str]:
    """Run these tests in a copy of the tree."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *nodes],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )


def survives(mutant: Mutant, folder: Path) -> bool:
    """Run the mutant's tests against it in a copy that is put back afterwards, and print what came of it."""
    began = time.monotonic()
    untouched = {edit.path: (folder / edit.path).read_text(encoding="utf-8") for edit in mutant.edits}
    try:
        for edit in mutant.edits:
            apply(edit, folder)
        ran = run_tests(folder, mutant.nodes())
    finally:
        for path, text in untouched.items():
            (folder / path).write_text(text, encoding="utf-8")
    verdict = {0: "SURVIVED", 1: "killed"}.get(ran.returncode, f"pytest ended with {ran.returncode}")
    seconds = time.monotonic() - began
    print(f"{verdict:9} {mutant.name:44} {seconds:5.1f} s  {first_error(ran.stdout)}", flush=True)
    return ran.returncode != 1


def first_error(output: str) -> str:
    """What pytest says went wrong first, in one line."""
    found = re.search(r"^(?:E|[ |]+\|) +(\S.*)$", output, flags=re.MULTILINE)
    return (found[1] if found else " ".join(output.split()))[:100]
