"""How long does somebody wait who needs one record while an import saturates the account?

A bulk load keeps 64 calls in the line, and once a second somebody makes one interactive call; 20-150 ms each way, 100
calls in 15 s. Beside the two lanes (even pace, reserve of 3): everything in one line, first come first served.

Rules:
- The wait is measured at the gate, around `Throttle.acquire`; the round trip is no part of it.
- Interactive calls come once a second, whether the one before was finished or not; the load lasts until all have.
- Eight runs side by side (`--short`: two), each against a sandbox of its own; their waits are pooled.
- The rate is what arrived in the first three periods, of what is allowed in them; the poorest of the runs.
"""

import asyncio
import time
from contextvars import ContextVar

from attrs import frozen
from charts import bars
from support import PICTURES, SHORT, finish, heading, percentile, results, sandboxes, show, trailing

from harvest_async import Throttle

RUNS = 2 if SHORT else 8
ASKED = 55
SIDE_BY_SIDE = 64
PERIODS, PERIOD, CALLS = 3, 15.0, 100
PATIENCE = 120.0

noted = ContextVar("noted", default=None)


class WatchedThrottle(Throttle):
    """Notes how long calls wait at the gate, if they are made where `noted` is a list."""

    async def acquire(self, ticket):
        """See `Throttle.acquire`."""
        began = time.monotonic()
        lease = await super().acquire(ticket)
        waits = noted.get()
        if waits is not None:
            waits.append(time.monotonic() - began)
        return lease


@frozen
class Way:
    """How calls are ordered in the queue."""

    name: str
    pace: str
    load: str
    asked: str


WAYS = (
    Way("harvest_async: two lanes, even pace", "even", "bulk", "interactive"),
    Way("first come first served, even pace", "even", "bulk", "bulk"),
    Way("first come first served, bursts", "burst", "bulk", "bulk"),
)


async def load(harvest):
    while True:
        await harvest.account.who_am_i()


async def ask_each_second(harvest, waits, done):
    noted.set(waits)
    asked = []
    for _ in range(ASKED):
        await asyncio.sleep(1)
        asked.append(asyncio.ensure_future(harvest.account.who_am_i()))
    await asyncio.gather(*asked)
    done.set()


async def run(way, server):
    """The waits of one run, and the moments of all arrivals."""
    waits, done = [], asyncio.Event()
    async with server.harvest(WatchedThrottle(pace=way.pace)) as harvest:
        bulk, asking = harvest.options(lane=way.load), harvest.options(lane=way.asked)
        everyone = [load(bulk) for _ in range(SIDE_BY_SIDE)]
        await finish([*everyone, ask_each_second(asking, waits, done)], PATIENCE, done)
    return waits, await asyncio.to_thread(server.requests)


async def runs(way, servers):
    return await asyncio.gather(*(run(way, server) for server in servers))


def share(requests):
    """What arrived in the first periods, of what is allowed in them."""
    arrivals = [each["arrival"] for each in requests]
    return sum(arrival < arrivals[0] + PERIODS * PERIOD for arrival in arrivals) / (PERIODS * CALLS)


def measure(ways):
    """Return the name, the waits and the requests of each way; the runs of all of them take the same minutes."""
    with sandboxes(RUNS * len(ways)) as servers:
        for server in servers:
            server.latency(0.02, 0.15)
        each = asyncio.run(all_runs(ways, servers))
    return [
        (way.name, [wait for waits, _ in found for wait in waits], [made for _, made in found]) for way, found in each
    ]


async def all_runs(ways, servers):
    found = await asyncio.gather(*(runs(way, servers[place :: len(ways)]) for place, way in enumerate(ways)))
    return list(zip(ways, found, strict=True))


def give_headline(measured):
    """Give the README's table a line, and draw it."""
    (_, ours, _), *others = measured
    question = f"wait of an interactive call beside a full import, 99th percentile of {len(ours)}"
    beside = "; ".join(f"{name}: {percentile(waits, 0.99):.1f} s" for name, waits, _ in others)
    results.headline(question, f"{percentile(ours, 0.99):.3f} s", beside)
    rows = [
        (name.removeprefix("harvest_async: "), percentile(waits, 0.99), f"{percentile(waits, 0.99):.3f} s", not place)
        for place, (name, waits, _) in enumerate(measured)
    ]
    bars(
        PICTURES / "fairness.svg",
        "Wait of an interactive call beside a full import",
        f"{question}; less is better.",
        rows,
    )


def row(name, waits, requests, usual):
    p99 = percentile(waits, 0.99)
    return (
        name,
        len(waits),
        f"{percentile(waits, 0.5):.3f} s",
        f"{p99:.3f} s",
        f"{max(waits):.3f} s",
        f"{p99 / usual:.4f}",
        f"{min(map(share, requests)):.3f}",
        sum(each["status"] == 503 for one in requests for each in one),
        max(max(trailing([each["arrival"] for each in one])) for one in requests),
    )


def main():
    heading(__doc__.splitlines()[0])
    groups = [WAYS] if SHORT else [[way] for way in WAYS]
    measured = [found for group in groups for found in measure(group)]
    usual = percentile(measured[1][1], 0.99)
    columns = ("", "asked", "median", "99th percentile", "longest", "ratio", "rate used", "refused", "most in a window")
    asked = "two lanes wait at most 0.1 s at the 99th percentile of 400 or more, and use at least 0.95 of the rate"
    show(columns, [row(*each, usual) for each in measured], asked)
    give_headline(measured)


if __name__ == "__main__":
    main()
