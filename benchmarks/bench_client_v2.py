"""What it costs to create a client of API v2: at most 60 us and 4 KiB.

Usage: python benchmarks/bench_client_v2.py
"""

import gc
import timeit
import tracemalloc

import httpx

from harvest_async import BearerAuth, HarvestV2

MOST_MICROSECONDS = 60
MOST_BYTES = 4096
CLIENTS = 200

AUTH = BearerAuth("token")
TRANSPORT = httpx.MockTransport(lambda _: httpx.Response(200))


def create() -> HarvestV2:
    """Create a client."""
    return HarvestV2(7, auth=AUTH, app="Importer (ops@example.com)", transport=TRANSPORT)


def main() -> None:
    """Print the time and the memory of one client."""
    create()
    microseconds = min(timeit.repeat(create, number=1000, repeat=5)) * 1000
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    clients = [create() for _ in range(CLIENTS)]
    gc.collect()
    size = (tracemalloc.get_traced_memory()[0] - before) / len(clients)
    print(f"time {microseconds:.1f} us (at most {MOST_MICROSECONDS}), memory {size:.0f} bytes (at most {MOST_BYTES})")


if __name__ == "__main__":
    main()
