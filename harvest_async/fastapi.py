"""Use Harvest in a FastAPI app: clients that live as long as the app, and errors as problem documents (RFC 9457).

An app that works with several accounts gives each client a key:

    @asynccontextmanager
    async def lifespan(app):
        billing = harvest_lifespan(make_billing_client, key="billing")
        async with harvest_lifespan(HarvestV1.from_env)(app) as default, billing(app) as other:
            yield {**default, **other}

    @app.get("/invoices")
    async def invoices(harvest: Annotated[HarvestV1, Depends(use_harvest(key="billing"))]): ...

Needs the extra `fastapi`.
"""

from __future__ import annotations

import logging
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

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

try:
    from fastapi import FastAPI, Request
    from fastapi.requests import HTTPConnection
    from fastapi.responses import JSONResponse
except ModuleNotFoundError as missing:
    _MESSAGE = "harvest_async.fastapi needs FastAPI: python -m pip install 'harvest-async[fastapi]'"
    raise ImportError(_MESSAGE) from missing

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["MEANINGS", "add_handlers", "harvest_lifespan", "use_harvest"]

MEANINGS: Final[tuple[tuple[type[HarvestError], int, str], ...]] = (
    # error, status, title: the first match counts
    (WouldWait, 503, "Harvest is busy"),
    (Throttled, 503, "Harvest is blocked"),
    (NotFound, 404, "Not found at Harvest"),
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
    (HarvestError, 502, "Harvest failed"),
)
"""Status and title of the response to each error. A failed sign-in at Harvest is the app's fault: no 401 or 403."""

logger = logging.getLogger("harvest_async")

_DEFAULT_KEY: Final = "default"
_STATE: Final = "harvest_async."
"""The prefix of a client's key in the state of a request."""

_OPEN: Final = "harvest_async_keys"
"""The attribute of the app's state that holds the keys of its open clients."""

_WAITS: Final = "harvest_async_max_waits"
"""The attribute of a request's state that holds the `max_wait` of each dependency."""

_PROBLEM: Final = "application/problem+json"
_JITTER: Final = 0.05
"""Seconds by which the predicted wait at the gate may be wrong."""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]


def harvest_lifespan(make: Callable[[], Client], *, key: str = _DEFAULT_KEY) -> Lifespan:
    """Return a lifespan that opens a client when the app starts and closes it when the app ends.

    An app with a lifespan of its own enters this one inside it and yields both states:

        async with open_database() as database, harvest_lifespan(HarvestV1.from_env)(app) as state:
            yield {**state, "database": database}

    Args:
        make: creates the client, for example `HarvestV1.from_env`. Its errors keep the app from starting.
        key: the name of the client in an app that has several.

    Returns:
        A value for `FastAPI(lifespan=...)`.

    Raises:
        ValueError: when the app starts, if it already has an open client with this key.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        with _reserved(app, key):
            async with make() as harvest:
                yield {_STATE + key: harvest}

    return lifespan


@contextmanager
def _reserved(app: FastAPI, key: str) -> Iterator[None]:
    """Reserve a key in an app, so that no client hides another one."""
    keys: set[str] = getattr(app.state, _OPEN, set())
    if key in keys:
        msg = f"This app already has a Harvest client with key={key!r}: give each client a key of its own"
        raise ValueError(msg)
    setattr(app.state, _OPEN, keys | {key})
    try:
        yield
    finally:
        setattr(app.state, _OPEN, getattr(app.state, _OPEN) - {key})


def use_harvest(
    *, max_wait: float | None = None, key: str = _DEFAULT_KEY
) -> Callable[[HTTPConnection], Awaitable[Any]]:
    """Return a dependency that gives an app's client: `Annotated[HarvestV1, Depends(use_harvest(max_wait=1))]`.

    It works in routes and in web sockets.

    Args:
        max_wait: the longest time in seconds that a call waits for the account's throttle. A call that would wait
            longer gets a 503 response with `Retry-After` at once. None waits without a limit.
        key: the name of the client, as given to `harvest_lifespan`.

    Raises:
        InvalidArgument: from the request, if `max_wait` is negative.
        TypeError: from the request, if the app has no client with this key.
    """

    async def harvest(connection: HTTPConnection) -> Any:
        client: Client | None = getattr(connection.state, _STATE + key, None)
        if client is None:
            raise TypeError(_missing(connection, key))
        waits = getattr(connection.state, _WAITS, ())
        setattr(connection.state, _WAITS, waits if max_wait is None else (*waits, max_wait))
        return client.options(max_wait=max_wait)

    return harvest


def _missing(connection: HTTPConnection, key: str) -> str:
    """Return the message for a key without a client."""
    if keys := sorted(getattr(connection.app.state, _OPEN, ())):
        return f"No Harvest client with key={key!r} in this app. Available: {', '.join(map(repr, keys))}."
    argument = "" if key == _DEFAULT_KEY else f", key={key!r}"
    return f"No Harvest client in this app: create it with FastAPI(lifespan=harvest_lifespan(make{argument}))"


def add_handlers(app: FastAPI) -> None:
    """Return Harvest's errors as problem documents (see `MEANINGS`).

    `detail` is the error's message, which holds no credential. If a retry helps, `Retry-After` and the member
    `retry_after` give the whole seconds after which the same request is expected to succeed.
    """
    app.add_exception_handler(HarvestError, _respond)


async def _respond(request: Request, error: Exception) -> JSONResponse:
    status, title = next((status, title) for kind, status, title in MEANINGS if isinstance(error, kind))
    name = re.sub(r"\B(?=[A-Z])", "-", type(error).__name__).lower()
    problem = {"type": f"urn:harvest-async:{name}", "title": title, "status": status, "detail": _detail(error)}
    wait = _retry_after(request, error)
    if wait is None:
        return JSONResponse(problem, status, media_type=_PROBLEM)
    return JSONResponse(problem | {"retry_after": wait}, status, {"Retry-After": str(wait)}, _PROBLEM)


def _detail(error: Exception) -> str:
    """Return the text for visitors. Errors about this machine's files are logged instead."""
    if isinstance(error, StorageError) or type(error) is HarvestError:
        logger.error("%s: %s", type(error).__name__, error)
        return "The log of this app has the details."
    return str(error)


def _retry_after(request: Request, error: Exception) -> int | None:
    """Return the whole seconds after which the same request is expected to succeed, waiting as long as this one."""
    if isinstance(error, WouldWait):
        shortest = min(getattr(request.state, _WAITS, ()), default=0.0)  # the error may be any client's
        return max(1, math.ceil(error.wait - shortest + _JITTER))
    if isinstance(error, Throttled):
        return max(1, math.ceil(error.retry_after))
    return None
