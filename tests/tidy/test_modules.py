"""No module of the product is imported by nobody."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from tests.tidy.tree import ROOT, python_files

ENTRANCES = frozenset({"app.__main__"})
"""What is started and not imported."""


def imports(text: str) -> Iterator[str]:
    """Every dotted name an import statement may mean as a module."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{name.name}" for name in node.names)


def orphans(modules: Mapping[str, str]) -> list[str]:
    """Modules, by dotted name and text, that no other one imports. A package is there for what is in it."""
    imported = {name for text in modules.values() for name in imports(text)}
    packages = {name.rpartition(".")[0] for name in modules}
    return sorted(modules.keys() - imported - packages - ENTRANCES)


def test_every_module_is_imported() -> None:
    modules = {}
    for path in python_files("app"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        modules[".".join(part for part in parts if part != "__init__")] = path.read_text(encoding="utf-8")
    assert orphans(modules) == []


def test_an_orphan_is_seen() -> None:
    modules = {
        "app": "",
        "app.__main__": "import app.cli",
        "app.cli": "from app import chat",
        "app.chat": "",
        "app.old": "",
    }
    assert orphans(modules) == ["app.old"]
