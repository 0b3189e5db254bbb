"""Measure what the throttle's gate costs a call: acquiring a lease, ending it and releasing its connection.

First a caller that need not wait, then 1,000 to 100,000 tasks that wait at once, each of which sends nothing and ends
its lease as soon as it has it. Beside them the cost of the same tasks with a bare asyncio queue of futures.

Notes:
- Processor time in microseconds for each call, the least of several rounds.
- The window is wide open, so that the gate's own work is measured and no time passes.
- The growth exponent is the slope of log(total time) over log(tasks).
"""

import asyncio
import gc
import time
from collections import deque

from support import growth, heading, show

from harvest_async import Throttle
from harvest_async.clock import SECOND
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.memory import MemoryLedger
from harvest_async.throttle.server_status import RateLimitStatus

FREE_CALLS = 20_000
ROUNDS = 5
WAITING = (1_000, 3_000, 10_000, 30_000, 50_000, 100_000)
CONNECTIONS = 8


def open_throttle(calls=1_000_000):
    """Return a throttle whose gate is open and whose window never fills."""
    ledger = MemoryLedger()

    def open_gate(state):
        lease = state.take_probe(0, SECOND, is_status_call=True)
        state.status_received(lease, 0, status=RateLimitStatus(calls, SECOND, 1, "open"), requested=0)

    ledger.transact(open_gate)
    return Throttle(pace="burst", ledger=ledger)


async def free_calls(throttle, count):
    """Acquire and end leases one after the other; return microseconds for each."""
    began = time.process_time()
    for _ in range(count):
        lease = await throttle.acquire(Ticket())
        lease.responded()
        lease.release()
    return (time.process_time() - began) / count * 1e6


async def waiting_calls(throttle, count):
    """Start many tasks at once, each of which acquires and ends one lease; return microseconds for each."""

    async def call():
        lease = await throttle.acquire(Ticket())
        await asyncio.sleep(0)
        lease.responded()
        lease.release()

    return await timed(call, count)


async def bare_tasks(count):
    """Do the same with a queue of futures and a count of free connections; return microseconds for each."""
    loop, waiting, free = asyncio.get_running_loop(), deque(), CONNECTIONS

    async def call():
        nonlocal free
        if free:
            free -= 1
        else:
            future = loop.create_future()
            waiting.append(future)
            await future
        await asyncio.sleep(0)
        if waiting:
            waiting.popleft().set_result(None)
        else:
            free += 1

    return await timed(call, count)


async def timed(call, count):
    gc.collect()
    began = time.process_time()
    await asyncio.gather(*(call() for _ in range(count)))
    return (time.process_time() - began) / count * 1e6


def least(make, rounds=ROUNDS):
    return min(asyncio.run(make()) for _ in range(rounds))


def main():
    heading(__doc__.splitlines()[0])
    free = least(lambda: free_calls(open_throttle(), FREE_CALLS))
    show(("", "µs a call"), [("no need to wait", f"{free:.1f}")], "at most 5")
    rows = [
        (count, least(lambda: waiting_calls(open_throttle(), count), 3), least(lambda: bare_tasks(count), 3))  # noqa: B023
        for count in WAITING
    ]
    shown = [(f"{count:,}", f"{gate:.1f}", f"{bare:.1f}", f"{gate - bare:.1f}") for count, gate, bare in rows]
    columns = ("tasks waiting", "µs a call", "bare asyncio", "difference")
    show(columns, shown, "at most 25 µs with 50,000 waiting")
    exponent, bare = (growth([(row[0], row[0] * row[place]) for row in rows]) for place in (1, 2))
    show(("", "exponent"), [("gate", f"{exponent:.3f}"), ("bare asyncio", f"{bare:.3f}")], "at most 1.1")


if __name__ == "__main__":
    main()
