"""The answers that faults put in the place of the real ones (see `faults.KINDS`).

Rules of this room: pure.
"""

from __future__ import annotations

import gzip
from typing import Final

from harvest_async.sandbox.faults import Fault

__all__ = ["Headers", "made_up"]

Headers = list[tuple[bytes, bytes]]
Answer = tuple[int, Headers, bytes]

_STATUSES: Final = {"error_500": 500, "error_502": 502, "error_504": 504, "bare_503": 503}
_PAGE: Final = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


def made_up(kind: str, fault: Fault) -> Answer | None:
    """The answer of a fault; None for a fault that leaves the real one in its place."""
    details = fault.details
    if kind in _STATUSES:
        return _answer(_STATUSES[kind], b"", b"text/plain")
    if kind == "html_error":
        return _answer(int(details.get("status", 200)), _PAGE, b"text/html")
    if kind == "redirect":
        location = str(details.get("location", "http://127.0.0.2/elsewhere")).encode()
        return _answer(302, b"", b"text/html", [(b"Location", location)])
    if kind == "raw":
        content = str(details.get("body", "")).encode()
        given = [(name.encode(), str(value).encode()) for name, value in details.get("headers", {}).items()]
        return int(details.get("status", 200)), [(b"Content-Length", _size(content)), *given], content
    if kind == "gzip_bomb":
        content = gzip.compress(b" " * (int(details.get("megabytes", 200)) << 20))
        return _answer(200, content, b"application/json; charset=utf-8", [(b"Content-Encoding", b"gzip")])
    return None


def _answer(status: int, content: bytes, media: bytes, extra: Headers | None = None) -> Answer:
    return status, [(b"Content-Type", media), (b"Content-Length", _size(content)), *(extra or [])], content


def _size(content: bytes) -> bytes:
    return str(len(content)).encode()
