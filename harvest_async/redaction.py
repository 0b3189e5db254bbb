"""Redaction: show requests, responses and messages without the credentials in them.

Invariants:
- Every function is total: any text gives a text, without an error.
- Time grows linearly with the text: each pass reads a character a bounded number of times, and a value whose end is
  missing reaches to the end of the text.
- The result has no control characters and none that change the direction of writing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final
from urllib.parse import unquote_plus, urlsplit, urlunsplit

__all__ = [
    "REDACTED",
    "Headers",
    "Secret",
    "redact_body",
    "redact_headers",
    "redact_message",
    "redact_text",
    "redact_url",
]

REDACTED: Final = "[redacted]"

Headers = tuple[tuple[str, str], ...]
"""Header fields in order, names as they were sent."""

_LONGEST_MESSAGE: Final = 1_000
"""Characters of somebody else's message that are shown."""

_WORDS: Final = "token|secret|passw|api[-_]?key|assertion|authori[sz]ation|cookie"
_SECRET: Final = re.compile(rf"(?i){_WORDS}")
"""Matches in the name of a field whose value is a credential."""

_SECRET_HEADER: Final = re.compile(r"(?:^|[-_])(?:auth|credentials?|jwt|keys?|session|sid|signature)(?:$|[-_])")
"""The same for header fields alone, whose names say less."""

# `code` is a credential in a form or an address (OAuth 2.0) and an ordinary field of a project's record.
_SECRET_NAMES: Final = frozenset({"code", "pass", "pwd"})

_NAME: Final = r"""[^\s&;?#="'<>]"""
_RUN: Final = re.compile(rf"{_NAME}+=?")
_VALUE: Final = re.compile(r"""("[^"]*"?|'[^']*'?|[^\s&;#"'<>]*)""")
_JSON_NAME: Final = re.compile(r'"([^"\\]*)"(?=\s*:)')
_COLON: Final = re.compile(r"\s*:\s*")
_STRING: Final = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*\\?"?', re.DOTALL)
_SCALAR: Final = re.compile(r'[^\s,\]}"]+')
_BRACKETS: Final = re.compile(r'["\[\]{}]')
_QUOTED_NAME: Final = re.compile(r'(?<=\\)"([^"\\]*)\\+"\s*:\s*')
_QUOTED_STRING: Final = re.compile(r'(?<!\\)(\\+)"')
_QUOTED_SCALAR: Final = re.compile(r'[^\s,\]}"\\]+')
_TAG: Final = re.compile(r"<([^<>]*)>")
_TAG_NAME: Final = re.compile(r"[\w.:-]+")
_CLOSING: Final = re.compile(r"</([\w.:-]*)")
_SCHEME: Final = re.compile(r"\b((?i:basic|bearer))((?:\s|%20)+)(\S+)")
_CREDENTIAL: Final = re.compile(r"[\w.~+/%=-]+")
_CODED: Final = re.compile(r"[0-9=+/]|[a-z][A-Z]")
_SHORTEST: Final = 6
_UNSHOWN: Final = re.compile("[^\t\n -~\xa1-\u200d\u2010-\u2027\u202f-\u2064\u206a-\ud7ff\ue000-\U0010ffff]+")
_AUTHORITY: Final = re.compile(r"""[^\s/?#"'<>]*""")
_RUN_OF_URL: Final = re.compile(r"""[^\s"'<>]*""")
_PORT: Final = re.compile(r"[^:@]*(?::\d*)?\Z|\[[0-9a-fA-F:.]*\](?::\d*)?\Z")


class Secret:
    """Bytes that are never shown: not by `repr`, nor by a traceback that prints local variables, nor by pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """Return the bytes; don't keep them in a variable."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a secret is not pickled")


def redact_url(url: str) -> str:
    """Return the address without user info and without the values of secret parameters."""
    try:
        parts = urlsplit(url)
        path = parts[2:]
        host = parts.netloc.rpartition("@")[2]
        if host == parts.netloc and "@" in url and not _PORT.fullmatch(host):
            host, path = REDACTED, ("", "", "")  # a password with a slash ends the host too early
        shown = urlunsplit((parts.scheme, host, *map(_redact_pairs, path)))
    except ValueError:  # not an address: only the part before the parameters can be shown
        shown = re.split("[?#]", url, maxsplit=1)[0].rpartition("@")[2]
    return _printable(shown)


def redact_headers(headers: Headers) -> Headers:
    """Return the header fields without the values of those that carry credentials."""
    return tuple((_printable(name), _redact_header(name, value)) for name, value in headers)


def redact_text(text: str) -> str:
    """Return a text without the credentials that it quotes: in JSON, XML, forms, addresses and header fields."""
    for redact in (_redact_quoted_json, _redact_json, _redact_xml, _redact_user_info, _redact_pairs):
        text = redact(text)
    return _printable(_SCHEME.sub(_redact_scheme, text))


def redact_message(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    """Return the beginning of a text without the credentials that it quotes; for messages and logs."""
    shown = redact_text(text[:longest])
    return shown if len(text) <= longest else f"{shown} [... {len(text) - longest} more characters]"


def redact_body(content: bytes, content_type: str = "", limit: int | None = None) -> str:
    """Return a body as text without passwords and tokens; binary data is described by its size.

    Only the first `limit` bytes are shown, followed by the number of bytes that are left out.
    """
    if b"\x00" in content[:1024] or content_type.startswith(("image/", "multipart/", "application/octet")):
        return f"[{len(content)} bytes of {_printable(content_type[:200]) or 'binary data'}]"
    text = redact_text(content[:limit].decode("utf-8", errors="replace").replace("\r\n", "\n"))
    return text if limit is None or len(content) <= limit else f"{text} [... {len(content) - limit} more bytes]"


def _redact_header(name: str, value: str) -> str:
    lowered = name.lower()
    if _SECRET.search(lowered) or _SECRET_HEADER.search(lowered):
        scheme, blank, _ = value.partition(" ")
        return f"{_printable(scheme)} {REDACTED}" if blank and lowered.endswith("authorization") else REDACTED
    return redact_url(value) if lowered in {"location", "referer"} else redact_text(value)


# Passes over a text: each looks for one notation


def _replaced(text: str, spans: Iterator[tuple[int, int, str]]) -> str:
    """Return a text with some spans of it replaced; the spans are in order and don't overlap."""
    parts, end = list[str](), 0
    for start, stop, new in spans:
        parts += (text[end:start], new)
        end = stop
    parts.append(text[end:])
    return "".join(parts)


def _redact_json(text: str) -> str:
    return _replaced(text, _json_values(text)) if '"' in text and _SECRET.search(text) else text


def _json_values(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the values of secret fields in JSON, wherever it is in a text."""
    place = 0
    while name := _JSON_NAME.search(text, place):
        place = name.end() - 1  # the closing quote may be an opening one
        if _SECRET.search(name[1]) and (colon := _COLON.match(text, name.end())):
            stop = _end_of_value(text, colon.end())
            if stop > colon.end():
                yield colon.end(), stop, f'"{REDACTED}"'
            place = stop


def _end_of_value(text: str, start: int) -> int:
    """Return where a JSON value ends; at the end of the text where it is cut off."""
    first = text[start : start + 1]
    if first == '"':
        found = _STRING.match(text, start)
    elif first in {"[", "{"}:
        return _end_of_brackets(text, start)
    else:
        found = _SCALAR.match(text, start)
    return found.end() if found else start


def _end_of_brackets(text: str, start: int) -> int:
    depth, place = 0, start
    while found := _BRACKETS.search(text, place):
        if found[0] == '"':
            string = _STRING.match(text, found.start())
            place = string.end() if string else found.end()
            continue
        depth += 1 if found[0] in "[{" else -1
        place = found.end()
        if depth == 0:
            return place
    return len(text)


def _redact_quoted_json(text: str) -> str:
    return _replaced(text, _quoted_values(text)) if '\\"' in text and _SECRET.search(text) else text


def _quoted_values(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the values of secret fields in JSON that is quoted inside a JSON string."""
    place = 0
    while name := _QUOTED_NAME.search(text, place):
        place = name.end()
        if not _SECRET.search(name[1]):
            place = name.start() + 1
            continue
        if opening := _QUOTED_STRING.match(text, place):
            stop = _end_of_quoted(text, opening.end(), len(opening[1]))
            yield opening.end(), stop, REDACTED
            place = stop
        elif scalar := _QUOTED_SCALAR.match(text, place):
            yield scalar.start(), scalar.end(), REDACTED
            place = scalar.end()


def _end_of_quoted(text: str, start: int, slashes: int) -> int:
    """Return where a quoted string ends: at the first quote with as many backslashes as the opening one, or fewer."""
    for found in _QUOTED_STRING.finditer(text, start):
        if len(found[1]) <= slashes:
            return found.start()
    return len(text)


def _redact_xml(text: str) -> str:
    return _replaced(text, _xml_values(text)) if "<" in text and _SECRET.search(text) else text


def _xml_values(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield the contents of secret elements in XML."""
    place = 0
    while tag := _TAG.search(text, place):
        place = tag.end()
        name = _TAG_NAME.match(tag[1])
        if name is None or tag[1].endswith("/") or not _SECRET.search(name[0]):
            continue
        place = _closing_of(text, tag.end(), name[0].lower())
        yield tag.end(), place, REDACTED


def _closing_of(text: str, start: int, name: str) -> int:
    for found in _CLOSING.finditer(text, start):
        if found[1].lower() == name:
            return found.start()
    return len(text)


def _redact_user_info(text: str) -> str:
    if "://" not in text or "@" not in text:
        return text
    first, *others = text.split("://")
    return "://".join((first, *map(_without_user_info, others)))


def _without_user_info(rest: str) -> str:
    """Return what follows a scheme without user name and password, also where the password has a slash in it."""
    run = _RUN_OF_URL.match(rest)
    authority = _AUTHORITY.match(rest)
    if run is None or authority is None or "@" not in run[0]:
        return rest
    if "@" in authority[0]:
        return f"{REDACTED}@{authority[0].rpartition('@')[2]}{rest[authority.end() :]}"
    if _PORT.fullmatch(authority[0]):
        return rest
    return f"{REDACTED}@{run[0].rpartition('@')[2]}{rest[run.end() :]}"


def _redact_pairs(text: str) -> str:
    if "=" not in text:
        return text
    secret = _secret_names(text)
    return _replaced(text, _pair_values(text, secret)) if secret else text


def _pair_values(text: str, secret: frozenset[str]) -> Iterator[tuple[int, int, str]]:
    """Yield the values of secret names in `name=value`."""
    place = 0
    while run := _RUN.search(text, place):
        place = run.end()
        if run[0] in secret and (value := _VALUE.match(text, place)):
            yield place, value.end(), REDACTED
            place = value.end()


def _secret_names(text: str) -> frozenset[str]:
    """Return the names whose values are credentials, as they are written in a text, each with its equals sign."""
    names = {run[:-1] for run in _RUN.findall(text) if run[-1] == "="}
    plain = {name for name in names if "%" not in name and "+" not in name}
    found = {name for name in plain if _is_secret(name)} if _may_have_secret("\n".join(plain)) else set[str]()
    found |= {name for name in names - plain if _is_secret(unquote_plus(name))}
    return frozenset(f"{name}=" for name in found)


def _may_have_secret(names: str) -> bool:
    return _SECRET.search(names) is not None or any(name in names.lower() for name in _SECRET_NAMES)


def _is_secret(name: str) -> bool:
    return _SECRET.search(name) is not None or name.lower() in _SECRET_NAMES


def _redact_scheme(found: re.Match[str]) -> str:
    """Return a quoted `Authorization` value without the credential; prose such as "bearer of news" stays."""
    scheme, blank, run = found[1], found[2], found[3]
    credential = _CREDENTIAL.match(run)
    if credential is None or not _CODED.search(run):
        return found[0] if not re.search(r"(?i)(?:basic|bearer)%20", run) else f"{scheme}{blank}{REDACTED}"
    rest = run[credential.end() :]
    cut_off = not rest and found.end() == len(found.string)
    if len(credential[0]) < _SHORTEST and not cut_off:
        return found[0]
    return f"{scheme} {REDACTED}{'' if re.search('(?i)basic|bearer', rest) else rest}"


def _printable(text: str) -> str:
    """Return the text with its control characters written as escapes."""
    return _UNSHOWN.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)
