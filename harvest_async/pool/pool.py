"""`HarvestPool`: clients of many accounts over one set of connections.

Invariants:
- An account has one throttle, which all of its clients in this process share.
- A call gets its lease and its connection at the same time, so that a blocked account holds no connection.
- A pool belongs to the event loop on which it is used first.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from harvest_async.auth.provided import ProvidedAuth
from harvest_async.cancellation import finish
from harvest_async.client.base_client import BaseClient
from harvest_async.clock import Clock
from harvest_async.errors import InvalidArgument
from harvest_async.pool.accounts import Accounts, Entry
from harvest_async.pool.arguments import check_arguments
from harvest_async.pool.clients import ClientMaker
from harvest_async.pool.ledgers import LedgerOf, ledgers
from harvest_async.pool.metrics import AccountMetrics, PoolMetrics
from harvest_async.pool.running import Running, flush
from harvest_async.throttle.connections import ConnectionCap
from harvest_async.throttle.registry import DEFAULT_REGISTRY, Identity, Registry
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import SlotTransport, direct_transport
from harvest_async.versions import POOLED

if TYPE_CHECKING:
    import httpx
    import typing_extensions

    from harvest_async.versions import PooledClient

    C = typing_extensions.TypeVar("C", bound=BaseClient, default=PooledClient)
else:
    C = TypeVar("C")

__all__ = ["HarvestPool"]


class HarvestPool(Generic[C]):
    """Clients of many accounts, which share connections.

        async def credentials(account: str) -> BearerAuth:
            return BearerAuth(await read_token(account))

        async with HarvestPool(credentials, app="Back office (ops@example.com)") as pool:
            async with pool.account(123456) as harvest:
                print(await harvest.company.get())

    Each account has its own rate limit, and one that is blocked delays no other. Where calls of several accounts wait
    for a connection, the accounts take turns. An account without calls for 15 s costs next to nothing.

    Args:
        credentials: a coroutine function that returns the credentials of an account, whose name it is given as a text.
            It is called when an account is used first, after its client was dropped, and after the server refused the
            credentials; its errors reach the caller.
        app: name of the application with a contact: `Importer (ops@example.com)`; sent as `User-Agent`.
        version: the API version.
        max_connections: the most connections that are open at a time, 1 to 10,000; one account uses half of them at
            most.
        ledger: where the counts of all accounts are stored: the path of an SQLite file that the processes of this
            machine share, the URL of a Redis or Valkey server (extra `redis`, see `RedisLedger`), or a function that
            takes an account's name and returns its ledger; None stores them in memory.
        throttle: a function that takes an account's name and returns its throttle, in place of `ledger`.
        patience: seconds that `credentials` may take, above 0, at most 3,600.
        registry: finds the throttles; None is that of the process, which clients without a pool use, too.
        transport: a function that takes an address and returns the transport of one connection to it; None makes them.
        clock: the clock of the throttles; None is the machine's.
        options: further arguments of each client: `base_url` (where `{account}` is replaced by the account's name),
            `id_url`, `format`, `timeout`, `ssl_context`, `proxy`, `telemetry`.

    Raises:
        InvalidArgument: an argument can't be used.
    """

    def __init__(
        self,
        credentials: Callable[[str], Awaitable[httpx.Auth]],
        *,
        app: str,
        version: str = POOLED,
        max_connections: int = 64,
        ledger: LedgerOf | None = None,
        throttle: Callable[[str], Throttle] | None = None,
        patience: float = 30.0,
        registry: Registry | None = None,
        transport: Callable[[str], httpx.AsyncBaseTransport] | None = None,
        clock: Clock | None = None,
        **options: Any,
    ) -> None:
        check_arguments(credentials, max_connections, patience)
        if throttle is not None and ledger is not None:
            raise InvalidArgument("HarvestPool: give either ledger or throttle: a throttle has its own ledger")
        self._credentials = credentials
        self._clients = ClientMaker(version, app, options)
        self._version = version
        self._most = max_connections
        self._ledgers = ledgers(ledger, clock)
        self._throttle = throttle
        self._patience = float(patience)
        self._registry = DEFAULT_REGISTRY if registry is None else registry
        self._transport = transport or partial(
            direct_transport,
            ssl_context=options.get("ssl_context"),
            proxy=options.get("proxy"),
            connections=1,
        )
        self._clock = clock
        self._accounts = Accounts()
        self._running: Running | None = None
        self._is_closed = False

    def __repr__(self) -> str:
        return f"<HarvestPool {self._version}, accounts={len(self._accounts)}>"

    # Use

    @asynccontextmanager
    async def account(self, account: int | str) -> AsyncIterator[C]:
        """Use an account: `async with pool.account(123456) as harvest`.

        Blocks of one account may be open at the same time; they share the client. A client that is used after its block
        works until the pool is closed.

        Args:
            account: the account's id, as a number or a text; the subdomain by API v1.

        Raises:
            InvalidArgument: no account has such an id, the pool was closed or belongs to another event loop, or
                `credentials` returned none that the API version accepts.
            NotSent: `credentials` took longer than `patience`.
            Exception: as `credentials`.
        """
        entry = self._entry(self._clients.name(account))
        self._accounts.enter(entry)
        try:
            client, auth = self._client(entry)
            await auth.ready()
            yield cast("C", client)
        finally:
            self._leave(entry)

    def forget(self, account: int | str) -> None:
        """Forget the credentials of an account: they are requested again for the next call.

        Calls in flight end as they would have. Nothing happens if the account is not in use.
        """
        entry = self._accounts.find(self._clients.name(account))
        if entry is not None and entry.auth is not None:
            entry.auth.forget()

    # Observation

    def metrics(self, *accounts: int | str) -> dict[str, AccountMetrics]:
        """Return the counts of accounts by name: those given, or all that were used since the pool was made.

        Reads no ledger and sends nothing.
        """
        names = [self._clients.name(account) for account in accounts]
        return self._accounts.metrics(names if accounts else None)

    def snapshot(self) -> PoolMetrics:
        """Return what the pool has open at present."""
        running = self._running
        return PoolMetrics(
            accounts=len(self._accounts),
            clients=sum(entry.client is not None for entry in self._accounts),
            connections=0 if running is None else running.transport.open,
            busy=0 if running is None else running.transport.busy,
            waiting_accounts=0 if running is None else running.cap.waiting,
        )

    # End

    async def aclose(self) -> None:
        """Close all connections.

        Calls that wait raise `InvalidArgument`, or `NotSent` if they wait for credentials; calls in flight lose their
        connection and fail: those that must not be repeated with `OutcomeUnknown`. A renewal of a token that is running
        is waited for. On another event loop, this has that of the pool close them, and does not wait for it.
        """
        if self._is_closed:
            return
        self._is_closed = True
        loop = asyncio.get_running_loop() if self._running is None else self._running.loop
        if loop is asyncio.get_running_loop():
            await self._close()
        elif loop.is_running():
            asyncio.run_coroutine_threadsafe(self._close(), loop)
        else:  # connections and calls ended with it
            await finish(self._close_ledgers())

    async def __aenter__(self) -> Self:
        self._on_loop()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    # Inside

    async def _close(self) -> None:
        """Close the pool, on its event loop."""
        credentials = [entry.auth for entry in self._accounts if entry.auth is not None]
        for auth in credentials:
            auth.close()
        for entry in self._accounts:
            if entry.is_own:
                entry.throttle.fail_waiting(_closed())
        try:
            await asyncio.gather(*(auth.settle() for auth in credentials))
        finally:
            await finish(self._end())

    async def _end(self) -> None:
        """Close all connections, and the ledgers when they have the ends of all calls."""
        try:
            if self._running is not None:
                await self._running.stop(self._accounts)
            await flush([entry.throttle for entry in self._accounts if entry.is_own])
        finally:
            await self._close_ledgers()

    async def _close_ledgers(self) -> None:
        """Close the ledgers, and forget the throttles that nothing is lost of."""
        if self._ledgers is not None:
            await self._ledgers.aclose()
        for entry in self._accounts:
            if entry.is_own and entry.throttle.resting():
                self._registry.release(entry.identity)

    def _on_loop(self) -> Running:
        """Return what belongs to the running event loop.

        Raises:
            InvalidArgument: the pool was closed, or belongs to another event loop.
        """
        if self._is_closed:
            raise _closed()
        loop = asyncio.get_running_loop()
        if self._running is None:
            transport = SlotTransport(self._transport, self._most)
            self._running = Running(loop, ConnectionCap(self._most), transport)
        if self._running.loop is not loop:
            raise InvalidArgument("HarvestPool: this pool belongs to another event loop: make one for each event loop")
        return self._running

    def _entry(self, name: str) -> Entry:
        """Return an account with its throttle."""
        running = self._on_loop()
        entry = self._accounts.find(name)
        if entry is None:
            identity, made = self._clients.identity(name), list[Throttle]()

            def make() -> Throttle:
                made.append(self._make_throttle(identity))
                return made[0]

            throttle = self._registry.throttle(identity, make)
            throttle.share_connections(running.cap)
            entry = Entry(name, identity, throttle, bool(made), throttle.counts())
            self._accounts.add(entry)
        return entry

    def _make_throttle(self, identity: Identity) -> Throttle:
        if self._throttle is not None:
            return self._throttle(identity.account)
        ledger = None if self._ledgers is None else self._ledgers.make(identity)
        return Throttle(ledger=ledger, clock=self._clock, name=identity.account)

    def _client(self, entry: Entry) -> tuple[BaseClient, ProvidedAuth]:
        """Return the client of an account and its credentials; both are made if they were dropped or closed."""
        client, auth = entry.client, entry.auth
        if client is None or auth is None or client.is_closed:
            name = entry.name
            auth = ProvidedAuth(name, partial(self._credentials, name), self._clients.check_auth, self._patience)
            client = self._clients.make(name, auth, entry.throttle, self._on_loop().transport)
            entry.client, entry.auth = client, auth
        return client, auth

    def _leave(self, entry: Entry) -> None:
        running = self._running
        if running is None or running.loop.is_closed():
            return
        self._accounts.leave(entry, running.loop.time())
        if running.timer is None and not self._is_closed:
            self._drop_idle()

    def _drop_idle(self) -> None:
        """Drop the accounts that are idle, and look again when the next one may be."""
        if self._is_closed:  # a pool takes some time to close
            return
        running = self._on_loop()
        dropped, left = self._accounts.drop_idle(running.loop.time())
        for identity in dropped:
            self._registry.release(identity)
        running.timer = None if left is None else running.loop.call_later(left, self._drop_idle)


def _closed() -> InvalidArgument:
    return InvalidArgument("HarvestPool: the pool has been closed: make a new one")
