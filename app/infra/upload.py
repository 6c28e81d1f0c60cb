"""One file that a client sends as multipart/form-data, taken in while it comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Self

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from app.core.errors import AppError, Invalid

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

STALL_SECONDS = 60.0
"""How long a client may send nothing before it counts as gone."""

HEADERS_MAX, HEADER_BYTES_MAX = 4, 2048
ENVELOPE_BYTES = HEADERS_MAX * HEADER_BYTES_MAX + 1024
"""More than the form around the file may take: its headers and its boundaries."""


class UploadCut(AppError):
    code = "upload_cut"
    title = "The upload ended before the file was whole"
    status = 400
    retry = True


class Upload:
    """The one part `file` of a form: its name as the client spells it, and its bytes, once and in order."""

    def __init__(self, request: Request, parser: MultipartParser, part: _Part) -> None:
        self._body = aiter(request.stream())
        self._parser = parser
        self._part = part
        self.announced = _announced(request)
        """The length of the whole form in bytes, when the client said; the file is shorter by less than an envelope."""

    @classmethod
    async def begin(cls, request: Request) -> Self:
        """Read up to where the file begins. Raises `Invalid` for another form, and `UploadCut`."""
        kind, options = parse_options_header(request.headers.get("content-type", ""))
        boundary = options.get(b"boundary", b"")
        if kind != b"multipart/form-data" or not boundary:
            raise Invalid("The body is a form with a file, sent as multipart/form-data")
        part = _Part()
        try:
            parser = MultipartParser(
                boundary, part.callbacks(), max_header_count=HEADERS_MAX, max_header_size=HEADER_BYTES_MAX
            )
        except FormParserError:
            raise Invalid("The form is malformed") from None
        upload = cls(request, parser, part)
        while not part.begun:
            await upload._read()
        return upload

    @property
    def name(self) -> str:
        """What the client calls the file: any text at all, even none."""
        return self._part.name

    async def chunks(self) -> AsyncIterator[bytes]:
        """The file. Raises `Invalid` where the form is malformed, and `UploadCut` where it ends too early."""
        while True:
            if piece := self._part.take():
                yield piece
            if self._part.ended:
                return
            await self._read()

    async def _read(self) -> None:
        try:
            async with asyncio.timeout(STALL_SECONDS):
                self._parser.write(await anext(self._body))
        except (StopAsyncIteration, ClientDisconnect, TimeoutError):
            raise UploadCut from None
        except FormParserError:
            raise Invalid("The form is malformed") from None


class _Part:
    """What the parser has told of the form so far."""

    def __init__(self) -> None:
        self.name = ""
        self.begun = False
        self.ended = False
        self._parts = 0
        self._header, self._value = b"", b""
        self._disposition = b""
        self._bytes: list[bytes] = []

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._on_part,
            "on_header_field": self._on_header_field,
            "on_header_value": self._on_header_value,
            "on_header_end": self._on_header,
            "on_headers_finished": self._on_headers,
            "on_part_data": lambda data, start, end: self._bytes.append(data[start:end]),
            "on_end": self._on_end,
        }

    def take(self) -> bytes:
        """The bytes that have come since the last time."""
        taken = b"".join(self._bytes)
        self._bytes.clear()
        return taken

    def _on_part(self) -> None:
        self._parts += 1
        if self._parts > 1:
            raise Invalid("The form holds one file and nothing else")

    def _on_header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _on_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header, self._value = b"", b""

    def _on_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if options.get(b"name") != b"file" or b"filename" not in options:
            raise Invalid("The form holds one file, by the name of file")
        self.name = options[b"filename"].decode("utf-8", "replace")
        self.begun = True

    def _on_end(self) -> None:
        self.ended = True


def _announced(request: Request) -> int | None:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 16 else None
