"""Clients that live as long as an app, and the dependencies that give them to its routes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Final, Protocol

from fastapi import Depends
from fastapi.requests import HTTPConnection

from harvest_async.client.base_client import BaseClient
from harvest_async.fastapi.lifespan import DEFAULT_KEY, found_in, open_keys
from harvest_async.fastapi.route_options import RouteWork, route_work, with_route_options

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

__all__ = ["Accounts", "harvest_by_key", "harvest_of_account", "use_harvest"]

_WORK: Final[Any] = Depends(route_work, scope="function")


class Accounts(Protocol):
    """Clients of many accounts: a `HarvestPool`, for example."""

    def account(self, account: Any, /) -> AbstractAsyncContextManager[Any]:
        """Open a client of an account."""
        ...


async def use_harvest(connection: HTTPConnection, work: RouteWork = _WORK) -> Any:
    """Give the app's client: `harvest: Annotated[HarvestV1, Depends(use_harvest)]`, or `HarvestV1Dep` for short.

    It works in routes and in web sockets, with the options of the route (see `harvest_options`). A test may replace
    it by `app.dependency_overrides[use_harvest]`.

    Raises:
        TypeError: from the request, if the app has no client.
    """
    return _client(connection, DEFAULT_KEY, work)


@cache
def harvest_by_key(key: str) -> Callable[[HTTPConnection, RouteWork], Awaitable[Any]]:
    """Return the dependency that gives one of an app's clients: `Annotated[HarvestV2, Depends(harvest_by_key("eu"))]`.

    It is the same function for the same key, so that `app.dependency_overrides[harvest_by_key("eu")]` replaces it.

    Args:
        key: the name of the client, as `harvest_lifespan` was given it.

    Raises:
        TypeError: from the request, if the app has no such client.
    """

    async def use_keyed_harvest(connection: HTTPConnection, work: RouteWork = _WORK) -> Any:
        return _client(connection, key, work)

    return use_keyed_harvest if key != DEFAULT_KEY else use_harvest


def harvest_of_account(account: Callable[..., Any], *, key: str = DEFAULT_KEY) -> Callable[..., Awaitable[Any]]:
    """Return a dependency that gives a client of the account to which the visitor is signed in.

        async def account_of(session: Annotated[Session, Depends(sign_in.required)]) -> str:
            return session.account

        MyHarvest = Annotated[HarvestV2, Depends(harvest_of_account(account_of))]

    The client is open until the response was sent, its background tasks included.

    Args:
        account: a dependency that returns the account, or refuses the visitor: whose account it is, is its decision.
        key: the name of the pool, as `harvest_lifespan` was given it.

    Raises:
        TypeError: from the request, if the app has no such pool.
        HarvestError: from the request, if the pool has no client of the account.
    """
    chosen: Any = Depends(account)

    async def opened(connection: HTTPConnection, account: Any = chosen) -> AsyncIterator[BaseClient]:
        async with _pool(connection, key).account(account) as client:
            yield client

    of_account: Any = Depends(opened)

    async def use_account(connection: HTTPConnection, client: BaseClient = of_account, work: RouteWork = _WORK) -> Any:
        return with_route_options(connection, client, work)

    return use_account


def _client(connection: HTTPConnection, key: str, work: RouteWork) -> Any:
    """Return the client with a key, with the options of the route."""
    client = found_in(connection, key)
    if isinstance(client, BaseClient):
        return with_route_options(connection, client, work)
    if client is None:
        raise TypeError(_missing(connection, key, "client"))
    raise TypeError(f"key={key!r} is no client but a pool: use Depends(harvest_of_account(...)) for an account of it")


def _pool(connection: HTTPConnection, key: str) -> Accounts:
    """Return the pool with a key."""
    pool: Any = found_in(connection, key)
    if pool is None:
        raise TypeError(_missing(connection, key, "pool"))
    if isinstance(pool, BaseClient):
        raise TypeError(f"key={key!r} is the client of one account: give harvest_lifespan a pool for those of visitors")
    accounts: Accounts = pool
    return accounts


def _missing(connection: HTTPConnection, key: str, what: str) -> str:
    """Return the message for a key that an app, or a request, does not have."""
    keys = open_keys(connection.app)
    if key in keys:
        return (
            f"The Harvest {what} with key={key!r} is open, but this request does not have it. If the app has a "
            "lifespan of its own, yield the state of harvest_lifespan from it. In a test, let the client run the "
            "lifespan: use `with TestClient(app)` or `harvest_app_client(app)`."
        )
    if keys:
        return f"No Harvest {what} with key={key!r} in this app. Available: {', '.join(map(repr, keys))}."
    argument = "" if key == DEFAULT_KEY else f", key={key!r}"
    return f"No Harvest {what} in this app: create it with FastAPI(lifespan=harvest_lifespan(make{argument}))"
