"""What it costs to create a client of API v2: at most 60 us and 4 KiB.

Usage: python benchmarks/bench_client_v2.py
"""

import gc
import timeit
import tracemalloc
from collections.abc import Callable

import httpx

from harvest_async import BearerAuth, HarvestV2

MOST_MICROSECONDS = 60
MOST_BYTES = 4096
CLIENTS = 200

AUTH = BearerAuth("token")
TRANSPORT = httpx.MockTransport(lambda _: httpx.Response(200))


def create() -> HarvestV2:
    """Create a client with a transport."""
    return HarvestV2(7, auth=AUTH, app="Importer (ops@example.com)", transport=TRANSPORT)


def plain() -> HarvestV2:
    """Create a client as most programs do."""
    return HarvestV2(7, auth=AUTH, app="Importer (ops@example.com)")


def bare() -> httpx.AsyncClient:
    """Create the client of httpx that is inside."""
    return httpx.AsyncClient(transport=TRANSPORT, trust_env=False)


def microseconds(make: Callable[[], object]) -> float:
    """Return the least time of one client; short runs, since other processes disturb."""
    make()
    return min(timeit.repeat(make, number=50, repeat=200)) / 50 * 1e6


def main() -> None:
    """Print the time and the memory of one client."""
    times = ", ".join(f"{make.__name__} {microseconds(make):.1f}" for make in (create, plain, bare))
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    clients = [plain() for _ in range(CLIENTS)]
    gc.collect()
    size = (tracemalloc.get_traced_memory()[0] - before) / len(clients)
    print(f"time in us: {times} (at most {MOST_MICROSECONDS}), memory {size:.0f} bytes (at most {MOST_BYTES})")


if __name__ == "__main__":
    main()
