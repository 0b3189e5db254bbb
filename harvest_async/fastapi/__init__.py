"""Use Harvest in a FastAPI app: clients that live as long as the app, and errors as problem documents (RFC 9457).

An app that works with several accounts gives each client a key:

    @asynccontextmanager
    async def lifespan(app):
        billing = harvest_lifespan(make_billing_client, key="billing")
        async with harvest_lifespan(HarvestV1.from_env)(app) as default, billing(app) as other:
            yield {**default, **other}

    @app.get("/invoices")
    async def invoices(harvest: Annotated[HarvestV1, Depends(use_harvest(key="billing"))]): ...

Needs the extra `fastapi`.
"""

from __future__ import annotations

try:
    import fastapi as _fastapi  # noqa: F401
except ModuleNotFoundError as missing:
    _MESSAGE = "harvest_async.fastapi needs FastAPI: python -m pip install 'harvest-async[fastapi]'"
    raise ImportError(_MESSAGE) from missing

from harvest_async.fastapi.dependency import harvest_lifespan, use_harvest
from harvest_async.fastapi.problems import MEANINGS, add_handlers

__all__ = ["MEANINGS", "add_handlers", "harvest_lifespan", "use_harvest"]
