"""Take credentials out of text, in linear time.

Invariants:
- Pure, standard library only: the client and the sandbox both use it.
- Any text costs time in proportion to its length. No pattern can retry: quantifiers are possessive or bounded, and
  each scanner only moves forward.
- A value that has no end (cut off, unbalanced) is taken out up to the end of the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from typing import Final
from urllib.parse import urlsplit, urlunsplit

__all__ = [
    "REDACTED",
    "escape_controls",
    "is_secret_name",
    "redact_cut",
    "redact_message",
    "redact_pairs",
    "redact_text",
    "redact_url",
]

REDACTED: Final = "[redacted]"

_LONGEST_MESSAGE: Final = 1_000
"""Characters of somebody else's message that are shown."""

_MOST: Final = 20_000
"""How many names of secrets are handled one by one; what follows them is taken out as a whole."""


def _spelled(word: str) -> str:
    """A pattern for a word in lower case whose letters may be percent-encoded."""
    return "".join(f"(?:{re.escape(each)}|%(?:{ord(each.upper()):x}|{ord(each):x}))" for each in word)


def _names(spell: Callable[[str], str]) -> str:
    """A pattern for the words in the names of secrets, grouped by their first letters."""
    first, api = spell("a"), f"{spell('pi')}(?:{spell('-')}|{spell('_')})?{spell('key')}"
    author = f"{spell('uthori')}(?:{spell('s')}|{spell('z')}){spell('ation')}"
    others = "|".join(map(spell, ("token", "secret", "passw", "cookie")))
    return f"{others}|{first}(?:{spell('ssertion')}|{author}|{api})"


_PLAIN: Final = "token|secret|passw|cookie|assertion|authori[sz]ation|api[-_]?key"
_WORD: Final = re.compile(_PLAIN)
"""What the name of a field has in it whose value is a credential."""

# `code` is a credential in a form or an address (OAuth 2.0) and an ordinary field of a project's record.
_NAME: Final = r"""[^\s&;?#="'<>]"""
_PAIR_WORD: Final = re.compile(rf"{_PLAIN}|code(?<!{_NAME}code)(?==)|pass(?<!{_NAME}pass)(?==)|pwd(?<!{_NAME}pwd)(?==)")
_ENCODED_LETTER: Final = re.compile("%[4-7]")
_SIGNED: Final = r"(?:(?i:basic|bearer)(?:\s++|%20)(?=[^\s&;#\"'<>]))*+"
_VALUE: Final = re.compile(rf"""{_SIGNED}[^\s&;#"'<>]*+""")
_TO_NAME: Final = re.compile(r"""(?s:.*)[\s&;?#="'<>]""")
_COLON: Final = re.compile(r"""["']\s*+:\s*+""")
_BARE: Final = re.compile(rf"""{_SIGNED}[^\s,\]}}"]++""")
_QUOTE: Final = re.compile(r"""(\\*+)(["'])""")
_STRING: Final[dict[str, re.Pattern[str]]] = {quote: re.compile(rf"(?<!\\)(\\*+){quote}") for quote in "\"'"}
_BRACKET: Final[dict[str, re.Pattern[str]]] = {
    "[": re.compile(r"""(?<!\\)\\*+"|[\[\]]"""),
    "{": re.compile(r"""(?<!\\)\\*+"|[{}]"""),
}
_TAG: Final = re.compile(r"[\w.:-]*+")
_TAG_END: Final = re.compile(r"[^<>]*+>")
_CLOSED: Final = re.compile(r"\s*+>")
_SCHEME: Final = re.compile(r"\b(?:basic|bearer)(?P<gap>\s++|%20)(?=[\w.~+/%=-]{6})")
_CREDENTIAL: Final = re.compile(r"[\w.~+/%=-]++")
_MIXED: Final = re.compile(r"\s|[0-9=+/]|[a-z][A-Z]")
_USER: Final = re.compile(
    r"""://(?:[^\s"'<>/?#@:]*+@|[^\s"'<>/?#@:]*+:(?!\d++[/?#])(?:[^\s"'<>@:]|:(?!//))*+@)(?:[^\s"'<>/?#@]*+@)*+"""
)
_GAP: Final = 64
_LAST_BLANK: Final = re.compile(r"(?s:.*)\s")
_OPEN_SCHEME: Final = re.compile(r"\b(?:basic|bearer)(?:\s++|%20)")

_ALSO_LETTERS: Final = {"\u0130": "i", "\u0131": "i", "\u017f": "s", "\u212a": "k"}
"""Characters which are equal to a letter of ASCII where case does not count."""

Span = tuple[int, int, str]
"""A stretch of a text, and what is shown in its place."""


# These two take longer to compile than all others together, and many programs never need them.


@cache
def _encoded_word() -> re.Pattern[str]:
    """The pattern for a word in the name of a secret whose letters may be percent-encoded."""
    short = "|".join(map(_spelled, ("code", "pass", "pwd")))
    return re.compile(rf"(?=[tspac%])(?:{_names(_spelled)}|(?<!{_NAME})(?:{short})(?==))")


@cache
def _controls() -> re.Pattern[str]:
    """The pattern for control characters, up to 16 at a time."""
    return re.compile("(?:[^\t\n -~\xa1-\u200d\u2010-\u2027\u202f-\u2064\u206a-\ud7ff\ue000-\U0010ffff]){1,16}+")


def redact_message(text: str, longest: int = _LONGEST_MESSAGE) -> str:
    """Return the beginning of a text without the credentials that it quotes; for messages and logs."""
    if len(text) <= longest:
        return redact_text(text)
    return f"{redact_text(redact_cut(text[:longest]))} [... {len(text) - longest} more characters]"


def is_secret_name(name: str) -> bool:
    """Whether a header field, a parameter or a field of this name holds a credential."""
    folded = _folded(name)
    return _WORD.search(folded) is not None or folded in {"code", "pass", "pwd"}


def redact_text(text: str) -> str:
    """Return somebody else's words without the credentials that they quote."""
    folded = _folded(text)
    for find in (_json_values, _elements, _pairs, _signatures):
        shown = _replace(text, folded, find)
        if shown is not text:
            text, folded = shown, _folded(shown)
    return escape_controls(_USER.sub(f"://{REDACTED}@", text))


def redact_pairs(text: str) -> str:
    """Return a form or a query with the values of secret parameters taken out."""
    return _replace(text, _folded(text), _pairs)


def redact_url(url: str) -> str:
    """Return an address without user info and without the values of secret parameters."""
    url = _USER.sub("://", url)
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
        shown = urlunsplit((parts.scheme, host, *map(redact_pairs, parts[2:])))
    except ValueError:  # it can't be an address; what comes before its parameters is all that can be shown
        shown = re.split("[?#]", url, maxsplit=1)[0].rpartition("@")[2]
    return escape_controls(shown)


def escape_controls(text: str) -> str:
    """Return the text with its control characters written out."""
    return _controls().sub(lambda found: _escaped(found[0]), text)


@lru_cache(256)
def _escaped(run: str) -> str:
    return run.encode("unicode_escape").decode("ascii")


def redact_cut(kept: str) -> str:
    """Return the beginning of a text that was cut, without a credential at its end that the cut made unrecognizable.

    Values behind a name are recognized up to the end of the text; user info and signatures are not.
    """
    word = _end(_LAST_BLANK, kept, 0)
    scheme = _OPEN_SCHEME.search(_folded(kept[max(0, word - _GAP) :]))
    user = kept.find("://", word)
    if scheme:
        kept = kept[: max(0, word - _GAP) + scheme.end()] + REDACTED
    elif user >= 0:
        kept = kept[: user + 3] + REDACTED
    return kept


def _folded(text: str) -> str:
    """The text in lower case, each character in its place."""
    for also, letter in _ALSO_LETTERS.items():
        text = text.replace(also, letter)
    return text.lower()


def _replace(text: str, folded: str, find: Callable[[str, str], Iterator[Span]]) -> str:
    parts: list[str] = []
    done = 0
    for begin, end, shown in find(text, folded):
        parts += text[done:begin], shown
        done = end
    return "".join((*parts, text[done:])) if parts else text


def _words(text: str, pattern: re.Pattern[str], jump: Callable[[int, int], int | tuple[int, Span]]) -> Iterator[Span]:
    """Go from one name of a secret to the next.

    Args:
        text: the text in lower case.
        pattern: what to look for.
        jump: is given where the search began and where a word begins; returns where to go on, and what to show there.
    """
    place = 0
    for _ in range(_MOST):
        word = pattern.search(text, place)
        if word is None:
            return
        found = jump(place, word.start())
        if isinstance(found, tuple):
            place, span = found
            yield span
        else:
            place = found
        if place >= len(text):
            return
    if pattern.search(text, place):
        yield place, len(text), REDACTED


def _pairs(text: str, folded: str) -> Iterator[Span]:
    """The values of parameters: name=value, quoted or not."""
    pattern = _encoded_word() if _ENCODED_LETTER.search(text) else _PAIR_WORD

    def jump(_: int, word: int) -> int | tuple[int, Span]:
        equals = text.find("=", word)
        if equals < 0:
            return len(text)
        name = _name_start(text, word, equals)
        if name > word and not pattern.search(folded, name, equals + 1):
            return equals + 1
        end = _quoted_end(text, equals + 1) or _end(_VALUE, text, equals + 1)
        return end, (equals + 1, end, REDACTED)

    return _words(folded, pattern, jump)


def _name_start(text: str, begin: int, end: int) -> int:
    """Where the name that ends there begins, if that is behind `begin`."""
    step, low = 64, end
    while low > begin:
        low = max(begin, end - step)
        if found := _TO_NAME.match(text, low, end):
            return found.end()
        step *= 4
    return begin


def _end(pattern: re.Pattern[str], text: str, place: int) -> int:
    found = pattern.match(text, place)
    return found.end() if found else place


def _quoted_end(text: str, place: int) -> int | None:
    """Where the string that begins there ends; None where none does.

    A string inside a string has backslashes before its quotes: as many before the last one as before the first.
    """
    opening = _QUOTE.match(text, place)
    if opening is None:
        return None
    depth = len(opening[1])
    for quote in _STRING[opening[2]].finditer(text, opening.end()):
        count = len(quote[1])
        if count < depth or count % (2 * depth + 2) == depth:
            return quote.end()
    return len(text)


def _json_values(text: str, folded: str) -> Iterator[Span]:
    """The values of fields in JSON, also inside strings, and in the way Python writes them."""

    def jump(begin: int, word: int) -> int | tuple[int, Span]:
        colon = _COLON.search(text, word)
        if colon is None:
            return len(text)
        quote, place = text[colon.start()], colon.end()
        name = max(begin, text.rfind(quote, begin, colon.start()) + 1)
        if name > word and not _WORD.search(folded, name, colon.start()):
            return place
        end = _json_end(text, place)
        while end > place and (value := _COLON.match(text, end - 1)):  # what looks like a value is a name
            end = _json_end(text, value.end())
        if end == place:
            return end
        opening = _QUOTE.match(text, place)
        mark = opening[0] if opening else quote
        return end, (place, end, f"{mark}{REDACTED}{mark}")

    return _words(folded, _WORD, jump)


def _json_end(text: str, place: int) -> int:
    """Where the value that begins there ends."""
    kind = text[place : place + 1]
    if kind not in _BRACKET:
        end = _quoted_end(text, place)
        return _end(_BARE, text, place if end is None else end) if end is None or kind == "'" else end
    depth = 0
    for _ in range(_MOST):
        found = _BRACKET[kind].search(text, place)
        if found is None:
            break
        place = found.end()
        if found[0][-1] == '"':
            place = _quoted_end(text, found.start()) or place
            continue
        depth += 1 if found[0] == kind else -1
        if depth == 0:
            return place
    return len(text)


def _elements(text: str, folded: str) -> Iterator[Span]:
    """The texts of elements in XML."""

    def jump(begin: int, word: int) -> int | tuple[int, Span]:
        opening = text.rfind("<", begin, word)
        name_end = _end(_TAG, text, opening + 1) if opening >= 0 else 0
        if name_end <= word:
            following = text.find("<", word)
            return following if following >= 0 else len(text)
        end = _end(_TAG_END, text, name_end)
        if end == name_end or text[end - 2] == "/":
            return max(end, word + 1)
        close = _closing(folded, folded[opening + 1 : name_end], end)
        return close, (end, close, REDACTED)

    return _words(folded, _WORD, jump)


def _closing(folded: str, name: str, place: int) -> int:
    """Where the closing tag of an element begins; the end of the text where there is none."""
    mark = f"</{name}"
    while (found := folded.find(mark, place)) >= 0:
        if _CLOSED.match(folded, found + len(mark)):
            return found
        place = found + len(mark)
    return len(folded)


def _signatures(text: str, folded: str) -> Iterator[Span]:
    """The text behind `Basic` and `Bearer`, if it does not look like a word."""
    mixed = -1
    for scheme in _SCHEME.finditer(folded):
        begin = scheme.end()
        if mixed < begin:
            found = _MIXED.search(text, begin)
            mixed = len(text) if found is None else found.start()
        if mixed < len(text) and not text[mixed].isspace():
            yield scheme.start("gap"), _end(_CREDENTIAL, text, begin), f" {REDACTED}"
