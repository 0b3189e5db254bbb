"""The responses that faults send instead of the real ones (see `faults.KINDS`)."""

from __future__ import annotations

import gzip
from typing import Final

from harvest_async.sandbox.faults import Fault

__all__ = ["Headers", "fault_response", "throttle_body"]

Headers = list[tuple[bytes, bytes]]
FaultResponse = tuple[int, Headers, bytes]

_STATUSES: Final = {"error_500": 500, "error_502": 502, "error_504": 504, "bare_503": 503}
_JSON: Final = "application/json; charset=utf-8"
_THROTTLED: Final = {
    "message": (_JSON, b'{"message":"Too many requests."}'),
    "error": (_JSON, b'{"error":"too_many_requests","error_description":"Retry later."}'),
    "html": ("text/html; charset=utf-8", b"<!DOCTYPE html><html><body><h1>429 Too Many Requests</h1></body></html>"),
    "empty": ("text/html", b""),
}
_PAGE: Final = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body>Please sign in.</body></html>"


def fault_response(kind: str, fault: Fault) -> FaultResponse | None:
    """Return the response of a fault; None for a fault that keeps the real one."""
    details = fault.details
    if kind in _STATUSES:
        return _response(_STATUSES[kind], b"", b"text/plain")
    if kind == "html_error":
        return _response(int(details.get("status", 200)), _PAGE, b"text/html")
    if kind == "redirect":
        location = str(details.get("location", "http://127.0.0.2/elsewhere")).encode()
        return _response(302, b"", b"text/html", [(b"Location", location)])
    if kind == "raw":
        content = str(details.get("body", "")).encode()
        given = [(name.encode(), str(value).encode()) for name, value in details.get("headers", {}).items()]
        return int(details.get("status", 200)), [(b"Content-Length", _size(content)), *given], content
    if kind == "gzip_bomb":
        content = gzip.compress(b" " * (int(details.get("megabytes", 200)) << 20))
        return _response(200, content, b"application/json; charset=utf-8", [(b"Content-Encoding", b"gzip")])
    return None


def throttle_body(form: str) -> tuple[str, bytes] | None:
    """Return the type and the body of a refusal in one of the `faults.FORMS`; None for the usual ones."""
    return _THROTTLED.get(form)


def _response(status: int, content: bytes, media: bytes, extra: Headers | None = None) -> FaultResponse:
    return status, [(b"Content-Type", media), (b"Content-Length", _size(content)), *(extra or [])], content


def _size(content: bytes) -> bytes:
    return str(len(content)).encode()
