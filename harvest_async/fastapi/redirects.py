"""Addresses inside this app, to which a browser may be sent after a sign-in."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

__all__ = ["is_local"]

_LONGEST: Final = 2_000


def is_local(target: str) -> bool:
    r"""Return whether an address is a path of this app.

    Browsers read `//other.example`, `/\other.example` and a path with a line break inside as addresses elsewhere.
    """
    if not target.startswith("/") or target.startswith(("//", "/\\")) or len(target) > _LONGEST:
        return False
    if "\\" in target or not target.isascii() or not target.isprintable():
        return False
    try:
        parts = urlsplit(target)
    except ValueError:
        return False
    return not (parts.scheme or parts.netloc)
