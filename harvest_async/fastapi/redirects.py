"""Addresses inside this app, to which a browser may be sent after a sign-in."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

from fastapi.requests import HTTPConnection

__all__ = ["address_of", "is_local"]

_LONGEST: Final = 2_000
_OF_PATH: Final = "/:@!$&'()*+,;="
_OF_QUERY: Final = f"{_OF_PATH}?%"
"""The characters that need no encoding in a path and in a query (RFC 3986, 3.3 and 3.4)."""


def address_of(connection: HTTPConnection) -> str:
    """Return the path and the query of a request, encoded: a server passes the path decoded.

    A proxy may have removed the prefix at which browsers reach the app, which the server knows as its root path.
    """
    path, root = connection.scope["path"], connection.scope.get("root_path", "").rstrip("/")
    if path != root and not path.startswith(f"{root}/"):
        path = root + path
    path = quote(path, _OF_PATH, errors="replace")
    query = quote(connection.scope.get("query_string", b""), _OF_QUERY)
    return f"{path}?{query}" if query else path


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
