"""Every mutant still fits the code, so that `python -m tests.delivery.mutants` breaks what it says it breaks."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.delivery.mutants import MUTANTS, Edit, Mutant, apply, reason
from tests.tidy.tree import ROOT


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutant_fits(mutant: Mutant, tmp_path: Path) -> None:
    for path in {edit.path for edit in mutant.edits}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / path, tmp_path / path)
    for edit in mutant.edits:
        apply(edit, tmp_path)


def test_an_edit_that_does_not_fit_is_told(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text("a = 1\na = 1\n")
    for old in ("b", "a = 1"):
        with pytest.raises(ValueError, match=r"code\.py"):
            apply(Edit("code.py", old, "c"), tmp_path)


@pytest.mark.parametrize(
    "line", ["E       AssertionError: it is lost", "    | AssertionError: it is lost", "E   AssertionError: it is lost"]
)
def test_the_reason_is_found(line: str) -> None:
    assert reason(f"noise\n{line}\nnoise") == "AssertionError: it is lost"
