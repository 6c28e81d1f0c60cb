"""A stored file as an answer: streamed, in part where a part is asked for, and not at all where it is known already."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.core.errors import AppError

_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})", re.ASCII)
_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")
_INERT = "default-src 'none'; sandbox"
"""A browser that opens the file by itself runs nothing in it and knows it as nobody's."""


class RangeNotSatisfiable(AppError):
    code = "range_not_satisfiable"
    title = "The file ends before the range that was asked for"
    status = 416


@dataclass(frozen=True, slots=True)
class Download:
    """What a file is, and how to read it from one byte up to, and without, another.

    `tag` is the same only for the same bytes. Unless `inline`, browsers save the file and show nothing of it.
    """

    name: str
    size: int
    media_type: str
    tag: str
    inline: bool
    read: Callable[[int, int], Awaitable[AsyncIterator[bytes]]]


async def send_download(request: Request, download: Download) -> Response:
    """Answer with the file, the part of it that was asked for, or that it has not changed.

    Raises `RangeNotSatisfiable`. Several ranges at once, or one that cannot be read, are answered with the whole.
    """
    headers = _headers(download)
    if _known(request, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    part = _asked(request, headers["ETag"], download.size)
    start, end = part or (0, download.size)
    headers["Content-Length"] = str(end - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{download.size}"
    status = 200 if part is None else 206
    if request.method == "HEAD":
        return Response(None, status, headers, media_type=download.media_type)
    return StreamingResponse(await download.read(start, end), status, headers, media_type=download.media_type)


def disposition(name: str, *, inline: bool) -> str:
    """The header Content-Disposition for a file of any name (RFC 6266)."""
    plain = _NOT_PLAIN.sub("_", name)
    return f"{'inline' if inline else 'attachment'}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _headers(download: Download) -> dict[str, str]:
    return {
        "ETag": f'"{download.tag}"',
        "Accept-Ranges": "bytes",
        # Kept by the person's own browser and asked for each time, for they may have lost the right to it.
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(download.name, inline=download.inline),
        "Content-Security-Policy": _INERT,
        "X-Content-Type-Options": "nosniff",
    }


def _known(request: Request, tag: str) -> bool:
    known = [part.strip().removeprefix("W/") for part in request.headers.get("if-none-match", "").split(",")]
    return tag in known or "*" in known


def _asked(request: Request, tag: str, size: int) -> tuple[int, int] | None:
    """The part that was asked for, from its first byte up to, and without, another; None for the whole."""
    if request.headers.get("if-range", tag) != tag:
        return None
    match = _RANGE.fullmatch(request.headers.get("range", ""))
    if match is None or match.group() == "bytes=-":
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(int(last) + 1, size) if last else size
        if last and int(last) < start:
            return None
    if start >= end:
        raise RangeNotSatisfiable(f"The file has {size} bytes", size=size)
    return start, end
