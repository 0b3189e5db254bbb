"""Sign in by OAuth 2.0: the access token of a moment, and the renewal that all who need it share.

Rules of this room:
- A refresh token is good for once. So one renewal runs at a time, what it brings goes to the store before anything is
  signed with it, and where its answer is lost nothing is sent again until a caller asks anew.
- A token is renewed a minute before it goes out of date, and once when a call shows that the server thinks otherwise.
- Before a renewal the store is looked at: another process may have been first.
- No token is shown.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Generator, Iterator
from contextlib import contextmanager
from copy import copy
from datetime import datetime, timedelta
from typing import Final, Literal, cast
from weakref import WeakKeyDictionary

import httpx

from harvest_async.address import check_address, home_of
from harvest_async.auth.passing import answer_of, request_of, sender
from harvest_async.auth.redirects import authorize_url, read_code, read_fragment
from harvest_async.auth.renewing import Renewing, Send
from harvest_async.auth.signing import BearerAuth, QueryTokenAuth, Signing
from harvest_async.auth.stores import MemoryTokenStore, TokenStore
from harvest_async.auth.tokens import Tokens, code_form, new_grant, read_tokens, refresh_form
from harvest_async.clock import Clock, SystemClock
from harvest_async.errors import (
    DecodeError,
    HarvestError,
    InvalidArgument,
    NotSent,
    OutcomeUnknown,
    ServerError,
    Throttled,
    Unauthorized,
    WouldWait,
)
from harvest_async.redaction import Secret
from harvest_async.wire import Answer, Wire

__all__ = ["OAuth2"]

logger = logging.getLogger("harvest_async")

HOST: Final = "https://api.harvestapp.com"
"""Where any account signs in (contract: authorize_host_text)."""

EARLY: Final = 60.0
"""Seconds before its end at which a token is renewed (contract: expires_in)."""

_PAUSE: Final = timedelta(seconds=10)
"""How long a renewal that failed on its way is not tried again."""

_PATIENCE: Final = 10.0
"""Seconds that closing waits for a renewal."""

_SHORTEST: Final = timedelta(seconds=60)
"""How long new tokens are taken for good, whatever their lifetime: the server says if it thinks otherwise."""

_UNAUTHORIZED: Final = 401
_LOST: Final = (OutcomeUnknown, ServerError, DecodeError)
"""How a renewal ends that may have been carried out all the same."""

_UNSENT: Final = (NotSent, Throttled, WouldWait)
_SIGNERS: Final = {"header": BearerAuth, "query": QueryTokenAuth}


class OAuth2(Renewing):
    """Sign in by OAuth 2.0 (contract: auth.oauth2). It works in a client of ours and in any `httpx.AsyncClient`.

    A sign-in goes: `new_state()`, send the person to `authorize_url(state)`, and give the address to which they come
    back to `sign_in`. From then on calls are signed, and tokens renewed, without anybody's doing.

    Args:
        client_id: the application's id.
        client_secret: its secret; None for one that can't keep any, with the implicit grant.
        redirect_uri: where people come back to; needed for signing in.
        store: keeps the tokens; by default as long as the process lives. Tokens may be given in its place.
        account: the account's subdomain, where nobody of another account shall sign in; None is any account.
        base_url: the authorization server, if it is not at harvestapp.com; a sandbox, for example.
        send_token_as: `"header"`, or `"query"` for the parameter that the documentation shows. The second works under
            a transport of ours only.
        early: seconds before its end at which a token is renewed.
        clock: what tells the time; the machine's by default.

    Raises:
        InvalidArgument: an argument can't be used.
    """

    def __init__(
        self,
        client_id: str,
        client_secret: str | None = None,
        *,
        redirect_uri: str | None = None,
        store: TokenStore | Tokens | None = None,
        account: str | None = None,
        base_url: str | None = None,
        send_token_as: Literal["header", "query"] = "header",
        early: float = EARLY,
        clock: Clock | None = None,
    ) -> None:
        if not client_id or not client_id.strip():
            raise InvalidArgument("OAuth2: the client id is missing")
        if send_token_as not in _SIGNERS:
            raise InvalidArgument(f'OAuth2: send_token_as={send_token_as!r}: give "header" or "query"')
        if not 0 <= early <= 3_600:  # noqa: PLR2004 - an hour of eighteen is more than enough
            raise InvalidArgument(f"OAuth2: early={early!r}: give 0 to 3,600 seconds")
        self._client = (client_id, client_secret)
        self._redirect_uri = redirect_uri
        self._store: TokenStore = MemoryTokenStore(store) if store is None or isinstance(store, Tokens) else store
        self._base = check_address(base_url or (home_of(account) if account else HOST))
        self._kind = _SIGNERS[send_token_as]
        self._early = timedelta(seconds=early)
        self._clock: Clock = clock or SystemClock()
        self._signer: Signing | None = None
        self._tokens: Tokens | None = None
        self._stale_at: datetime | None = None
        self._refused: str | None = None  # the access token that was answered 401
        self._spent: str | None = None  # the refresh token that was answered invalid_grant
        self._unsaved: Tokens | None = None
        self._failure: tuple[HarvestError, datetime] | None = None
        self._renewals: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Task[HarvestError | None]]
        self._renewals = WeakKeyDictionary()
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = WeakKeyDictionary()

    def __repr__(self) -> str:
        return f"OAuth2({self._client[0]!r}, ...)"

    # Signing in

    def authorize_url(self, state: str, *, implicit: bool = False) -> str:
        """Give the address to send a person's browser to.

        Args:
            state: what `new_state()` made; keep it with the person's session.
            implicit: ask for a token at once instead of a code, for applications that can't keep a secret.

        Raises:
            InvalidArgument: the state is blank, or there is no `redirect_uri`.
        """
        return authorize_url(self._base, self._client[0], self._needed_redirect(), state, implicit=implicit)

    async def sign_in(self, redirect: str, *, state: str, send: Send | httpx.AsyncClient) -> None:
        """Finish a sign-in: check where the browser came back, have the code exchanged for tokens, and store them.

        Args:
            redirect: the whole address to which the browser came back.
            state: what was kept with the person's session.
            send: sends the one request that this takes: an `httpx.AsyncClient`, or what a client of ours gives.

        Raises:
            InvalidArgument: the redirect does not belong to this sign-in.
            Unauthorized: the person or the server said no, or the code is spent.
            HarvestError: the tokens were not to be had, or could not be stored.
        """
        wire = code_form(self._token_url, self._client, read_code(redirect, state), self._needed_redirect())
        answer = await (sender(send) if isinstance(send, httpx.AsyncClient) else send)(wire)
        await self._take(read_tokens(wire, answer, self._clock.today(), Tokens("", grant=new_grant())))

    async def accept_fragment(self, redirect: str, *, state: str) -> None:
        """Finish an implicit sign-in: check where the browser came back, and store the token that it brought.

        Raises:
            InvalidArgument: the redirect does not belong to this sign-in.
            Unauthorized: the person or the server said no.
            HarvestError: the token could not be stored.
        """
        await self._take(read_fragment(redirect, state, self._clock.today()))

    # For the exchange

    def signer(self) -> Signing | None:
        """What signs now; None where the token is out of date, being renewed, or not known yet."""
        stale = self._stale_at is not None and self._clock.today() >= self._stale_at
        return None if stale or asyncio.get_running_loop() in self._renewals else self._signer

    def distrust(self, signer: Signing) -> None:
        """A request that was signed so was answered 401; nothing happens where another signs by now."""
        if signer is self._signer and self._tokens is not None:
            self._signer, self._refused = None, self._tokens.access_token

    async def whose(self) -> Secret:
        """What tells this sign-in from any other, whatever its token is at the moment."""
        held = self._tokens or await self._load()
        if held is None:
            return Secret(b"")
        return Secret(f"OAuth2 {held.grant or held.refresh_token or held.access_token}".encode())

    async def renew(self, send: Send) -> None:
        """See to it that there is a signer; all who wait at once share one renewal, and its error.

        Raises:
            NotSent: the account can't be reached.
            Unauthorized: somebody has to sign in again, or the answer to the renewal was lost.
            HarvestError: the new tokens could not be stored, or the answer has none.
        """
        loop = asyncio.get_running_loop()
        task = self._renewals.get(loop)
        if task is None:
            task = self._renewals[loop] = loop.create_task(self._run(send))
            task.add_done_callback(lambda _: self._renewals.pop(loop, None))
        error = await asyncio.shield(task)  # whoever is cancelled leaves it to the others
        if error is not None:
            raise copy(error) from error.__cause__

    async def settle(self) -> None:
        """Wait for a renewal that is under way, for some seconds: what it brings may be lost otherwise."""
        task = self._renewals.get(asyncio.get_running_loop())
        if task is not None:
            _, late = await asyncio.wait([task], timeout=_PATIENCE)
            for each in late:
                each.cancel()
                await asyncio.wait([each])

    async def _run(self, send: Send) -> HarvestError | None:
        try:
            async with self._lock():
                wire = await self._begin()
                if wire is not None:
                    await self._end(wire, await send(wire))
        except HarvestError as error:
            return self._failed(error)
        return None

    # For any other httpx client

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:  # noqa: ARG002
        """Not to be had: renewals are shared between tasks.

        Raises:
            InvalidArgument: always.
        """
        raise InvalidArgument("OAuth2 signs in httpx.AsyncClient, not in httpx.Client")

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """Sign a request, with a new token where the old one is out of date or refused.

        Raises:
            HarvestError: as `renew`.
        """
        again = False
        while True:
            if self.signer() is None:
                async with self._lock():
                    wire = await self._begin()
                    if wire is not None:
                        with self._heard(wire):
                            response = yield request_of(wire, request)
                            await self._end(wire, await answer_of(response))
            signer = cast("Signing", self._signer)
            next(signer.auth_flow(request))
            response = yield request
            if again or response.status_code != _UNAUTHORIZED:
                return
            again = True
            await response.aread()  # its connection is needed, perhaps for the renewal itself
            self.distrust(signer)

    @contextmanager
    def _heard(self, wire: Wire) -> Iterator[None]:
        """A renewal of which no answer comes back here, for whatever reason, is one whose answer was lost."""
        try:
            yield
        except GeneratorExit:
            self._failed(OutcomeUnknown("the request for a token had no answer", request=wire))
            raise
        except HarvestError as error:
            told = self._failed(error)
            if told is not None:
                raise told from told.__cause__

    # Renewing

    async def _begin(self) -> Wire | None:
        """Give the request for new tokens; None where there are good ones already."""
        if self._unsaved is not None:
            await self._take(self._unsaved)
            return None
        held = await self._load()
        if held is None:
            raise Unauthorized("nobody has signed in: send a person to authorize_url(), and finish by sign_in()")
        if self._good(held, self._early):
            self._adopt(held, None if held.expires_at is None else held.expires_at - self._margin(held))
            return None
        self._tokens = held
        if self._failure is not None and self._clock.today() < self._failure[1]:
            raise copy(self._failure[0])
        if held.refresh_token is None or held.refresh_token == self._spent:
            why = "there is no refresh token" if held.refresh_token is None else "its refresh token was refused"
            raise Unauthorized(f"the access token is out of date, and {why}: sign in again")
        return refresh_form(self._token_url, self._client, held.refresh_token)

    async def _end(self, wire: Wire, answer: Answer) -> None:
        """Take the answer to the request for new tokens."""
        before = self._tokens or Tokens("")
        try:
            tokens = read_tokens(wire, answer, self._clock.today(), before)
        except Unauthorized:
            held = await self._load()
            if held is not None and held.refresh_token != before.refresh_token and self._good(held, self._early):
                self._adopt(held, None if held.expires_at is None else held.expires_at - self._margin(held))
                return  # another process was first
            self._spent = before.refresh_token
            raise
        await self._take(tokens)

    async def _take(self, tokens: Tokens) -> None:
        """Store new tokens, and use them from then on."""
        self._unsaved = tokens
        try:
            await self._store.save(tokens)
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            raise HarvestError(
                f"the new access token could not be stored ({words}), and is not used before it is: call again"
            ) from error
        self._unsaved = self._refused = self._spent = self._failure = None
        now = self._clock.today()
        stale_at = None if tokens.expires_at is None else tokens.expires_at - self._margin(tokens)
        self._adopt(tokens, None if stale_at is None else max(stale_at, now + _SHORTEST))

    def _failed(self, error: HarvestError) -> HarvestError | None:
        """A renewal came to nothing. As long as the old token lasts that is no misfortune; else give what to tell."""
        if isinstance(error, _LOST):
            error = _lost(error)
        elif not isinstance(error, _UNSENT):
            return error
        held, now = self._tokens, self._clock.today()
        self._failure = (error.with_traceback(None), now + _PAUSE)
        if held is None or not self._good(held, timedelta()):
            return error
        logger.warning("the access token could not be renewed yet: %s", error.message)
        self._adopt(held, held.expires_at if isinstance(error, Unauthorized) else now + _PAUSE)
        return None

    def _good(self, held: Tokens, early: timedelta) -> bool:
        if held.access_token == self._refused:
            return False
        margin = min(early, self._margin(held))
        return held.expires_at is None or self._clock.today() < held.expires_at - margin

    def _margin(self, held: Tokens) -> timedelta:
        return timedelta() if held.refresh_token is None else self._early

    def _adopt(self, held: Tokens, stale_at: datetime | None) -> None:
        if self._signer is None or self._tokens is None or self._tokens.access_token != held.access_token:
            self._signer = self._kind(held.access_token)
        self._tokens, self._stale_at = held, stale_at

    async def _load(self) -> Tokens | None:
        try:
            return await self._store.load()
        except HarvestError:
            raise
        except Exception as error:
            raise HarvestError(f"the tokens could not be loaded: {type(error).__name__}: {error}") from error

    # Small things

    @property
    def _token_url(self) -> str:
        return f"{self._base}/oauth2/token"

    def _needed_redirect(self) -> str:
        if not self._redirect_uri:
            raise InvalidArgument("OAuth2: give redirect_uri, the address that people come back to")
        return self._redirect_uri

    def _lock(self) -> asyncio.Lock:
        return self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock())


def _lost(error: HarvestError) -> Unauthorized:
    """The answer to a renewal is not to be had, and with it perhaps the refresh token."""
    lost = Unauthorized(
        "the access token is out of date, a new one was asked for, and the answer was lost. The refresh token may be "
        f"spent by it: call again to try it once more; if it is refused then, sign in again. {error}",
        request=error.request,
        answer=error.answer,
    )
    lost.__cause__ = error
    return lost
