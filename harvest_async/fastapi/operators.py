"""The operators' page: for each account and budget the window over time, the lanes, the gate, and the last calls.

log = CallLog()
app = FastAPI(lifespan=harvest_lifespan(lambda: HarvestV1.from_env(telemetry=log)))
app.include_router(operators_pages(log, access=is_operator), prefix="/operators")
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from harvest_async.fastapi.call_log import CallLog
from harvest_async.fastapi.pages.render import Pages
from harvest_async.fastapi.pages.window_picture import picture_of
from harvest_async.fastapi.refusals import Access, only_with
from harvest_async.fastapi.window_history import WindowHistory

__all__ = ["operators_pages"]

_AGAIN = 500
_LASTS = 3.0
_PAUSE = 1.0
"""Seconds of a stream, which browsers open again, and between two of its events."""


def operators_pages(log: CallLog, *, access: Access[Any]) -> APIRouter:
    """Return the router of the operators' page, for `app.include_router(..., prefix="/operators")`.

    The window, the gate and the refusals are those of the account in all processes if its ledger is shared; the lanes
    and the last calls are those of the worker process that responds.

    Args:
        log: knows the accounts and their calls: the clients have it as `telemetry`.
        access: the app's dependency that returns something for an operator. None or False is a 404.
    """
    pages, history = Pages("operators", None), WindowHistory(log)
    permitted = only_with(access)

    @asynccontextmanager
    async def lifespan(_: Any) -> AsyncIterator[None]:
        watching = asyncio.create_task(history.watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.wait([watching])

    router = APIRouter(include_in_schema=False, route_class=pages.route_class(), lifespan=lifespan)
    pages.serve_assets(router)

    @router.get("", name=pages.name("page"))
    async def page(request: Request, _: Annotated[Any, Depends(permitted)], refresh: int = 0) -> Response:
        return pages.page(request, "operators.html", refresh=min(refresh, 60), **_values(log, history))

    @router.get("/live", name=pages.name("live"), response_class=EventSourceResponse)
    async def live(request: Request, _: Annotated[Any, Depends(permitted)]) -> AsyncIterator[ServerSentEvent]:
        until = time.monotonic() + _LASTS
        while time.monotonic() < until:
            text = pages.fragment(request, "operators_live.html", **_values(log, history))
            yield ServerSentEvent(raw_data=text, event="change", retry=_AGAIN)
            await asyncio.sleep(_PAUSE)

    return router


def _values(log: CallLog, history: WindowHistory) -> dict[str, Any]:
    """Return the values of the templates."""
    accounts = [
        {
            "name": account.name,
            "budgets": [(each, picture_of(list(each.samples))) for each in history.of(account)],
            "calls": list(reversed(account.calls)),
        }
        for account in log.accounts
    ]
    return {"accounts": accounts, "process": os.getpid(), "now": time.time()}
