"""Requests and responses as plain values.

Invariants:
- Bytes and strings only, no httpx. A `Request` is complete before it is sent; a `Response` was read to its end.
- Neither is ever shown with a secret in it, `repr` included.
- Showing one never fails, for any response of a server, and has no control characters.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import field, frozen

from harvest_async.body_buffer import BodyBuffer
from harvest_async.redaction import (
    REDACTED,
    escape_controls,
    is_secret_name,
    redact_cut,
    redact_message,
    redact_text,
    redact_url,
)

__all__ = [
    "REDACTED",
    "Headers",
    "Request",
    "Response",
    "redact_body",
    "redact_headers",
    "redact_message",
    "redact_text",
    "redact_url",
]

Headers = tuple[tuple[str, str], ...]
"""Header fields in order, names as they were sent."""

_SECRET_HEADER: Final = re.compile(r"(?:^|[-_])(?:auth|credentials?|jwt|keys?|session|sid|signature)(?:$|[-_])")
"""Words in the names of header fields whose values are credentials."""


def redact_headers(headers: Headers) -> Headers:
    """Return the header fields without the values of those that carry credentials."""
    return tuple((escape_controls(name), _redact_header(name, value)) for name, value in headers)


def redact_body(content: bytes, content_type: str = "", limit: int | None = None) -> str:
    """Return a body as text without passwords and tokens; binary data is described by its size.

    Only the first `limit` bytes are shown, followed by the number of bytes that are left out.
    """
    if b"\x00" in content[:1024] or content_type.startswith(("image/", "multipart/", "application/octet")):
        return f"[{len(content)} bytes of {escape_controls(content_type[:200]) or 'binary data'}]"
    text = content[:limit].decode("utf-8", errors="replace").replace("\r\n", "\n")
    if limit is None or len(content) <= limit:
        return redact_text(text)
    return f"{redact_text(redact_cut(text))} [... {len(content) - limit} more bytes]"


def _redact_header(name: str, value: str) -> str:
    lowered = name.lower()
    if is_secret_name(lowered) or _SECRET_HEADER.search(lowered):
        scheme, blank, _ = value.partition(" ")
        return f"{escape_controls(scheme)} {REDACTED}" if blank and lowered.endswith("authorization") else REDACTED
    return redact_url(value) if lowered in {"location", "referer"} else redact_text(value)


def _find(headers: Headers, name: str) -> str | None:
    lowered = name.lower()
    for key, value in headers:
        if key.lower() == lowered:
            return value
    return None


@frozen(repr=False)
class Request:
    """A request: method, absolute URL, header fields, body."""

    method: str
    url: str
    headers: Headers = ()
    content: bytes = b""

    def header(self, name: str) -> str | None:
        """Return the first value of a header field, in any case; None if it is missing."""
        return _find(self.headers, name)

    def redacted(self) -> Request:
        """Return the request without the credentials in it."""
        kind = self.header("content-type") or ""
        content = redact_body(self.content, kind).encode() if self.content else b""
        return Request(self.method, redact_url(self.url), redact_headers(self.headers), content)

    def __repr__(self) -> str:
        return f"<Request {self.method} {redact_url(self.url)}, {len(self.content)} bytes>"


@frozen(repr=False)
class Response:
    """A complete response: status, header fields, decoded body.

    `content` has only the beginning of a large body, and `buffer` all of it.
    """

    status: int
    headers: Headers = ()
    content: bytes = field(default=b"")
    buffer: BodyBuffer | None = field(default=None, eq=False)

    def header(self, name: str) -> str | None:
        """Return the first value of a header field, in any case; None if it is missing."""
        return _find(self.headers, name)

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; empty where none was given."""
        for name, value in self.headers:
            if name.lower() == "content-type":
                return value.partition(";")[0].strip().lower()
        return ""

    def redacted(self) -> Response:
        """Return the response without the credentials in it, and without what is not in memory."""
        content = redact_body(self.content, self.content_type).encode() if self.content else b""
        return Response(self.status, redact_headers(self.headers), content)

    def __repr__(self) -> str:
        return f"<Response {self.status}, {len(self.content)} bytes>"
