"""Every Python file keeps the rules, and every rule can be broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tidy import python_rules as rules
from tests.tidy.tree import ROOT, python_files

EVERYWHERE = ("app", "tests", "bench", "scripts")
APPLIES: list[tuple[rules.Rule, tuple[str, ...]]] = [
    (rules.functions_are_short, EVERYWHERE),
    (rules.files_are_short, EVERYWHERE),
    (rules.modules_say_what_they_are_for, EVERYWHERE),
    (rules.nothing_is_left_open, EVERYWHERE),
    (rules.excuses_have_reasons, EVERYWHERE),
    (rules.names_mean_something, EVERYWHERE),
    (rules.nothing_is_printed, ("app",)),
]
FUNCTION = "def f() -> None:\n" + "    pass\n" * rules.FUNCTION_LINES_MAX
SINS: list[tuple[rules.Rule, str]] = [
    (rules.functions_are_short, FUNCTION),
    (rules.functions_are_short, "class C:\n    async " + FUNCTION.replace("\n", "\n    ")),
    (rules.files_are_short, "x = 1\n" * (rules.FILE_LINES_MAX + 1)),
    (rules.modules_say_what_they_are_for, "x = 1\n"),
    (rules.nothing_is_left_open, "x = 1  # {}: more\n".format("TO" + "DO")),
    (rules.excuses_have_reasons, "x = 1  # type: ignore\n"),
    (rules.excuses_have_reasons, "x = 1  # type: ignore[arg-type]\n"),
    (rules.excuses_have_reasons, "x = 1  # noqa\n"),
    (rules.excuses_have_reasons, "x = 1  # noqa: S608\n"),
    (rules.nothing_is_printed, "print('x')\n"),
    (rules.names_mean_something, "class RoomManager: ...\n"),
    (rules.names_mean_something, "def room_utils(): ...\n"),
]
VIRTUES: list[tuple[rules.Rule, str]] = [
    (rules.functions_are_short, FUNCTION.removesuffix("    pass\n")),
    (rules.files_are_short, "x = 1\n" * rules.FILE_LINES_MAX),
    (rules.modules_say_what_they_are_for, '"""Says it."""\nx = 1\n'),
    (rules.modules_say_what_they_are_for, ""),
    (rules.excuses_have_reasons, "x = 1  # type: ignore[arg-type]  # the library is wrong\n"),
    (rules.excuses_have_reasons, "x = 1  # noqa: S608 - built from constants\n"),
    (rules.excuses_have_reasons, "x = '# noqa'\n"),
    (rules.nothing_is_printed, "log.print('x')\n"),
    (rules.names_mean_something, "def commonly_used(): ...\n"),
]


@pytest.mark.parametrize(("rule", "folders"), APPLIES, ids=lambda value: getattr(value, "__name__", ""))
def test_the_tree_keeps(rule: rules.Rule, folders: tuple[str, ...]) -> None:
    broken = [
        f"{path.relative_to(ROOT)}:{complaint}" for path in python_files(*folders) for complaint in rule(read(path))
    ]
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize(("rule", "text"), SINS)
def test_a_sin_is_seen(rule: rules.Rule, text: str) -> None:
    assert list(rule(text))


@pytest.mark.parametrize(("rule", "text"), VIRTUES)
def test_a_virtue_is_left_alone(rule: rules.Rule, text: str) -> None:
    assert not list(rule(text))


def test_no_file_or_folder_is_named_for_everything() -> None:
    assert not list(banned(python_files()))
    assert list(banned([ROOT / "app" / "chat" / "utils.py", ROOT / "app" / "common" / "x.py"])) == ["utils", "common"]


def banned(paths: list[Path]) -> Iterator[str]:
    for path in paths:
        for part in path.relative_to(ROOT).with_suffix("").parts:
            yield from rules.BANNED_NAMES.intersection(part.split("_"))


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")
