"""Rules for one Python file. Each takes its text and yields what is wrong, as `line: complaint`."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Callable, Iterator

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
BANNED_NAMES = frozenset({"util", "utils", "helper", "helpers", "common", "manager", "managers", "misc"})

Rule = Callable[[str], Iterator[str]]

_EXCUSE = re.compile(r"#\s*(type:\s*ignore|noqa)(?P<rest>.*)")
_CODE_AND_REASON = {
    "type: ignore": re.compile(r"\[[\w\-, ]+\]\s+#\s*\S+"),
    "noqa": re.compile(r":\s*[A-Z]+[0-9]+.*\s-\s\S+"),
}
# In brackets, so that this line is not one of them.
_LEFTOVER = re.compile(r"\b(T[O]DO|F[I]XME|X[X]X|H[A]CK)\b")


def functions_are_short(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            if lines > FUNCTION_LINES_MAX:
                yield f"{node.lineno}: {node.name} has {lines} lines; at most {FUNCTION_LINES_MAX}"


def files_are_short(text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > FILE_LINES_MAX:
        yield f"1: {lines} lines; at most {FILE_LINES_MAX}"


def modules_say_what_they_are_for(text: str) -> Iterator[str]:
    docstring = ast.get_docstring(ast.parse(text))
    if text.strip() and not docstring:
        yield "1: no docstring says what this module is for"


def nothing_is_left_open(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), start=1):
        if mark := _LEFTOVER.search(line):
            yield f"{number}: {mark[0]} was left"


def excuses_have_reasons(text: str) -> Iterator[str]:
    """`# type: ignore[code]  # reason` and `# noqa: CODE - reason`."""
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT or not (excuse := _EXCUSE.match(token.string)):
            continue
        kind = "noqa" if excuse[1] == "noqa" else "type: ignore"
        if not _CODE_AND_REASON[kind].match(excuse["rest"]):
            yield f"{token.start[0]}: {token.string!r} needs a code and a reason"


def nothing_is_printed(text: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield f"{node.lineno}: print; the command line speaks by typer.echo, everything else by its log"


def names_mean_something(text: str) -> Iterator[str]:
    """No class, function or argument is called a helper or a manager of something."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            words = re.findall(r"[A-Z]?[a-z]+", node.name)
            if BANNED_NAMES.intersection(word.lower() for word in words):
                yield f"{node.lineno}: {node.name} says nothing; name it by what it does"
