"""OAuth 2.0: signing in, signing requests, and renewing access tokens once for all callers.

Invariants:
- A refresh token can be used once. So one renewal runs at a time, new tokens are stored before anything is signed with
  them, and after a lost response nothing is sent again until a caller requests it.
- A token is renewed a minute before it expires, and once when the server refuses it.
- A renewal runs in a task of its own (see `renewal`): cancelling a caller does not stop it.
- No token is shown.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncGenerator, Generator
from copy import copy
from functools import partial
from threading import Lock
from typing import ClassVar, Final, Literal

import httpx

from harvest_async.address import check_address
from harvest_async.auth.current import EARLY, SIGNERS, Current
from harvest_async.auth.httpx_adapter import calling_client, sender
from harvest_async.auth.redirects import authorize_url, read_code, read_fragment
from harvest_async.auth.refreshable import Renewing, Send
from harvest_async.auth.renewal import Renewal
from harvest_async.auth.signing import Signing
from harvest_async.auth.stores import MemoryTokenStore, TokenStore
from harvest_async.auth.tokens import Tokens, code_form, is_text, new_grant, read_tokens
from harvest_async.clock import Clock, SystemClock
from harvest_async.errors import InvalidArgument
from harvest_async.secret import Secret, hide, hide_user
from harvest_async.service import Service

__all__ = ["OAuth2"]

_UNAUTHORIZED: Final = 401


class OAuth2(Renewing):
    """Authenticate by OAuth 2.0, in a client of this library or in any `httpx.AsyncClient`.

    To sign a person in, call `new_state()`, send the browser to `authorize_url(state)`, and pass the address to which
    it is redirected to `sign_in`. From then on requests are signed, and tokens renewed, automatically.

    Args:
        client_id: the application's id.
        client_secret: the application's secret; None for an application that can't keep one (implicit grant).
        redirect_uri: the address to which browsers are redirected; required for signing in.
        store: keeps the tokens; by default in memory. Tokens may be given in its place.
        account: the account's subdomain, if only its people may sign in; None allows any account.
        base_url: the authorization server, if it is not that of the service; a sandbox, for example.
        id_url: the same, under the name that versions with an identity host of their own use.
        service: the addresses of the API version; None for those of the class.
        scope: what the tokens are to be used for, like `harvest:123`; None leaves it to the server.
        send_token_as: `"header"`, or `"query"` for the parameter that the documentation shows. The second works only
            with a transport of this library.
        early: seconds before its expiry at which a token is renewed.
        clock: the source of the time; the system's by default.

    Raises:
        InvalidArgument: an argument can't be used.
    """

    default_service: ClassVar[Service | None] = None
    """The addresses of the API version; None for a class that belongs to none."""

    def __init__(
        self,
        client_id: str,
        client_secret: str | None = None,
        *,
        redirect_uri: str | None = None,
        store: TokenStore | Tokens | None = None,
        account: str | None = None,
        base_url: str | None = None,
        id_url: str | None = None,
        service: Service | None = None,
        scope: str | None = None,
        send_token_as: Literal["header", "query"] = "header",
        early: float = EARLY,
        clock: Clock | None = None,
    ) -> None:
        client_secret = hide(client_secret)
        base_url, id_url = (None if each is None else hide_user(each) for each in (base_url, id_url))
        if not client_id or not client_id.strip():
            raise InvalidArgument("OAuth2: the client id is missing")
        for name, value in {
            "client_id": client_id,
            "client_secret": client_secret,
            "redirect_uri": redirect_uri,
            "scope": scope,
        }.items():
            if value is not None and not is_text(value):
                raise InvalidArgument(f"OAuth2: {name} is no text, or has a character that can't be sent")
        if send_token_as not in SIGNERS:
            raise InvalidArgument(f'OAuth2: send_token_as={send_token_as!r}: give "header" or "query"')
        if not 0 <= early <= 3_600:  # noqa: PLR2004 - an hour of eighteen is more than enough
            raise InvalidArgument(f"OAuth2: early={early!r}: give 0 to 3,600 seconds")
        self._client = (client_id, client_secret)  # its repr does not show the secret
        self._redirect_uri = redirect_uri
        service = self._service(service)
        base = check_address(_server(service, account, base_url, id_url))
        self._page, self._url = base + service.authorize_path, base + service.token_path
        self._scope, self._lifetime = scope, service.token_lifetime
        self._clock: Clock = clock or SystemClock()
        kept: TokenStore = MemoryTokenStore(store) if store is None or isinstance(store, Tokens) else store
        self._current = Current(
            kept, self._url, self._client, SIGNERS[send_token_as], early, self._clock, self._lifetime
        )
        self._renewals: dict[asyncio.AbstractEventLoop, Renewal] = {}
        self._guard = Lock()  # several threads, each with an event loop of its own, may use this object

    def __repr__(self) -> str:
        return f"OAuth2({getattr(self, '_client', (None,))[0]!r}, ...)"

    # Signing in

    def authorize_url(self, state: str, *, implicit: bool = False) -> str:
        """Return the address to which to send a person's browser.

        Args:
            state: the value of `new_state()`; keep it in the person's session.
            implicit: request a token instead of a code, for applications that can't keep a secret.

        Raises:
            InvalidArgument: the state is blank, or there is no `redirect_uri`.
        """
        client_id, redirect_uri = self._client[0], self._needed_redirect()
        return authorize_url(self._page, client_id, redirect_uri, state, implicit=implicit, scope=self._scope)

    async def sign_in(self, redirect: str, *, state: str, send: Send | httpx.AsyncClient) -> None:
        """Finish a sign-in: check the redirect, exchange its code for tokens, and store them.

        Args:
            redirect: the whole address to which the browser was redirected.
            state: the value kept in the person's session.
            send: sends the one request for tokens: an `httpx.AsyncClient`, or a function that sends a request.

        Raises:
            InvalidArgument: the redirect does not belong to this sign-in.
            Unauthorized: the person or the server said no, or the code is spent.
            HarvestError: there were no tokens, or they could not be stored.
        """
        redirect = hide(redirect)
        code, scope = read_code(redirect, state)
        wire = code_form(self._url, self._client, code, self._needed_redirect())
        answer = await (sender(send) if isinstance(send, httpx.AsyncClient) else send)(wire)
        first = Tokens("", grant=new_grant(), scope=scope)
        await self._current.replace(read_tokens(wire, answer, self._clock.today(), first, self._lifetime))

    async def accept_fragment(self, redirect: str, *, state: str) -> None:
        """Finish an implicit sign-in: check the redirect, and store the token in it.

        Raises:
            InvalidArgument: the redirect does not belong to this sign-in.
            Unauthorized: the person or the server said no.
            HarvestError: the token could not be stored.
        """
        redirect = hide(redirect)
        await self._current.replace(read_fragment(redirect, state, self._clock.today(), self._lifetime))

    # For the exchange

    def signer(self) -> Signing | None:
        """Return the current signer; None if the token has expired, is being renewed, or is not known yet."""
        renewal = self._renewals.get(asyncio.get_running_loop())
        return self._current.signer() if renewal is None or renewal.done else None

    def invalidate(self, signer: Signing) -> None:
        """Record that a request signed so got a 401; do nothing if there is another signer by now."""
        self._current.invalidate(signer)

    async def cache_identity(self) -> Secret:
        """Return a value that distinguishes this sign-in from any other, independent of its current token."""
        return await self._current.cache_identity()

    async def renew(self, send: Send) -> None:
        """Make sure that there is a signer; concurrent callers share one renewal and its error.

        Raises:
            NotSent: the account can't be reached.
            Unauthorized: a person has to sign in again, or the response to the renewal was lost.
            HarvestError: the new tokens could not be stored, or the response has none.
        """
        error = await self._renewal(send).result()
        if error is not None:
            raise copy(error) from error.__cause__

    async def settle(self) -> None:
        """Wait up to 10 seconds for a renewal that is in progress on this event loop.

        The clients of this library do so when they are closed. Before you close any other `httpx.AsyncClient`, call
        it yourself: the new tokens would be lost if the connection was closed before they arrived.
        """
        renewal = self._renewals.get(asyncio.get_running_loop())
        if renewal is not None:
            await renewal.settle()

    def _renewal(self, send: Send) -> Renewal:
        """Return the renewal of this event loop; start one where there is none."""
        loop = asyncio.get_running_loop()
        with self._guard:
            renewal = self._renewals.get(loop)
            if renewal is None or renewal.done:  # one that has just ended is awaited without giving way to its callback
                for closed in [each for each in self._renewals if each.is_closed()]:
                    del self._renewals[closed]
                renewal = self._renewals[loop] = Renewal(self._current.renew(send), self._current.stopped)
                renewal.add_done_callback(partial(self._ended, loop, renewal))
        return renewal

    def _ended(self, loop: asyncio.AbstractEventLoop, renewal: Renewal) -> None:
        with self._guard:
            if self._renewals.get(loop) is renewal:
                del self._renewals[loop]

    # For any other httpx client

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:  # noqa: ARG002
        """Refuse: renewals are shared between tasks.

        Raises:
            InvalidArgument: always.
        """
        raise InvalidArgument("OAuth2 signs in httpx.AsyncClient, not in httpx.Client")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign a request, with a new token if the old one has expired or is refused.

        Raises:
            HarvestError: as `renew`.
        """
        again = False
        while True:
            while (signer := self.signer()) is None:
                # httpx does not pass its client to an auth flow. A renewal has to outlive the call that started it,
                # so it is sent by the client itself, in a task of its own, and not as a step of this flow.
                await self.renew(sender(calling_client(inspect.currentframe()), request))
            next(signer.auth_flow(request))
            response = yield request
            if again or response.status_code != _UNAUTHORIZED:
                return
            again = True
            await response.aread()  # its connection may be needed for the renewal
            self.invalidate(signer)

    # Small things

    def _service(self, given: Service | None) -> Service:
        service = given or self.default_service
        if service is None:
            raise InvalidArgument("OAuth2: give service, or use the OAuth2 class of an API version")
        return service

    def _needed_redirect(self) -> str:
        if not self._redirect_uri:
            raise InvalidArgument("OAuth2: give redirect_uri, the address to which browsers are redirected")
        return self._redirect_uri


def _server(service: Service, account: str | None, base_url: str | None, id_url: str | None) -> str:
    """Return the address of the authorization server.

    Raises:
        InvalidArgument: the address is given twice, or the account is no subdomain.
    """
    if base_url and id_url:
        raise InvalidArgument("OAuth2: base_url and id_url are the same: give one of them")
    if base_url or id_url:
        return base_url or id_url or ""
    return service.home(account) if account and service.home else service.id_url
