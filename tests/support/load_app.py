"""The app of the load tests, for several workers: they share one account by an SQLite ledger.

Each response has the headers `x-entered`, when the app was entered on the monotonic clock, and `x-took`, the seconds from
then to the beginning of the response.
"""

import os
import time

from fastapi import Depends, FastAPI

from harvest_async import HarvestV1, SqliteLedger, Throttle
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
                took = f"{time.monotonic() - began:.6f}".encode()
                entered = f"{began:.6f}".encode()
                message = {**message, "headers": [*message["headers"], (b"x-entered", entered), (b"x-took", took)]}
            await send(message)

        await self.app(scope, receive, timed)


app = FastAPI(lifespan=harvest_lifespan(make))
add_handlers(app)
app.add_middleware(Timed)


@app.get("/impatient", dependencies=[Depends(harvest_options(max_wait=PATIENCE))])
async def impatient(harvest: HarvestV1Dep) -> list[Client]:
    """List clients now, or not at all."""
    return await harvest.clients.list()


@app.get("/patient", dependencies=[Depends(harvest_options(max_wait=60))])
async def patient(harvest: HarvestV1Dep) -> list[Client]:
    """List clients within a minute."""
    return await harvest.clients.list()
