"""A gate and its account state, at a time and with numbers that a test names."""

import asyncio

from harvest_async.clock import SECOND
from harvest_async.testing import VirtualLoop
from harvest_async.throttle.closure import Why
from harvest_async.throttle.connections import ConnectionCap, Connections
from harvest_async.throttle.granting import Granting, Waiter
from harvest_async.throttle.lease import Ticket
from tests.support.lanes import BULK, INTERACTIVE, NOW, filled, state

PERIOD = 2 * SECOND
TRIP = SECOND // 5
LIMIT = 30
"""How many connections may be in use, with ten leases in two seconds and that round trip."""
GRACE = SECOND // 4


async def probe(_):
    """Represent a status call, which these tests never send."""


class Clock:
    """A clock that shows one time."""

    def __init__(self, time):
        self.time = time

    def now(self):
        return self.time


class Promise:
    """A future, of which only one question matters."""

    def __init__(self, done):
        self._done = done

    def done(self):
        return self._done


class Gate:
    """A gate with its queue, its connections and the leases that it granted."""

    def __init__(self, interactive=0, bulk=0, *, now=NOW, busy=0, max_block=None, cap=None, **queue):
        self.leases, self.awaits_connection = {}, None
        self.queue = filled(**queue)
        self.connections = Connections(lambda: False)
        self.connections.share(cap)
        self.connections.busy = busy
        self.granting = Granting(self, self.queue, self.connections, Clock(now), max_block)
        self.granted, self.expired = [], []
        for lane, count in ((INTERACTIVE, interactive), (BULK, bulk)):
            for _ in range(count):
                self.add(lane)

    def add(self, lane=INTERACTIVE, *, done=False, **ticket):
        """Add a waiter with a ticket."""
        made = Ticket(lane=lane, number=self.queue.size + 1, **ticket)
        self.queue.add(lane, Waiter(made, Promise(done), made.entered), requeue=False)

    def grant(self, at):
        """Grant what may be granted; return the time at which to look again, and the numbers of the waiters."""
        again = self.granting.grant(at, self.granted, self.expired)
        return again, [waiter.number for waiter, _ in self.granted]


def opened(free=10, *, calls=10, period=PERIOD, **how):
    """The state of an open gate."""
    at = state(free, calls=calls, **how)
    at.window.resize(calls, period)
    at.why = None
    return at


def closed(free=10, *, why=Why.THROTTLED, until=0, since=NOW, **how):
    """The state of a closed gate."""
    at = opened(free, **how)
    at.why, at.until, at.since = why, until, since
    return at


def watched(free=10, *, at=NOW):
    """The state of an open gate that asks for the status from a time on."""
    made = opened(free)
    made.watch_at = at
    return made


def capped(do, limit=1):
    """Run a function with a cap that has no connection left, on a loop."""

    async def run():
        cap = ConnectionCap(limit)
        cap.busy = limit
        return do(cap)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(run())
