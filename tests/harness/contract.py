"""The published contracts, read as a stranger reads them: does what was received match what the documents promise?"""

from __future__ import annotations

import re
from typing import Any

from jsonschema import Draft202012Validator

Json = Any
"""A decoded JSON value."""

_PLACEHOLDER = re.compile(r"\\\{[^}]+\\\}")


class ContractBroken(AssertionError):
    """Something was received that the contract does not allow."""


class Document:
    """An OpenAPI 3.1 or AsyncAPI 3 document, whose schemas refer to each other by `#/components/...`."""

    def __init__(self, content: dict[str, Json]) -> None:
        self.content = content

    def resolve(self, node: dict[str, Json]) -> dict[str, Json]:
        """Follow `$ref` until something else is reached."""
        while isinstance(node.get("$ref"), str):
            target: Json = self.content
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def check(self, value: Json, schema: dict[str, Json], where: str) -> None:
        """Raise `ContractBroken` unless `value` matches `schema`; `where` opens the message."""
        whole = {**schema, **{name: part for name, part in self.content.items() if name not in schema}}
        errors = sorted(Draft202012Validator(whole).iter_errors(value), key=lambda error: error.json_path)
        if errors:
            told = "\n".join(f"  {error.json_path}: {error.message}" for error in errors[:10])
            raise ContractBroken(f"{where} does not match its schema:\n{told}")


class HttpContract:
    """What `/openapi.json` promises of each response."""

    def __init__(self, openapi: dict[str, Json]) -> None:
        self._document = Document(openapi)
        # Literal paths first: `/balance/me` is not `/balance/{id}`.
        self._paths = [
            (re.compile(_PLACEHOLDER.sub("[^/]+", re.escape(path))), path)
            for path in sorted(openapi["paths"], key=lambda path: path.count("{"))
        ]

    def check(self, method: str, path: str, status: int, content_type: str, body: Json) -> None:
        """Raise `ContractBroken` unless the response is one that the operation documents.

        `body` is the decoded JSON, or None when nothing was sent.
        """
        where = f"{method} {path} -> {status}"
        response = self._response(method, path, status, where)
        content = response.get("content", {})
        media = content_type.partition(";")[0].strip()
        if not content:
            if body is not None:
                raise ContractBroken(f"{where} has a body, and none is documented")
            return
        if media not in content and "*/*" not in content:
            raise ContractBroken(f"{where} is {media or 'without content type'}; documented: {', '.join(content)}")
        if media.endswith("json"):
            self._document.check(body, content.get(media, {}).get("schema", {}), where)

    def _response(self, method: str, path: str, status: int, where: str) -> dict[str, Json]:
        template = next((template for pattern, template in self._paths if pattern.fullmatch(path)), None)
        operation = None if template is None else self._document.content["paths"][template].get(method.lower())
        if operation is None:
            raise ContractBroken(f"{where}: no such operation is documented")
        response = operation["responses"].get(str(status)) or operation["responses"].get("default")
        if response is None:
            raise ContractBroken(f"{where}: documented are only {', '.join(operation['responses'])}")
        return self._document.resolve(response)
