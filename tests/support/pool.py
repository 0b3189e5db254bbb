"""A server of many accounts for pools, without a socket: it counts calls, connections and what is returned."""

import asyncio
import json
from collections import Counter, deque

import httpx

from harvest_async import BearerAuth, HarvestPool, Registry, Throttle, Unauthorized
from harvest_async.auth.refreshable import Renewing
from harvest_async.clock import SECOND

APP = "tests (tests@example.com)"


class PoolServer:
    """Serves API v2's company to any account, and refuses what exceeds an account's limit.

    Attributes:
        calls: the requests that arrived, as (time in nanoseconds, account, authorization).
        refused: how many of them were refused, by account.
        open: how many connections are open; `most_open` the most so far.
        seconds: how long a call of an account takes; 0.05 unless it is set.
        valid: the tokens that are accepted; None accepts any.
        limit: the calls of an account in 15 seconds.
    """

    def __init__(self, clock, limit=100):
        self.clock, self.limit = clock, limit
        self.calls, self.refused, self.seconds = [], Counter(), {}
        self.open = self.most_open = self.made = 0
        self.valid = None
        self._arrived = {}

    def transport(self, _address):
        """Return a new connection."""
        return _Connection(self)

    def of(self, account):
        """Return the times of an account's calls, in seconds."""
        return [time / SECOND for time, name, _ in self.calls if name == account]

    def most_in_any_period(self, account):
        """Return the most calls of an account that arrived in 15 seconds."""
        times = self.of(account)
        return max(sum(end - 15 < each <= end for each in times) for end in times)

    async def respond(self, request):
        """Respond to a request."""
        name = request.headers.get("harvest-account-id", request.url.host.partition(".")[0])
        authorization = request.headers.get("authorization", "")
        await asyncio.sleep(self.seconds.get(name, 0.05) / 2)
        now = self.clock.now()
        self.calls.append((now, name, authorization))
        status, headers = self._judge(name, authorization, now), {}
        if status == 429:
            self.refused[name] += 1
            headers["retry-after"] = "15"
        await asyncio.sleep(self.seconds.get(name, 0.05) / 2)
        body = json.dumps({"name": name, "is_active": True}).encode()
        return httpx.Response(status, headers=headers, stream=_Body(body))

    def _judge(self, name, authorization, now):
        arrived = self._arrived.setdefault(name, deque())
        while arrived and arrived[0] <= now - 15 * SECOND:
            arrived.popleft()
        arrived.append(now)
        if len(arrived) > self.limit:
            return 429
        token = authorization.removeprefix("Bearer ")
        return 200 if self.valid is None or token in self.valid else 401


class _Connection(httpx.AsyncBaseTransport):
    def __init__(self, server):
        self._server, self._is_open = server, False

    async def handle_async_request(self, request):
        if not self._is_open:
            self._is_open = True
            self._server.made += 1
            self._server.open += 1
            self._server.most_open = max(self._server.most_open, self._server.open)
        return await self._server.respond(request)

    async def aclose(self):
        if self._is_open:
            self._is_open = False
            self._server.open -= 1


class _Body(httpx.AsyncByteStream):
    def __init__(self, content):
        self._content = content

    async def __aiter__(self):
        yield self._content


class Provider:
    """Provides a token for each account, and counts.

    Attributes:
        asked: the accounts that were asked for, in order.
        seconds: how long it takes.
        error: what it raises; None to return a token.
        tokens: the tokens by account; `token-NAME` unless set.
    """

    def __init__(self):
        self.asked, self.seconds, self.error, self.tokens = [], 0.0, None, {}

    async def __call__(self, account):
        self.asked.append(account)
        if self.seconds:
            await asyncio.sleep(self.seconds)
        if self.error is not None:
            raise self.error
        return BearerAuth(self.tokens.get(account, f"token-{account}"))


def make_pool(server, provider=None, **options):
    """Return a pool for the server, with a registry of its own."""
    clock = asyncio.get_running_loop().clock
    settings = {"app": APP, "registry": Registry(), "transport": server.transport, "clock": clock} | options
    return HarvestPool(provider or Provider(), **settings)


def burst(clock, **options):
    """Return a function that makes throttles without a pace."""
    return lambda name: Throttle(pace="burst", clock=clock, name=name, **options)


async def call(pool, account, times=1):
    """Make calls for an account, and return its name."""
    async with pool.account(account) as harvest:
        for _ in range(times):
            company = await harvest.company.get()
        return company.name


class Expiring(Renewing):
    """Credentials that expire: each renewal gives another token, until it is refused."""

    def __init__(self):
        self.renewals, self.held, self.refused, self.ended = 0, None, False, 0

    def signer(self):
        return self.held

    def invalidate(self, signer):
        if self.held is signer:
            self.held = None

    async def cache_identity(self):
        return b""

    async def renew(self, send):  # noqa: ARG002 - the protocol has it
        if self.refused:
            raise Unauthorized("sign in again")
        self.renewals += 1
        self.held = BearerAuth(f"renewed-{self.renewals}")

    async def settle(self):
        self.ended += 1
