"""What do 10,000 accounts need: connections, processors, ledger operations, memory and machines, and what breaks first?

The plan in docs/many-accounts.md: each number of its table is computed here by a formula from measured constants, and
the waiting by a simulation of each call of the fleet.

    python benchmarks/simulate_fleet.py             # the figures, and the simulation that supports them
    python benchmarks/simulate_fleet.py --measure   # the constants, on this machine

Notes:
- The load: each account is synchronised every 15 minutes by 12 calls, one after the other, which begin at a time of the
  account's own. 2 % of the accounts run an import or an export at the full rate of 100 calls in 15 s.
- A process runs one event loop on one core and is planned to be busy 60 % of the time, so that calls hardly wait for
  it. The constants were measured on 2 shared cores, CPython 3.11, over loopback without TLS; the memory of a connection
  with TLS is an assumption.
"""

import argparse
import asyncio
import heapq
import math
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from attrs import frozen

WINDOW_CALLS, WINDOW = 100, 15.0
"""An account's limit."""


@frozen
class Measured:
    """Constants of one process; times in seconds, memory in bytes.

    Attributes:
        call: processor time of a call over a socket, its ledger in memory (bench_pool.py).
        ledger_operation: processor time that the client adds for an operation on an SQLite ledger.
        operations: ledger operations of a call: its lease, and its end.
        sqlite_operation: how long an operation has the file of an SQLite ledger locked.
        valkey_operation: processor time of the server for a script on the state of an account.
        process: memory of a process that has loaded the client.
        active_account: memory of an account with a client, credentials and a window.
        idle_account: memory of an account without calls for longer than a window.
        connection: memory of an open connection with TLS, buffers included; assumed.
    """

    call: float = 1_000e-6
    ledger_operation: float = 165e-6
    operations: float = 2.1
    sqlite_operation: float = 250e-6
    valkey_operation: float = 20e-6
    process: int = 70 * 2**20
    active_account: int = 10_600
    idle_account: int = 216
    connection: int = 64 * 2**10


@frozen
class Fleet:
    """A fleet and its load.

    Attributes:
        accounts: how many accounts there are.
        interval: seconds between two synchronisations of an account.
        calls: the calls of one synchronisation.
        bulk: the share of accounts that run an import or an export.
        trip: seconds from a request to the end of its response.
        busy: the share of time that a process is planned to be busy.
        cores: cores of a machine for these processes; one more is for the system and the ledger's server.
    """

    accounts: int = 10_000
    interval: float = 900.0
    calls: int = 12
    bulk: float = 0.02
    trip: float = 0.2
    busy: float = 0.6
    cores: int = 3


@frozen
class Figures:
    """What a fleet needs.

    Attributes:
        regular: calls a second of synchronisations.
        bulk: calls a second of imports and exports.
        connections: connections in use on average; `max_connections` those to plan, so that one in 10,000 calls waits.
        cores: processors in use on average, for calls and ledger together.
        processes: processes at the planned share of time.
        rate_of_process: calls a second that one process makes at most.
        operations: ledger operations a second.
        sqlite: the share of time that an SQLite file would be locked if all were on one machine.
        valkey: the share of a Valkey server's one processor.
        memory: bytes of all processes.
        machines: machines of the planned cores; at least two, so that one may fail.
    """

    regular: float
    bulk: float
    connections: float
    max_connections: int
    cores: float
    processes: int
    rate_of_process: float
    operations: float
    sqlite: float
    valkey: float
    memory: float
    machines: int

    @property
    def calls(self):
        """Calls a second."""
        return self.regular + self.bulk


def plan(fleet=Fleet(), measured=Measured()):
    """Return what a fleet needs, by formulas."""
    regular = fleet.accounts * (1 - fleet.bulk) * fleet.calls / fleet.interval
    bulk = fleet.accounts * fleet.bulk * WINDOW_CALLS / WINDOW
    calls = regular + bulk
    connections = calls * fleet.trip  # Little's law
    cost = measured.call + measured.operations * measured.ledger_operation
    cores = calls * cost
    processes = math.ceil(cores / fleet.busy)
    operations = calls * measured.operations
    active = fleet.accounts * fleet.bulk + fleet.accounts * (1 - fleet.bulk) * _active_share(fleet)
    most = math.ceil(connections + 4 * math.sqrt(connections))
    memory = (
        processes * measured.process
        + active * measured.active_account
        + (fleet.accounts - active) * measured.idle_account
        + most * measured.connection
    )
    return Figures(
        regular=regular,
        bulk=bulk,
        connections=connections,
        max_connections=most,
        cores=cores,
        processes=processes,
        rate_of_process=fleet.busy / cost,
        operations=operations,
        sqlite=operations * measured.sqlite_operation,
        valkey=operations * measured.valkey_operation,
        memory=memory,
        machines=max(2, math.ceil(processes / fleet.cores)),
    )


def _active_share(fleet):
    """The share of synchronised accounts that have a client: those in a run, or at most two windows after it."""
    return min(1.0, (fleet.calls * fleet.trip + 2 * WINDOW) / fleet.interval)


def limits(fleet=Fleet(), measured=Measured()):
    """Return the accounts at which each part breaks, the first one first: (part, accounts)."""
    found = plan(fleet, measured)
    one_machine = fleet.cores * found.rate_of_process
    each = {
        "one SQLite file (locked 60 % of the time)": fleet.accounts * fleet.busy / found.sqlite,
        "one process (busy 60 % of the time)": fleet.accounts * found.rate_of_process / found.calls,
        f"one machine ({fleet.cores} processes)": fleet.accounts * one_machine / found.calls,
        "one Valkey server (60 % of its processor)": fleet.accounts * fleet.busy / found.valkey,
    }
    return sorted(each.items(), key=lambda pair: pair[1])


# The simulation


@frozen
class Seen:
    """What a simulation saw.

    Attributes:
        rate: calls a second.
        connections: connections in use on average.
        busy: the share of time that a process was busy, on average.
        waits: the waits of regular calls for a connection or the processor, in seconds: median and 99 %.
        most_in_window: the most calls of an account in a window.
    """

    rate: float
    connections: float
    busy: float
    waits: tuple[float, float]
    most_in_window: int


def simulate(fleet=Fleet(), measured=Measured(), *, seconds=300.0, together=False, seed=1):
    """Simulate each call of a fleet, whose accounts are spread over its processes.

    A call waits for a connection of its process, first come first served, takes the processor for half of its cost,
    makes the trip, and takes the processor for the other half.

    Args:
        fleet: the fleet and its load.
        measured: the constants.
        seconds: how long.
        together: whether all synchronisations begin at the same time, and not at times of their own.
        seed: of the random times.
    """
    found, chance = plan(fleet, measured), random.Random(seed)
    share = math.ceil(found.max_connections / found.processes)
    half = (measured.call + measured.operations * measured.ledger_operation) / 2
    waits, totals, busy = [], [0, 0.0], 0.0
    most = 0
    for index in range(found.processes):
        process = _Process(share, half, fleet, chance, seconds)
        process.run(range(index, fleet.accounts, found.processes), together=together)
        waits += process.waits
        totals[0] += process.calls
        totals[1] += process.connection_time
        busy += process.busy
        most = max(most, process.most_in_window())
    waits.sort()
    return Seen(
        rate=totals[0] / seconds,
        connections=totals[1] / seconds,
        busy=busy / seconds / found.processes,
        waits=(waits[len(waits) // 2], waits[int(len(waits) * 0.99)]),
        most_in_window=most,
    )


class _Process:
    """One process of a fleet."""

    def __init__(self, connections, half, fleet, chance, seconds):
        self.free = [0.0] * connections  # when each connection is free
        self.half, self.fleet, self.chance, self.seconds = half, fleet, chance, seconds
        self.processor = 0.0  # when it is free
        self.waits, self.calls, self.connection_time, self.busy = [], 0, 0.0, 0.0
        self.leases = {}  # for each account in bulk, when its calls got their leases, and when they ended

    def run(self, accounts, *, together):
        """Make the calls of some accounts."""
        fleet, chance, events = self.fleet, self.chance, []
        for account in accounts:
            if chance.random() < fleet.bulk:
                heapq.heappush(events, (chance.uniform(0, WINDOW / WINDOW_CALLS), account, 0, True, "begin"))
                continue
            begin = 0.0 if together else chance.uniform(0, fleet.interval)
            if begin < self.seconds:
                heapq.heappush(events, (begin, account, fleet.calls, False, "begin"))
        while events:
            event = heapq.heappop(events)
            if event[0] < self.seconds:
                self._step(event, events)

    def _step(self, event, events):
        now, account, left, is_bulk, kind = event
        if kind == "end":  # the response is there
            done = self._use_processor(now)
            if not is_bulk and left > 1:
                heapq.heappush(events, (done, account, left - 1, False, "begin"))
            return
        granted, ended = self.leases.setdefault(account, ([], [])) if is_bulk else ([], [])
        if len(ended) >= WINDOW_CALLS and ended[-WINDOW_CALLS] + WINDOW > now:  # the window is full
            heapq.heappush(events, (ended[-WINDOW_CALLS] + WINDOW, *event[1:]))
            return
        connected = max(now, heapq.heappop(self.free))
        begun = self._use_processor(connected)
        end = begun + self.fleet.trip * self.chance.uniform(0.5, 1.5)
        heapq.heappush(self.free, end)
        self.calls += 1
        self.connection_time += end - connected
        heapq.heappush(events, (end, account, left, is_bulk, "end"))
        if is_bulk:
            granted.append(connected)
            ended.append(end)
            heapq.heappush(events, (connected + WINDOW / WINDOW_CALLS, account, 0, True, "begin"))
        else:
            self.waits.append(begun - self.half - now)
            if left == self.fleet.calls:
                heapq.heappush(events, (now + self.fleet.interval, account, left, False, "begin"))

    def _use_processor(self, now):
        self.processor = max(now, self.processor) + self.half
        self.busy += self.half
        return self.processor

    def most_in_window(self):
        """The most calls of an account that runs in bulk, in a window."""
        most = 0
        for times, _ in self.leases.values():
            start = 0
            for end, each in enumerate(times):
                while times[start] <= each - WINDOW:
                    start += 1
                most = max(most, end - start + 1)
        return most


# The constants


def measure():
    """Measure the constants of the clients on this machine."""
    import bench_pool
    from support import sandboxes

    from harvest_async import HarvestPool, Registry, SqliteLedger

    async def cost(calls, accounts, pool):
        async with pool:
            await asyncio.gather(*(bench_pool.one_call(pool, account) for account in range(1, accounts + 1)))
            began = time.process_time()
            await asyncio.gather(*(bench_pool.one_call(pool, account, calls) for account in range(1, accounts + 1)))
            return (time.process_time() - began) / calls / accounts

    async def over_socket(address):
        options = {"app": bench_pool.HEADERS["user-agent"], "base_url": address, "registry": Registry()}
        return await cost(10, 50, HarvestPool(bench_pool.credentials, max_connections=32, **options))

    async def inside(**options):
        return await cost(10, 100, bench_pool.mock_pool(**options))

    with sandboxes(1, "--accounts", "50", "--calls", "10000") as (server,):
        call = asyncio.run(over_socket(server.address))
    idle = bench_pool.idle_memory()
    with tempfile.TemporaryDirectory() as folder:
        stored = asyncio.run(inside(ledger=Path(folder) / "ledger.sqlite3"))
        ledger = SqliteLedger(Path(folder) / "times.sqlite3", account="acme")
        took = [_sqlite_operation(ledger) for _ in range(WINDOW_CALLS)]
        ledger.close()
    operations = Measured().operations
    return {
        "call": call,
        "ledger_operation": max(0.0, (stored - asyncio.run(inside())) / operations),
        "sqlite_operation": statistics.median(took),
        "valkey_operation": _valkey_operation(),
        "process": _process_memory(),
        "active_account": idle["used"] / bench_pool.IDLE_ACCOUNTS,
        "idle_account": idle["held"] / bench_pool.IDLE_ACCOUNTS,
    }


def _sqlite_operation(ledger):
    """Seconds of an operation on an SQLite ledger: a lease that ends at once, so that the window fills."""

    def change(state):
        now = time.monotonic_ns()
        state.window.end(state.take(now, now), now)

    began = time.perf_counter()
    ledger.transact(change)
    return time.perf_counter() - began


def _process_memory():
    """Bytes of a process that has made calls for an account."""
    code = (
        "import asyncio, resource, bench_pool as b\n"
        "async def main():\n"
        "    async with b.mock_pool() as pool: await b.one_call(pool, 1, 5)\n"
        "asyncio.run(main())\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024)"
    )
    folder = Path(__file__).parent
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, cwd=folder).stdout)


def _valkey_operation():
    """Processor time of a Valkey server for a script that stores the state of an account with a full window."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    import redis

    from tests.support.valkey import Valkey

    script = (
        "local t = redis.call('TIME') redis.call('HSET', KEYS[1], 'version', ARGV[1], 'state', ARGV[2]) "
        "redis.call('PEXPIRE', KEYS[1], 90000) return {t[1], redis.call('HGET', KEYS[1], 'version')}"
    )
    with tempfile.TemporaryDirectory() as folder, Valkey(folder) as server, redis.Redis(port=server.port) as client:
        run, state = client.register_script(script), b"x" * 3_000
        for number in range(2_000):
            run(keys=[f"account-{number % 500}"], args=[number, state])
        return client.info("commandstats")["cmdstat_evalsha"]["usec_per_call"] / 1e6


def main():
    from support import heading, show

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measure", action="store_true", help="measure the constants on this machine")
    heading(__doc__.splitlines()[0])
    if parser.parse_args().measure:
        rows = [(name, f"{value * 1e6:.0f} µs" if value < 1 else f"{value:.0f} B") for name, value in measure().items()]
        show(("constant", "here"), rows, f"what the plan uses: {Measured()}")
        return
    found = plan()
    rows = [(name, f"{getattr(found, name):,.2f}") for name in Figures.__annotations__]
    show(("figure", "10,000 accounts"), rows, "the table in docs/many-accounts.md")
    show(("what breaks", "at accounts"), [(part, f"{count:,.0f}") for part, count in limits()], "the same page")
    rows = []
    for name, options in (("starts spread over the interval", {}), ("all start together", {"together": True})):
        seen = simulate(**options)
        waits = [f"{each * 1e3:,.0f} ms" for each in seen.waits]
        rows.append(
            (name, f"{seen.rate:,.0f}", f"{seen.connections:,.0f}", f"{seen.busy:.2f}", *waits, seen.most_in_window)
        )
    columns = ("simulated", "calls a second", "connections", "busy", "wait, median", "wait, 99 %", "most in a window")
    show(columns, rows, f"{found.calls:,.0f} calls a second, {found.connections:,.0f} connections, 100 in a window")


if __name__ == "__main__":
    main()
