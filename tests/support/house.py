"""A throttle, a transport and an account in virtual time, put together."""

import asyncio
import random

import httpx

from harvest_async.clock import SECOND
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.queue import Lane
from harvest_async.throttle.throttle import Throttle
from harvest_async.transport import TICKET, ThrottledTransport
from tests.support.account import SlowAccount
from tests.support.virtual_time import clock


class House:
    """A throttle, a transport and an account, on the running loop."""

    def __init__(self, calls=100, period=15, *, way=0.05, back=0.05, lockout=None, status=True, **throttle):
        self.clock = clock()
        self.account = SlowAccount(self.clock, calls, period, way=way, back=back, lockout=lockout)
        self.throttle = Throttle(clock=self.clock, **throttle)
        path = "/account/rate_limit_status" if status else None
        self.transport = ThrottledTransport(self.account, self.throttle, status_path=path)
        self.client = httpx.AsyncClient(transport=self.transport, base_url="https://acme.example.com")

    async def get(self, path="/x", *, lane=Lane.INTERACTIVE, max_wait=None, deadline=60):
        wait = None if max_wait is None else round(max_wait * SECOND)
        ticket = Ticket(lane=lane, max_wait=wait, deadline=deadline * SECOND)
        response = await self.client.get(path, extensions={TICKET: ticket})
        return response.status_code

    async def many(self, count, **how):
        return await asyncio.gather(*(self.get(f"/{number}", **how) for number in range(count)))

    def paths(self):
        return [path for _, path in self.account.served]

    def probes(self):
        return self.paths().count("/account/rate_limit_status")

    @property
    def now(self):
        return self.clock.now() / SECOND

    def clean(self):
        """Nothing is held that nobody will give back."""
        gate = self.throttle._gate()
        return (gate.idle, gate.connections.busy, self.account.open_bodies) == (True, 0, 0)


def uneven(low, high, seed=7):
    chance = random.Random(seed)
    spread = [chance.uniform(low, high) for _ in range(997)]
    return lambda number: spread[number % 997]
