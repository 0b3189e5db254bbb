"""Use Harvest in a FastAPI app: clients that live as long as the app, and errors as problem documents (RFC 9457).

    app = FastAPI(lifespan=harvest_lifespan(HarvestV2.from_env), responses=harvest_problems)
    add_handlers(app)

    @app.get("/clients/{id}", dependencies=[Depends(harvest_options(max_wait=1))])
    async def client(id: int, harvest: HarvestV2Dep) -> Client:
        return await harvest.clients.get(id)

An app that works with several accounts gives each client a key:

    app = FastAPI(lifespan=harvest_lifespan({"default": HarvestV1.from_env, "billing": make_billing_client}))

    @app.get("/invoices")
    async def invoices(harvest: Annotated[HarvestV1, Depends(harvest_by_key("billing"))]) -> list[Invoice]: ...

Needs the extra `fastapi`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Final, TypeAlias

try:
    import fastapi as _fastapi
except ModuleNotFoundError as missing:
    _MESSAGE = "harvest_async.fastapi needs FastAPI: python -m pip install 'harvest-async[fastapi]'"
    raise ImportError(_MESSAGE) from missing

from harvest_async.client.json_form import decimals_as
from harvest_async.fastapi.dependency import Accounts, harvest_by_key, harvest_of_account, use_harvest
from harvest_async.fastapi.lifespan import harvest_lifespan
from harvest_async.fastapi.problem_responses import harvest_problems
from harvest_async.fastapi.problems import MEANINGS, add_handlers
from harvest_async.fastapi.records import register_records
from harvest_async.fastapi.route_options import harvest_options
from harvest_async.versions import load

if TYPE_CHECKING:
    from harvest_async.versions import HarvestV1, HarvestV2

    HarvestV1Dep: TypeAlias = Annotated[HarvestV1, _fastapi.Depends(use_harvest)]
    """The app's client, of API v1, as the type of a route's parameter."""

    HarvestV2Dep: TypeAlias = Annotated[HarvestV2, _fastapi.Depends(use_harvest)]
    """The app's client, of API v2, as the type of a route's parameter."""

__all__ = [
    "MEANINGS",
    "Accounts",
    "HarvestV1Dep",
    "HarvestV2Dep",
    "add_handlers",
    "decimals_as",
    "harvest_by_key",
    "harvest_lifespan",
    "harvest_of_account",
    "harvest_options",
    "harvest_problems",
    "use_harvest",
]

_ALIASES: Final = {"HarvestV1Dep": "v1", "HarvestV2Dep": "v2"}

register_records()

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Load an API version when the alias of its client is first used."""
        if name not in _ALIASES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = globals()[name] = Annotated[load("client", _ALIASES[name]), _fastapi.Depends(use_harvest)]
        return found
