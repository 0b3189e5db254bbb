"""The interface of credentials that expire.

Invariant: a renewal needs a lease and a connection for its own request, so a call that waits for a renewal holds
neither.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable

import httpx

from harvest_async.auth.signing import Signing
from harvest_async.messages import Request, Response
from harvest_async.secret import NotPickled, Secret

__all__ = ["Renewing", "Send"]

Send = Callable[[Request], Awaitable[Response]]
"""Sends a request as it is, unsigned, once, and returns its response of any status.

Raises:
    HarvestError: there was no response, or one from which the outcome is unknown.
"""


class Renewing(NotPickled, httpx.Auth):
    """Authentication with a credential that expires.

    A call gets the signer before it enters the queue, and again when it has its lease. If there is none, the call
    awaits `renew`, without a lease.
    """

    @abstractmethod
    def signer(self) -> Signing | None:
        """Return the current signer; None if the credential has expired, is being renewed, or is not known yet."""

    @abstractmethod
    def invalidate(self, signer: Signing) -> None:
        """Record that a request signed so got a 401; do nothing if there is another signer by now."""

    @abstractmethod
    async def cache_identity(self) -> Secret:
        """Return a value that distinguishes this sign-in from any other; empty if nobody is signed in."""

    @abstractmethod
    async def renew(self, send: Send) -> None:
        """Make sure that there is a signer; concurrent callers share one renewal.

        Raises:
            NotSent: the account can't be reached.
            Unauthorized: a person has to sign in again.
        """

    @abstractmethod
    async def settle(self) -> None:
        """Wait for a renewal in progress; its tokens may be lost otherwise."""
