"""E-mail addresses: recognize one in place of a name, and make one from a name."""

from __future__ import annotations

import re
from typing import Final
from unicodedata import combining, normalize

from harvest_async.importer.match import key_of

__all__ = ["make_address", "split_person"]

_ADDRESS: Final = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+")
_LETTERS: Final = {
    "\u00df": "ss", "\u00e6": "ae", "\u0153": "oe", "\u00f8": "o", "\u00f0": "d", "\u00fe": "th", "\u0111": "d",
    "\u0142": "l", "\u0131": "i", "\u0127": "h", "\u014b": "n", "\u0167": "t", "\u0138": "k", "\u0259": "e",
}  # fmt: skip
"""Latin letters that are no letter with an accent."""


def split_person(name: str, email: str) -> tuple[str, str]:
    """Return name and e-mail address of a person whose name may be an address, or end with one in angle brackets.

    Raises:
        ValueError: the name is another address than the e-mail address.
    """
    email = key_of(email)
    visible = name.strip()
    named, _, rest = visible.rpartition("<")
    inside = rest.removesuffix(">") if rest.endswith(">") else visible
    address = key_of(inside)
    if "@" in visible and len({key_of(each) for each in _ADDRESS.findall(visible)}) > 1:
        msg = f"{visible!r} holds several e-mail addresses: give one"
        raise ValueError(msg)
    if not _ADDRESS.fullmatch(address):
        return name, email
    if email and email != address:
        msg = f"the row names two addresses, {address} and {email}: correct one of them"
        raise ValueError(msg)
    return named.strip().strip('"') if rest.endswith(">") else "", address


def make_address(name: str, domain: str) -> str:
    """Return first.last@domain for a name, in ASCII.

    Raises:
        ValueError: the name has letters of another script, or none.
    """
    parts = ["".join(_plain(letter) for letter in part) for part in key_of(name).split()]
    local = ".".join(part for part in parts if part)
    if not local:
        msg = f"{name!r} has no letters that an e-mail address can be made of"
        raise ValueError(msg)
    try:
        where = domain.strip().lstrip("@").encode("idna").decode("ascii")
    except UnicodeError:
        where = ""
    if not _ADDRESS.fullmatch(f"{local}@{where}"):
        msg = f"{domain!r} is no domain"
        raise ValueError(msg)
    return f"{local}@{where}"


def _plain(letter: str) -> str:
    if not letter.isalnum():
        return ""
    if letter.isascii():
        return letter
    if letter in _LETTERS:
        return _LETTERS[letter]
    plain = "".join(each for each in normalize("NFKD", letter) if not combining(each)).lower()
    if not plain.isascii() or not plain.isalnum():
        msg = f"an e-mail address can't be made of {letter!r}"
        raise ValueError(msg)
    return plain
