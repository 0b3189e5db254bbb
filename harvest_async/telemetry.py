"""Traces and metrics of calls by OpenTelemetry; needs the extra `otel`.

    harvest = HarvestV2.from_env(telemetry=Telemetry())

Each call is a span of kind CLIENT with the name of the call and the attributes of its HTTP request, by the stable
semantic conventions. Its children are a span for each wait at the gate, and one for each request after the first: a
repeat, or one that the throttle had refused. No credential, no body and no query of an address is recorded, and nothing
is added to requests.

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

import logging
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Self
from weakref import WeakKeyDictionary

from harvest_async.clock import SECOND, Clock
from harvest_async.errors import HarvestError

try:
    from opentelemetry import context, metrics, trace
except ModuleNotFoundError as missing:
    _MESSAGE = "harvest_async.telemetry needs OpenTelemetry: python -m pip install 'harvest-async[otel]'"
    raise ImportError(_MESSAGE) from missing

if TYPE_CHECKING:
    import httpx

    from harvest_async.call import Call
    from harvest_async.throttle.registry import Identity
    from harvest_async.throttle.snapshot import Snapshot
    from harvest_async.throttle.throttle import Throttle

__all__ = ["Telemetry"]

logger = logging.getLogger("harvest_async")

Attributes = dict[str, str | int]


_NAME: Final = "harvest_async"
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
"""The bounds of the conventions for `http.client.request.duration`, in seconds."""
_WAITS: Final = (0, 0.01, 0.1, 0.5, 1, 2.5, 5, 10, 15, 30, 60, 120, 300, 600, 900)
_FAILED: Final = 400
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Telemetry:
    """Records traces and metrics of the clients to which it is given; any number of clients may share one.

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
        release = version("harvest-async")
        self._tracer = trace.get_tracer(_NAME, release, tracer_provider)
        self._throttles: WeakKeyDictionary[Throttle, str] = WeakKeyDictionary()
        meter = metrics.get_meter(_NAME, release, meter_provider)
        self._instruments = _Instruments(meter)
        for name, unit, text, observe in _GAUGES:
            meter.create_observable_gauge(name, [_callback(self._throttles, observe)], unit, text)

    def account(self, identity: Identity, throttle: Throttle, /) -> _Account:
        """See `observer.Observer.account`."""
        self._throttles[throttle] = str(identity)
        return _Account(self._tracer, self._instruments, str(identity), throttle.clock)


class _Instruments:
    """The instruments that calls record into."""

    def __init__(self, meter: metrics.Meter) -> None:
        self.duration = meter.create_histogram(
            "http.client.request.duration",
            "s",
            "Duration of HTTP client requests.",
            explicit_bucket_boundaries_advisory=_BUCKETS,
        )
        self.wait = meter.create_histogram(
            "harvest_async.gate.wait.duration",
            "s",
            "Waits at the gate, of the calls that had to wait.",
            explicit_bucket_boundaries_advisory=_WAITS,
        )
        self.refused = meter.create_counter(
            "harvest_async.calls.refused", "{request}", "Requests the throttle refused."
        )
        self.unknown = meter.create_counter("harvest_async.calls.unknown", "{call}", "Calls with an unknown outcome.")
        self.reads = meter.create_counter("harvest_async.cache.reads", "{call}", "Reads through the cache by result.")


class _Account:
    """Observes the calls of one client; see `observer.AccountObserver`."""

    def __init__(self, tracer: trace.Tracer, instruments: _Instruments, name: str, clock: Clock) -> None:
        self.tracer = tracer
        self.instruments = instruments
        self.name = name
        self.clock = clock

    def call(self, call: Call[Any], /) -> _Call:
        """Observe one call."""
        return _Call(self, call)


class _Span:
    """A span that is current while it is used as a context manager.

    The messages of errors may have values of the account's records: only the class of an error is recorded.
    """

    def __init__(self, span: trace.Span) -> None:
        self.span = span

    def __enter__(self) -> Self:
        self._token = context.attach(trace.set_span_in_context(self.span))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        context.detach(self._token)
        if kind is not None:
            self.span.set_attribute("error.type", kind.__qualname__)
            self.span.set_status(trace.StatusCode.ERROR, kind.__qualname__)
        self.span.end()


class _Call(_Span):
    """Observes one call by a span, which is that of its first request too; see `observer.CallObserver`."""

    def __init__(self, account: _Account, call: Call[Any]) -> None:
        self._account = account
        self._labels = {"harvest.account": account.name, "harvest.budget": call.budget}
        self._name = call.name
        self._sent = 0
        attributes = {**self._labels, "harvest.call": call.name}
        super().__init__(account.tracer.start_span(call.name, kind=trace.SpanKind.CLIENT, attributes=attributes))

    def waiting(self) -> _Wait:
        """Observe a wait at the gate by a span."""
        return _Wait(self._account, self._labels["harvest.budget"])

    def sending(self, request: httpx.Request, /) -> _Request:
        """Observe a request and its duration; from the second one on by a span of its own."""
        attributes = _attributes_of(request)
        shown = {**attributes, "url.full": _shown(request.url)}
        if not self._sent:
            self.span.set_attributes(shown)
            span = None
        else:
            shown["http.request.resend_count"] = self._sent
            name = str(attributes["http.request.method"])
            span = self._account.tracer.start_span(name, kind=trace.SpanKind.CLIENT, attributes=shown)
        self._sent += 1
        return _Request(self._account, attributes, self.span, span)

    def refused(self) -> None:
        """Count a refusal."""
        self._account.instruments.refused.add(1, self._labels)

    def cached(self, *, confirmed: bool) -> None:
        """Count a read that the cache had."""
        self._count_read("confirmed" if confirmed else "fresh")

    def missed(self) -> None:
        """Count a read that the cache did not have."""
        self._count_read("missed")

    def unknown(self) -> None:
        """Count an unknown outcome, and mark the call's span."""
        self._account.instruments.unknown.add(1, {"harvest.account": self._account.name, "harvest.call": self._name})
        self.span.set_attribute("harvest.outcome", "unknown")

    def _count_read(self, result: str) -> None:
        self._account.instruments.reads.add(1, {"harvest.account": self._account.name, "harvest.result": result})
        self.span.set_attribute("harvest.cache", result)


class _Wait(_Span):
    """Observes a wait at the gate by a span and its duration."""

    def __init__(self, account: _Account, budget: str) -> None:
        self._account = account
        self._labels = {"harvest.budget": budget}
        self._began = account.clock.now()
        super().__init__(account.tracer.start_span("gate.wait", attributes=self._labels))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace_: object) -> None:
        seconds = (self._account.clock.now() - self._began) / SECOND
        self._account.instruments.wait.record(seconds, self._labels)
        super().__exit__(kind, error, trace_)


class _Request:
    """Observes one request; see `observer.RequestObserver`.

    Args:
        account: observes the client.
        attributes: those of the request's duration.
        call: the span of the call.
        own: the request's own span; None if it is that of the call.
    """

    def __init__(self, account: _Account, attributes: Attributes, call: trace.Span, own: trace.Span | None) -> None:
        self._account = account
        self._attributes = attributes
        self._call = call
        self._own = own
        self._began = account.clock.now()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if kind is not None:
            self._fail(kind.__qualname__)
        seconds = (self._account.clock.now() - self._began) / SECOND
        self._account.instruments.duration.record(seconds, self._attributes)
        if self._own is not None:
            self._own.end()

    def responded(self, status: int, /) -> None:
        """Note the status; one of 400 or above is an error of the request. The call's span has that of the last."""
        self._attributes["http.response.status_code"] = status
        self._call.set_attribute("http.response.status_code", status)
        if self._own is not None:
            self._own.set_attribute("http.response.status_code", status)
        if status >= _FAILED:
            self._fail(str(status))

    def _fail(self, reason: str) -> None:
        self._attributes["error.type"] = reason
        if self._own is not None:
            self._own.set_attribute("error.type", reason)
            self._own.set_status(trace.StatusCode.ERROR)


def _attributes_of(request: httpx.Request) -> Attributes:
    """Return the attributes of a request that the conventions require, without an unbounded number of values."""
    url = request.url
    return {
        "http.request.method": request.method if request.method in _METHODS else "_OTHER",
        "server.address": url.host,
        "server.port": url.port or (443 if url.scheme == "https" else 80),
    }


def _shown(url: httpx.URL) -> str:
    """Return an address without user, password and query: a query may have names of people, or a token."""
    # Not by `copy_with`, which parses the whole address again: a fifth of all that telemetry costs.
    return f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.partition(b'?')[0].decode('ascii')}"


def _leases(state: Snapshot) -> Iterable[tuple[int, Attributes]]:
    yield state.sent, {"harvest.state": "sent"}
    yield state.foreign, {"harvest.state": "foreign"}
    yield state.free, {"harvest.state": "free"}


def _limit(state: Snapshot) -> Iterable[tuple[int, Attributes]]:
    yield state.calls, {}


def _queued(state: Snapshot) -> Iterable[tuple[int, Attributes]]:
    yield state.queued_interactive, {"harvest.lane": "interactive"}
    yield state.queued_bulk, {"harvest.lane": "bulk"}


def _closed(state: Snapshot) -> Iterable[tuple[int, Attributes]]:
    yield int(state.closed is not None), {}


_Observe = Callable[["Snapshot"], Iterable[tuple[int, Attributes]]]

_GAUGES: Final[tuple[tuple[str, str, str, _Observe], ...]] = (
    # name, unit, description, values of a snapshot
    ("harvest_async.window.leases", "{lease}", "Leases of the window by state.", _leases),
    ("harvest_async.window.limit", "{lease}", "Calls that the budget allows in a period.", _limit),
    ("harvest_async.gate.queued", "{call}", "Calls that wait at the gate by lane.", _queued),
    ("harvest_async.gate.closed", "1", "Whether the gate is closed.", _closed),
)


def _callback(throttles: WeakKeyDictionary[Throttle, str], observe: _Observe) -> Any:
    """Return the function by which a meter reads one gauge for all budgets of all accounts."""

    def read(_: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
        for throttle, account in tuple(throttles.items()):
            for budget in throttle.budgets:
                try:
                    state = throttle.snapshot(budget)
                except HarvestError as error:  # a ledger that can't be read has no state
                    logger.debug("%s: no metrics of the budget %s: %s", account, budget, error)
                    continue
                for value, attributes in observe(state):
                    yield metrics.Observation(
                        value, {"harvest.account": account, "harvest.budget": budget, **attributes}
                    )

    return read
