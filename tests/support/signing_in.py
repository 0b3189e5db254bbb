"""An app that signs people in at a sandbox, and browsers of its visitors."""

import ssl
from contextlib import asynccontextmanager
from typing import Annotated

import httpx
from fastapi import Depends, FastAPI

from harvest_async.fastapi import add_handlers
from harvest_async.fastapi.oauth_app import OAuthApp
from harvest_async.fastapi.sessions import CookieSessions, Session
from harvest_async.fastapi.sign_in import SignIn
from harvest_async.fastapi.sign_in_routes import sign_in_router
from harvest_async.fastapi.signed_cookies import SignedCookies

APP = "http://app"
KEY, OLD_KEY = "new-key-" * 5, "old-key-" * 5
_TLS = ssl.create_default_context()
PAGE = {"accept": "text/html"}


def oauth_of(version, address, **options):
    """The app at a sandbox's authorization server."""
    given = {
        "version": version,
        "client_id": "sandbox-client",
        "client_secret": "sandbox-secret",
        "redirect_uri": f"{APP}/sign-in/callback",
        "app": "tests (tests@example.com)",
        "account": "sandbox" if version == "v1" else "",
        "base_url": address,
    }
    return OAuthApp(**(given | options))


def signing_in(oauth, folder, *, keys=(KEY,), sessions=None, clock=None):
    """The sign-ins of an app, with sessions in a folder unless others are given."""
    cookies = SignedCookies(list(keys), secure=oauth.secure, clock=clock)
    stored = CookieSessions(cookies, folder) if sessions is None else sessions(cookies)
    return SignIn(oauth, stored, cookies, home="/home")


def app_of(sign_in):
    """An app with a page that shows the signed-in person's clients."""
    app = FastAPI()
    add_handlers(app)
    app.include_router(sign_in_router(sign_in))

    @app.get("/clients")
    async def clients(session: Annotated[Session, Depends(sign_in.required)]):
        async with sign_in.client(session) as harvest:
            return {"person": session.person, "clients": [each.name async for each in harvest.clients.list()]}

    return app


@asynccontextmanager
async def browser_of(app, **options):
    """A browser without cookies, while the app runs."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url=APP, **options) as browser,
    ):
        yield browser


async def approve(begun):
    """The person approves: the address to which the authorization server sends the browser."""
    async with httpx.AsyncClient(verify=_TLS) as network:
        return (await network.get(begun.headers["location"])).headers["location"]


async def sign_in_by(browser, **params):
    """A whole sign-in; the response of the callback."""
    return await browser.get(await approve(await browser.get("/sign-in", params=params)))


async def token_of(browser):
    """The token that a program sends with each POST."""
    return {"X-CSRF-Token": (await browser.get("/session")).json()["csrf_token"]}
