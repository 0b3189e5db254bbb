"""The options of a route's calls, which end with the route's own work: background work has a client without them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, Unpack, cast

from attrs import define
from fastapi.requests import HTTPConnection

from harvest_async.client.base_client import BaseClient, OptionFields
from harvest_async.exchange import check_options
from harvest_async.fastapi.problems import note_wait

__all__ = ["RouteWork", "harvest_options", "route_work", "with_route_options"]

_OPTIONS: Final = "harvest_async_options"
"""The attribute of a request's state that holds the options of its route."""


@define
class RouteWork:
    """What a route does itself, from its dependencies to its return.

    Attributes:
        task: the task that runs the route.
        is_over: whether the route has returned.
    """

    task: asyncio.Task[Any] | None
    is_over: bool = False

    def is_current(self) -> bool:
        """Return whether the route itself is running: no task that it started, and nothing after its return."""
        return not self.is_over and asyncio.current_task() is self.task


async def route_work(connection: HTTPConnection) -> AsyncIterator[RouteWork]:  # noqa: ARG001 - one for each connection
    """Give the work of the route that depends on it; use it with `scope="function"`, so that it ends with the route."""
    work = RouteWork(asyncio.current_task())
    try:
        yield work
    finally:
        work.is_over = True


def harvest_options(**options: Unpack[OptionFields]) -> Callable[[HTTPConnection], Awaitable[None]]:
    """Return a dependency that sets the options of a route's calls, or of a router's, or of an app's.

        @app.get("/clients", dependencies=[Depends(harvest_options(max_wait=1))])

    A route's own options take precedence over those of its router. `max_wait` is for the route itself: it ends when the
    route returns, and tasks that the route starts wait for as long as it takes, so that background work succeeds. Give
    calls that run side by side inside a route their own: `harvest.options(max_wait=1)`, which holds everywhere.

    Args:
        options: those of `HarvestV1.options`. With `max_wait`, seconds, a call that would wait longer at the gate
            raises `WouldWait` at once, which `add_handlers` turns into a 503 with `Retry-After`.

    Raises:
        InvalidArgument: an option can't be used.
    """
    check_options(options)

    async def set_options(connection: HTTPConnection) -> None:
        setattr(connection.state, _OPTIONS, {**getattr(connection.state, _OPTIONS, {}), **options})

    return set_options


def with_route_options(connection: HTTPConnection, client: BaseClient, work: RouteWork) -> Any:
    """Return a client with the options of a connection's route."""
    options: dict[str, Any] = {**getattr(connection.state, _OPTIONS, {})}
    max_wait = cast("float | None", options.pop("max_wait", None))
    if max_wait is not None:
        note_wait(connection, max_wait)
        client = client.waiting_at_most(max_wait, work.is_current)
    return client.options(**options) if options else client
