"""Clients and pools that live as long as an app."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Final, TypeAlias

from fastapi import FastAPI
from fastapi.requests import HTTPConnection

from harvest_async.client.setup import STAND_IN
from harvest_async.errors import InvalidArgument
from harvest_async.transport import load_transport

__all__ = ["DEFAULT_KEY", "Lifespan", "Maker", "found_in", "harvest_lifespan", "open_keys"]

DEFAULT_KEY: Final = "default"
"""The name of a client in an app that has only one."""

_STATE: Final = "harvest_async."
"""The prefix of a client's key in the state of a request."""

_OPEN: Final = "harvest_async_keys"
"""The attribute of the app's state that holds the keys of its open clients."""

Maker: TypeAlias = Callable[[], AbstractAsyncContextManager[Any]]
"""Create a client or a pool, which is not open yet."""

Lifespan: TypeAlias = Callable[[FastAPI], AbstractAsyncContextManager[dict[str, Any]]]


def harvest_lifespan(make: Maker | Mapping[str, Maker], *, key: str = DEFAULT_KEY) -> Lifespan:
    """Return a lifespan that opens an app's clients when it starts and closes them when it ends.

    An app with a lifespan of its own enters this one inside it and yields both states:

        async with open_database() as database, harvest_lifespan(HarvestV1.from_env)(app) as state:
            yield {**state, "database": database}

    Args:
        make: creates the client, or a pool of clients: `HarvestV1.from_env`, for example. Several are given by key:
            `{"default": HarvestV2.from_env, "billing": make_billing_client}`.
        key: the name of the client if it is one of several lifespans.

    Returns:
        A value for `FastAPI(lifespan=...)`.

    Raises:
        InvalidArgument: when the app starts, if settings are missing: it names those of all clients at once.
        ValueError: when the app starts, if it already has an open client with this key.
    """
    makers = dict(make) if isinstance(make, Mapping) else {key: make}

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        load_transport()  # here, and not while visitors wait
        with _reserved(app, set(makers)):
            async with AsyncExitStack() as stack:
                yield {
                    _STATE + name: await stack.enter_async_context(client)
                    for name, client in _made(app, makers).items()
                }

    return lifespan


def found_in(connection: HTTPConnection, key: str) -> object:
    """Return the client or the pool of an app with a key; None if it has none."""
    return getattr(connection.state, _STATE + key, None)


def open_keys(app: FastAPI) -> list[str]:
    """Return the keys of an app's open clients."""
    return sorted(getattr(app.state, _OPEN, ()))


def _made(app: FastAPI, makers: Mapping[str, Maker]) -> dict[str, AbstractAsyncContextManager[Any]]:
    """Create all clients.

    Raises:
        InvalidArgument: settings are missing; the message names those of all clients.
    """
    stand_in: Callable[[Maker, str], Maker] = getattr(app.state, STAND_IN, lambda maker, _: maker)
    made: dict[str, AbstractAsyncContextManager[Any]] = {}
    faults: dict[str, InvalidArgument] = {}
    for key, maker in makers.items():
        try:
            made[key] = stand_in(maker, key)()
        except InvalidArgument as error:
            faults[key] = error
    if not faults:
        return made
    first, *others = faults.values()
    raise InvalidArgument("; ".join(f"client {key!r}: {fault}" for key, fault in faults.items())) if others else first


@contextmanager
def _reserved(app: FastAPI, keys: set[str]) -> Iterator[None]:
    """Reserve keys in an app, so that no client hides another one."""
    taken: set[str] = getattr(app.state, _OPEN, set())
    if both := sorted(keys & taken):
        msg = f"This app already has a Harvest client with key={both[0]!r}: give each client a key of its own"
        raise ValueError(msg)
    setattr(app.state, _OPEN, keys | taken)
    try:
        yield
    finally:
        setattr(app.state, _OPEN, getattr(app.state, _OPEN) - keys)
