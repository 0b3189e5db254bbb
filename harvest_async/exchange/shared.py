"""The values that the calls of one client share, and the state of one call in flight."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import ref

import httpx
from attrs import define, field, frozen

from harvest_async.auth import Signing
from harvest_async.call import Call, Dialect
from harvest_async.clock import SECOND
from harvest_async.errors import HarvestError, InvalidArgument
from harvest_async.exchange.cache_protocol import ResponseStore, Watcher
from harvest_async.messages import Request, redact_url
from harvest_async.observer import SILENT, AccountObserver
from harvest_async.retry import USUAL, Budget, Limits
from harvest_async.throttle.lease import DEADLINE, Ticket
from harvest_async.throttle.throttle import Throttle

__all__ = ["BeforeSend", "InFlightCall", "Shared"]

BeforeSend = Callable[[Call[Any]], Awaitable[None]]


@frozen(eq=False)
class Shared:
    """The values that all exchanges of one client share.

    Attributes:
        client: sends requests; its transport is a `ThrottledTransport`.
        direct: sends requests without the throttle: to other hosts, where files are stored.
        auth: the authentication.
        dialect: the encoding of calls and responses.
        base_url: the address before every path, without a slash at its end.
        headers: the client's own header fields.
        throttle: the account's budget.
        status_call: the call that reads the account's rate limit status; None if there is none.
        status_dialect: the dialect of that call, which is JSON, since the throttle reads it.
        deadline: seconds that an attempt may take up to the response's headers.
        budget: the retries that may be made.
        store: the cache's part for this account; None caches nothing.
        watchers: notified of each call that may have changed records.
        observer: observes the calls.
        chance: returns a number between 0 and 1, to spread retries.
    """

    client: httpx.AsyncClient
    direct: httpx.AsyncBaseTransport
    auth: httpx.Auth
    dialect: Dialect
    base_url: str
    headers: tuple[tuple[str, str], ...]
    throttle: Throttle
    status_call: Call[Any] | None
    status_dialect: Dialect
    deadline: float = DEADLINE / SECOND
    budget: Budget = field(factory=Budget)
    store: ResponseStore | None = None
    watchers: list[ref[Watcher]] = field(factory=list)
    observer: AccountObserver = SILENT
    chance: Callable[[], float] = random.random

    def check_open(self) -> None:
        """Check that the client is open.

        Raises:
            InvalidArgument: it has been closed.
        """
        if self.client.is_closed:
            raise InvalidArgument("the client has been closed: make a new one")


@define(eq=False)
class InFlightCall:
    """One call that is being sent.

    Attributes:
        call: the call.
        wire: the request, unsigned.
        ticket: its place in the queue.
        auth: the authentication.
        seconds: how long one attempt may take up to the response's headers, and its body after them.
        before: awaited when the call has its lease and is about to leave.
        limits: how often it is attempted.
        signer: the credentials of its last attempt.
        maybe_processed: whether a failed attempt may have been processed.
        renewed: whether it was sent once more because its credentials had expired.
        verdict: the error of its last attempt, by the table in `retry`; None before.
    """

    call: Call[Any]
    wire: Request
    ticket: Ticket
    auth: httpx.Auth
    seconds: float
    before: BeforeSend | None = None
    limits: Limits = USUAL
    signer: httpx.Auth | None = None
    maybe_processed: bool = False
    renewed: bool = False
    verdict: HarvestError | None = None

    @property
    def outcome_unknown(self) -> bool:
        """Whether one of its attempts may have been processed, as far as is known."""
        return self.ticket.left or self.maybe_processed

    @property
    def shown(self) -> str:
        """The request as an error message shows it."""
        return f"{self.wire.method} {redact_url(self.wire.url)}"

    @property
    def shown_request(self) -> Request:
        """The request as it was signed, without its credentials."""
        signer = self.signer or self.auth
        return signer.show(self.wire) if isinstance(signer, Signing) else self.wire
