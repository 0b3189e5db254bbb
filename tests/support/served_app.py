"""An app in process whose own clients are in use."""

from contextlib import asynccontextmanager

import httpx


@asynccontextmanager
async def started(app):
    """An app whose lifespan has begun, as an ASGI application with its state; and a way to ask it."""
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope, receive, send):
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx.ASGITransport(app=with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as browser:
            yield browser, with_state
