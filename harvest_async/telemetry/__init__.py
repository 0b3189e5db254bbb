"""Traces and metrics of calls by OpenTelemetry; needs the extra `otel`.

    harvest = HarvestV2.from_env(telemetry=Telemetry())

Each call is a span of kind CLIENT with the name of the call and the attributes of its HTTP request, by the stable
semantic conventions. Its children are a span for each wait at the gate of 10 ms or more, and one for each request after
the first: a repeat, or one that the throttle had refused. No credential, no body and no query of an address is
recorded, and nothing is added to requests.

A call that gets its lease at once has no wait. Each other one has a value in the histogram of the waits, however short,
and the attribute `harvest.gate.wait`: the seconds that it waited in all. A shorter wait than 10 ms, such as one for a
connection, has no span, which would cost more than it shows.

| metric | kind, unit | attributes |
| --- | --- | --- |
| `http.client.request.duration` | histogram, s | method, host, port, status or error |
| `harvest_async.gate.wait.duration` | histogram, s | budget |
| `harvest_async.calls.refused` | counter | account, budget |
| `harvest_async.calls.unknown` | counter | account, call |
| `harvest_async.cache.reads` | counter | account, result: `fresh`, `confirmed` or `missed` |
| `harvest_async.window.leases` | gauge | account, budget, state: `sent`, `foreign` or `free` |
| `harvest_async.window.limit` | gauge | account, budget |
| `harvest_async.gate.queued` | gauge | account, budget, lane |
| `harvest_async.gate.closed` | gauge, 0 or 1 | account, budget |

See https://opentelemetry.io/docs/specs/semconv/http/.
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING

try:
    from opentelemetry import metrics, trace
except ModuleNotFoundError as missing:
    _MESSAGE = "harvest_async.telemetry needs OpenTelemetry: python -m pip install 'harvest-async[otel]'"
    raise ImportError(_MESSAGE) from missing

from harvest_async.telemetry.instruments import NAME, instruments_of
from harvest_async.telemetry.spans import AccountSpans

if TYPE_CHECKING:
    from harvest_async.throttle.registry import Identity
    from harvest_async.throttle.throttle import Throttle

__all__ = ["Telemetry"]


class Telemetry:
    """Records traces and metrics of the clients to which it is given; any number of clients may share one.

    Those with the same meter provider have the same metrics.

    Args:
        tracer_provider: creates the tracer; None uses the global one.
        meter_provider: creates the meter; None uses the global one.
    """

    def __init__(
        self,
        *,
        tracer_provider: trace.TracerProvider | None = None,
        meter_provider: metrics.MeterProvider | None = None,
    ) -> None:
        self._tracer = trace.get_tracer(NAME, version("harvest-async"), tracer_provider)
        self._instruments = instruments_of(meter_provider)

    def account(self, identity: Identity, throttle: Throttle, /) -> AccountSpans:
        """See `observer.Observer.account`."""
        self._instruments.show(throttle, str(identity))
        return AccountSpans(self._tracer, self._instruments, str(identity), throttle.clock)
