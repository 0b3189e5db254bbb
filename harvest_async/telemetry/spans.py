"""The spans: those of calls, of their waits at the gate and of their requests."""

from __future__ import annotations

from time import time_ns
from typing import TYPE_CHECKING, Any, Final, Self

from opentelemetry import context, trace

from harvest_async.clock import SECOND, Clock

if TYPE_CHECKING:
    import httpx

    from harvest_async.call import Call
    from harvest_async.telemetry.instruments import Attributes, Instruments

__all__ = ["AccountSpans"]

_SHORT: Final = SECOND // 100
"""A shorter wait at the gate has no span. It is in the first bucket of the histogram that has any waits."""
_FAILED: Final = 400
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class AccountSpans:
    """Observes the calls of one client; see `observer.AccountObserver`."""

    __slots__ = ("clock", "instruments", "name", "tracer")

    def __init__(self, tracer: trace.Tracer, instruments: Instruments, name: str, clock: Clock) -> None:
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

    def __init__(self, account: AccountSpans, call: Call[Any]) -> None:
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
        account.instruments.durations.add(account.instruments.wait, waited / SECOND, labels, call.context)
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
        instruments = call.account.instruments
        instruments.durations.add(instruments.duration, seconds, attributes, call.context)

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
