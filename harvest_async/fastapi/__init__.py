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

`SignIn` signs people in by OAuth 2.0, `BackgroundImports` imports uploaded files, and `operators_pages` shows the calls
of an app: see `docs/fastapi.md`.

Needs the extra `fastapi`.
"""

from __future__ import annotations

from importlib import import_module
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
    from harvest_async.fastapi.call_log import CallLog
    from harvest_async.fastapi.csrf import Csrf
    from harvest_async.fastapi.imports import BackgroundImports, imports_pages, imports_router
    from harvest_async.fastapi.oauth_app import OAuthApp
    from harvest_async.fastapi.operators import operators_pages
    from harvest_async.fastapi.redis_sessions import RedisSessions
    from harvest_async.fastapi.sessions import CookieSessions, Session, Sessions
    from harvest_async.fastapi.sign_in import SignIn
    from harvest_async.fastapi.sign_in_routes import sign_in_router
    from harvest_async.fastapi.signed_cookies import SignedCookies
    from harvest_async.versions import HarvestV1, HarvestV2

    HarvestV1Dep: TypeAlias = Annotated[HarvestV1, _fastapi.Depends(use_harvest)]
    """The app's client, of API v1, as the type of a route's parameter."""

    HarvestV2Dep: TypeAlias = Annotated[HarvestV2, _fastapi.Depends(use_harvest)]
    """The app's client, of API v2, as the type of a route's parameter."""

__all__ = [
    "MEANINGS",
    "Accounts",
    "BackgroundImports",
    "CallLog",
    "CookieSessions",
    "Csrf",
    "HarvestV1Dep",
    "HarvestV2Dep",
    "OAuthApp",
    "RedisSessions",
    "Session",
    "Sessions",
    "SignIn",
    "SignedCookies",
    "add_handlers",
    "decimals_as",
    "harvest_by_key",
    "harvest_lifespan",
    "harvest_of_account",
    "harvest_options",
    "harvest_problems",
    "imports_pages",
    "imports_router",
    "operators_pages",
    "sign_in_router",
    "use_harvest",
]

_ALIASES: Final = {"HarvestV1Dep": "v1", "HarvestV2Dep": "v2"}

_MODULES: Final = {
    "BackgroundImports": "imports",
    "CallLog": "call_log",
    "CookieSessions": "sessions",
    "Csrf": "csrf",
    "OAuthApp": "oauth_app",
    "RedisSessions": "redis_sessions",
    "Session": "sessions",
    "Sessions": "sessions",
    "SignIn": "sign_in",
    "SignedCookies": "signed_cookies",
    "imports_pages": "imports",
    "imports_router": "imports",
    "operators_pages": "operators",
    "sign_in_router": "sign_in_routes",
}
"""The modules of the names that are loaded on first use: an app that does not use them does not load them."""

register_records()

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Load a name on first use: an API version with the alias of its client, or a module."""
        if name in _ALIASES:
            found = Annotated[load("client", _ALIASES[name]), _fastapi.Depends(use_harvest)]
        elif name in _MODULES:
            found = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
        else:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        globals()[name] = found
        return found
