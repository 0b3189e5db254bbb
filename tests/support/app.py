"""The app of the README, for a server of its own: one page that makes one call."""

from typing import Annotated

from fastapi import Depends, FastAPI

from harvest_async import HarvestV1
from harvest_async.fastapi import add_handlers, harvest_lifespan, use_harvest

app = FastAPI(lifespan=harvest_lifespan(HarvestV1.from_env))
add_handlers(app)


@app.get("/clients")
async def clients(harvest: Annotated[HarvestV1, Depends(use_harvest(max_wait=1))]) -> list[str | None]:
    """Names of all clients."""
    return [client.name async for client in harvest.clients.list()]
