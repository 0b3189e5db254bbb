"""Do several processes on one account use its limit in full, fairly, and without one refusal?

1,000 calls by 4 processes, then by 50, at a scaled 100 per 2 s; with `--real` at 100 per 15 s. 20 to 150 ms each way.

Rules:
- The processes share a ledger and nothing else; each makes its part of the calls by plain httpx over
  `ThrottledTransport`, all waiting at once. The clock starts when all of them are ready.
- The bound is the time in which the calls would begin if none took any time: 9 periods for 1,000 calls.
- The server is a process of its own. What it saw is computed from its record: the most calls in any half-open period,
  the refused ones, and the share of each process when the first has made its last call, as least over largest.
- An operation is one attempt to use the ledger, also one that finds it in use.
- `--kill` ends one process in the middle by SIGKILL. Calls that it had sent hold their leases for a minute.
- `--stop` stops one process in the middle by SIGSTOP, and lets it continue after 10 s.
- `--refuse` has one call refused in the middle: how long after the response to it the last call was sent.

Usage: python benchmarks/bench_processes.py [--ledger sqlite|valkey|PATH|URL] [--real] [--kill] [--stop] [--refuse]
       [--processes N] [--calls N] [--check]
With --check it ends with status 1 if a process failed, the server counted too many calls, or refused one.
"""

import argparse
import asyncio
import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
from attrs import frozen
from support import heading, show, trailing

from harvest_async import SqliteLedger, Throttle
from harvest_async.transport import ThrottledTransport

LIMIT = 100
LATENCY = 0.02, 0.15
STOPPED = 10.0
SERVER = Path(__file__).with_name("counting_server.py")
TLS = httpx.create_ssl_context()
FORK = multiprocessing.get_context("fork")  # a new interpreter for each process would keep the machine busy


class CountedLedger(SqliteLedger):
    """A ledger in a file that counts how often it is used."""

    operations = 0

    def transact(self, change):
        """See `SqliteLedger.transact`."""
        self.operations += 1
        return super().transact(change)


class Sender(httpx.AsyncHTTPTransport):
    """Writes the time at which a request is sent into it."""

    async def handle_async_request(self, request):
        """Send a request."""
        request.headers["x-sent"] = str(time.monotonic_ns())
        return await super().handle_async_request(request)


@frozen
class Plan:
    """What is measured.

    Attributes:
        ledger: the path of a file, or the URL of a server.
        processes: how many processes there are.
        calls: how many calls they make together.
        period: seconds in which the server allows 100 calls.
        event: what happens in the middle: `kill`, `stop`, `refuse` or nothing.
        latency: the limits of the seconds that one way takes.
    """

    ledger: str
    processes: int
    calls: int
    period: float
    event: str = ""
    latency: tuple[float, float] = LATENCY

    @property
    def bound(self):
        """Seconds after which the last call may begin, if no call takes any time."""
        return (-(-self.calls // LIMIT) - 1) * self.period


@frozen
class Figures:
    """What was measured; see the module's rules."""

    ratio: float
    most: int
    refused: int
    share: float
    operations: float
    late: float
    failed: int


# A process


async def make_calls(plan, address, name, ready):
    """Make one process's part of the calls; return how often it used the ledger, if it knows."""
    is_url = "://" in plan.ledger
    ledger = _remote(plan.ledger) if is_url else CountedLedger(plan.ledger, account="acme")
    throttle = Throttle(LIMIT, plan.period, pace="burst", ledger=ledger)
    transport = ThrottledTransport(
        Sender(verify=TLS, limits=httpx.Limits(max_connections=100), trust_env=False), throttle
    )
    async with httpx.AsyncClient(transport=transport, base_url=address, timeout=60) as client:
        ready.wait()
        await asyncio.gather(*(client.get(f"/{name}") for _ in range(plan.calls // plan.processes)))
    if is_url:
        await ledger.aclose()
    return getattr(ledger, "operations", 0)


async def warm_up(address):
    """Load what a first call loads, so that it is there in all processes that are forked from this one."""
    transport = ThrottledTransport(Sender(verify=TLS, trust_env=False), Throttle(LIMIT, 1))
    async with httpx.AsyncClient(transport=transport, base_url=address) as client:
        await asyncio.gather(*(client.get("/record") for _ in range(3)))


def _remote(url):
    from harvest_async import RedisLedger

    return RedisLedger(url, account="acme")


def work(plan, address, name, ready, results):
    """Run one process."""
    results.send(asyncio.run(make_calls(plan, address, name, ready)))


# All of them


@contextmanager
def serving(plan):
    """Start the server; yield its address."""
    command = [sys.executable, str(SERVER), str(LIMIT), str(plan.period), *map(str, plan.latency)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def measure(plan):
    """Run the plan; return its figures."""
    with serving(plan) as address:
        asyncio.run(warm_up(address))
        gc.freeze()
        ready = FORK.Barrier(plan.processes + 1)
        pipes = [FORK.Pipe(duplex=False) for _ in range(plan.processes)]
        processes = [
            FORK.Process(target=work, args=(plan, address, name, ready, results))
            for name, (_, results) in enumerate(pipes)
        ]
        before = server_operations(plan.ledger)
        for process in processes:
            process.start()
        ready.wait(120)
        began = time.monotonic()
        happen(plan, processes[0], address)
        operations = [read(pipe, process) for (pipe, _), process in zip(pipes, processes, strict=True)]
        seconds = time.monotonic() - began
        record = httpx.get(f"{address}/record", trust_env=False, timeout=60).json()
        used = sum(each or 0 for each in operations) + server_operations(plan.ledger) - before
    killed = plan.event == "kill"
    failed = sum(each is None for each in operations[killed:])
    return figures(plan, record, seconds, used, failed)


def read(pipe, process):
    """Return what a process sent in the end; None if it died."""
    while process.is_alive() and not pipe.poll(0.02):
        pass
    value = pipe.recv() if pipe.poll(0) else None
    process.join(60)
    return value


def happen(plan, process, address):
    """Let in the middle happen what the plan names."""
    if not plan.event:
        return
    time.sleep(plan.bound / 2)
    if plan.event == "refuse":
        httpx.get(f"{address}/refuse", trust_env=False)
        return
    os.kill(process.pid, signal.SIGKILL if plan.event == "kill" else signal.SIGSTOP)
    if plan.event == "stop":
        time.sleep(STOPPED)
        os.kill(process.pid, signal.SIGCONT)


def figures(plan, record, seconds, used, failed):
    """Compute the figures from the server's record."""
    arrivals = record["arrivals"]
    undisturbed = {each[2] for each in arrivals} - ({"0"} if plan.event in {"kill", "stop"} else set())
    last = {name: max(each[0] for each in arrivals if each[2] == name) for name in undisturbed}
    shares = Counter(each[2] for each in arrivals if each[0] <= min(last.values()) and each[2] in undisturbed)
    late = max(
        (each[1] - first for first in record["refusals"][:1] for each in arrivals if 0 <= each[1] - first < 1e9),
        default=0,
    )
    return Figures(
        ratio=seconds / plan.bound,
        most=max(trailing([each[0] / 1e9 for each in arrivals], plan.period)),
        refused=sum(not each[3] for each in arrivals),
        share=min(shares[name] for name in undisturbed) / max(shares.values()),
        operations=used / len(arrivals),
        late=late / 1e9,
        failed=failed,
    )


def server_operations(ledger):
    """Return how many scripts a Redis or Valkey server has run so far; 0 for a file."""
    if "://" not in ledger:
        return 0
    import redis

    with redis.Redis.from_url(ledger) as client:
        stats = client.info("commandstats")
    return sum(each["calls"] for name, each in stats.items() if name.split("_")[1] in {"eval", "evalsha", "fcall"})


# What is printed


@contextmanager
def ledger_of(name):
    """Yield the path or URL of an empty ledger."""
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        if name == "sqlite":
            yield f"{folder}/ledger.sqlite3"
        elif name == "valkey":
            sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
            from tests.support.valkey import Valkey

            yield stack.enter_context(Valkey(folder)).url
        else:
            yield name


def plans(options, ledger):
    """Yield what the options ask for, with the ratio that is asked for; None where a disturbed run has none."""
    period = 15 if options.real else 2
    events = [event for event in ("kill", "stop", "refuse") if getattr(options, event)]
    if events:
        for event in events:
            yield Plan(ledger, options.processes or 4, options.calls, period, event), None
        return
    for processes in [options.processes] if options.processes else [4] if options.real else [4, 50]:
        yield Plan(ledger, processes, options.calls, period), 1.08 if options.real else 1.2 if processes < 50 else 1.15


def main():
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ledger", default="sqlite")
    parser.add_argument("--processes", type=int)
    parser.add_argument("--calls", type=int, default=1_000)
    for flag in ("--real", "--kill", "--stop", "--refuse", "--check"):
        parser.add_argument(flag, action="store_true")
    options = parser.parse_args()
    heading(__doc__.splitlines()[0])
    rows, sound = [], True
    with ExitStack() as stack:
        for plan, asked in plans(options, None):
            ledger = stack.enter_context(ledger_of(options.ledger))
            seen = measure(Plan(ledger, plan.processes, plan.calls, plan.period, plan.event))
            sound = sound and seen.most <= LIMIT and not seen.failed and (plan.event == "refuse" or not seen.refused)
            what = f"{plan.processes} processes, {LIMIT} per {plan.period} s{plan.event and ', ' + plan.event}"
            ratio = f"{seen.ratio:.3f}" + (f" ({asked})" if asked else "")
            late = f"{seen.late * 1000:.0f} ms" if plan.event == "refuse" else ""
            share, used = f"{seen.share:.2f}", f"{seen.operations:.1f}"
            rows.append((what, ratio, seen.most, seen.refused, share, used, late, seen.failed))
    columns = ("what", "of the bound", "most in a period", "refused", "shares", "operations", "stopped after", "failed")
    show(columns, rows, "at most 100 in a period, none refused, shares >= 0.8, 5 operations a call, 100 ms; none fails")
    if options.check and not sound:
        sys.exit(1)


if __name__ == "__main__":
    main()
