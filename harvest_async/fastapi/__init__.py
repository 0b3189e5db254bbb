"""Use Harvest in a FastAPI app: clients that live as long as the app, and errors as problem documents (RFC 9457).

An app that works with several accounts gives each client a key:

    @asynccontextmanager
    async def lifespan(app):
        billing = harvest_lifespan(make_billing_client, key="billing")
        async with harvest_lifespan(HarvestV1.from_env)(app) as default, billing(app) as other:
            yield {**default, **other}

    @app.get("/invoices")
    async def invoices(harvest: Annotated[HarvestV1, Depends(use_harvest(key="billing"))]): ...

`SignIn` signs people in by OAuth 2.0, `BackgroundImports` imports uploaded files, and `operators_pages` shows the calls
of an app: see `docs/fastapi.md`.

Needs the extra `fastapi`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

try:
    import fastapi as _fastapi  # noqa: F401
except ModuleNotFoundError as missing:
    _MESSAGE = "harvest_async.fastapi needs FastAPI: python -m pip install 'harvest-async[fastapi]'"
    raise ImportError(_MESSAGE) from missing

from harvest_async.fastapi.dependency import harvest_lifespan, use_harvest
from harvest_async.fastapi.problems import MEANINGS, add_handlers

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

__all__ = [
    "MEANINGS",
    "BackgroundImports",
    "CallLog",
    "CookieSessions",
    "Csrf",
    "OAuthApp",
    "RedisSessions",
    "Session",
    "Sessions",
    "SignIn",
    "SignedCookies",
    "add_handlers",
    "harvest_lifespan",
    "imports_pages",
    "imports_router",
    "operators_pages",
    "sign_in_router",
    "use_harvest",
]

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

if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Load a name on first use."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
