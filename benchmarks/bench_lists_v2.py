"""What does it take to list time entries by API v2: how much processor time and memory, how long does the loop block?

Notes:
- The server is another process on loopback, which sends pages of 2,000 entries; the throttle is wide open.
- Beside us httpx alone with the fastest decoder that supports the same classes: msgspec for JSON where it is installed,
  else the standard library, and cattrs for the records. It reads one page after the other, by the links.
- Each contestant runs in a process of its own and has read one page before. Time is processor time, the least of some
  runs. In another run a ticker of 1 ms, which takes time itself, measures the longest gap of the loop, again the least.
  Memory is the peak above the start.
- "Without the extra" has msgspec hidden from the process.
"""

import asyncio
import json
import math
import resource
import subprocess
import sys
import time
from datetime import date, datetime
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import cattrs
import httpx
from support import heading, show

from harvest_async import BearerAuth, HarvestV2, Throttle
from harvest_async.clock import SECOND
from harvest_async.throttle.ledgers.memory import MemoryLedger
from harvest_async.throttle.server_status import RateLimitStatus
from harvest_async.v2.time_entry_records import ApprovalStatus, TimeEntry

PAGE = 2_000
SIZES = (10_000, 30_000, 100_000)
RUNS = 2
KEEPS = 10_000
"""The most records that are kept; of longer lists each record is dropped once it was read."""


def entry(number):
    """Return a time entry as the server sends it."""
    created = "2026-01-27T15:50:15Z"
    rate = {"hourly_rate": 100.0, "budget": None, "is_active": True, "created_at": created, "updated_at": created}
    hours = number % 30 / 4
    return {
        "id": 636_709_355 + number,
        "spent_date": f"2026-03-{1 + number % 28:02}",
        "hours": hours,
        "hours_without_timer": hours,
        "rounded_hours": hours,
        "notes": f"Review of #{number} & follow-up",
        "is_locked": True,
        "locked_reason": "Item Invoiced and Approved for this Project",
        "approval_status": "approved",
        "is_closed": True,
        "is_billed": False,
        "timer_started_at": None,
        "started_time": None,
        "ended_time": None,
        "is_running": False,
        "invoice": {"id": 13_150_403, "number": "1001"},
        "external_reference": None,
        "billable": True,
        "budgeted": True,
        "billable_rate": 100.0,
        "cost_rate": 50.0,
        "created_at": created,
        "updated_at": created,
        "user": {"id": 1_782_959 + number % 20, "name": "Kim Allen"},
        "client": {"id": 5_735_774, "name": "ABC Corp", "currency": "EUR"},
        "project": {"id": 14_307_913 + number % 9, "name": "Marketing Website", "code": "MW"},
        "task": {"id": 8_083_365 + number % 5, "name": "Graphic Design"},
        "user_assignment": {"id": 125_068_553, "is_project_manager": True, "use_default_rates": True, **rate},
        "task_assignment": {"id": 155_502_709, "billable": True, **rate},
    }


# The server


async def serve():
    """Send pages of time entries until the process is ended; print the port first."""
    pages = {}

    async def respond(reader, writer):
        while head := await reader.readuntil(b"\r\n\r\n"):
            target = head.split(None, 2)[1].decode()
            query = {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}
            host = head.lower().partition(b"host: ")[2].split(b"\r\n")[0].decode()
            body = page(host, int(query["user_id"]), int(query.get("cursor", "0")), pages)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\n")
            writer.write(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            await writer.drain()

    async def handle(reader, writer):
        try:
            await respond(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def page(host, size, begin, pages):
    """Return one page of a list of `size` entries, which begins at the given place."""
    if begin not in pages:
        pages[begin] = json.dumps([entry(number) for number in range(begin, begin + PAGE)])
    following = f"http://{host}/v2/time_entries?user_id={size}&cursor={begin + PAGE}" if begin + PAGE < size else None
    rest = {"per_page": PAGE, "total_pages": None, "links": {"first": None, "next": following, "previous": None}}
    return f'{{"time_entries":{pages[begin]},{json.dumps(rest)[1:]}'.encode()


# Contestants


async def ours(address, size):
    """List by the client."""
    ledger = MemoryLedger()

    def open_gate(state):
        lease = state.take_probe(0, SECOND, is_status_call=True)
        state.status_received(lease, 0, status=RateLimitStatus(10_000, SECOND, 1, "open"), requested=0)

    ledger.transact(open_gate)
    auth, app = BearerAuth("token"), "Benchmarks (benchmarks@example.com)"
    throttle = Throttle(pace="burst", ledger=ledger)
    async with HarvestV2(1, auth=auth, app=app, base_url=address, throttle=throttle) as harvest:
        return await read(harvest.time_entries.list(user_id=size), size)


async def read(listing, size):
    """Read a list; keep its records if it is short."""
    if size <= KEEPS:
        return len(await listing)
    count = 0
    async for _ in listing:
        count += 1
    return count


async def alone(address, size):
    """List by httpx, and decode each page at once."""
    try:
        import msgspec
    except ImportError:
        loads = json.loads
    else:
        loads = msgspec.json.decode
    converter = cattrs.Converter()
    hooks = {date: date.fromisoformat, datetime: datetime.fromisoformat, Decimal: lambda value: Decimal(str(value))}
    for kind, hook in hooks.items():
        converter.register_structure_hook(kind, lambda value, _, hook=hook: hook(value))
    kind = ApprovalStatus | str | None
    converter.register_structure_hook(kind, lambda value, _: None if value is None else ApprovalStatus(value))
    found, url = [], f"{address}/v2/time_entries?user_id={size}"
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
        while url:
            response = (await client.get(url)).raise_for_status()
            tree = loads(response.content)
            found += converter.structure(tree["time_entries"], list[TimeEntry])
            url = tree["links"]["next"]
    return len(found)


CONTESTANTS = {"harvest_async": ours, "httpx and cattrs": alone}


async def ticker(gaps):
    """Collect the gaps between the steps of a task that would run every millisecond."""
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        gaps.append(time.perf_counter() - began)


async def contest(name, address, size):
    """Print the processor time, the longest gap in seconds, and the peak above the start in MiB."""
    await CONTESTANTS[name](address, PAGE)
    start, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    assert await CONTESTANTS[name](address, size) == size
    spent, gaps = time.process_time() - began, []
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    task = asyncio.create_task(ticker(gaps))
    await CONTESTANTS[name](address, size)
    task.cancel()
    print(json.dumps([spent, max(gaps), (peak - start) / 1024]))


def run(name, address, size, *, extra):
    """Run a contestant in a process of its own; return its figures."""
    hide = "" if extra else "import sys; sys.modules['msgspec'] = None; "
    program = (
        f"{hide}import asyncio, bench_lists_v2; asyncio.run(bench_lists_v2.contest({name!r}, {address!r}, {size}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=sys.path[0], check=True, stdout=subprocess.PIPE)
    return json.loads(done.stdout)


def least(name, address, size, *, extra):
    """Return the least of the figures of some runs."""
    runs = [run(name, address, size, extra=extra) for _ in range(RUNS)]
    return [min(each) for each in zip(*runs, strict=True)]


def growth(costs):
    """Return the slope of log(time) over log(size), by least squares."""
    points = [(math.log(size), math.log(cost)) for size, cost in costs.items()]
    middle = [sum(axis) / len(points) for axis in zip(*points, strict=True)]
    across = sum((x - middle[0]) * (y - middle[1]) for x, y in points)
    return across / sum((x - middle[0]) ** 2 for x, _ in points)


def measure(address, *, extra):
    """Show all figures, with or without the extra."""
    found = {size: least("harvest_async", address, size, extra=extra) for size in SIZES}
    other = least("httpx and cattrs", address, 10_000, extra=True)
    print("with the extra 'speed'" if extra else "without the extra")
    rows = [
        (
            f"{size:,} entries",
            f"{spent:.2f} s",
            f"{spent / size * 1e6:.0f} µs",
            f"{gap * 1e3:.0f} ms",
            f"{peak:.0f} MiB",
        )
        for size, (spent, gap, peak) in found.items()
    ]
    rows.append(("httpx and cattrs, 10,000", f"{other[0]:.2f} s", f"{other[0] / 10_000 * 1e6:.0f} µs", "", ""))
    columns = ("", "processor time", "an entry", "longest gap", "peak over the start")
    show(columns, rows, "at 100,000: no gap above 50 ms, at most 30 MiB")
    ratio, exponent = found[10_000][0] / other[0], growth({size: spent for size, (spent, *_) in found.items()})
    rows = [("of httpx and cattrs, 10,000 entries", f"{ratio:.2f}"), ("growth exponent", f"{exponent:.3f}")]
    show(("", ""), rows, "at most 1.3 of httpx and cattrs, growth at most 1.1")


def main():
    heading(__doc__.splitlines()[0], "cattrs", "msgspec")
    command = [sys.executable, "-c", "import asyncio, bench_lists_v2; asyncio.run(bench_lists_v2.serve())"]
    with subprocess.Popen(command, cwd=sys.path[0], stdout=subprocess.PIPE, text=True) as server:
        try:
            address = f"http://127.0.0.1:{int(server.stdout.readline())}"
            for extra in (False, True):
                measure(address, extra=extra)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
