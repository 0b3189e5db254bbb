"""Does the whole rate get through, and is nobody ever refused?

250 calls in burst pace against 100 calls in 15 s, where each call made while the account is blocked prolongs the block;
beside us what one would pick instead. The bound is 30 s: the third hundred can't begin earlier.

Rules:
- Each contestant runs three times, each time against a sandbox of its own; each contestant and each sandbox is a
  process. All run in the same minutes, and begin one second apart, so that they compete little for the processor.
- Each makes the same calls by httpx. After a refusal it waits as long as `Retry-After` says, then asks its limiter
  again.
- Nobody goes on for more than 75 s or 400 refusals.
- A window that is stamped at the sending has to be refused: a sandbox that lets it pass judges wrongly.
"""

import asyncio
import sys
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from aiolimiter import AsyncLimiter
from attrs import define, field
from picture import draw
from pyrate_limiter import Duration, Limiter, Rate
from support import finish, heading, sandboxes, show, trailing

from harvest_async import Throttle

CALLS = 250
BOUND = 30.0
PATIENCE = 75.0
MOST_REFUSALS = 400
RUNS = 3
PATH = "/account/who_am_i"
LATENCIES = {"20-150 ms": (0.02, 0.15, 1.08), "20-1000 ms": (0.02, 1.0, 1.2)}
JUDGED = "window stamped at sending"
PICTURE = Path(__file__).with_name("window.svg")


class SendWindow:
    """At most 100 sends in any 15 s: exact on this side of the network."""

    def __init__(self, calls=100, period=15.0):
        self._calls, self._period = calls, period
        self._sent = deque()
        self._lock = asyncio.Lock()

    async def acquire(self):
        """Wait for the right to send."""
        async with self._lock:
            while len(self._sent) == self._calls:
                wait = self._sent[0] + self._period - time.monotonic()
                if wait <= 0:
                    self._sent.popleft()
                else:
                    await asyncio.sleep(wait)
            self._sent.append(time.monotonic())


@define
class Tally:
    """How a contestant did."""

    name: str
    done: int = 0
    refused: int = 0
    seconds: float = 0.0
    ended: bool = False
    requests: list = field(factory=list)

    @property
    def most(self):
        """The most arrivals in any window."""
        return max(trailing([each["arrival"] for each in self.requests]), default=0)

    @property
    def refusals(self):
        """How many calls the server refused."""
        return sum(each["status"] == 503 for each in self.requests)

    @property
    def outcome(self):
        """All of it in a line."""
        stopped = f"did not finish: {self.done} of {CALLS} in {self.seconds:.0f} s"
        end = f"{self.seconds:.1f} s" if self.ended else stopped
        return f"{end}, {self.refusals} refused, {self.most} in one window"


async def ours(server, tally):
    async with server.harvest(Throttle(pace="burst")) as harvest:

        async def one():
            await harvest.account.who_am_i()
            tally.done += 1

        with harvest.bulk():
            tally.ended = await finish([one() for _ in range(CALLS)], PATIENCE)


def limited(make):
    """A contestant that asks a limiter before each call."""

    async def contest(server, tally):
        acquire = make()
        async with server.plain() as client:
            enough = asyncio.Event()
            calls = [call(client, acquire, tally, enough) for _ in range(CALLS)]
            tally.ended = await finish(calls, PATIENCE, enough)

    return contest


async def call(client, acquire, tally, enough):
    while True:
        await acquire()
        response = await client.get(PATH)
        if response.status_code != 503:
            response.raise_for_status()
            tally.done += 1
            return
        tally.refused += 1
        if tally.refused >= MOST_REFUSALS:
            enough.set()
        await asyncio.sleep(float(response.headers["retry-after"]))


CONTESTANTS = {
    "harvest_async": ours,
    "aiolimiter 100 in 15 s": limited(lambda: AsyncLimiter(100, 15).acquire),
    "aiolimiter 1 in 0.15 s": limited(lambda: AsyncLimiter(1, 0.15).acquire),
    "pyrate-limiter 100 in 15 s": limited(lambda: Limiter(Rate(100, Duration.SECOND * 15)).try_acquire_async),
    JUDGED: limited(lambda: SendWindow().acquire),
}


async def contest(name, server, delay):
    tally = Tally(name)
    await asyncio.sleep(delay)
    began = time.monotonic()
    await CONTESTANTS[name](server, tally)
    tally.seconds = time.monotonic() - began
    tally.requests = await asyncio.to_thread(server.requests)
    return tally


async def contests(name, servers):
    delays = range(list(CONTESTANTS).index(name), RUNS * len(CONTESTANTS), len(CONTESTANTS))
    return await asyncio.gather(*(contest(name, *each) for each in zip(servers, delays, strict=True)))


def take_part(name, servers):
    """All runs of a contestant, in a process of its own; the worst one first."""
    tallies = asyncio.run(contests(name, servers))
    return sorted(tallies, key=lambda each: (each.done, -each.refusals, -each.seconds))


def run(low, high):
    """The tallies of each contestant."""
    with sandboxes(RUNS * len(CONTESTANTS)) as servers, ProcessPoolExecutor(len(CONTESTANTS)) as processes:
        for server in servers:
            server.latency(low, high)
        own = [servers[place :: len(CONTESTANTS)] for place in range(len(CONTESTANTS))]
        return dict(zip(CONTESTANTS, processes.map(take_part, CONTESTANTS, own), strict=True))


def row(name, tallies):
    seconds = max(each.seconds for each in tallies)
    ended = all(each.ended for each in tallies)
    return (
        name,
        f"{sum(each.ended for each in tallies)} of {RUNS}",
        f"{min(each.done for each in tallies)} of {CALLS}",
        f"{seconds:.1f} s" if ended else f"stopped at {seconds:.0f} s",
        f"{seconds / BOUND:.3f}" if ended else "-",
        max(each.refusals for each in tallies),
        max(each.most for each in tallies),
    )


def main():
    heading(__doc__.splitlines()[0], "aiolimiter", "pyrate-limiter")
    wrong = False
    for name, (low, high, asked) in LATENCIES.items():
        print(f"{CALLS} calls, {name} each way")
        found = run(low, high)
        columns = ("", "runs ended", "fewest done", "longest", "of 30 s", "most refused", "most in a window")
        rows = [row(contestant, tallies) for contestant, tallies in found.items()]
        show(columns, rows, f"harvest_async at most {asked} of the bound, 0 refused, at most 100 in a window")
        if high < 1:
            draw(PICTURE, [tallies[0] for tallies in found.values()])
        wrong = wrong or not any(each.refusals for each in found[JUDGED])
    if wrong:
        sys.exit("The window stamped at sending was not refused: the sandbox judges wrongly.")


if __name__ == "__main__":
    main()
