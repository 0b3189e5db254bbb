"""Sign people in by Harvest's OAuth 2.0: the router, and the dependencies that give the signed-in person.

    cookies = SignedCookies([os.environ["SESSION_KEY"]])
    sign_in = SignIn(OAuthApp.from_env(), CookieSessions(cookies, "/var/lib/app/sessions"), cookies)
    app.include_router(sign_in_router(sign_in))

    @app.get("/projects")
    async def projects(session: Annotated[Session, Depends(sign_in.required)]):
        async with sign_in.client(session) as harvest: ...

Invariants:
- A sign-in is finished by the browser that began it, once, within ten minutes: its `state` is in a signed cookie of
  that browser (RFC 6749, 10.12), which the callback deletes; the server accepts a code once.
- A browser is sent to addresses of this app alone.
"""

from __future__ import annotations

import hmac
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256
from typing import Any, Final, Self
from urllib.parse import urlencode

from attrs import evolve
from fastapi import HTTPException, Request
from fastapi.requests import HTTPConnection
from fastapi.responses import RedirectResponse, Response

from harvest_async.auth.redirects import new_state
from harvest_async.cancellation import finish
from harvest_async.client.environment import read_environment
from harvest_async.errors import Unauthorized
from harvest_async.fastapi.csrf import Csrf
from harvest_async.fastapi.oauth_app import OAuthApp
from harvest_async.fastapi.redirects import address_of, is_local
from harvest_async.fastapi.refusals import Refusal
from harvest_async.fastapi.session_clients import SessionClients
from harvest_async.fastapi.sessions import SESSION, CookieSessions, Session, Sessions, new_session_id
from harvest_async.fastapi.signed_cookies import SignedCookies

__all__ = ["SignIn"]

_STATE: Final = "harvest-sign-in"
_STATE_LASTS: Final = 600.0
_SEE_OTHER: Final = 303


class SignIn:
    """Sign-ins of an app.

    Args:
        oauth: the app at the authorization server.
        sessions: stores the sessions.
        cookies: signs the cookies.
        home: the path to which a browser is sent after a sign-in or a sign-out.

    Attributes:
        start_route: the name of the route at which a sign-in begins; empty while the app has no router.
    """

    def __init__(self, oauth: OAuthApp, sessions: Sessions, cookies: SignedCookies, *, home: str = "/") -> None:
        self.oauth = oauth
        self.home = home
        self.csrf = Csrf(cookies)
        self._sessions = sessions
        self._cookies = cookies
        self._clients = SessionClients(oauth)
        self.start_route = ""

    @classmethod
    def from_env(cls, version: str = "v2", *, home: str = "/", **options: Any) -> Self:
        """Create one from environment variables.

        Those of `OAuthApp.from_env`; `HARVEST_SESSION_KEYS`, the keys of cookies, newest first, separated by blanks;
        and `HARVEST_SESSIONS`: a folder, or the address of a Redis server (`redis://...`).

        Raises:
            InvalidArgument: variables are missing; the message names all of them.
        """
        names = ["HARVEST_SESSION_KEYS", "HARVEST_SESSIONS"]
        read_environment([*OAuthApp.variables(version, options), *names])
        oauth, given = OAuthApp.from_env(version, **options), read_environment(names)
        cookies = SignedCookies(given["HARVEST_SESSION_KEYS"].split(), secure=oauth.secure, clock=oauth.clock)
        return cls(oauth, _sessions_at(given["HARVEST_SESSIONS"], cookies), cookies, home=home)

    # For the app's own routes

    async def session(self, connection: HTTPConnection) -> Session | None:
        """Return the session of a browser, the account of which may not be chosen yet; a dependency.

        None if nobody is signed in; so a cookie that was changed, is too old, or was signed by a withdrawn key reads.
        """
        text = self._cookies.text(connection, SESSION)
        return await self._sessions.load(text) if text else None

    async def signed_in(self, connection: HTTPConnection) -> Session | None:
        """Return the session of a browser that is signed in to an account; None for any other; a dependency."""
        session = await self.session(connection)
        return session if session is not None and session.account else None

    async def required(self, connection: HTTPConnection) -> Session:
        """Return the session of a browser that is signed in to an account; a dependency.

        Others are sent to the sign-in, and return to the page then; a program and a WebSocket get a 401.
        """
        session = await self.signed_in(connection)
        if session is not None:
            return session
        if "text/html" not in connection.headers.get("accept", "") or connection.scope.get("method") != "GET":
            raise HTTPException(401, "Sign in first.")
        asked, start = address_of(connection), connection.url_for(self.start_route).path
        query = f"?{urlencode({'next': asked})}" if is_local(asked) else ""
        raise HTTPException(_SEE_OTHER, headers={"Location": f"{start}{query}"})

    @asynccontextmanager
    async def client(self, session: Session) -> AsyncIterator[Any]:
        """Give a client of the account to which a person is signed in; its connections serve the next request, too.

        It is a `HarvestV1` or a `HarvestV2`, by the version of the app.
        """
        async with self._clients.open(session, self._sessions.tokens(session)) as harvest:
            yield harvest

    @asynccontextmanager
    async def lifespan(self, _: Any = None) -> AsyncIterator[None]:
        """Close the clients when the app ends; the router enters it."""
        try:
            yield
        finally:
            await self._clients.aclose()

    # For the router

    def begin(self, target: str) -> Response:
        """Return the redirect to the authorization server; `target` is the path to return to, empty for `home`.

        Raises:
            Refusal: `target` is no path of this app.
        """
        if target and not is_local(target):
            raise Refusal(
                400,
                "open-redirect",
                "Not an address of this app",
                "The address to return to after the sign-in is not a path of this app: start again from a page of it.",
            )
        state, auth = new_state(), self.oauth.auth(_NO_TOKENS)
        response = _redirect(auth.authorize_url(state))
        kept = self._cookies.sign(_STATE, {"state": state, "next": target or self.home})
        self._cookies.set(response, _state_cookie(state), kept, _STATE_LASTS)
        return response

    async def finish(self, request: Request, choice: str) -> Response:
        """Finish a sign-in; return the redirect that follows, to `choice` if the account has to be chosen.

        Raises:
            Refusal: another browser began it, it was finished before, or the person or the server said no.
            HarvestError: the tokens could not be fetched, or the account not be read.
        """
        state = request.query_params.get("state", "")
        target = self._target_of(request, state)
        session = Session(id=new_session_id(), version=self.oauth.version)
        await self._sessions.save(session)
        try:
            session = await self._signed_in(session, address_of(request), state)
            response = _redirect(target if session.account else f"{choice}?{urlencode({'next': target})}")
            await self.keep(response, session)
        except BaseException:
            await finish(self._sessions.delete(session))
            raise
        await self.forget(request)
        self._cookies.delete(response, _state_cookie(state))
        return response

    async def choose(self, session: Session, account: str, target: str) -> Response:
        """Choose one of the person's accounts; return the redirect to `target`, a path of this app.

        Raises:
            Refusal: it is not one of theirs.
            HarvestError: the account can't be read.
        """
        if account not in dict(session.accounts):
            raise Refusal(403, "not-your-account", "Not your account", "Choose one of the accounts that are listed.")
        response = _redirect(target if is_local(target) else self.home)
        await self.keep(response, await self._with_account(session, account))
        return response

    async def renew(self, session: Session) -> None:
        """Exchange the session's refresh token for new tokens now.

        Raises:
            Refusal: the person has to sign in again.
            HarvestError: the tokens could not be fetched or stored.
        """
        try:
            await self.oauth.renew(session.account, self._sessions.tokens(session))
        except Unauthorized as error:
            raise Refusal(401, "sign-in-ended", "Sign in again", error.message) from error

    async def keep(self, response: Response, session: Session) -> None:
        """Store a session, and set its cookie."""
        self._cookies.set(response, SESSION, await self._sessions.save(session), self._sessions.max_age)

    async def forget(self, request: Request, response: Response | None = None) -> None:
        """Delete the session of a browser, if it has one, and the cookie of the response."""
        session = await self.session(request)
        if session is not None:
            await self._clients.forget(session)
            await self._sessions.delete(session)
        if response is not None:
            self._cookies.delete(response, SESSION)

    def _target_of(self, request: Request, state: str) -> str:
        """Return where to go after a sign-in that this browser began."""
        kept = self._cookies.value(_STATE, self._cookies.text(request, _state_cookie(state)), _STATE_LASTS)
        known = isinstance(kept, dict) and hmac.compare_digest(str(kept.get("state")).encode(), state.encode())
        if not known:
            raise Refusal(
                400,
                "sign-in-state",
                "This sign-in can't be finished",
                "It was begun in another browser, more than ten minutes ago, or was finished before: sign in again.",
            )
        return str(kept["next"])

    async def _signed_in(self, session: Session, redirect: str, state: str) -> Session:
        try:
            accounts = await self.oauth.sign_in(redirect, state, self._sessions.tokens(session))
        except Unauthorized as error:
            raise _refused(error.message) from error
        if not accounts:
            raise _refused("Your sign-in reaches no account that this app is for: sign in as another person.")
        session = evolve(session, accounts=accounts)
        return await self._with_account(session, accounts[0][0]) if len(accounts) == 1 else session

    async def _with_account(self, session: Session, account: str) -> Session:
        user = await self.oauth.user(account, self._sessions.tokens(session))
        return evolve(session, account=account, person=user.email, name=user.name, role=user.role, company=user.account)


class _NoTokens:
    """No tokens, for an authentication that only returns an address."""

    async def load(self) -> None:
        return None


_NO_TOKENS: Any = _NoTokens()


def _refused(detail: str) -> Refusal:
    return Refusal(400, "sign-in-refused", "The sign-in was refused", detail)


def _redirect(target: str) -> RedirectResponse:
    return RedirectResponse(target, _SEE_OTHER, {"Cache-Control": "no-store"})


def _state_cookie(state: str) -> str:
    """Return the name of the cookie of one sign-in, so that those begun in several tabs do not replace each other."""
    return f"{_STATE}-{sha256(state.encode('utf-8', 'replace')).hexdigest()[:12]}"


def _sessions_at(where: str, cookies: SignedCookies) -> Sessions:
    if where.startswith(("redis://", "rediss://", "unix://")):
        from harvest_async.fastapi.redis_sessions import RedisSessions  # noqa: PLC0415 - the extra may be missing

        return RedisSessions(cookies, where)
    return CookieSessions(cookies, os.fspath(where))
