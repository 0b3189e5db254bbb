"""The app of the README, for a server of its own: one page that makes one call."""

from fastapi import Depends, FastAPI

from harvest_async import HarvestV1
from harvest_async.fastapi import HarvestV1Dep, add_handlers, harvest_lifespan, harvest_options

app = FastAPI(lifespan=harvest_lifespan(HarvestV1.from_env))
add_handlers(app)


@app.get("/clients", dependencies=[Depends(harvest_options(max_wait=1))])
async def clients(harvest: HarvestV1Dep) -> list[str | None]:
    """Names of all clients."""
    return [client.name async for client in harvest.clients.list()]
