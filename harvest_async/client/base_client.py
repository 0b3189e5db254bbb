"""The base class of the clients of all API versions."""

from __future__ import annotations

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, TypeVar, Unpack
from urllib.parse import quote

from harvest_async.auth import Renewing
from harvest_async.client.batch import AnyCall, bulk_map
from harvest_async.client.raw import raw_call
from harvest_async.client.resource import AccountRules, Learned
from harvest_async.errors import InvalidArgument
from harvest_async.exchange import (
    BeforeSend,
    Exchange,
    ExchangeSettings,
    OnUnknown,
    RawResponse,
    Watcher,
    open_exchange,
    with_raw_response,
)
from harvest_async.outcomes import Outcome
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.registry import Identity
from harvest_async.throttle.throttle import Throttle

if TYPE_CHECKING:
    import httpx

__all__ = ["BaseClient", "OptionFields"]

T = TypeVar("T")


class OptionFields(TypedDict, total=False):
    """The options of a client, see `BaseClient.options`."""

    timeout: float | None
    headers: Mapping[str, str | None] | None
    attempts: int | None
    retry_budget: int | None
    max_wait: float | None
    lane: Literal["interactive", "bulk"] | None
    on_unknown: OnUnknown | None
    before_send: BeforeSend | None


class BaseClient:
    """A Harvest account. A version's class adds the resources, as `Lazy` attributes.

    Args:
        name: the account's name, for `repr`.
        settings: the settings of the exchange.
        rules: the facts of the API version.
    """

    _exchange: Exchange
    _learned: Learned

    def __init__(self, name: str, settings: ExchangeSettings, rules: AccountRules) -> None:
        self._exchange, self._learned = open_exchange(settings), Learned(rules)
        self._name, self._auth, self._identity = name, settings.auth, settings.identity

    @property
    def name(self) -> str:
        """The account's name."""
        return self._name

    @property
    def address(self) -> str:
        """The address of the account."""
        return self._exchange.base_url

    @property
    def identity(self) -> Identity:
        """The account among those of all services: the throttle and the journals of an account are found by it."""
        return self._identity

    @property
    def auth(self) -> httpx.Auth:
        """The credentials."""
        return self._auth

    @property
    def throttle(self) -> Throttle:
        """The account's throttle: `throttle.snapshot()` returns its present state."""
        return self._exchange.throttle

    @property
    def is_closed(self) -> bool:
        """Whether it was closed; a call raises `InvalidArgument` then."""
        return self._exchange.is_closed

    def bulk(self) -> AbstractContextManager[None]:
        """Put the calls made inside, by this task and those it starts, into the bulk lane."""
        return self._exchange.bulk()

    def options(self, **options: Unpack[OptionFields]) -> Self:
        """The same client with other options; connections and throttle are shared, and closing one closes both.

        Options that are not given are kept. Both clients share the state of the account.

            await harvest.options(timeout=5, attempts=1).clients.get(7)

        Args:
            options: `timeout`, seconds from sending one attempt to the headers of its response, and as many again for
                the body: above 0, at most a day; waiting at the gate is not part of it. None takes the client's.
                `headers`, header fields to send beside the client's own, with calls to the account only: they are added
                to those set before, and a value of None removes one. Calls with header fields of their own are not
                served from the cache.
                `attempts`, how often a call is sent at most, from 1 (no retry) to 100; None for 5. Requests that the
                throttle refused, and the one repeat with a renewed token, don't count.
                `retry_budget`, retries that the calls of this client and those made from it may use up together, so
                that an outage does not become a storm; ten successful calls earn one back. None shares the client's 20.
                `max_wait`, seconds that a call may wait at the gate: one that would wait longer raises `WouldWait`
                at once, None waits for as long as it takes. `lane`, the priority of the calls: "interactive",
                "bulk", or None for "bulk" inside `bulk()` alone. `on_unknown`, which is given each call that was
                cancelled after it was sent. `before_send`, which is awaited with each call once it may leave, before it
                does; what it raises sends nothing.

        Raises:
            InvalidArgument: a number is out of its range, there is no such lane, or a header field can't be set here
                (`Authorization`, `User-Agent`, `Host` and others that belong to the client or the connection).
        """
        changes: dict[str, Any] = {**options}
        if changes.get("lane") is not None:
            changes["lane"] = _lane_of(changes["lane"])
        other = self._copy()
        other._exchange = self._exchange.with_options(**changes)  # noqa: SLF001 - a client of the same class
        return other

    def waiting_at_most(self, max_wait: float, bounded_while: Callable[[], bool]) -> Self:
        """The same client, whose calls have `max_wait` as long as something lasts: a web request, for example.

        Args:
            max_wait: seconds that a call may wait at the gate (see `options`).
            bounded_while: whether `max_wait` holds for a call that begins now; if not, it waits as long as it takes.

        Raises:
            InvalidArgument: `max_wait` is out of its range.
        """
        other = self._copy()
        other._exchange = self._exchange.with_options(max_wait=max_wait, bounded_while=bounded_while)  # noqa: SLF001 - as in `options`
        return other

    def _copy(self) -> Self:
        """Return a client with the same attributes, but without the resources and the exchange."""
        other = object.__new__(type(self))
        other._name, other._auth, other._identity = self._name, self._auth, self._identity
        other._learned = self._learned
        return other

    async def with_raw_response(self, call: Awaitable[T]) -> RawResponse[T]:
        """Await a call, and return its record together with status, header fields and body of the response.

            raw = await harvest.with_raw_response(harvest.clients.get(7))
            print(raw.status, raw.headers["x-request-id"], raw.content, raw.record.name)

        A failed call raises as always; the error's `response` has the response. The bodies are kept in memory.

        Args:
            call: the call, not awaited yet: `harvest.clients.get(7)`, or a list. Any client's calls will do.

        Raises:
            InvalidArgument: it can't be awaited, or it is a task that runs already.
            HarvestError: as the call.
        """
        return await with_raw_response(call)

    def bulk_map(
        self,
        calls: Iterable[AnyCall] | AsyncIterable[AnyCall],
        *,
        ordered: bool = True,
        side_by_side: int = 16,
        max_failures: int | None = None,
    ) -> AsyncIterator[Outcome]:
        """Send many calls in the bulk lane, and yield the outcome of each (see `outcomes`).

            makes = (lambda name=name: harvest.clients.create(name) for name in names)
            async for outcome in harvest.bulk_map(makes): ...

        Args:
            calls: `Call` values, or functions that start a call, which are read as they are needed; a function that
                creates one record counts as created, any other as updated.
            ordered: whether outcomes are yielded in the order of the calls, else as calls end.
            side_by_side: the number of calls that are in flight or wait at a time.
            max_failures: the number of failures after which the rest is not sent; None for no limit.

        Raises:
            InvalidArgument: a number is out of its range.
        """
        return bulk_map(self._exchange, calls, ordered=ordered, side_by_side=side_by_side, max_failures=max_failures)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        fields: Mapping[str, Any] | None = None,
        repeatable: bool = False,
    ) -> Any:
        """Send a request to any path.

        Args:
            method: the HTTP method.
            path: the path below the account's address, escaped.
            query: parameters.
            fields: a body; `{"client": {"name": "ACME"}}` has a root.
            repeatable: whether it may be sent again after its response was lost.

        Returns:
            The response as a tree; None if it has no body. Numbers are text if the format is XML.
        """
        if not path.startswith("/") or path.startswith("//") or any(not letter.isprintable() for letter in path):
            raise InvalidArgument(f"path: give one like /clients, not {path!r}")
        where = quote(path, safe="/%:@!$&'()*+,;=-._~")
        parameters = tuple((name, str(value)) for name, value in (query or {}).items())
        return await self._exchange.send(raw_call(method.upper(), where, parameters, fields, repeatable=repeatable))

    def watch(self, watcher: Watcher) -> None:
        """Notify a watcher, such as a `Directory`, of each call that may have changed records."""
        self._exchange.watch(watcher)

    async def sign_in(self, redirect: str, *, state: str) -> None:
        """Finish a sign-in by `OAuth2`, which has to be the client's `auth`: one call, through the account's gate.

        Args:
            redirect: the whole address to which the person's browser returned.
            state: the state that was stored with the person's session.

        Raises:
            InvalidArgument: the redirect does not belong to this sign-in, or the client signs in another way.
            Unauthorized: the person or the server refused, or the code was used before.
            HarvestError: the tokens could not be fetched or stored.
        """
        sign_in = getattr(self._auth, "sign_in", None)
        if sign_in is None:
            raise InvalidArgument("sign_in: this client was not made with auth=OAuth2(...)")
        await sign_in(redirect, state=state, send=self._exchange.send_form)
        self._learned.forget()

    async def renew_tokens(self) -> None:
        """Exchange the refresh token of `OAuth2`, which has to be the client's `auth`, for new tokens now: one call.

        Calls renew tokens by themselves when that is needed. This is for a check that the sign-in is still valid.

        Raises:
            InvalidArgument: the client signs in another way.
            Unauthorized: a person has to sign in again.
            HarvestError: the tokens could not be fetched or stored.
        """
        auth = self._auth
        if not isinstance(auth, Renewing):
            raise InvalidArgument("renew_tokens: this client was not made with auth=OAuth2(...)")
        await auth.renew(self._exchange.send_form)
        if (signer := auth.signer()) is not None:
            auth.invalidate(signer)
        await auth.renew(self._exchange.send_form)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._exchange.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {getattr(self, '_name', '')}>"


def _lane_of(name: str) -> Lane:
    try:
        return Lane(name)
    except ValueError:
        raise InvalidArgument(f'lane={name!r}: give "interactive", "bulk" or None') from None
