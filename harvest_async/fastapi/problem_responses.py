"""Problem documents as OpenAPI declares them: `FastAPI(responses=harvest_problems)` has those of Harvest's errors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from harvest_async.fastapi.problems import MEANINGS, PROBLEM, type_of

__all__ = ["NOT_FOUND", "Responses", "harvest_problems", "problems_with"]

Responses = dict[int | str, dict[str, Any]]

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


_DETAIL: Final[dict[str, Any]] = {
    "title": "HTTPException",
    "type": "object",
    "required": ["detail"],
    "properties": {"detail": {"type": "string"}},
}
"""FastAPI's own response to a form that can't be read, and to a page that is not there."""

_OWN: Final = {400: _DETAIL, 404: _DETAIL, _VALIDATION: _INVALID}

NOT_FOUND: Final[Responses] = {404: {"description": "Not found.", "content": {_JSON: {"schema": _DETAIL}}}}
"""The response to a visitor who may not see a page, and to any other path."""

_Meaning = tuple[str, int, str]
_HARVEST: Final[tuple[_Meaning, ...]] = tuple((type_of(kind), status, title) for kind, status, title in MEANINGS)


def problems_with(refusals: Sequence[_Meaning]) -> Responses:
    """Return the responses of a route of this package: its refusals, and what `harvest_problems` has.

    Args:
        refusals: the name, the status and the title of each (see `Refusal`).
    """
    own = [(f"urn:harvest-async:{name}", status, title) for name, status, title in refusals]
    return dict(_responses((*own, *_HARVEST), _OWN))


def _responses(meanings: Sequence[_Meaning], own: dict[int, dict[str, Any]]) -> Iterator[tuple[int, dict[str, Any]]]:
    for status in sorted({status for _, status, _ in meanings}):
        kinds = {kind: title for kind, each, title in meanings if each == status}
        content = {PROBLEM: {"schema": _problem(status, list(kinds))}}
        response: dict[str, Any] = {"description": f"{'. '.join(dict.fromkeys(kinds.values()))}.", "content": content}
        if status in own:
            content[_JSON] = {"schema": own[status]}
        if status == _BUSY:
            response["headers"] = {"Retry-After": {"description": _RETRY_AFTER, "schema": _WAIT}}
        yield status, response


harvest_problems: Final[Responses] = dict(_responses(_HARVEST, {_VALIDATION: _INVALID}))
"""The responses of `add_handlers` by status, for `responses=` of an app, a router or a route."""
