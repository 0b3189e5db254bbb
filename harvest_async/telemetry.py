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

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from importlib.metadata import version
from time import time_ns
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
_SHORT: Final = SECOND // 100
"""A shorter wait at the gate has no span. It is in the first bucket of the histogram that has any waits."""
_TOGETHER: Final = 32
"""How many durations are recorded together, unless a reader collects earlier."""
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


class _Durations:
    """Durations that are recorded together: before a reader collects, and whenever there are `_TOGETHER` of them.

    The SDK takes twice as long to record one between two requests as right after another one, when the processor still
    has its code and data. Any thread may collect.

    There is one of these in a process: a meter provider reads the gauges of its first `Telemetry` only, so that each
    of them has to record the durations of all.
    """

    def __init__(self) -> None:
        self._kept: deque[tuple[metrics.Histogram, float, Attributes, context.Context]] = deque()

    def add(self, histogram: metrics.Histogram, seconds: float, attributes: Attributes, of: context.Context) -> None:
        """Record a duration soon, in the context of the span that it belongs to."""
        self._kept.append((histogram, seconds, attributes, of))
        if len(self._kept) >= _TOGETHER:
            self.record()

    def record(self) -> None:
        """Record all durations now."""
        with suppress(IndexError):  # none is left
            while True:
                histogram, seconds, attributes, of = self._kept.popleft()
                histogram.record(seconds, attributes, of)


_durations: Final = _Durations()


class _Account:
    """Observes the calls of one client; see `observer.AccountObserver`."""

    __slots__ = ("clock", "instruments", "name", "tracer")

    def __init__(self, tracer: trace.Tracer, instruments: _Instruments, name: str, clock: Clock) -> None:
        self.tracer = tracer
        self.instruments = instruments
        self.name = name
        self.clock = clock

    def call(self, call: Call[Any], /) -> _Call:
        """Observe one call."""
        return _Call(self, call)


class _Call:
    """Observes one call by a span, which is that of its first request too; see `observer.CallObserver`.

    Attributes:
        account: observes the client.
        budget: the budget of the call.
        span: the call's span.
        context: has the span as the current one.
        is_recording: whether the span records anything; without it, attributes are not even computed.
        sent: how many requests the call has sent.
        waited: how long it has waited at the gate, in nanoseconds.
    """

    __slots__ = ("_name", "_token", "account", "budget", "context", "is_recording", "sent", "span", "waited")

    def __init__(self, account: _Account, call: Call[Any]) -> None:
        self.account = account
        self.budget = call.budget
        self._name = call.name
        self.sent = self.waited = 0
        attributes = {"harvest.account": account.name, "harvest.budget": call.budget, "harvest.call": call.name}
        self.span = account.tracer.start_span(call.name, kind=trace.SpanKind.CLIENT, attributes=attributes)
        self.is_recording = self.span.is_recording()
        self.context = trace.set_span_in_context(self.span)

    def __enter__(self) -> Self:
        self._token = context.attach(self.context)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        context.detach(self._token)
        if self.waited:
            self.span.set_attribute("harvest.gate.wait", self.waited / SECOND)
        if kind is not None:
            _fail(self.span, kind)
        self.span.end()

    def waiting(self) -> _Wait:
        """Observe a wait at the gate."""
        return _Wait(self)

    def sending(self, request: httpx.Request, /) -> _Request:
        """Observe a request and its duration; from the second one on by a span of its own."""
        return _Request(self, request)

    def refused(self) -> None:
        """Count a refusal."""
        labels = {"harvest.account": self.account.name, "harvest.budget": self.budget}
        self.account.instruments.refused.add(1, labels)

    def cached(self, *, confirmed: bool) -> None:
        """Count a read that the cache had."""
        self._count_read("confirmed" if confirmed else "fresh")

    def missed(self) -> None:
        """Count a read that the cache did not have."""
        self._count_read("missed")

    def unknown(self) -> None:
        """Count an unknown outcome, and mark the call's span."""
        labels = {"harvest.account": self.account.name, "harvest.call": self._name}
        self.account.instruments.unknown.add(1, labels)
        self.span.set_attribute("harvest.outcome", "unknown")

    def _count_read(self, result: str) -> None:
        labels = {"harvest.account": self.account.name, "harvest.result": result}
        self.account.instruments.reads.add(1, labels)
        self.span.set_attribute("harvest.cache", result)


class _Wait:
    """Observes a wait at the gate by its duration, and by a span unless it was a short one.

    How long it was is known at its end: the span is created then, with an earlier beginning.
    """

    __slots__ = ("_began", "_call")

    def __init__(self, call: _Call) -> None:
        self._call = call
        self._began = call.account.clock.now()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        call, account = self._call, self._call.account
        waited = account.clock.now() - self._began
        call.waited += waited
        labels: Attributes = {"harvest.budget": call.budget}
        _durations.add(account.instruments.wait, waited / SECOND, labels, call.context)
        if waited >= _SHORT and call.is_recording:
            ended = time_ns()
            span = account.tracer.start_span("gate.wait", call.context, attributes=labels, start_time=ended - waited)
            if kind is not None:
                _fail(span, kind)
            span.end(ended)


class _Request:
    """Observes one request; see `observer.RequestObserver`. Its attributes are recorded together, at its end."""

    __slots__ = ("_began", "_call", "_failure", "_request", "_resent", "_span", "_status")

    def __init__(self, call: _Call, request: httpx.Request) -> None:
        self._call = call
        self._request = request
        self._resent = call.sent
        self._span = call.span
        self._status = 0
        self._failure = ""
        if call.sent:
            self._span = call.account.tracer.start_span(_method(request), call.context, kind=trace.SpanKind.CLIENT)
        call.sent += 1
        self._began = call.account.clock.now()

    def __enter__(self) -> Self:
        return self

    def responded(self, status: int, /) -> None:
        """Note the status; one of 400 or above is an error of the request. The call's span has that of the last."""
        self._status = status
        if status >= _FAILED:
            self._failure = str(status)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        call = self._call
        seconds = (call.account.clock.now() - self._began) / SECOND
        attributes = _attributes_of(self._request)
        if self._status:
            attributes["http.response.status_code"] = self._status
        if call.is_recording:
            self._span.set_attributes({**attributes, "url.full": _shown(self._request.url)})
        if kind is not None:
            self._failure = kind.__qualname__
        if self._failure:
            attributes["error.type"] = self._failure
        if self._resent:
            self._end_resent()
        _durations.add(call.account.instruments.duration, seconds, attributes, call.context)

    def _end_resent(self) -> None:
        """End the request's own span; that of the call gets its status."""
        if self._status:
            self._call.span.set_attribute("http.response.status_code", self._status)
        if self._failure:
            self._span.set_attribute("error.type", self._failure)
            self._span.set_status(trace.StatusCode.ERROR)
        self._span.set_attribute("http.request.resend_count", self._resent)
        self._span.end()


def _fail(span: trace.Span, kind: type[BaseException]) -> None:
    """Mark a span as failed by the class of the error alone: its message may have values of the account's records."""
    span.set_attribute("error.type", kind.__qualname__)
    span.set_status(trace.StatusCode.ERROR, kind.__qualname__)


def _attributes_of(request: httpx.Request) -> Attributes:
    """Return the attributes of a request that the conventions require."""
    url = request.url
    return {
        "http.request.method": _method(request),
        "server.address": url.host,
        "server.port": url.port or (443 if url.scheme == "https" else 80),
    }


def _method(request: httpx.Request) -> str:
    """Return the method as the conventions name it, so that there are not any number of values."""
    return request.method if request.method in _METHODS else "_OTHER"


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
    """Return the function by which a meter reads one gauge for all budgets of all accounts.

    A meter reads all gauges before it collects the values of its histograms.
    """

    def read(_: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
        _durations.record()
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
