"""A block of docs/fastapi.md, for type checkers."""

# ruff: noqa: I001
from fastapi import Depends, FastAPI
from harvest_async import HarvestV1
from harvest_async.fastapi import HarvestV1Dep, add_handlers, harvest_lifespan, harvest_options, harvest_problems
from harvest_async.v1.models import Client

app = FastAPI(lifespan=harvest_lifespan(HarvestV1.from_env), responses=harvest_problems)
add_handlers(app)


@app.get("/clients", dependencies=[Depends(harvest_options(max_wait=1))])
async def list_clients(harvest: HarvestV1Dep) -> list[Client]:
    return await harvest.clients.list()


@app.post("/clients")
async def create_client(draft: Client, harvest: HarvestV1Dep) -> Client:
    return await harvest.clients.create(draft)
