"""Rules for files that are not Python: documents, migrations, and what must stand in none of them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

import pytest

from tests.tidy.tree import ROOT, files, text_files

DIALECTS = {"sqlite", "postgresql"}
FORBIDDEN = {
    "a package registry": re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|deb\.debian"),
    "a download address": re.compile(r"--(extra-)?index-url|\"resolved\"\s*:\s*\"http|https?://\S+\.(whl|tgz)\b"),
    "a path of one machine": re.compile(r"(?<![\w.$}])/(work|root|home/\w+|Users/\w+)/[\w.]"),
}


def headings(markdown: str) -> list[str]:
    """First-level headings, those in fenced code left out."""
    prose = re.sub(r"^(```|~~~).*?^\1", "", markdown, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"^# .+$", prose, flags=re.MULTILINE)


def misnumbered(names: Iterable[str]) -> Iterator[str]:
    """Migrations that share a number, are not numbered, or are spelled for one engine only."""
    spellings: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for name in sorted(names):
        match = re.fullmatch(r"(\d{4})_([a-z0-9_]+)(?:\.(\w+))?\.sql", name)
        if match is None:
            yield f"{name}: not NNNN_name.sql, NNNN_name.sqlite.sql or NNNN_name.postgresql.sql"
        else:
            spellings[match[1]][match[2]].add(match[3] or "both")
    for number, steps in spellings.items():
        if len(steps) > 1:
            yield f"{number}: shared by {', '.join(sorted(steps))}"
        for step, spelled in steps.items():
            if spelled not in ({"both"}, DIALECTS):
                yield f"{number}_{step}: spelled for {', '.join(sorted(spelled))}"


def forbidden(text: str) -> list[str]:
    return [f"{what}: {match[0]}" for what, pattern in FORBIDDEN.items() for match in pattern.finditer(text)]


def test_each_document_has_one_title() -> None:
    documents = {path: headings(path.read_text(encoding="utf-8")) for path in files() if path.suffix == ".md"}
    assert {str(path.relative_to(ROOT)): found for path, found in documents.items() if len(found) != 1} == {}


def test_a_document_with_two_titles_is_seen() -> None:
    assert len(headings("# One\n\n```sh\n# not a title\n```\n\n## Part\n\n# Two\n")) == 2


def test_migrations_are_numbered_uniquely() -> None:
    assert list(misnumbered(path.name for path in files() if path.parent == ROOT / "migrations")) == []


@pytest.mark.parametrize(
    "names",
    [
        ["0001_a.sql", "0001_b.sql"],
        ["0001_a.sqlite.sql"],
        ["0001_a.sql", "0001_a.sqlite.sql"],
        ["0001_a.mysql.sql"],
        ["1_a.sql"],
        ["0001_A.sql"],
    ],
)
def test_a_misnumbered_migration_is_seen(names: list[str]) -> None:
    assert list(misnumbered(names))


def test_no_file_names_a_registry_or_a_machine() -> None:
    found = {str(path.relative_to(ROOT)): forbidden(path.read_text(encoding="utf-8")) for path in text_files()}
    assert {path: told for path, told in found.items() if told} == {}


@pytest.mark.parametrize(
    "text",
    [
        "see https://py~pi.org",
        '"resolved~": "https://x.example/y.t~gz"',
        "--index~-url https://x",
        "cd /wo~rk/main",
        "/ro~ot/.cache",
    ],
)
def test_a_registry_or_a_machine_is_seen(text: str) -> None:
    assert forbidden(text.replace("~", "")), "the tildes keep these lines out of the rule themselves"


def test_a_route_is_not_a_path_of_a_machine() -> None:
    assert not forbidden("GET /api/rooms; ./work/x; https://guild.example/home")
