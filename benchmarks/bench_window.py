"""Does the whole rate get through, and is nobody ever refused?

250 calls in burst pace against 100 calls in 15 s, where each call made while the account is blocked prolongs the block;
beside us what one would pick instead. The bound is 30 s: the third hundred can't begin earlier.

Rules:
- Each contestant has a sandbox of its own, in a process of its own, and they begin three seconds apart, so that their
  bursts don't compete for the processor.
- Each makes the same calls by httpx. After a refusal it waits as long as `Retry-After` says, then asks its limiter again.
- Nobody goes on for more than 75 s or 400 refusals.
- A window that is stamped at the sending has to be refused: a sandbox that lets it pass judges wrongly.
"""

import asyncio
import sys
import time
from collections import deque
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
APART = 3.0
PATH = "/account/who_am_i"
LATENCIES = {"20-150 ms": (0.02, 0.15, 1.08), "20-1000 ms": (0.02, 1.0, 1.2)}
PICTURE = Path(__file__).with_name("window.svg")


class SendWindow:
    """At most 100 sends in any 15 s: exact on this side of the network."""

    def __init__(self, calls=100, period=15.0):
        self._calls, self._period = calls, period
        self._sent = deque()
        self._lock = asyncio.Lock()

    async def acquire(self):
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
    enough: asyncio.Event = field(factory=asyncio.Event)
    requests: list = field(factory=list)

    @property
    def most(self):
        return max(trailing([each["arrival"] for each in self.requests]), default=0)

    @property
    def refusals(self):
        return sum(each["status"] == 503 for each in self.requests)

    @property
    def outcome(self):
        end = f"{self.seconds:.1f} s" if self.ended else f"did not finish: {self.done} of {CALLS} in {self.seconds:.0f} s"
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
            calls = [call(client, acquire, tally) for _ in range(CALLS)]
            tally.ended = await finish(calls, PATIENCE, tally.enough)

    return contest


async def call(client, acquire, tally):
    while True:
        await acquire()
        response = await client.get(PATH)
        if response.status_code != 503:
            response.raise_for_status()
            tally.done += 1
            return
        tally.refused += 1
        if tally.refused >= MOST_REFUSALS:
            tally.enough.set()
        await asyncio.sleep(float(response.headers["retry-after"]))


CONTESTANTS = {
    "harvest_async": ours,
    "aiolimiter 100 in 15 s": limited(lambda: AsyncLimiter(100, 15).acquire),
    "aiolimiter 1 in 0.15 s": limited(lambda: AsyncLimiter(1, 0.15).acquire),
    "pyrate-limiter 100 in 15 s": limited(lambda: Limiter(Rate(100, Duration.SECOND * 15)).try_acquire_async),
    "window stamped at sending": limited(lambda: SendWindow().acquire),
}


async def contest(place, name, server):
    tally = Tally(name)
    await asyncio.sleep(place * APART)
    began = time.monotonic()
    await CONTESTANTS[name](server, tally)
    tally.seconds = time.monotonic() - began
    tally.requests = await asyncio.to_thread(server.requests)
    return tally


async def contests(servers):
    return await asyncio.gather(
        *(contest(place, name, server) for place, (name, server) in enumerate(zip(CONTESTANTS, servers, strict=True)))
    )


def run(low, high):
    with sandboxes(len(CONTESTANTS)) as servers:
        for server in servers:
            server.latency(low, high)
        return asyncio.run(contests(servers))


def row(tally):
    ended = f"{tally.seconds:.1f} s" if tally.ended else f"stopped at {tally.seconds:.0f} s"
    ratio = f"{tally.seconds / BOUND:.3f}" if tally.ended else "-"
    return tally.name, f"{tally.done} of {CALLS}", ended, ratio, tally.refusals, tally.most


def main():
    heading(__doc__.splitlines()[0], "aiolimiter", "pyrate-limiter")
    wrong = False
    for name, (low, high, asked) in LATENCIES.items():
        print(f"{CALLS} calls, {name} each way")
        tallies = run(low, high)
        columns = ("", "done", "time", "of the bound of 30 s", "refused", "most in a window")
        show(columns, map(row, tallies), f"harvest_async at most {asked} of the bound, 0 refused, at most 100 in a window")
        if high < 1:
            draw(PICTURE, tallies)
        wrong = wrong or not tallies[-1].refusals
    if wrong:
        sys.exit("The window stamped at sending was not refused: the sandbox judges wrongly.")


if __name__ == "__main__":
    main()
