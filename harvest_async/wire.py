"""What went out and what came back, as plain values.

Rules of this room: no httpx; bytes and strings only. A `Wire` is a request just before it is sent, an
`Answer` a reply that was read to its end. Both know how to show themselves without a secret in them, and that
is the only way anything here is ever shown (`repr` included). Showing never fails, whatever a server sent, and
gives no character that could play with a terminal.
"""

from __future__ import annotations

from attrs import field, frozen

from harvest_async.redaction import (
    REDACTED,
    Headers,
    redact_body,
    redact_headers,
    redact_message,
    redact_text,
    redact_url,
)
from harvest_async.spool import Spool

__all__ = [
    "REDACTED",
    "Answer",
    "Headers",
    "Wire",
    "redact_body",
    "redact_headers",
    "redact_message",
    "redact_text",
    "redact_url",
]


def _find(headers: Headers, name: str) -> str | None:
    lowered = name.lower()
    for key, value in headers:
        if key.lower() == lowered:
            return value
    return None


@frozen(repr=False)
class Wire:
    """A request as it leaves: method, absolute address, header fields, body."""

    method: str
    url: str
    headers: Headers = ()
    content: bytes = b""

    def header(self, name: str) -> str | None:
        """The first value of a header field, whatever its case; None where it is missing."""
        return _find(self.headers, name)

    def redacted(self) -> Wire:
        """Return the request without the credentials in it."""
        kind = self.header("content-type") or ""
        content = redact_body(self.content, kind).encode() if self.content else b""
        return Wire(self.method, redact_url(self.url), redact_headers(self.headers), content)

    def __repr__(self) -> str:
        return f"<Wire {self.method} {redact_url(self.url)}, {len(self.content)} bytes>"


@frozen(repr=False)
class Answer:
    """A reply that was read whole: status, header fields, decoded body.

    `content` has only the beginning of a large body, and `spool` all of it.
    """

    status: int
    headers: Headers = ()
    content: bytes = field(default=b"")
    spool: Spool | None = field(default=None, eq=False)

    def header(self, name: str) -> str | None:
        """The first value of a header field, whatever its case; None where it is missing."""
        return _find(self.headers, name)

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; empty where none was given."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def redacted(self) -> Answer:
        """Return the response without the credentials in it, and without what is not in memory."""
        content = redact_body(self.content, self.content_type).encode() if self.content else b""
        return Answer(self.status, redact_headers(self.headers), content)

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.content)} bytes>"
