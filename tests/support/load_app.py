"""The app of the load tests, for several workers: they share one account by an SQLite ledger.

Each response has the headers `x-entered`, when the handler was entered on the monotonic clock, and `x-took`, the seconds
from then to the beginning of the response. A response without a handler counts from the entry of the app.
"""

import os
import time

from fastapi import Depends, FastAPI, Request

from harvest_async import HarvestV1, SqliteLedger, Throttle, WouldWait
from harvest_async.fastapi import HarvestV1Dep, add_handlers, harvest_lifespan, harvest_options
from harvest_async.v1.models import Client

PATIENCE = 0
"""Seconds that a call of the impatient route may wait: it is made at once, or never."""


def make() -> HarvestV1:
    """Create the client of a worker."""
    ledger = SqliteLedger(os.environ["LOAD_LEDGER"], account="sandbox")
    return HarvestV1.from_env(throttle=Throttle(ledger=ledger))


class Timed:
    """Adds the time that each response took."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        began = time.monotonic()

        async def timed(message):
            if message["type"] == "http.response.start":
                entered = scope.get("state", {}).get("entered", began)
                times = {b"x-entered": entered, b"x-took": time.monotonic() - entered}
                headers = [(name, f"{seconds:.6f}".encode()) for name, seconds in times.items()]
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        await self.app(scope, receive, timed)


app = FastAPI(lifespan=harvest_lifespan(make))
add_handlers(app)
app.add_middleware(Timed)


@app.get("/impatient", dependencies=[Depends(harvest_options(max_wait=PATIENCE))])
async def impatient(harvest: HarvestV1Dep, request: Request) -> list[Client]:
    """List clients now, or not at all."""
    request.state.entered = time.monotonic()
    return await harvest.clients.list()


@app.get("/refused", dependencies=[Depends(harvest_options(max_wait=PATIENCE))])
async def refused(harvest: HarvestV1Dep, request: Request) -> list[Client]:
    """Refuse at once, without a look at the account: what is left is the machine's and the framework's."""
    request.state.entered = time.monotonic()
    raise WouldWait("nothing was looked at", wait=1.0)


@app.get("/patient", dependencies=[Depends(harvest_options(max_wait=60))])
async def patient(harvest: HarvestV1Dep) -> list[Client]:
    """List clients within a minute."""
    return await harvest.clients.list()
