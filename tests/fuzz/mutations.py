"""Changes to valid inputs, at random places."""

import re

__all__ = ["mutated"]

PIECES = [
    b"", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"[", b"]", b"{", b"}", b'"', b"\\", b"\\ud800", b",", b";", b":",
    b"<", b">", b"</", b"&", b"&#x0;", b"]]>", b"<!--", b"null", b"true", b"NaN", b"1e999999999", b"-1", b"0", b"9" * 400,
    b"\n", b"\r\n", b"\t", b" " * 300, b"2026-13-45", b"99:99", b"=1+1", b"%00", b"//evil.example/", b"\xc2\xa0",
]  # fmt: skip
_TOKENS = re.compile(rb"\w+|\W")
_LONGEST = 20_000


def mutated(chance, seeds):
    """Return one of the valid inputs with one to eight changes.

    Args:
        chance: a `random.Random`.
        seeds: the valid inputs.
    """
    content = bytearray(chance.choice(seeds))
    for _ in range(1 + int(chance.expovariate(0.7)) % 8):
        chance.choice(_CHANGES)(chance, content, seeds)
        del content[_LONGEST:]
    return bytes(content)


def _place(chance, content):
    return chance.randrange(len(content) + 1)


def _flip(chance, content, _):
    if content:
        content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)


def _insert(chance, content, _):
    place = _place(chance, content)
    content[place:place] = chance.choice(PIECES)


def _replace_token(chance, content, _):
    tokens = list(_TOKENS.finditer(content))
    if tokens:
        found = chance.choice(tokens)
        content[found.start() : found.end()] = chance.choice(PIECES)


def _cut(chance, content, _):
    begin, end = sorted((_place(chance, content), _place(chance, content)))
    del content[begin:end]


def _repeat(chance, content, _):
    begin, end = sorted((_place(chance, content), _place(chance, content)))
    content[begin:begin] = content[begin : min(end, begin + 300)] * chance.randrange(1, 20)


def _splice(chance, content, seeds):
    other = chance.choice(seeds)
    begin, place = chance.randrange(len(other) + 1), _place(chance, content)
    content[place:] = other[begin:]


_CHANGES = (_flip, _insert, _insert, _replace_token, _replace_token, _cut, _repeat, _splice)
