"""How much processor time does telemetry add to a call?

1 and 10 workers read a client by API v1 with and without `Telemetry`, whose spans go to OpenTelemetry's batch processor
and an exporter in memory.

Notes:
- The sandbox is another process, and its limit is so high that no call ever waits. Only this process's time is counted,
  the export of the spans included.
- Contestants take turns, round by round; each ratio is the median of the rounds' own ratios.
"""

import asyncio
import statistics

from bench_cpu import cost, ids_of
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from support import heading, sandboxes, show

from harvest_async import Throttle
from harvest_async.telemetry import Telemetry

ROUNDS = 9
WORKERS = (1, 10)


async def measure(server, workers, client):
    """Costs without telemetry and with it, one figure a round, and the number of spans."""
    exporter, tracers = InMemorySpanExporter(), TracerProvider()
    tracers.add_span_processor(BatchSpanProcessor(exporter))
    meters = MeterProvider([InMemoryMetricReader()])
    telemetry = Telemetry(tracer_provider=tracers, meter_provider=meters)
    clients = [server.harvest(Throttle()), server.harvest(Throttle(), telemetry=telemetry)]
    costs = [[], []]
    for round_ in range(-1, ROUNDS):
        for place in (0, 1) if round_ % 2 else (1, 0):
            found = await cost(lambda place=place: clients[place].clients.get(client), workers)
            if round_ >= 0:  # the first one warms up
                costs[place].append(found)
    for harvest in clients:
        await harvest.aclose()
    tracers.shutdown()
    meters.shutdown()
    return costs, len(exporter.get_finished_spans())


def main():
    heading(__doc__.splitlines()[0], "opentelemetry-sdk")
    rows = []
    with sandboxes(1, "--calls", "10000", "--period", "1") as (server,):
        client = asyncio.run(ids_of(server))["client"]
        for workers in WORKERS:
            (without, with_it), spans = asyncio.run(measure(server, workers, client))
            ratio = statistics.median(own / plain for own, plain in zip(with_it, without, strict=True))
            figures = (f"{statistics.median(each):.0f} µs" for each in (without, with_it))
            rows.append((workers, *figures, f"{ratio:.2f}", spans))
    show(("workers", "without", "with telemetry", "ratio", "spans"), rows, "at most 1.1")


if __name__ == "__main__":
    main()
