"""Harvest inside a FastAPI app: one client for the app's life, and errors as problem documents.

Rules of this room: the only one that imports FastAPI (extra `fastapi`). The app opens one client and closes it; each
request may have its own patience. What goes wrong at Harvest is answered as RFC 9457 has it: `MEANINGS` is the table.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

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
from harvest_async.v1.client import HarvestV1

try:
    from fastapi import FastAPI, Request
    from fastapi.requests import HTTPConnection
    from fastapi.responses import JSONResponse
except ModuleNotFoundError as missing:
    _MESSAGE = "harvest_async.fastapi needs FastAPI: python -m pip install 'harvest-async[fastapi]'"
    raise ImportError(_MESSAGE) from missing

__all__ = ["MEANINGS", "add_handlers", "harvest_lifespan", "use_harvest"]

MEANINGS: Final[tuple[tuple[type[HarvestError], int, str], ...]] = (
    # error, status, title: the first that fits
    (WouldWait, 503, "Harvest is busy"),
    (Throttled, 503, "Harvest is blocked"),
    (NotFound, 404, "Not found at Harvest"),
    (InvalidArgument, 422, "Harvest can't be asked this"),
    (Unprocessable, 422, "Harvest refused the values"),
    (FieldsIgnored, 409, "Harvest kept the old values"),
    (BadRequest, 400, "Harvest refused the request"),
    (Unauthorized, 502, "Harvest refused our sign-in"),
    (Forbidden, 502, "Harvest refused our role"),
    (NotSent, 503, "Harvest can't be reached"),
    (OutcomeUnknown, 502, "Harvest's answer was lost"),
    (CreatedUnread, 502, "Created at Harvest, but not read back"),
    (DecodeError, 502, "Harvest's answer can't be read"),
    (StorageError, 500, "This app's Harvest state can't be used"),
    (HarvestError, 502, "Harvest failed"),
)
"""What is answered to what. A failed sign-in at Harvest is the app's, never told as the visitor's (401, 403)."""

logger = logging.getLogger("harvest_async")

_STATE: Final = "harvest_async"
_PATIENCE: Final = "harvest_async_max_wait"
_PROBLEM: Final = "application/problem+json"
_JITTER: Final = 0.05
"""Seconds by which a forecast of the gate may be off."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]


def harvest_lifespan(make: Callable[[], HarvestV1]) -> Lifespan:
    """A lifespan that opens one client when the app starts and closes it when the app ends.

    An app that has a lifespan of its own enters this one inside it and yields both states:

        async with open_database() as database, harvest_lifespan(HarvestV1.from_env)(app) as state:
            yield {**state, "database": database}

    Args:
        make: makes the client: `HarvestV1.from_env`, for example. What it raises keeps the app from starting.

    Returns:
        What `FastAPI(lifespan=...)` takes.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with make() as harvest:
            yield {_STATE: harvest}

    return lifespan


def use_harvest(*, max_wait: float | None = None) -> Callable[[HTTPConnection], Awaitable[HarvestV1]]:
    """A dependency that gives the app's client: `Annotated[HarvestV1, Depends(use_harvest(max_wait=1))]`.

    It works in routes and in web sockets.

    Args:
        max_wait: seconds that a call may wait for the account's throttle; one that would wait longer is answered 503
            with `Retry-After` at once. None waits as long as it takes.

    Raises:
        InvalidArgument: from the request, where `max_wait` is negative.
        TypeError: from the request, where the app was made without `harvest_lifespan`.
    """

    async def harvest(connection: HTTPConnection) -> HarvestV1:
        client = getattr(connection.state, _STATE, None)
        if not isinstance(client, HarvestV1):
            msg = "no Harvest client in this app: FastAPI(lifespan=harvest_lifespan(...))"
            raise TypeError(msg)
        setattr(connection.state, _PATIENCE, max_wait)
        return client.options(max_wait=max_wait)

    return harvest


def add_handlers(app: FastAPI) -> None:
    """Let the app answer Harvest's errors as problem documents (see `MEANINGS`).

    `detail` is the error's message, which holds no credential. Where trying again helps, `Retry-After` and the member
    `retry_after` say in how many whole seconds the same request is expected to be served.
    """
    app.add_exception_handler(HarvestError, _answer)


async def _answer(request: Request, error: Exception) -> JSONResponse:
    status, title = next((status, title) for kind, status, title in MEANINGS if isinstance(error, kind))
    name = re.sub(r"\B(?=[A-Z])", "-", type(error).__name__).lower()
    problem = {"type": f"urn:harvest-async:{name}", "title": title, "status": status, "detail": _detail(error)}
    wait = _retry_after(request, error)
    if wait is None:
        return JSONResponse(problem, status, media_type=_PROBLEM)
    return JSONResponse(problem | {"retry_after": wait}, status, {"Retry-After": str(wait)}, _PROBLEM)


def _detail(error: Exception) -> str:
    """Return what a visitor may read of an error: nothing about this machine's files, which is logged instead."""
    if isinstance(error, StorageError) or type(error) is HarvestError:
        logger.error("%s: %s", type(error).__name__, error)
        return "The log of this app has the details."
    return str(error)


def _retry_after(request: Request, error: Exception) -> int | None:
    """Whole seconds after which the same request will be let in; it may then wait as patiently as this one."""
    if isinstance(error, WouldWait):
        patience = getattr(request.state, _PATIENCE, None) or 0.0
        return max(1, math.ceil(error.wait - patience + _JITTER))
    if isinstance(error, Throttled):
        return max(1, math.ceil(error.retry_after))
    return None
