"""What went out and what came back, as plain values.

Rules of this room: no httpx, no I/O; bytes and strings only. A `Wire` is a request just before it is sent, an
`Answer` a reply that was read to its end. Both know how to show themselves without a secret in them, and that
is the only way anything here is ever shown (`repr` included).
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from attrs import field, frozen

__all__ = ["REDACTED", "Answer", "Headers", "Wire", "redact_body", "redact_headers", "redact_url"]

REDACTED: Final = "[redacted]"

Headers = tuple[tuple[str, str], ...]
"""Header fields in order, names as they were sent."""

SECRET_HEADERS: Final = frozenset({"authorization", "cookie", "proxy-authorization", "set-cookie", "x-api-key"})
_NAMES: Final = "access_token|refresh_token|client_secret|password|password_confirmation|token|api_key|secret|assertion"
# `code` is a credential in a form or an address (OAuth 2.0) and an ordinary field of a project's record.
_SECRET_PAIR: Final = re.compile(rf"(?i)(^|[&?#])({_NAMES}|code)=[^&#]*")
_SECRET_JSON: Final = re.compile(rf'(?i)("(?:{_NAMES})"\s*:\s*)"(?:[^"\\]|\\.)*"?')
_SECRET_XML: Final = re.compile(rf"(?i)(<(?:{_NAMES.replace('_', '[-_]')})(?:\s[^>]*)?>)[^<]*")


def redact_url(url: str) -> str:
    """Give the address without user info and without the values of secret parameters."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    query = _SECRET_PAIR.sub(rf"\1\2={REDACTED}", parts.query)
    fragment = _SECRET_PAIR.sub(rf"\1\2={REDACTED}", parts.fragment)
    return urlunsplit((parts.scheme, host, parts.path, query, fragment))


def redact_headers(headers: Headers) -> Headers:
    """Give the header fields with the values of those that carry credentials taken out."""
    return tuple((name, _redact_header(name, value)) for name, value in headers)


def _redact_header(name: str, value: str) -> str:
    lowered = name.lower()
    if lowered in SECRET_HEADERS:
        scheme, blank, _ = value.partition(" ")
        return f"{scheme} {REDACTED}" if blank and lowered.endswith("authorization") else REDACTED
    return redact_url(value) if lowered in {"location", "referer"} else value


def redact_body(content: bytes, content_type: str = "") -> str:
    """Give a body as text with passwords and tokens taken out; bytes that are no text are counted instead."""
    if b"\x00" in content[:1024] or content_type.startswith(("image/", "multipart/", "application/octet")):
        return f"[{len(content)} bytes of {content_type or 'binary data'}]"
    text = content.decode("utf-8", errors="replace")
    if "form-urlencoded" in content_type:
        return _SECRET_PAIR.sub(rf"\1\2={REDACTED}", text)
    return _SECRET_XML.sub(rf"\1{REDACTED}", _SECRET_JSON.sub(rf'\1"{REDACTED}"', text))


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

    def __repr__(self) -> str:
        return f"<Wire {self.method} {redact_url(self.url)}, {len(self.content)} bytes>"


@frozen(repr=False)
class Answer:
    """A reply that was read whole: status, header fields, decoded body."""

    status: int
    headers: Headers = ()
    content: bytes = field(default=b"")

    def header(self, name: str) -> str | None:
        """The first value of a header field, whatever its case; None where it is missing."""
        return _find(self.headers, name)

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case; empty where none was given."""
        return (self.header("content-type") or "").partition(";")[0].strip().lower()

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.content)} bytes>"
