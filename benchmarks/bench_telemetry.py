"""How much processor time does telemetry add to a call?

1 and 10 workers read a client by API v1 with and without `Telemetry`, whose spans go to OpenTelemetry's batch processor
and an exporter in memory.

Notes:
- The sandbox is another process, and its limit is so high that no call waits for the window. Of 10 workers some wait
  for one of the eight connections, a few milliseconds. Only this process's time is counted, the export of the spans
  included.
- "the SDK alone" is the least that any telemetry costs: an empty span and one duration a call, with the attributes that
  the conventions require of it.
- Contestants take turns, round by round; each ratio is the median of the rounds' own ratios.
"""

import asyncio
import statistics
from contextlib import contextmanager

from bench_cpu import cost, ids_of
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind
from support import heading, sandboxes, show

from harvest_async import Throttle
from harvest_async.observer import SILENT
from harvest_async.telemetry import Telemetry

ROUNDS = 9
WORKERS = (1, 10)
ATTRIBUTES = {
    "http.request.method": "GET",
    "server.address": "127.0.0.1",
    "server.port": 80,
    "http.response.status_code": 200,
}


class Providers:
    """Real providers, whose spans go to an exporter in memory."""

    def __init__(self):
        self.exporter, self.tracers = InMemorySpanExporter(), TracerProvider()
        self.tracers.add_span_processor(BatchSpanProcessor(self.exporter))
        self.meters = MeterProvider([InMemoryMetricReader()])

    def close(self):
        """Export the rest; return the number of spans."""
        self.tracers.shutdown()
        self.meters.shutdown()
        return len(self.exporter.get_finished_spans())


class SdkAlone:
    """An observer that records an empty span and one duration for each call, and nothing else."""

    def __init__(self, providers):
        self.tracer = providers.tracers.get_tracer("benchmarks")
        self.durations = providers.meters.get_meter("benchmarks").create_histogram("duration", "s")

    def account(self, *_):
        """Observe the calls of a client."""
        return self

    @contextmanager
    def call(self, _):
        """Observe one call."""
        span = self.tracer.start_span("call", kind=SpanKind.CLIENT)
        yield SILENT
        self.durations.record(0.01, ATTRIBUTES)
        span.end()


async def measure(server, workers, client):
    """Costs without telemetry, by the SDK alone and with telemetry, one figure a round; and the number of spans."""
    bare, whole = Providers(), Providers()
    telemetry = Telemetry(tracer_provider=whole.tracers, meter_provider=whole.meters)
    clients = [server.harvest(Throttle(), telemetry=each) for each in (None, SdkAlone(bare), telemetry)]
    costs = [[] for _ in clients]
    for round_ in range(-1, ROUNDS):
        for place in range(len(clients)) if round_ % 2 else reversed(range(len(clients))):
            found = await cost(lambda place=place: clients[place].clients.get(client), workers)
            if round_ >= 0:  # the first one warms up
                costs[place].append(found)
    for harvest in clients:
        await harvest.aclose()
    bare.close()
    return costs, whole.close()


def ratio(costs, plain):
    """Return the median of the rounds' own ratios."""
    return f"{statistics.median(own / other for own, other in zip(costs, plain, strict=True)):.2f}"


def main():
    heading(__doc__.splitlines()[0], "opentelemetry-sdk")
    rows = []
    with sandboxes(1, "--calls", "10000", "--period", "1") as (server,):
        client = asyncio.run(ids_of(server))["client"]
        for workers in WORKERS:
            (without, bare, with_it), spans = asyncio.run(measure(server, workers, client))
            figures = (f"{statistics.median(each):.0f} µs" for each in (without, bare, with_it))
            rows.append((workers, *figures, ratio(bare, without), ratio(with_it, without), spans))
    columns = ("workers", "without", "the SDK alone", "with telemetry", "ratio of the SDK alone", "ratio", "spans")
    show(columns, rows, "ratio at most 1.1")


if __name__ == "__main__":
    main()
