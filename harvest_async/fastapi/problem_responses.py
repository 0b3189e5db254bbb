"""The problem documents of Harvest's errors as OpenAPI declares them: `FastAPI(responses=harvest_problems)`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from harvest_async.fastapi.problems import MEANINGS, PROBLEM, type_of

__all__ = ["harvest_problems"]

_JSON: Final = "application/json"
_VALIDATION: Final = 422
_BUSY: Final = 503
_WAIT: Final = {"type": "integer", "minimum": 1}
_RETRY_AFTER: Final = "Whole seconds after which the same request is expected to succeed."

_INVALID: Final[dict[str, Any]] = {
    "title": "HTTPValidationError",
    "type": "object",
    "properties": {
        "detail": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
            },
        }
    },
}
"""FastAPI's own response to values of the wrong type, which it no longer declares where the status is declared."""


def _problem(status: int, types: list[str]) -> dict[str, Any]:
    """Return the schema of the problem documents of a status."""
    wait = {"retry_after": {**_WAIT, "description": _RETRY_AFTER}} if status == _BUSY else {}
    return {
        "title": "Problem",
        "description": "A problem document (RFC 9457).",
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string", "examples": types},
            "title": {"type": "string"},
            "status": {"type": "integer", "const": status},
            "detail": {"type": "string", "description": "What happened, and what to do."},
            **wait,
        },
    }


def _responses() -> Iterator[tuple[int, dict[str, Any]]]:
    for status in sorted({status for _, status, _ in MEANINGS}):
        kinds = {type_of(kind): title for kind, own, title in MEANINGS if own == status}
        content = {PROBLEM: {"schema": _problem(status, list(kinds))}}
        response: dict[str, Any] = {"description": f"{'. '.join(dict.fromkeys(kinds.values()))}.", "content": content}
        if status == _VALIDATION:
            content[_JSON] = {"schema": _INVALID}
        if status == _BUSY:
            response["headers"] = {"Retry-After": {"description": _RETRY_AFTER, "schema": _WAIT}}
        yield status, response


harvest_problems: Final[dict[int | str, dict[str, Any]]] = dict(_responses())
"""The responses of `add_handlers` by status, for `responses=` of an app, a router or a route."""
