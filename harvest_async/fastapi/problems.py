"""Harvest's errors as problem documents (RFC 9457)."""

from __future__ import annotations

import logging
import math
import re
from typing import Any, Final

from fastapi import FastAPI, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.responses import JSONResponse
from fastapi.websockets import WebSocketState

from harvest_async.errors import (
    BadRequest,
    CreatedUnread,
    DecodeError,
    FieldsIgnored,
    Forbidden,
    HarvestError,
    InvalidArgument,
    NotFound,
    NotSent,
    OutcomeUnknown,
    StorageError,
    Throttled,
    Unauthorized,
    Unprocessable,
    WouldWait,
)
from harvest_async.importer.journal_file import JournalError
from harvest_async.run_lock import LockHeld, LockLost
from harvest_async.throttle.ledgers.memory import LedgerBusy

__all__ = ["MEANINGS", "PROBLEM", "add_handlers", "note_wait", "problem_response", "type_of"]

MEANINGS: Final[tuple[tuple[type[HarvestError], int, str], ...]] = (
    # error, status, title: the first match counts
    (WouldWait, 503, "Harvest is busy"),
    (Throttled, 503, "Harvest is blocked"),
    (NotFound, 404, "Not found at Harvest"),
    (JournalError, 500, "This app's Harvest state can't be used"),
    (InvalidArgument, 422, "Harvest has no such request"),
    (Unprocessable, 422, "Harvest refused the values"),
    (FieldsIgnored, 409, "Harvest kept the old values"),
    (BadRequest, 400, "Harvest refused the request"),
    (Unauthorized, 502, "Harvest refused our sign-in"),
    (Forbidden, 502, "Harvest refused our role"),
    (NotSent, 503, "Harvest can't be reached"),
    (OutcomeUnknown, 502, "Harvest's response was lost"),
    (CreatedUnread, 502, "Created at Harvest, but not read back"),
    (DecodeError, 502, "Harvest's response can't be read"),
    (StorageError, 500, "This app's Harvest state can't be used"),
    (LedgerBusy, 503, "This app's Harvest state is in use"),
    (LockHeld, 409, "Another run of the account is writing"),
    (LockLost, 409, "Another run of the account has taken over"),
    (HarvestError, 502, "Harvest failed"),
)
"""Status and title of the response to each error. A failed sign-in at Harvest is the app's fault: no 401 or 403."""

logger = logging.getLogger("harvest_async")

_WAIT: Final = "harvest_async_max_wait"
"""The attribute of a request's state that holds the `max_wait` of its route."""

PROBLEM: Final = "application/problem+json"
"""The media type of a problem document."""

_PASSING: Final = {409, 503}
"""The statuses of what passes without the operator."""

_FAILED: Final = 1011
_TRY_AGAIN: Final = 1013
"""The codes with which a WebSocket is closed (the registry of RFC 6455, 11.7)."""

_JITTER: Final = 0.05
"""Seconds by which the predicted wait at the gate may be wrong."""


def note_wait(connection: HTTPConnection, max_wait: float) -> None:
    """Note the `max_wait` of a request's route, which `Retry-After` takes into account."""
    setattr(connection.state, _WAIT, max_wait)


def add_handlers(app: FastAPI) -> None:
    """Return Harvest's errors as problem documents (see `MEANINGS`).

    `detail` is the error's message, which holds no credential. If a retry helps, `Retry-After` and the member
    `retry_after` give the whole seconds after which the same request is expected to succeed. A WebSocket that was
    accepted is closed, with the title as the reason and the code 1013 (try again later) or 1011 (internal error).
    """
    handler: Any = _respond  # a WebSocket has no response once it is accepted
    app.add_exception_handler(HarvestError, handler)


async def _respond(connection: HTTPConnection, error: Exception) -> JSONResponse | None:
    """Return the problem document of an error, or close the WebSocket in which it was raised."""
    response = await problem_response(connection, error)
    if not isinstance(connection, WebSocket) or connection.application_state is WebSocketState.CONNECTING:
        return response
    logger.warning("WebSocket %s: %s: %s", connection.url.path, type(error).__name__, error)
    if connection.application_state is WebSocketState.CONNECTED:
        title = next(title for kind, _, title in MEANINGS if isinstance(error, kind))
        await connection.close(_TRY_AGAIN if response.status_code in _PASSING else _FAILED, title)
    return None


async def problem_response(request: HTTPConnection, error: Exception) -> JSONResponse:
    """Return the problem document of one of Harvest's errors."""
    status, title = next((status, title) for kind, status, title in MEANINGS if isinstance(error, kind))
    problem = {"type": type_of(type(error)), "title": title, "status": status, "detail": _detail(error, status)}
    wait = _retry_after(request, error)
    if wait is None:
        return JSONResponse(problem, status, media_type=PROBLEM)
    return JSONResponse(problem | {"retry_after": wait}, status, {"Retry-After": str(wait)}, PROBLEM)


def type_of(kind: type[Exception]) -> str:
    """Return the type of the problem documents of an error class: `urn:harvest-async:not-found`."""
    name = re.sub(r"\B(?=[A-Z])", "-", kind.__name__).lower()
    return f"urn:harvest-async:{name}"


def _detail(error: Exception, status: int) -> str:
    """Return the text for visitors. Errors about this machine's files and processes are logged instead."""
    if getattr(error, "names_machine", False) or type(error) is HarvestError:
        level = logging.WARNING if status in _PASSING else logging.ERROR
        logger.log(level, "%s: %s", type(error).__name__, error)
        return "The log of this app has the details."
    return str(error)


def _retry_after(request: HTTPConnection, error: Exception) -> int | None:
    """Return the whole seconds after which the same request is expected to succeed, waiting as long as this one."""
    if isinstance(error, WouldWait):
        return max(1, math.ceil(error.wait - getattr(request.state, _WAIT, 0.0) + _JITTER))
    if isinstance(error, (Throttled, LockHeld)):
        return max(1, math.ceil(error.retry_after))
    if isinstance(error, LedgerBusy):
        return 1
    return None
