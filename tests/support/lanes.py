"""A queue of calls in two lanes, and the state that it uses beside other processes."""

from itertools import count

from attrs import frozen

from harvest_async.throttle.bounds import Bounds
from harvest_async.throttle.processes import ProcessQueue
from harvest_async.throttle.queue import CallQueue, Lane
from harvest_async.throttle.settings import Settings
from harvest_async.throttle.state import AccountState

INTERACTIVE, BULK = Lane.INTERACTIVE, Lane.BULK
NOW, SPAN = 50, (40, 60)
PERIOD = 1_000


@frozen
class Call:
    """A call that waits."""

    number: int


def filled(interactive=0, bulk=0, *, pace="burst", reserve=0, shared=False):
    """A queue named m, with calls in both lanes."""
    queue = CallQueue(Settings("a", Bounds(None, None, 0), pace, reserve, None), shared=shared)
    queue.name = "m"
    numbers = count(1)
    for lane, calls in ((INTERACTIVE, interactive), (BULK, bulk)):
        for _ in range(calls):
            queue.add(lane, Call(next(numbers)), requeue=False)
    return queue


def state(free=10, *, calls=10, passed=0, bulk_at=0, ends=(), **known):
    """A state with free leases, and processes: by name what waits in each lane, how much is ready, and the turn."""
    made = AccountState()
    made.window.resize(calls, PERIOD)
    for number in range(calls - free):
        made.take(0, 10**9)
        if number < len(ends):
            made.window.end(made.last_lease, ends[number])
    stored = {name: [*SPAN, *interactive, *bulk] for name, (interactive, bulk) in known.items()}
    made.processes = ProcessQueue.load({"latest": [0, 0, passed], "known": stored})
    made.bulk_at = bulk_at
    return made


IDLE = (0, 0, 0)
OWN = ((9, 9, 100), (9, 9, 100))
"""A process after all others."""
