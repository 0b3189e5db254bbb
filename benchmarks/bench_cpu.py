"""How much processor time does a call take, compared with httpx alone, other clients, and bare asyncio?

1, 10 and 100 workers make the same calls: a client is read (GET), a time entry is created (POST); both responses have
a record.

Notes:
- The sandbox is another process, and its limit is so high that no call ever waits. Only this process's time is counted.
- httpx alone does what one would write by hand: one shared client, HTTP Basic, a JSON body by `json=`,
  `raise_for_status()` and `response.json()`; it checks nothing and makes no records. It has our connection limits, but
  for 100 workers its own defaults. httpx2 and aiohttp do the same with their own defaults.
- "asyncio alone" is the floor: it writes the bytes of the request to an open connection, reads the response by its
  Content-Length, and parses the JSON; it knows no more of HTTP.
- Contestants take turns, round by round, and change the order; each figure is a median, each ratio the median of the
  rounds' own ratios.
"""

import asyncio
import base64
import json
import statistics
import time
from datetime import date
from urllib.parse import urlsplit

import httpx
from charts import bars
from support import CREDENTIALS, PICTURES, SHORT, heading, installed, prepare, results, sandboxes, show

from harvest_async import Throttle, ThrottledTransport
from harvest_async.transport import direct_transport

ROUNDS = 3 if SHORT else 5
CALLS = 200
MORE_CALLS = 1_000
"""Calls of 100 workers."""
WORKERS = (1, 10, 100)
LIMITS = httpx.Limits(max_connections=48, max_keepalive_connections=48, keepalive_expiry=2.0)
DAY = date(2026, 1, 5)
BASIC = f"Basic {base64.b64encode(':'.join(CREDENTIALS).encode()).decode()}"


def fields_of(ids):
    """Return the fields of a time entry."""
    fields = {"project_id": ids["project"], "task_id": ids["task"]}
    return fields | {"hours": "1.5", "spent_at": DAY.isoformat(), "notes": "Review"}


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
        response = await self.client.post("/daily/add", json=fields_of(self.ids))
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


class Httpx2(Raw):
    """httpx2 alone."""

    name = "httpx2 alone"

    def __init__(self, server, ids, workers):  # noqa: ARG002
        import httpx2

        headers = {"accept": "application/json", "user-agent": "benchmarks"}
        self.client = httpx2.AsyncClient(
            base_url=server.address, auth=CREDENTIALS, headers=headers, timeout=60, trust_env=False
        )
        self.ids = ids


class Aiohttp:
    """aiohttp alone."""

    name = "aiohttp alone"

    def __init__(self, server, ids, workers):  # noqa: ARG002
        import aiohttp

        headers = {"accept": "application/json", "user-agent": "benchmarks", "authorization": BASIC}
        self.session = aiohttp.ClientSession(server.address, headers=headers)
        self.ids = ids

    async def read(self):
        """As `Raw.read`."""
        async with self.session.get(f"/clients/{self.ids['client']}", raise_for_status=True) as response:
            return (await response.json())["client"]["id"]

    async def write(self):
        """As `Raw.write`."""
        async with self.session.post("/daily/add", json=fields_of(self.ids), raise_for_status=True) as response:
            return (await response.json())["id"]

    async def close(self):
        """As `Raw.close`."""
        await self.session.close()


class Floor:
    """Bytes over open connections."""

    name = "asyncio alone"

    def __init__(self, server, ids, workers):  # noqa: ARG002
        parts = urlsplit(server.address)
        self.host, self.port, self.ids, self.free = parts.hostname, parts.port, ids, []
        self.head = f"host: {parts.netloc}\r\nauthorization: {BASIC}\r\naccept: application/json\r\n"
        self.head += "content-type: application/json\r\nuser-agent: benchmarks\r\n"

    async def read(self):
        """As `Raw.read`."""
        return (await self._call("GET", f"/clients/{self.ids['client']}", b""))["client"]["id"]

    async def write(self):
        """As `Raw.write`."""
        return (await self._call("POST", "/daily/add", json.dumps(fields_of(self.ids)).encode()))["id"]

    async def _call(self, method, path, content):
        reader, writer = await self._connection()
        head = f"{method} {path} HTTP/1.1\r\n{self.head}content-length: {len(content)}\r\n\r\n"
        writer.write(head.encode() + content)
        fields = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert fields.startswith(b"http/1.1 20"), fields
        length = int(fields.partition(b"content-length:")[2].partition(b"\r\n")[0])
        found = json.loads(await reader.readexactly(length))
        self.free.append((time.monotonic(), (reader, writer)))
        return found

    async def _connection(self):
        """Return an open connection: one that was used in the last seconds, since the server closes idle ones."""
        while self.free:
            used, connection = self.free.pop()
            if time.monotonic() - used < LIMITS.keepalive_expiry:
                return connection
            connection[1].close()
        return await asyncio.open_connection(self.host, self.port)

    async def close(self):
        """As `Raw.close`."""
        for _, (_, writer) in self.free:
            writer.close()
            await writer.wait_closed()


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


CONTESTANTS = {each.name: each for each in (Raw, Throttled, Ours, Httpx2, Aiohttp, Floor)}
NEEDED = {Httpx2.name: "httpx2", Aiohttp.name: "aiohttp"}


async def measure(server, workers, ids, kinds):
    """Costs by kind of call and contestant, one figure a round."""
    contestants = [kind(server, ids, workers) for kind in kinds]
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
    ratios = [f"{ratio(costs, kind, name, other.name):.2f}" for other in (Raw, Throttled)]
    return f"{workers}, {kind}, {name}", f"{statistics.median(costs[kind, name]):.0f} µs", *ratios


def ratio(costs, kind, name, other):
    """Return the median of the rounds' own ratios."""
    return statistics.median(mine / theirs for mine, theirs in zip(costs[kind, name], costs[kind, other], strict=True))


def give_headline(found):
    """Give the README's table the costs of a read by each number of workers."""

    def cost_of(name):
        return " / ".join(f"{statistics.median(costs['read', name]):.0f}" for costs in found.values())

    names = [name for kind, name in found[WORKERS[0]] if kind == "read" and name not in {Ours.name, Throttled.name}]
    question = f"processor time of a call that reads a record, by {' / '.join(map(str, WORKERS))} workers"
    results.headline(question, f"{cost_of(Ours.name)} µs", "; ".join(f"{name}: {cost_of(name)}" for name in names))


def draw(costs):
    """Draw the costs of a read by 10 workers."""
    rows = [
        (name, figure := statistics.median(each), f"{figure:.0f} µs", name == Ours.name)
        for (kind, name), each in costs.items()
        if kind == "read"
    ]
    note = "A record is read over loopback; less is better. Only the time of the client's process is counted."
    bars(PICTURES / "cost.svg", "Processor time of a call, 10 workers", note, sorted(rows, key=lambda row: row[1]))


def main():
    heading(__doc__.splitlines()[0])
    rows, found, kinds = [], {}, list(installed(CONTESTANTS, NEEDED).values())
    with sandboxes(1, "--calls", "10000", "--period", "1") as (server,):
        ids = asyncio.run(ids_of(server))
        for workers in WORKERS:
            costs = found[workers] = asyncio.run(measure(server, workers, ids, kinds))
            rows += [row(workers, kind, name, costs) for kind, name in costs]
    asked = (
        "harvest_async at most 1.15 (reads) and 1.2 (writes) of httpx, 0.8 by 100 workers; 1.12 of ThrottledTransport"
    )
    show(("workers, call, client", "processor time a call", "of httpx", "of ThrottledTransport"), rows, asked)
    give_headline(found)
    draw(found[10])


if __name__ == "__main__":
    main()
