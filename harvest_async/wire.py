"""What went out and what came back, as plain values.

Rules of this room: no httpx; bytes and strings only. A `Wire` is a request just before it is sent, an
`Answer` a reply that was read to its end. Both know how to show themselves without a secret in them, and that
is the only way anything here is ever shown (`repr` included). Showing never fails, whatever a server sent, and
gives no character that could play with a terminal.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_plus, urlsplit, urlunsplit

from attrs import field, frozen

from harvest_async.spool import Spool

__all__ = ["REDACTED", "Answer", "Headers", "Wire", "redact_body", "redact_headers", "redact_text", "redact_url"]

REDACTED: Final = "[redacted]"

Headers = tuple[tuple[str, str], ...]
"""Header fields in order, names as they were sent."""

_WORDS: Final = "token|secret|passw|api[-_]?key|assertion|authori[sz]ation|cookie"
_SECRET: Final = re.compile(rf"(?i){_WORDS}")
"""What the name of a field has in it whose value is a credential."""

_SECRET_HEADER: Final = re.compile(r"(?:^|[-_])(?:auth|credentials?|jwt|keys?|session|sid|signature)(?:$|[-_])")
"""The same for header fields alone, whose names say less."""

# `code` is a credential in a form or an address (OAuth 2.0) and an ordinary field of a project's record.
_SECRET_NAMES: Final = frozenset({"code", "pass", "pwd"})

_PAIR: Final = re.compile(r"""([^\s&;?#="'<>]+)=("[^"]*"|'[^']*'|[^\s&;#"'<>]*)""")
_JSON: Final = re.compile(
    rf'(?i)("[^"\\]*(?:{_WORDS})[^"\\]*"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|\[[^\]]*\]?|{{[^}}]*}}?|[^\s,\]}}"]+)'
)
_QUOTED_JSON: Final = re.compile(rf'(?i)(\\+"[^"\\]*(?:{_WORDS})[^"\\]*\\+"\s*:\s*)\\+"[^"\\]*')
_XML: Final = re.compile(rf"(?is)<([\w.:-]*(?:{_WORDS})[\w.:-]*)([^<>]*)(?<!/)>.*?(?=</\1\s*>|\Z)")
_SIGNED: Final = re.compile(r"\b((?i:basic|bearer))(?:\s+|%20)(?=\S*(?:[0-9=+/]|[a-z][A-Z]))[\w.~+/%=-]{6,}")
_UNSHOWN: Final = re.compile("[^\t\n -~\xa1-\u200d\u2010-\u2027\u202f-\u2064\u206a-\ud7ff\ue000-\U0010ffff]")


def redact_url(url: str) -> str:
    """Give the address without user info and without the values of secret parameters."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        shown = urlunsplit((parts.scheme, host, *map(_redact_pairs, parts[2:])))
    except ValueError:  # it can't be an address; what comes before its parameters is all that can be shown
        shown = re.split("[?#]", url, maxsplit=1)[0].rpartition("@")[2]
    return _speakable(shown)


def redact_headers(headers: Headers) -> Headers:
    """Give the header fields with the values of those that carry credentials taken out."""
    return tuple((_speakable(name), _redact_header(name, value)) for name, value in headers)


def redact_text(text: str) -> str:
    """Give somebody else's words, with the credentials that they quote taken out."""
    text = _QUOTED_JSON.sub(rf"\1{REDACTED}", _JSON.sub(rf'\1"{REDACTED}"', text))
    text = _XML.sub(rf"<\1\2>{REDACTED}", text)
    return _speakable(_SIGNED.sub(rf"\1 {REDACTED}", _redact_pairs(text)))


def redact_body(content: bytes, content_type: str = "", limit: int | None = None) -> str:
    """Give a body as text with passwords and tokens taken out; bytes that are no text are counted instead.

    Only the first `limit` bytes are shown; how many are left out is said at the end.
    """
    if b"\x00" in content[:1024] or content_type.startswith(("image/", "multipart/", "application/octet")):
        return f"[{len(content)} bytes of {content_type or 'binary data'}]"
    text = redact_text(content[:limit].decode("utf-8", errors="replace").replace("\r\n", "\n"))
    return text if limit is None or len(content) <= limit else f"{text} [... {len(content) - limit} more bytes]"


def _redact_header(name: str, value: str) -> str:
    lowered = name.lower()
    if _SECRET.search(lowered) or _SECRET_HEADER.search(lowered):
        scheme, blank, _ = value.partition(" ")
        return f"{_speakable(scheme)} {REDACTED}" if blank and lowered.endswith("authorization") else REDACTED
    return redact_url(value) if lowered in {"location", "referer"} else redact_text(value)


def _redact_pairs(text: str) -> str:
    return _PAIR.sub(_redact_pair, text)


def _redact_pair(pair: re.Match[str]) -> str:
    name = unquote_plus(pair[1]).lower()
    secret = _SECRET.search(name) is not None or name in _SECRET_NAMES
    return f"{pair[1]}={REDACTED}" if secret else pair[0]


def _speakable(text: str) -> str:
    """The text with its control characters written out."""
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


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

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.content)} bytes>"
