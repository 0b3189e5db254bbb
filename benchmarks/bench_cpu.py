"""How much processor time does a call take, compared with httpx alone?

1, 10 and 100 workers make the same calls: a client is read (GET), a time entry is created (POST); both responses have
a record.

Notes:
- The sandbox is another process, and its limit is so high that no call ever waits. Only this process's time is counted.
- httpx alone does what one would write by hand: one shared client, HTTP Basic, a JSON body by `json=`,
  `raise_for_status()` and `response.json()`; it checks nothing and makes no records. It has our connection limits, but
  for 100 workers its own defaults.
- Contestants take turns, round by round, and change the order; each figure is a median, each ratio the median of the
  rounds' own ratios.
"""

import asyncio
import statistics
import time
from datetime import date

import httpx
from support import heading, prepare, sandboxes, show

from harvest_async import Throttle, ThrottledTransport
from harvest_async.transport import direct_transport

ROUNDS = 5
CALLS = 200
MORE_CALLS = 1_000
"""Calls of 100 workers."""
WORKERS = (1, 10, 100)
LIMITS = httpx.Limits(max_connections=48, max_keepalive_connections=48, keepalive_expiry=2.0)
DAY = date(2026, 1, 5)


class Raw:
    """httpx alone."""

    name = "httpx alone"

    def __init__(self, server, ids, workers):
        limits = {"limits": LIMITS} if workers < LIMITS.max_connections else {}
        self.client = server.plain(**limits)
        self.ids = ids

    async def read(self):
        """Read a client; return its id."""
        response = await self.client.get(f"/clients/{self.ids['client']}")
        response.raise_for_status()
        return response.json()["client"]["id"]

    async def write(self):
        """Create a time entry; return its id."""
        fields = {"project_id": self.ids["project"], "task_id": self.ids["task"]}
        fields |= {"hours": "1.5", "spent_at": DAY.isoformat(), "notes": "Review"}
        response = await self.client.post("/daily/add", json=fields)
        response.raise_for_status()
        return response.json()["id"]

    async def close(self):
        """Close the connections."""
        await self.client.aclose()


class Throttled(Raw):
    """httpx with our transport."""

    name = "httpx over ThrottledTransport"

    def __init__(self, server, ids, workers):
        super().__init__(server, ids, workers)
        transport = ThrottledTransport(
            direct_transport(server.address), Throttle(), status_path="/account/rate_limit_status"
        )
        self.client = server.plain(transport=transport)


class Ours:
    """The whole client."""

    name = "harvest_async"

    def __init__(self, server, ids, workers):  # noqa: ARG002
        self.harvest = server.harvest(Throttle())
        self.ids = ids

    async def read(self):
        """As `Raw.read`."""
        return (await self.harvest.clients.get(self.ids["client"])).id

    async def write(self):
        """As `Raw.write`."""
        made = await self.harvest.time.create_id(
            self.ids["project"], self.ids["task"], hours="1.5", spent_at=DAY, notes="Review"
        )
        return made.id

    async def close(self):
        """As `Raw.close`."""
        await self.harvest.aclose()


async def cost(make_call, workers):
    """Microseconds of processor time a call, by concurrent workers."""
    calls = CALLS if workers < LIMITS.max_connections else MORE_CALLS
    waiting = iter(range(calls))

    async def work():
        for _ in waiting:
            assert await make_call()

    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(workers)))
    return (time.process_time() - began) / calls * 1e6


async def ids_of(server):
    """Ids of records to read and to write."""
    async with server.harvest(Throttle()) as harvest:
        return await prepare(harvest)


async def measure(server, workers, ids):
    """Costs by kind of call and contestant, one figure a round."""
    contestants = [kind(server, ids, workers) for kind in (Raw, Throttled, Ours)]
    costs = {(kind, one.name): [] for kind in ("read", "write") for one in contestants}
    for round_ in range(-1, ROUNDS):
        for kind in ("read", "write"):
            for one in contestants[:: -1 if round_ % 2 else 1]:
                found = await cost(getattr(one, kind), workers)
                if round_ >= 0:  # the first one warms up
                    costs[kind, one.name].append(found)
    for one in contestants:
        await one.close()
    return costs


def row(workers, kind, name, costs):
    """The cost of a contestant, and its ratios to httpx alone and to the transport alone."""
    own = costs[kind, name]
    ratios = [
        statistics.median(mine / theirs for mine, theirs in zip(own, costs[kind, other.name], strict=True))
        for other in (Raw, Throttled)
    ]
    return workers, f"{kind}, {name}", f"{statistics.median(own):.0f} µs", *(f"{ratio:.2f}" for ratio in ratios)


def main():
    heading(__doc__.splitlines()[0])
    rows = []
    with sandboxes(1, "--calls", "10000", "--period", "1") as (server,):
        ids = asyncio.run(ids_of(server))
        for workers in WORKERS:
            costs = asyncio.run(measure(server, workers, ids))
            rows += [row(workers, kind, name, costs) for kind, name in costs]
    asked = (
        "harvest_async at most 1.15 (reads) and 1.2 (writes) of httpx, 0.8 by 100 workers; 1.12 of ThrottledTransport"
    )
    show(("workers", "", "processor time a call", "of httpx", "of ThrottledTransport"), rows, asked)


if __name__ == "__main__":
    main()
