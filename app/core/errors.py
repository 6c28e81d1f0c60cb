"""Refusals: everything that may be said "no" to, in one tree.

    AppError                       an expected refusal; anything else that is raised is a bug
    ├── Invalid           422      the request itself is malformed
    ├── Unauthenticated   401      nobody is signed in, or the credentials are wrong
    ├── Forbidden         403      signed in, but not allowed
    ├── NotFound          404      no such thing, or none this person may know of
    ├── Conflict          409      well-formed, but at odds with what is stored
    │   └── KeyReused              the same idempotency key came with another request
    ├── Gone              410      it existed and is used up
    ├── TooLarge          413      more than the stated bound
    ├── TooMany           429      too often; carries `retry_after` in seconds
    └── Unavailable       503      cannot be done now; the same request may work later

Rooms derive their own refusals from these and give each a `code`. Two tables translate them: problem+json for
HTTP (`infra/problems.py`) and the acknowledgement for sockets (`realtime/dispatch.py`).
"""

from __future__ import annotations

import math
from typing import ClassVar


class AppError(Exception):
    """A refusal. `code` is for programs, `detail` for people, `data` holds the numbers behind it."""

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"
    status: ClassVar[int] = 400
    retry: ClassVar[bool] = False
    """Whether the very same request may succeed later."""

    def __init__(self, detail: str = "", **data: object) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.data = data


class Invalid(AppError):
    code = "invalid"
    title = "The request is malformed"
    status = 422


class Unauthenticated(AppError):
    code = "unauthenticated"
    title = "Sign in first"
    status = 401


class Forbidden(AppError):
    code = "forbidden"
    title = "Not allowed"
    status = 403


class NotFound(AppError):
    code = "not_found"
    title = "Not found"
    status = 404


class Conflict(AppError):
    code = "conflict"
    title = "At odds with what is stored"
    status = 409


class KeyReused(Conflict):
    code = "key_reused"
    title = "This idempotency key was used for another request"


class Gone(AppError):
    code = "gone"
    title = "No longer there"
    status = 410


class TooLarge(AppError):
    code = "too_large"
    title = "Larger than allowed"
    status = 413


class TooMany(AppError):
    code = "rate_limited"
    title = "Too many requests"
    status = 429
    retry = True

    def __init__(self, retry_after: float, detail: str = "") -> None:
        seconds = max(1, math.ceil(retry_after))
        super().__init__(detail or f"Too many requests; try again in {seconds} s", retry_after=seconds)
        self.retry_after = seconds


class Unavailable(AppError):
    code = "unavailable"
    title = "Cannot be done right now"
    status = 503
    retry = True
