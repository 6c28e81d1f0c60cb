"""What a mutant is."""

from __future__ import annotations

from dataclasses import dataclass

from tests.delivery.mutants import Edit


@dataclass(frozen=True, slots=True)
class Mutant:
    """A promise broken by some edits, and the tests that must notice, `file::test[engine]`; the engine is SQLite."""

    name: str
    edits: tuple[Edit, ...]
    tests: tuple[str, ...]

    def nodes(self) -> list[str]:
        return [test if test.endswith("]") else f"{test}[sqlite]" for test in self.tests]


def mutant(name: str, path: str, old: str, new: str, *tests: str) -> Mutant:
    """A mutant of one edit."""
    return Mutant(name, (Edit(path, old, new),), tests)
