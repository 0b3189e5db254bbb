"""Create an exchange; arguments are checked before anything is sent, and errors don't show credentials."""

from __future__ import annotations

import ssl
from functools import lru_cache, partial
from typing import Any, Final

import httpx
from attrs import frozen

from harvest_async.address import check_address, header_value
from harvest_async.call import Call, Dialect
from harvest_async.clock import SECOND
from harvest_async.errors import InvalidArgument
from harvest_async.exchange.cache_protocol import Cache, tells_apart
from harvest_async.exchange.exchange import Exchange
from harvest_async.exchange.options import check_timeout
from harvest_async.exchange.retrying import Client
from harvest_async.exchange.shared import Shared
from harvest_async.observer import SILENT, Observer
from harvest_async.secret import hide_user
from harvest_async.service import Service, origin_of
from harvest_async.throttle.budgets import Budget
from harvest_async.throttle.lease import DEADLINE
from harvest_async.throttle.registry import DEFAULT_REGISTRY, Identity
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import GivenTransport, LoopTransport, ThrottledTransport, direct_transport, timeouts

__all__ = ["ExchangeSettings", "open_exchange"]

ENCODINGS: Final = "gzip, deflate"
"""The accepted encodings of responses; see `transport.decompress`."""


@frozen(kw_only=True)
class ExchangeSettings:
    """The settings of a client's exchange.

    Attributes:
        account: the account's name within its service, which finds the throttle if none is given.
        auth: the authentication.
        app: name and contact of the application; sent as `User-Agent`.
        dialect: the encoding of calls and responses.
        base_url: the address before every path.
        status_call: the call that reads the account's rate limit status; None if there is none.
        status_dialect: the dialect of that call, which has to be JSON; None uses `dialect`.
        throttle: the account's throttle; None uses the process's own one for the account.
        budgets: the budgets of the API version beside the general one.
        timeout: seconds that an attempt may take up to the response's headers.
        transport: the transport that sends requests; None creates one.
        ssl_context: the TLS context of that transport; None shares one with the process's other clients.
        proxy: the proxy's address; None reads the environment (never for loopback).
        cache: the cache of responses; None caches nothing.
        telemetry: observes the calls; None observes nothing.
        headers: header fields that name the account, sent with each call.
        service: the service to which the address belongs, unless it is another server's; None for another server.
    """

    account: str
    auth: httpx.Auth
    app: str
    dialect: Dialect
    base_url: str
    status_call: Call[Any] | None
    status_dialect: Dialect | None = None
    throttle: Throttle | None = None
    budgets: tuple[Budget, ...] = ()
    timeout: float = DEADLINE / SECOND
    transport: httpx.AsyncBaseTransport | None = None
    ssl_context: ssl.SSLContext | None = None
    proxy: str | None = None
    cache: Cache | None = None
    telemetry: Observer | None = None
    headers: tuple[tuple[str, str], ...] = ()
    service: Service | None = None

    @property
    def identity(self) -> Identity:
        """The account: all clients of one account in a process share a throttle."""
        url = self.base_url
        return Identity(origin_of(url) if self.service is None else self.service.owner_of(url), self.account)


def open_exchange(settings: ExchangeSettings) -> Exchange:
    """Create the exchange for an account; nothing is sent yet.

    Raises:
        InvalidArgument: a setting can't be used.
    """
    address = check_address(hide_user(settings.base_url))
    auth, cache = settings.auth, settings.cache
    if not isinstance(auth, httpx.Auth):
        raise InvalidArgument("auth: give BasicAuth(email, password), BearerAuth(token) or another httpx.Auth")
    timeout = check_timeout(settings.timeout)
    if cache is not None and not tells_apart(auth):
        raise InvalidArgument(
            "cache: this auth does not identify the person whose responses are cached: give one of harvest_async"
        )
    headers = (*_headers(settings.app), *settings.headers)
    throttle = settings.throttle or DEFAULT_REGISTRY.throttle(settings.identity)
    throttle.add_budgets(settings.budgets)
    direct = _direct_for(address, settings)
    observer = SILENT if settings.telemetry is None else settings.telemetry.account(settings.identity, throttle)
    client = Client(
        transport=ThrottledTransport(direct, throttle, status_path=None),
        timeout=_timeout(timeout),
        trust_env=False,
    )
    return Exchange(
        Shared(
            client,
            direct,
            auth,
            settings.dialect,
            address,
            headers,
            throttle,
            settings.status_call,
            settings.status_dialect or settings.dialect,
            timeout,
            observer=observer,
            store=None if cache is None else cache.open(f"{address}\n{settings.account}"),
        )
    )


@lru_cache(maxsize=64)
def _headers(app: str) -> tuple[tuple[str, str], ...]:
    """Return the header fields that all clients of one application send; thousands of clients have them once."""
    return ("User-Agent", f"{header_value('app', app)} harvest_async"), ("Accept-Encoding", ENCODINGS)


@lru_cache(maxsize=64)
def _timeout(seconds: float) -> httpx.Timeout:
    """Return the timeouts of an attempt, which no client changes."""
    return httpx.Timeout(**timeouts(seconds))


def _direct_for(address: str, settings: ExchangeSettings) -> httpx.AsyncBaseTransport:
    """Return the transport below the throttle."""
    if settings.transport is not None:
        return _given(settings.transport)
    return _direct(address, settings.ssl_context, settings.proxy)


def _given(transport: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
    """Return the caller's transport; one with a connection pool is limited to one event loop."""
    return GivenTransport(transport) if isinstance(transport, httpx.AsyncHTTPTransport) else transport


def _direct(address: str, ssl_context: ssl.SSLContext | None, proxy: str | None) -> httpx.AsyncBaseTransport:
    """Return a transport of our own; the connections, and a proxy of the environment, are looked for at first use."""
    make = partial(_opened, address, ssl_context, proxy)
    return LoopTransport(make, at_once=ssl_context is not None or proxy is not None)


def _opened(address: str, ssl_context: ssl.SSLContext | None, proxy: str | None) -> httpx.AsyncBaseTransport:
    try:
        return direct_transport(address, ssl_context, proxy)
    except (ValueError, httpx.InvalidURL):
        raise InvalidArgument("proxy: give an address like http://proxy.example:3128") from None
    except ImportError:
        raise InvalidArgument("proxy: SOCKS needs the package socksio: pip install 'httpx[socks]'") from None
