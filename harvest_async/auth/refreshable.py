"""Credentials that go out of date, and what the exchange asks of them.

Rules of this room: see `auth`. Whoever renews needs a request of its own, and that request a place in the line: so
nobody who waits for a renewal may hold a lease or a connection.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable

import httpx

from harvest_async.auth.signing import Signing
from harvest_async.messages import Request, Response
from harvest_async.secret import Secret

__all__ = ["Renewing", "Send"]

Send = Callable[[Request], Awaitable[Response]]
"""Sends a request as it is, unsigned, once, and gives its answer whatever the status.

Raises:
    HarvestError: it had no answer, or one that leaves open whether the request was carried out.
"""


class Renewing(httpx.Auth):
    """A way to sign whose credential goes out of date.

    The exchange asks for a signer before a call joins the line, and again when its lease is there; where there is
    none, it has one made by `renew`, holding no lease meanwhile.
    """

    @abstractmethod
    def signer(self) -> Signing | None:
        """What signs now; None where the credential is out of date, being renewed, or not known yet."""

    @abstractmethod
    def invalidate(self, signer: Signing) -> None:
        """A request that was signed so was answered 401; nothing happens where another signs by now."""

    @abstractmethod
    async def cache_identity(self) -> Secret:
        """What tells this sign-in from any other, whatever its credential is at the moment; empty without one."""

    @abstractmethod
    async def renew(self, send: Send) -> None:
        """See to it that there is a signer; all who wait at once share one renewal.

        Raises:
            NotSent: the account can't be reached.
            Unauthorized: somebody has to sign in again.
        """

    @abstractmethod
    async def settle(self) -> None:
        """Wait for a renewal that is under way: what it brings may be lost otherwise."""
