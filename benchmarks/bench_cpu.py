"""What does a call cost in processor time, beside httpx alone?

Ten workers make the same calls: a client is read (GET), a time entry is made (POST); both answers have a record.

Rules:
- The sandbox is another process, and allows so much that nothing ever waits. Only this process's time is counted.
- httpx alone does what one would write by hand: one shared client with the same connection limits, HTTP Basic, a JSON
  body by `json=`, `raise_for_status()` and `response.json()`; it checks nothing and makes no records.
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

ROUNDS = 15
CALLS = 200
WORKERS = 10
LIMITS = httpx.Limits(max_connections=48, max_keepalive_connections=48, keepalive_expiry=2.0)
DAY = date(2026, 1, 5)


class Raw:
    """httpx alone."""

    name = "httpx alone"

    def __init__(self, server, ids):
        self.client = server.plain(limits=LIMITS)
        self.ids = ids

    async def read(self):
        """Read a client; gives its id."""
        response = await self.client.get(f"/clients/{self.ids['client']}")
        response.raise_for_status()
        return response.json()["client"]["id"]

    async def write(self):
        """Make a time entry; gives its id."""
        fields = {"project_id": self.ids["project"], "task_id": self.ids["task"]}
        fields |= {"hours": "1.5", "spent_at": DAY.isoformat(), "notes": "Stand-up"}
        response = await self.client.post("/daily/add", json=fields)
        response.raise_for_status()
        return response.json()["id"]

    async def close(self):
        """Close the connections."""
        await self.client.aclose()


class Throttled(Raw):
    """httpx with our transport."""

    name = "httpx over ThrottledTransport"

    def __init__(self, server, ids):
        super().__init__(server, ids)
        transport = ThrottledTransport(direct_transport(server.address), Throttle())
        self.client = server.plain(transport=transport)


class Ours:
    """The whole client."""

    name = "harvest_async"

    def __init__(self, server, ids):
        self.harvest = server.harvest(Throttle())
        self.ids = ids

    async def read(self):
        """As `Raw.read`."""
        return (await self.harvest.clients.get(self.ids["client"])).id

    async def write(self):
        """As `Raw.write`."""
        made = await self.harvest.time.create_id(
            self.ids["project"], self.ids["task"], hours="1.5", spent_at=DAY, notes="Stand-up"
        )
        return made.id

    async def close(self):
        """As `Raw.close`."""
        await self.harvest.aclose()


async def cost(make_call, calls=CALLS):
    """Microseconds of processor time a call, ten workers side by side."""
    waiting = iter(range(calls))

    async def work():
        for _ in waiting:
            assert await make_call()

    began = time.process_time()
    await asyncio.gather(*(work() for _ in range(WORKERS)))
    return (time.process_time() - began) / calls * 1e6


async def measure(server):
    """Costs by kind of call and contestant, one figure a round."""
    async with server.harvest(Throttle()) as harvest:
        ids = await prepare(harvest)
    contestants = [kind(server, ids) for kind in (Raw, Throttled, Ours)]
    costs = {(kind, one.name): [] for kind in ("read", "write") for one in contestants}
    for round_ in range(-1, ROUNDS):
        for kind in ("read", "write"):
            for one in contestants[:: -1 if round_ % 2 else 1]:
                found = await cost(getattr(one, kind))
                if round_ >= 0:  # the first one warms up
                    costs[kind, one.name].append(found)
    for one in contestants:
        await one.close()
    return costs


def row(kind, name, costs):
    own, raw = costs[kind, name], costs[kind, Raw.name]
    ratios = [mine / theirs for mine, theirs in zip(own, raw, strict=True)]
    return f"{kind}, {name}", f"{statistics.median(own):.0f} µs", f"{statistics.median(ratios):.2f}"


def main():
    heading(__doc__.splitlines()[0])
    with sandboxes(1, "--calls", "10000", "--period", "1") as (server,):
        costs = asyncio.run(measure(server))
    rows = [row(kind, name, costs) for kind, name in costs]
    show(("", "processor time a call", "ratio"), rows, "harvest_async at most 1.3 of httpx alone")


if __name__ == "__main__":
    main()
