"""What do thousands of accounts cost in one process, and do they get their turns?

1. Idle accounts: the memory of 10,000 that made a call each and then none for longer than a window, over one account.
2. Throughput: 1,000 accounts with 5 calls each over N connections, beside httpx alone with N connections: N workers,
   so that nothing ever waits in httpcore's pool, and 1,000 tasks, as one would write it.
3. Growth: processor time for 5 calls of each of 100 to 3,200 accounts, without a server.
4. Turns: how long one call of an account waits beside an account with 1,000 waiting calls, and beside a blocked one.

Notes:
- The sandbox is another process with the real limit, 100 calls in 15 s, for each account. What each account sent is
  counted there.
- httpx alone checks nothing and makes no records; the pool decodes each company.
- Contestants take turns, round by round; a ratio is the median of the rounds' own ratios. All accounts are created
  in the sandbox, and have made a call, before anything is measured.
"""

import asyncio
import gc
import json
import math
import statistics
import subprocess
import sys
import time
import tracemalloc

import httpx
from support import heading, percentile, sandboxes, show

from harvest_async import BearerAuth, HarvestPool, Registry
from harvest_async.testing import VirtualLoop

ACCOUNTS, CALLS, ROUNDS = 1_000, 5, 3
CONNECTIONS = (16, 64)
IDLE_ACCOUNTS = 10_000
SIZES = (100, 200, 400, 800, 1_600, 3_200)
HEADERS = {"user-agent": "benchmarks (ops@example.com)", "authorization": "Bearer sandbox-token"}
COMPANY = {"name": "ACME", "is_active": True, "base_uri": "https://acme.example.com"}


async def credentials(_account):
    """The sandbox's token."""
    return BearerAuth("sandbox-token")


def mock_pool(**options):
    """A pool whose server is a function in this process."""

    def respond(_request):
        return httpx.Response(200, json=COMPANY)

    return HarvestPool(
        credentials,
        app="benchmarks (ops@example.com)",
        registry=Registry(),
        transport=lambda _address: httpx.MockTransport(respond),
        **options,
    )


async def one_call(pool, account, calls=1):
    """Make some calls of an account, one after the other."""
    async with pool.account(account) as harvest:
        for _ in range(calls):
            await harvest.company.get()


# 1. Idle accounts


async def idle(count):
    """Bytes that the pool holds after all accounts were idle for longer than a window."""
    clock = asyncio.get_running_loop().clock
    async with mock_pool(clock=clock) as pool:
        await one_call(pool, 1)
        await asyncio.sleep(40)
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for account in range(2, count + 1):
            await one_call(pool, account)
        used = tracemalloc.get_traced_memory()[0] - before
        await asyncio.sleep(40)
        gc.collect()
        return {"held": tracemalloc.get_traced_memory()[0] - before, "used": used, "left": pool.snapshot().accounts}


def idle_memory():
    """Measure idle accounts in a process of their own."""
    ran = subprocess.run([sys.executable, __file__, "idle"], check=True, capture_output=True, text=True)
    return json.loads(ran.stdout)


# 2. Throughput


def plain(address, connections):
    """Httpx alone."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=2.0)
    return httpx.AsyncClient(base_url=f"{address}/v2", headers=HEADERS, limits=limits, timeout=300, trust_env=False)


async def read(client, account):
    """One call by httpx alone."""
    response = await client.get("/company", headers={"Harvest-Account-Id": str(account)})
    response.raise_for_status()
    assert response.json()["name"]


async def by_workers(client, connections):
    """As many workers as connections go through all accounts."""
    accounts = iter([account for _ in range(CALLS) for account in range(1, ACCOUNTS + 1)])

    async def work():
        for account in accounts:
            await read(client, account)

    await asyncio.gather(*(work() for _ in range(connections)))


async def by_tasks(client):
    """One task for each account."""

    async def work(account):
        for _ in range(CALLS):
            await read(client, account)

    await asyncio.gather(*(work(account) for account in range(1, ACCOUNTS + 1)))


async def by_pool(pool):
    """One task for each account."""
    await asyncio.gather(*(one_call(pool, account, CALLS) for account in range(1, ACCOUNTS + 1)))


async def rate(work):
    """Calls a second, and microseconds of processor time a call."""
    began, used = time.perf_counter(), time.process_time()
    await work
    calls = ACCOUNTS * CALLS
    return calls / (time.perf_counter() - began), (time.process_time() - used) / calls * 1e6


async def throughput(address, connections):
    """Rates and costs by contestant, one pair a round."""
    rates = {"workers": [], "tasks": [], "pool": []}
    for round_ in range(ROUNDS):
        async with (
            plain(address, connections) as client,
            HarvestPool(
                credentials,
                app=HEADERS["user-agent"],
                base_url=address,
                max_connections=connections,
                registry=Registry(),
            ) as pool,
        ):
            for account in range(1, ACCOUNTS + 1):
                async with pool.account(account) as harvest:
                    await harvest.company.get()
            turns = [
                ("workers", lambda: by_workers(client, connections)),
                ("pool", lambda: by_pool(pool)),
            ]
            if round_ == 0:  # it takes many times as long
                turns.append(("tasks", lambda: by_tasks(client)))
            for name, work in turns[:: -1 if round_ % 2 else 1]:
                rates[name].append(await rate(work()))
                await asyncio.sleep(0.2)
    return rates


def row(connections, name, pairs, workers):
    """A row of the table: the medians, and the ratio of the rates to those of the workers."""
    ratio = statistics.median(mine / raw for (mine, _), (raw, _) in zip(pairs, workers, strict=False))
    rates, costs = zip(*pairs, strict=True)
    return connections, name, f"{statistics.median(costs):.0f} µs", f"{statistics.median(rates):.0f}", f"{ratio:.2f}"


# 3. Growth


async def growth_of(count):
    """Microseconds of processor time a call, for a number of accounts that are active at the same time."""
    async with mock_pool() as pool:
        began = time.process_time()
        await asyncio.gather(*(one_call(pool, account, 5) for account in range(1, count + 1)))
        return (time.process_time() - began) / count / 5 * 1e6


def growth():
    """Costs by size, the least of three rounds, and the exponent of the total.

    What is loaded before is frozen, as a service does after its start: otherwise the garbage collector begins its full
    collections only once the accounts are a fourth of all objects, which looks like growth.
    """
    asyncio.run(growth_of(50))
    gc.collect()
    gc.freeze()
    costs = {size: min(asyncio.run(growth_of(size)) for _ in range(3)) for size in SIZES}
    points = [(math.log(size), math.log(cost * size)) for size, cost in costs.items()]
    slope, _ = statistics.linear_regression(*zip(*points, strict=True))
    return costs, slope


# 4. Turns


async def turns(address, crowd):
    """Milliseconds of single calls of an account, beside `crowd` waiting calls of another one."""
    waits = []
    async with HarvestPool(
        credentials, app=HEADERS["user-agent"], base_url=address, max_connections=8, registry=Registry()
    ) as pool:
        await one_call(pool, 1)
        await one_call(pool, 2)
        async with pool.account(2) as busy, pool.account(1) as alone:
            crowded = [asyncio.ensure_future(busy.company.get()) for _ in range(crowd)]
            await asyncio.sleep(0)
            for _ in range(60):
                began = time.perf_counter()
                await alone.company.get()
                waits.append((time.perf_counter() - began) * 1e3)
            waiting = pool.metrics(2)["2"].waiting
            for each in crowded:
                each.cancel()
            await asyncio.gather(*crowded, return_exceptions=True)
    return waits, waiting


def main():
    heading(__doc__.splitlines()[0])
    found = idle_memory()
    rows = [
        ("held by 10,000 idle accounts, over one", f"{found['held'] / 2**20:.1f} MiB"),
        ("before they were idle", f"{found['used'] / 2**20:.1f} MiB"),
        ("accounts that still had a throttle", found["left"]),
    ]
    show(("idle", ""), rows, "at most 10 MiB")

    costs, slope = growth()
    rows = [(f"{size:,}", f"{cost:.0f} µs") for size, cost in costs.items()]
    show(
        ("active accounts", "processor time a call"), [*rows, ("exponent of the total", f"{slope:.3f}")], "at most 1.05"
    )

    rows = []
    with sandboxes(1, "--accounts", str(ACCOUNTS), "--calls", "100", "--period", "15") as (server,):
        for connections in CONNECTIONS:
            rates = asyncio.run(throughput(server.address, connections))
            names = {
                "workers": f"httpx, {connections} workers",
                "tasks": f"httpx, {ACCOUNTS:,} tasks",
                "pool": "HarvestPool",
            }
            rows += [row(connections, name, rates[each], rates["workers"]) for each, name in names.items()]
        counts = httpx.get(f"{server.address}/_sandbox/accounts", timeout=300, trust_env=False).json()
        most = max(each["max_in_window"] for each in counts.values())
        refused = sum(each["throttled"] for each in counts.values())
        show(
            (
                "connections",
                f"{ACCOUNTS:,} accounts, {CALLS} calls each",
                "processor time",
                "calls a second",
                "of workers",
            ),
            rows,
            "at least 0.8",
        )
        show(
            ("at the server", ""),
            [("the most calls of an account in 15 s", most), ("refused calls", refused)],
            "at most 100, and 0",
        )
    rows = []
    with sandboxes(1, "--accounts", "2", "--calls", "100000", "--period", "1") as (server,):
        for crowd in (0, 1_000):
            waits, waiting = asyncio.run(turns(server.address, crowd))
            rows.append((f"{crowd:,}", waiting, f"{statistics.median(waits):.1f}", f"{percentile(waits, 0.95):.1f}"))
    show(("calls of the other account", "waiting at the end", "median, ms", "95 %, ms"), rows, "a few round trips")


if __name__ == "__main__":
    if sys.argv[1:] == ["idle"]:
        tracemalloc.start()
        with asyncio.Runner(loop_factory=VirtualLoop) as runner:
            print(json.dumps(runner.run(idle(IDLE_ACCOUNTS))))
    else:
        main()
