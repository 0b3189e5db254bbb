"""Harvest inside a FastAPI app: one client for the app's life, and errors as problem documents.

Rules of this room: the only one that imports FastAPI (extra `fastapi`). The app opens one client and closes it; each
request may have its own patience. What goes wrong at Harvest is answered as RFC 9457 has it, `MEANINGS` is the table.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final

from harvest_async.errors import (
    BadRequest,
    CreatedUnread,
    DecodeError,
    Forbidden,
    HarvestError,
    InvalidArgument,
    NotFound,
    NotSent,
    OutcomeUnknown,
    Throttled,
    Unauthorized,
    Unprocessable,
    WouldWait,
)
from harvest_async.v1.client import HarvestV1

try:
    from fastapi import FastAPI, Request
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
    (BadRequest, 400, "Harvest refused the request"),
    (Unauthorized, 502, "Harvest refused our sign-in"),
    (Forbidden, 502, "Harvest refused our role"),
    (NotSent, 503, "Harvest can't be reached"),
    (OutcomeUnknown, 502, "Harvest's answer was lost"),
    (CreatedUnread, 502, "Created at Harvest, but not read back"),
    (DecodeError, 502, "Harvest's answer can't be read"),
    (HarvestError, 502, "Harvest failed"),
)
"""What is answered to whom. Errors of our own sign-in are ours, so they are never told as the visitor's (401, 403)."""

_STATE: Final = "harvest_async"


def harvest_lifespan(make: Callable[[], HarvestV1]) -> Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]:
    """A lifespan that opens one client when the app starts and closes it when the app ends.

    Args:
        make: makes the client: `HarvestV1.from_env`, for example.
    """

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with make() as harvest:
            yield {_STATE: harvest}

    return lifespan


def use_harvest(*, max_wait: float | None = None) -> Callable[[Request], HarvestV1]:
    """A dependency that gives the app's client: `Depends(use_harvest(max_wait=1))`.

    Args:
        max_wait: seconds that a call may wait for the account's throttle; one that would wait longer is answered 503
            with `Retry-After` at once. None waits as long as it takes.
    """

    def harvest(request: Request) -> HarvestV1:
        client = getattr(request.state, _STATE, None)
        if not isinstance(client, HarvestV1):
            msg = "no Harvest client in this app: FastAPI(lifespan=harvest_lifespan(...))"
            raise TypeError(msg)
        return client.options(max_wait=max_wait)

    return harvest


def add_handlers(app: FastAPI) -> None:
    """Let the app answer Harvest's errors as problem documents (see `MEANINGS`)."""
    app.add_exception_handler(HarvestError, _answer)


async def _answer(_: Request, error: Exception) -> JSONResponse:
    status, title = next((status, title) for kind, status, title in MEANINGS if isinstance(error, kind))
    wait = {WouldWait: "wait", Throttled: "retry_after"}.get(type(error))
    headers = {} if wait is None else {"Retry-After": str(max(1, math.ceil(getattr(error, wait))))}
    problem = {"type": f"about:blank#{type(error).__name__}", "title": title, "status": status, "detail": str(error)}
    return JSONResponse(problem, status, headers, "application/problem+json")
