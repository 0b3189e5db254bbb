"""What do long lists of API v2 cost: processor time, memory, and pauses of the event loop?

A server of its own process sends time entries in pages of 2,000, from memory. Compared with httpx alone and our decoder
over the same bytes, so that what is left is the client: paging, the throttle, the checks of responses.

Asked for: 10,000 entries at most 1.3 of that; 100,000 entries at most 30 MiB over the start, no gap above 50 ms; growth
at most n^1.1.

Usage: python benchmarks/bench_lists_v2.py
"""

import asyncio
import json
import math
import statistics
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
from support import heading, show

from harvest_async import BearerAuth, HarvestV2, Throttle
from harvest_async.messages import Response
from harvest_async.v2.dialect import V2Dialect
from harvest_async.v2.time_entries import LIST

PER_PAGE = 2_000
ROUNDS = 5
KIB = 1024
ENTRY = {
    "id": 0, "spent_date": "2026-01-05", "hours": 1.5, "hours_without_timer": 1.5, "rounded_hours": 1.5,
    "notes": "Review of the first draft", "is_locked": False, "locked_reason": None, "approval_status": "unsubmitted",
    "is_closed": False, "is_billed": False, "timer_started_at": None, "started_time": None, "ended_time": None,
    "is_running": False, "billable": True, "budgeted": True, "billable_rate": 100.0, "cost_rate": 50.0,
    "created_at": "2026-01-05T09:00:00Z", "updated_at": "2026-01-05T09:00:00Z",
    "user": {"id": 1, "name": "Person One"}, "client": {"id": 2, "name": "ACME", "currency": "EUR"},
    "project": {"id": 3, "name": "Website", "code": "WEB"}, "task": {"id": 4, "name": "Design"},
    "user_assignment": {"id": 5, "is_project_manager": True, "is_active": True, "use_default_rates": True,
                        "budget": None, "created_at": "2026-01-05T09:00:00Z", "updated_at": "2026-01-05T09:00:00Z",
                        "hourly_rate": 100.0},
    "task_assignment": {"id": 6, "billable": True, "is_active": True, "created_at": "2026-01-05T09:00:00Z",
                        "updated_at": "2026-01-05T09:00:00Z", "hourly_rate": 100.0, "budget": None},
    "invoice": None, "external_reference": None,
}  # fmt: skip
"""An entry as the API sends it."""


async def serve():
    """Serve lists: `/v2/COUNT/time_entries?page=N` is a page of a list of that many entries."""

    async def respond(reader, writer):
        try:
            while line := await reader.readline():
                while (await reader.readline()).strip():
                    pass
                target = urlsplit(line.split()[1].decode())
                count = int(target.path.split("/")[2])
                number = int(dict(parse_qsl(target.query)).get("page", 1))
                body = page(address, count, number)
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(head.encode() + body)
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(respond, "127.0.0.1", 0)
    address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(address, flush=True)
    await server.serve_forever()


def page(address, count, number):
    """Return the body of one page."""
    first = (number - 1) * PER_PAGE
    entries = [{**ENTRY, "id": place + 1} for place in range(first, min(first + PER_PAGE, count))]
    last = -(-count // PER_PAGE)
    following = f"{address}/v2/{count}/time_entries?page={number + 1}" if number < last else None
    links = {"first": None, "next": following, "previous": None, "last": None}
    numbers = {"per_page": PER_PAGE, "total_pages": last, "total_entries": count, "page": number}
    return json.dumps({"time_entries": entries, **numbers, "next_page": None, "links": links}).encode()


async def ours(address, count):
    """List all entries; return the processor time in seconds and the longest gap of the event loop."""
    throttle = Throttle(calls=10_000)
    options = {"app": "benchmarks (me@example.com)", "base_url": f"{address}/v2/{count}", "throttle": throttle}
    async with HarvestV2(1, auth=BearerAuth("token"), **options) as harvest:
        gaps = Gaps()
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(gaps.watch())
            began, found = time.process_time(), 0
            async for _ in harvest.time_entries.list(per_page=PER_PAGE):
                found += 1
            spent = time.process_time() - began
            watching.cancel()
    assert found == count
    return spent, gaps.longest


async def alone(address, count):
    """Read all pages with httpx alone, and decode them; return the processor time in seconds."""
    url, dialect, call = f"{address}/v2/{count}/time_entries?page=1", V2Dialect(address), LIST()
    async with httpx.AsyncClient(trust_env=False) as client:
        began, found = time.process_time(), 0
        while url:
            response = await client.get(url)
            headers = tuple(response.headers.items())
            read = dialect.decode(call, Response(response.status_code, headers, response.content))
            found += len(read.items)
            url = json.loads(response.content[-400:].partition(b'"links": ')[2][:-1])["next"]
        spent = time.process_time() - began
    assert found == count
    return spent


class Gaps:
    """Measures how long the event loop does not return to a task."""

    def __init__(self):
        self.longest = 0.0

    async def watch(self):
        """Watch until it is cancelled."""
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0)
            self.longest = max(self.longest, time.perf_counter() - began)
            await asyncio.sleep(0.001)


def peak():
    """Return the largest memory of this program so far in MiB; `getrusage` would include that of its parent."""
    status = Path("/proc/self/status").read_text("utf-8")
    return int(status.partition("VmHWM:")[2].split()[0]) / KIB


async def one(address, count):
    """Print what a list of N entries costs in a process of its own."""
    await ours(address, 10)
    before = peak()
    spent, gap = await ours(address, count)
    print(json.dumps({"cpu": spent, "gap": gap, "memory": peak() - before}))


def measured(address, count):
    """Return what a list of N entries costs in a process of its own."""
    command = [sys.executable, __file__, "--one", address, str(count)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main():
    """Print the three figures."""
    heading("What do long lists of API v2 cost?", "attrs", "cattrs")
    with subprocess.Popen([sys.executable, __file__, "--serve"], stdout=subprocess.PIPE, text=True) as server:
        try:
            address = server.stdout.readline().strip()
            pairs = []
            for _ in range(ROUNDS):
                raw = asyncio.run(alone(address, 10_000))
                pairs.append((asyncio.run(ours(address, 10_000))[0], raw))
            long = [measured(address, 100_000) for _ in range(3)]
            short = min(measured(address, 10_000)["cpu"] for _ in range(3))
        finally:
            server.terminate()
            server.communicate()
    own, raw = (statistics.median(each) for each in zip(*pairs, strict=True))
    ratio = statistics.median(mine / theirs for mine, theirs in pairs)
    cpu = min(each["cpu"] for each in long)
    rows = [
        ("10,000 entries, processor time", f"{own:.3f} s", f"{ratio:.2f} of {raw:.3f} s (at most 1.3)"),
        ("100,000 entries, memory over the start", f"{min(each['memory'] for each in long):.1f} MiB", "at most 30 MiB"),
        (
            "100,000 entries, longest gap of the loop",
            f"{min(each['gap'] for each in long) * 1000:.0f} ms",
            "at most 50 ms",
        ),
        ("growth from 10,000 to 100,000", f"n^{math.log10(cpu / short):.2f}", "at most n^1.1"),
    ]
    show(("what", "figure", "asked for"), rows, "the figures of the last column")


if __name__ == "__main__":
    if "--serve" in sys.argv:
        asyncio.run(serve())
    elif "--one" in sys.argv:
        asyncio.run(one(sys.argv[2], int(sys.argv[3])))
    else:
        main()
