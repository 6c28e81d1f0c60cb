"""Every mutant still fits the code and names tests there are, so that `make mutants` breaks what it says it breaks."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.delivery.mutants import apply
from tests.money.mutants import MUTANTS
from tests.money.mutation import Mutant, first_error
from tests.tidy.tree import ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits(mutant: Mutant, tmp_path: Path) -> None:
    for path in {edit.path for edit in mutant.edits}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    for edit in mutant.edits:
        apply(edit, tmp_path)
        compile((tmp_path / edit.path).read_text(encoding="utf-8"), edit.path, "exec")
    for test in mutant.tests:
        path, name = test.partition("[")[0].split("::")
        assert f"async def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_the_tests_that_must_notice_are_there() -> None:
    nodes = sorted({node for mutant in MUTANTS for node in mutant.nodes()})
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--collect-only", *nodes],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert found.returncode == 0, found.stderr


def test_mutants_have_names_of_their_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS) >= 12


def test_the_first_error_is_found() -> None:
    assert first_error("noise\nE       assert 1 == 2\nE   more") == "assert 1 == 2"
    assert first_error("a\nb") == "a b"
