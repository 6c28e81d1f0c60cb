"""A bucket on the loopback: the part of S3's protocol that storing and reading objects takes."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

XML = "application/xml"


class Bucket:
    """An ASGI application that keeps objects in memory; `refusing` answers everything with 403."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        """Uploads that are neither completed nor aborted."""
        self.refusing = False

    async def __call__(self, scope: dict[str, object], receive: object, send: object) -> None:
        request = Request(scope, receive)  # type: ignore[arg-type]  # the types of ASGI say less than it does
        response = await self._answer(request)
        await response(scope, receive, send)  # type: ignore[arg-type]  # as above

    async def _answer(self, request: Request) -> Response:
        bucket, _, key = request.url.path.lstrip("/").partition("/")
        if self.refusing or bucket != self.name:
            return Response("<Error><Code>AccessDenied</Code></Error>", 403, media_type=XML)
        if "uploads" in request.query_params or "uploadId" in request.query_params:
            return await self._multipart(request, key)
        if request.method == "PUT":
            self.objects[key] = await request.body()
            return Response(headers={"ETag": '"whole"'})
        if "delete" in request.query_params:
            keys = re.findall(r"<Key>([^<]+)</Key>", (await request.body()).decode())
            for gone in keys:
                self.objects.pop(gone, None)
            told = "".join(f"<Deleted><Key>{gone}</Key></Deleted>" for gone in keys)
            return Response(f"<DeleteResult>{told}</DeleteResult>", media_type=XML)
        return self._read(request, key)

    async def _multipart(self, request: Request, key: str) -> Response:
        upload = request.query_params.get("uploadId")
        if upload is None:
            upload = f"upload-{len(self.parts)}"
            self.parts[upload] = {}
            answer = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return Response(answer, media_type=XML)
        if request.method == "PUT":
            number = int(request.query_params["partNumber"])
            self.parts[upload][number] = await request.body()
            return Response(headers={"ETag": f'"part-{number}"'})
        parts = self.parts.pop(upload)
        if request.method == "DELETE":
            return Response(status_code=204)
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        answer = '<CompleteMultipartUploadResult><ETag>"whole"</ETag></CompleteMultipartUploadResult>'
        return Response(answer, media_type=XML)

    def _read(self, request: Request, key: str) -> Response:
        if key not in self.objects:
            return Response("<Error><Code>NoSuchKey</Code></Error>", 404, media_type=XML)
        content = self.objects[key]
        headers = {"ETag": '"whole"', "Last-Modified": "Fri, 20 Nov 2026 12:00:00 GMT"}
        asked = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers.get("range", ""))
        if asked is None:
            return Response(content, 200, headers)
        first, last = int(asked[1]), min(int(asked[2]), len(content) - 1)
        headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        return Response(content[first : last + 1], 206, headers)
