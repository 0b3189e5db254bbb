"""Does an idle connection that the server is just closing make a create's outcome unknown?

2,000 creates by 20 workers, in groups with pauses of 4.9 to 5.1 s between them, against uvicorn's defaults: it closes
a connection that was idle for 5 s. A create that is on its way to a closed connection may or may not be processed.

Rules:
- Each contestant is measured on bare loopback and over a network of 20 ms each way, all in the same minutes, each
  against a sandbox of its own, in a process of its own, that allows so much that nothing waits.
- Beside us: httpx with its defaults, which keep idle connections for 5 s, too.
- What was really made is counted in the account afterwards.
"""

import asyncio
import random
import time

import httpx
from attrs import define, evolve
from relay import relay
from support import heading, sandboxes, show

from harvest_async import OutcomeUnknown, Throttle

WORKERS, GROUPS, GROUP = 20, 20, 5
PAUSE = (4.9, 5.1)
WAY = 0.02


@define
class Tally:
    """How a contestant did."""

    name: str
    tried: int = 0
    created: int = 0
    lost: int = 0
    there: int = 0


async def work(create, unknown, tally, worker):
    chance = random.Random(worker)
    for group in range(GROUPS):
        for number in range(GROUP):
            tally.tried += 1
            try:
                await create(f"Client {worker}-{group}-{number}")
                tally.created += 1
            except unknown:
                tally.lost += 1
        if group < GROUPS - 1:
            await asyncio.sleep(chance.uniform(*PAUSE))


async def all_work(create, unknown, tally):
    await asyncio.gather(*(work(create, unknown, tally, worker) for worker in range(WORKERS)))


async def ours(server, name):
    tally = Tally(f"harvest_async, {name}")
    async with server.harvest(Throttle()) as harvest:
        await all_work(harvest.clients.create_id, OutcomeUnknown, tally)
        tally.there = len(await harvest.clients.list())
    return tally


async def raw(server, name):
    tally = Tally(f"httpx with its defaults, {name}")
    async with server.plain() as client:

        async def create(name):
            (await client.post("/clients", json={"client": {"name": name}})).raise_for_status()

        await all_work(create, httpx.TransportError, tally)
        tally.there = len((await client.get("/clients")).json())
    return tally


async def far(contest, server):
    async with relay(server.address, WAY) as address:
        return await contest(evolve(server, address=address), f"{WAY * 1e3:.0f} ms each way")


async def contests(servers):
    near = (contest(server, "loopback") for contest, server in zip((ours, raw), servers[:2], strict=True))
    remote = (far(contest, server) for contest, server in zip((ours, raw), servers[2:], strict=True))
    return await asyncio.gather(*near, *remote)


def row(tally):
    return tally.name, f"{tally.tried:,}", f"{tally.created:,}", tally.lost, f"{tally.there:,}"


def main():
    heading(__doc__.splitlines()[0], "uvicorn")
    began = time.monotonic()
    with sandboxes(4, "--calls", "10000", "--period", "1") as servers:
        tallies = asyncio.run(contests(servers))
    print(f"{WORKERS} side by side, {GROUPS - 1} pauses each, {time.monotonic() - began:.0f} s")
    show(("", "creates", "created", "unknown", "in the account"), map(row, tallies), "harvest_async 0 unknown")


if __name__ == "__main__":
    main()
