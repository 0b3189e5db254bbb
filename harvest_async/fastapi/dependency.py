"""Clients that live as long as an app, and the dependency that gives them to its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final

from fastapi import FastAPI
from fastapi.requests import HTTPConnection

from harvest_async.fastapi.problems import note_wait

if TYPE_CHECKING:
    from harvest_async.versions import Client

__all__ = ["harvest_lifespan", "use_harvest"]

_DEFAULT_KEY: Final = "default"
_STATE: Final = "harvest_async."
"""The prefix of a client's key in the state of a request."""

_OPEN: Final = "harvest_async_keys"
"""The attribute of the app's state that holds the keys of its open clients."""

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
        note_wait(connection, max_wait)
        return client.options(max_wait=max_wait)

    return harvest


def _missing(connection: HTTPConnection, key: str) -> str:
    """Return the message for a key without a client."""
    if keys := sorted(getattr(connection.app.state, _OPEN, ())):
        return f"No Harvest client with key={key!r} in this app. Available: {', '.join(map(repr, keys))}."
    argument = "" if key == _DEFAULT_KEY else f", key={key!r}"
    return f"No Harvest client in this app: create it with FastAPI(lifespan=harvest_lifespan(make{argument}))"
