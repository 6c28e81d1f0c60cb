"""Proof that the tests of money can fail: break one promise at a time in a copy of the tree, and see who notices.

`python -m tests.money.mutants [NAME ...]` runs all mutants or those named; `--list` names them. Exit code 1 says that
some mutant survived. Each names the few tests that must fail, so that each takes seconds.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.delivery.mutants import COPIED, apply
from tests.money.mutations import MUTANTS, Mutant
from tests.tidy.tree import ROOT, files

RUN_SECONDS = 120


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
