"""The tokens in use, and their replacement by new ones in the store.

Invariants:
- The store's lock is held from reading the old tokens until the new ones are saved, so that processes, threads and
  event loops which share a store renew one after the other, and use what another one has saved.
- New tokens are saved before anything is signed with them; if that fails they are kept, and saved at the next call.
- A request for new tokens that may have left is not sent again before a caller asks anew.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from copy import copy
from datetime import datetime, timedelta
from threading import Lock
from typing import Final

from harvest_async.auth.refreshable import Send
from harvest_async.auth.signing import BearerAuth, QueryTokenAuth, Signing
from harvest_async.auth.stores import TokenStore
from harvest_async.auth.tokens import Tokens, read_tokens, refresh_form
from harvest_async.cancellation import finish
from harvest_async.clock import Clock
from harvest_async.errors import (
    DecodeError,
    HarvestError,
    NotSent,
    OutcomeUnknown,
    ServerError,
    StorageError,
    Throttled,
    Unauthorized,
    WouldWait,
)
from harvest_async.messages import Request, Response
from harvest_async.secret import Secret, SecretText, hide

__all__ = ["EARLY", "SIGNERS", "Current"]

logger = logging.getLogger("harvest_async")

EARLY: Final = 60.0
"""Seconds before its expiry at which a token is renewed."""

_PAUSE: Final = timedelta(seconds=10)
"""How long a renewal that failed on its way is not tried again."""

_LOCKED: Final = 120.0
_LOCKED_EARLY: Final = 5.0
"""Seconds to wait for the store's lock: without a usable token, and while the old one can still be used."""

_SHORTEST: Final = timedelta(seconds=60)
"""How long new tokens are taken as valid, even if their lifetime is shorter: the server refuses expired ones."""

_LOST: Final = (OutcomeUnknown, ServerError, DecodeError)
"""Errors after which the server may still have processed a renewal."""

_UNSENT: Final = (NotSent, Throttled, WouldWait)
SIGNERS: Final = {"header": BearerAuth, "query": QueryTokenAuth}


class Current:
    """The tokens of one sign-in. Several threads, each with an event loop of its own, may use it.

    Args:
        store: keeps the tokens.
        url: where new tokens are requested.
        client: the application's id and its secret.
        kind: makes what signs out of an access token.
        early: seconds before its end at which a token is renewed.
        clock: the source of the time.
        lifetime: seconds that an access token lasts if the response does not say so.
    """

    def __init__(
        self,
        store: TokenStore,
        url: str,
        client: tuple[str, str | None],
        kind: Callable[[str], Signing],
        early: float,
        clock: Clock,
        lifetime: int,
    ) -> None:
        self._lifetime = lifetime
        self._store = store
        self._url = url
        self._client = client
        self._kind = kind
        self._early = timedelta(seconds=early)
        self._clock = clock
        self._signer: Signing | None = None
        self._tokens: Tokens | None = None
        self._stale_at: datetime | None = None
        self._refused: str | None = None  # the access token to which the server responded 401
        self._spent: str | None = None  # the refresh token to which the server responded invalid_grant
        self._unsaved: tuple[Tokens, str | None] | None = None  # new tokens, and the refresh token that they replace
        self._failure: tuple[HarvestError, datetime] | None = None
        self._guard = Lock()

    def signer(self) -> Signing | None:
        """Return the current signer; None if the token has expired or is not known yet."""
        with self._guard:
            stale = self._stale_at is not None and self._clock.today() >= self._stale_at
            return None if stale else self._signer

    def invalidate(self, signer: Signing) -> None:
        """Record that a request signed so got a 401; do nothing if there is another signer by now."""
        with self._guard:
            if signer is self._signer and self._tokens is not None:
                self._signer, self._refused = None, self._tokens.access_token

    async def cache_identity(self) -> Secret:
        """Return a value that distinguishes this sign-in from any other, independent of its current token."""
        held = self._tokens or await self._load()
        if held is None:
            return Secret(b"")
        return Secret(f"OAuth2 {held.grant or held.refresh_token or held.access_token}".encode())

    async def replace(self, tokens: Tokens) -> None:
        """Store the tokens of a new sign-in; a renewal of the old ones that is in progress ends first."""
        async with self._locked():
            await finish(self._take(tokens, None))

    async def renew(self, send: Send) -> HarvestError | None:
        """Make sure that there is a signer; return the error to report where there is none."""
        try:
            async with self._locked():
                wire = await self._begin()
                if wire is not None:
                    await self._end(wire, await _sent(send, wire))
        except HarvestError as error:
            return self._failed(error)
        return None

    def stopped(self) -> HarvestError | None:
        """Return the error to report of a renewal that was stopped before it ended."""
        return self._failed(OutcomeUnknown("the client was closed before the new access token arrived"))

    @asynccontextmanager
    async def _locked(self) -> AsyncIterator[None]:
        """Hold the store's lock."""
        usable = self._tokens is not None and self._good(self._tokens, timedelta())
        patience = _LOCKED_EARLY if usable else _LOCKED
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(patience):
                    await stack.enter_async_context(self._store.lock())
            except HarvestError:
                raise
            except TimeoutError:
                raise NotSent(
                    f"another process or thread has held the lock of {self._store!r} for {patience:.0f} s: "
                    "end that process if it hangs, then call again"
                ) from None
            except Exception as error:
                words = f"{type(error).__name__}: {error}"
                raise StorageError(f"the lock of {self._store!r} can't be used ({words})") from error
            yield

    async def _begin(self) -> Request | None:
        """Return the request for new tokens; None if the store has valid ones already."""
        held = await self._load()
        if self._unsaved is not None:
            tokens, replaced = self._unsaved
            if replaced is None or held is None or held.refresh_token == replaced:
                await self._take(tokens, replaced)
                return None
            self._unsaved = None  # somebody has signed in anew meanwhile
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
        return refresh_form(self._url, self._client, SecretText(held.refresh_token))

    async def _end(self, wire: Request, response: Response) -> None:
        """Process the response to the request for new tokens."""
        before = self._tokens or Tokens("")
        try:
            tokens = read_tokens(wire, response, self._clock.today(), before, self._lifetime)
        except Unauthorized:
            held = await self._load()
            if held is not None and held.refresh_token != before.refresh_token and self._good(held, self._early):
                self._adopt(held, None if held.expires_at is None else held.expires_at - self._margin(held))
                return  # another process was first
            self._spent = before.refresh_token
            raise
        await self._take(tokens, hide(before.refresh_token))

    async def _take(self, tokens: Tokens, replaced: str | None) -> None:
        """Store new tokens in place of those with the refresh token `replaced`, and use them from then on."""
        self._unsaved = tokens, replaced
        try:
            await self._store.save(tokens)
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            raise StorageError(
                f"the new access token could not be stored ({words}), and is not used before it is: call again"
            ) from error
        self._unsaved = self._refused = self._spent = self._failure = None
        now = self._clock.today()
        stale_at = None if tokens.expires_at is None else tokens.expires_at - self._margin(tokens)
        self._adopt(tokens, None if stale_at is None else max(stale_at, now + _SHORTEST))

    def _failed(self, error: HarvestError) -> HarvestError | None:
        """Record a failed renewal; return the error to report, or None while the old token is still valid."""
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
        with self._guard:
            if self._signer is None or self._tokens is None or self._tokens.access_token != held.access_token:
                self._signer = self._kind(held.access_token)
            self._tokens, self._stale_at = held, stale_at

    async def _load(self) -> Tokens | None:
        try:
            return await self._store.load()
        except HarvestError:
            raise
        except Exception as error:
            raise StorageError(f"the tokens could not be loaded: {type(error).__name__}: {error}") from error


async def _sent(send: Send, wire: Request) -> Response:
    """Send the request for new tokens; any error may have happened after it was sent."""
    try:
        return await send(wire)
    except HarvestError:
        raise
    except Exception as error:
        message = f"the request for a token had no response ({type(error).__name__})"
        raise OutcomeUnknown(message, request=wire.redacted()) from error


def _lost(error: HarvestError) -> Unauthorized:
    """Return the error for a renewal whose response was lost: the refresh token may be spent."""
    lost = Unauthorized(
        "the access token has expired, a new one was requested, and the response was lost. The refresh token may be "
        f"spent by that: call again to try it once more; if it is refused then, sign in again. {error}",
        request=error.request,
        response=error.response,
    )
    lost.__cause__ = error
    return lost
