"""Traces and metrics: what was recorded equals what the sandbox counted, and holds no secret."""

import asyncio
import gc
import json
import subprocess
import sys
import threading
from contextlib import closing
from datetime import date
from weakref import WeakKeyDictionary

import httpx
import pytest
from opentelemetry.metrics import NoOpHistogram, NoOpMeter, NoOpMeterProvider
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF
from opentelemetry.trace import SpanKind, StatusCode

from harvest_async import (
    BasicAuth,
    BearerAuth,
    DecodeError,
    HarvestV1,
    HarvestV2,
    HttpCache,
    NotFound,
    OutcomeUnknown,
    Throttle,
    WouldWait,
)
from harvest_async.sandbox import Sandbox
from harvest_async.telemetry import Telemetry
from harvest_async.testing import in_process
from harvest_async.throttle.registry import Identity
from tests.support.importing import virtually

DAYS = date(2026, 1, 1), date(2026, 1, 31)


class Recorded:
    """Real exporters in memory, and the telemetry that records into them."""

    def __init__(self):
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        self.tracers, self.meters = TracerProvider(), MeterProvider([self.reader])
        self.tracers.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.telemetry = Telemetry(tracer_provider=self.tracers, meter_provider=self.meters)

    @property
    def spans(self):
        """The spans that have ended, in that order."""
        return self.exporter.get_finished_spans()

    def named(self, name):
        """Return the spans of a name."""
        return [span for span in self.spans if span.name == name]

    def points(self, name):
        """Return the data points of a metric, as (attributes, point)."""
        data = self.reader.get_metrics_data()
        metrics = [metric for each in data.resource_metrics for scope in each.scope_metrics for metric in scope.metrics]
        points = [point for metric in metrics if metric.name == name for point in metric.data.data_points]
        return [(dict(point.attributes), point) for point in points]

    def value(self, name, **attributes):
        """Return the sum of a metric's values with the attributes; the count where it is a histogram."""
        wanted = {key.replace("__", "."): value for key, value in attributes.items()}
        found = [point for given, point in self.points(name) if wanted.items() <= given.items()]
        return sum(getattr(point, "value", getattr(point, "count", None)) for point in found)


class Counting(NoOpMeterProvider):
    """A meter provider whose histograms list their own name for each record, and which nothing ever reads."""

    def __init__(self):
        super().__init__()
        self.recorded = []

    def get_meter(self, name, *_, **__):
        """Return its meter."""
        return CountingMeter(name, self.recorded)


class CountingMeter(NoOpMeter):
    """The meter of `Counting`."""

    def __init__(self, name, recorded):
        super().__init__(name)
        self.recorded = recorded

    def create_histogram(self, name, *_, **__):
        """Return a histogram that lists its records."""
        return CountingHistogram(name, self.recorded)


class CountingHistogram(NoOpHistogram):
    """The histogram of `CountingMeter`."""

    def __init__(self, name, recorded):
        super().__init__(name)
        self.name, self.recorded = name, recorded

    def record(self, *_, **__):
        """List a record."""
        self.recorded.append(self.name)


def lasted(span):
    """Return the seconds of a span."""
    return (span.end_time - span.start_time) / 1e9


@pytest.fixture
def recorded():
    """Exporters for one test; they are shut down after it."""
    made = Recorded()
    yield made
    made.meters.shutdown()
    made.tracers.shutdown()


def in_sandbox(do, recorded, **settings):
    """Run `do(harvest, sandbox)` with a client of API v2 that is observed, on a clock that never waits."""

    async def run(clock):
        with closing(Sandbox(clock=clock, **settings)) as sandbox:
            given = {"auth": BearerAuth("sandbox-token"), "app": "tests (tests@example.com)"}
            given |= {"transport": in_process(sandbox), "throttle": Throttle(clock=clock, pace="burst")}
            async with HarvestV2(1, base_url="http://127.0.0.1", telemetry=recorded.telemetry, **given) as harvest:
                return await do(harvest, sandbox)

    return virtually(run)


def test_a_call_is_a_span_with_the_attributes_of_its_request(recorded):
    """They are those of the stable conventions, without the query of the address."""

    async def do(harvest, _):
        await harvest.clients.list(is_active=True)

    in_sandbox(do, recorded)

    [call] = recorded.named("clients.list")
    assert call.kind is SpanKind.CLIENT
    assert dict(call.attributes) == {
        "harvest.account": "http://127.0.0.1/1",
        "harvest.call": "clients.list",
        "harvest.budget": "general",
        "http.request.method": "GET",
        "server.address": "127.0.0.1",
        "server.port": 80,
        "url.full": "http://127.0.0.1/v2/clients",
        "http.response.status_code": 200,
    }


def test_the_wait_at_the_gate_is_a_child_of_its_call(recorded):
    """The calls that wait for the next window have a span and a value in the histogram as long as the wait."""

    async def do(harvest, _):
        await harvest.clients.list()
        await asyncio.gather(*(harvest.company.get() for _ in range(100)))

    in_sandbox(do, recorded)

    waits = [span for span in recorded.named("gate.wait") if span.parent]
    calls = {span.context.span_id for span in (*recorded.named("company.get"), *recorded.named("clients.list"))}
    assert len(waits) >= 1
    assert {span.parent.span_id for span in waits} <= calls
    [(given, histogram)] = recorded.points("harvest_async.gate.wait.duration")
    assert given == {"harvest.budget": "general"}
    assert 15 <= histogram.max < 17
    assert sum(lasted(span) for span in waits) == pytest.approx(histogram.sum)


def test_a_wait_of_less_than_ten_milliseconds_has_no_span(recorded):
    """Calls that wait for a connection, which the responses before them free: the histogram has the waits of all."""

    async def do(harvest, sandbox):
        await harvest.clients.list()
        sandbox.fault("latency_out", times=50, seconds=0.004)
        await asyncio.gather(*(harvest.company.get() for _ in range(50)))

    in_sandbox(do, recorded)

    waits = [span.attributes.get("harvest.gate.wait", 0) for span in recorded.named("company.get")]
    assert 0.004 <= max(waits) < 0.01
    [(_, histogram)] = recorded.points("harvest_async.gate.wait.duration")
    assert histogram.sum == pytest.approx(sum(waits))
    assert recorded.named("gate.wait") == []


def test_a_wait_that_is_cancelled_has_the_class_of_the_error(recorded):
    """The wait and its call end with the class of the cancellation."""

    async def do(harvest, _):
        await asyncio.gather(*(harvest.company.get() for _ in range(100)))
        task = asyncio.ensure_future(harvest.clients.list())
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])

    in_sandbox(do, recorded)

    [call] = recorded.named("clients.list")
    [wait] = [span for span in recorded.named("gate.wait") if span.parent.span_id == call.context.span_id]
    assert (wait.attributes["error.type"], wait.status.status_code) == ("CancelledError", StatusCode.ERROR)
    assert lasted(wait) == call.attributes["harvest.gate.wait"] == pytest.approx(1)


def test_a_call_that_finds_a_free_lease_has_no_wait(recorded):
    """After the first response, which shows that the account is not blocked, calls go at once and record no wait."""

    async def do(harvest, _):
        await harvest.clients.list()
        for _ in range(5):
            await harvest.company.get()

    in_sandbox(do, recorded)

    calls = {span.context.span_id for span in recorded.named("company.get")}
    assert len(calls) == 5
    assert [span for span in recorded.named("gate.wait") if span.parent and span.parent.span_id in calls] == []
    assert recorded.value("harvest_async.gate.wait.duration") <= 1


def test_an_exemplar_of_a_duration_is_of_the_request_that_it_measures(recorded):
    """Durations are recorded several at a time, each in the context of its own call."""

    async def do(harvest, sandbox):
        await harvest.clients.list()
        sandbox.fault("latency_out", times=1, seconds=3, match={"path": "/v2/company"})
        await harvest.company.get()
        await harvest.clients.list()

    in_sandbox(do, recorded)

    [call] = recorded.named("company.get")
    [(_, point)] = recorded.points("http.client.request.duration")
    [exemplar] = [each for each in point.exemplars if each.value > 2]
    assert (exemplar.trace_id, exemplar.span_id) == (call.context.trace_id, call.context.span_id)


def test_durations_are_recorded_though_no_reader_collects(recorded):
    """At most 31 of them wait, so that memory is bounded."""
    meters = Counting()
    recorded.telemetry = Telemetry(tracer_provider=recorded.tracers, meter_provider=meters)

    async def do(harvest, sandbox):
        await asyncio.gather(*(harvest.company.get() for _ in range(80)))
        return len(sandbox.requests())

    arrived = in_sandbox(do, recorded)

    assert arrived == 80
    assert 0 <= arrived - meters.recorded.count("http.client.request.duration") <= 31


def test_several_with_one_meter_provider_have_the_metrics_of_all(recorded):
    """A provider registers a gauge of a name once, so that they share it; durations are recorded when it is read."""
    recorded.telemetry = Telemetry(tracer_provider=recorded.tracers, meter_provider=recorded.meters)

    async def do(harvest, _):
        await harvest.clients.list()
        return recorded.value("harvest_async.window.leases", harvest__state="sent")

    assert in_sandbox(do, recorded) == 1
    assert recorded.value("http.client.request.duration") == 1


GLOBAL = """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from harvest_async import Throttle
from harvest_async.telemetry import Telemetry

reader = InMemoryMetricReader()
provider = MeterProvider([reader])
throttles = [Throttle(), Throttle(), Throttle()]
Telemetry().account("before", throttles[0])
metrics.set_meter_provider(provider)
Telemetry().account("after", throttles[1])
Telemetry(meter_provider=provider).account("given", throttles[2])
print(reader.get_metrics_data().to_json())
"""


def test_several_with_the_global_meter_provider_have_the_gauges_of_all():
    """Whether it is set before or after, or given."""
    data = json.loads(subprocess.run([sys.executable, "-c", GLOBAL], check=True, capture_output=True).stdout)

    [scope] = data["resource_metrics"][0]["scope_metrics"]
    limits = next(metric for metric in scope["metrics"] if metric["name"] == "harvest_async.window.limit")
    accounts = {point["attributes"]["harvest.account"] for point in limits["data"]["data_points"]}
    assert accounts == {"before", "after", "given"}


def test_calls_that_are_not_sampled_have_metrics_and_no_span(recorded):
    """So have their waits and repeats."""
    tracers = TracerProvider(sampler=ALWAYS_OFF)
    tracers.add_span_processor(SimpleSpanProcessor(recorded.exporter))
    recorded.telemetry = Telemetry(tracer_provider=tracers, meter_provider=recorded.meters)

    async def do(harvest, sandbox):
        sandbox.fault("error_500", times=1, match={"path": "/v2/company"})
        await asyncio.gather(*(harvest.company.get() for _ in range(101)))
        return len(sandbox.requests())

    arrived = in_sandbox(do, recorded)
    tracers.shutdown()

    assert recorded.value("http.client.request.duration", server__address="127.0.0.1") == arrived == 102
    assert recorded.value("harvest_async.gate.wait.duration") >= 1
    assert recorded.spans == ()


def test_requests_and_refusals_equal_the_count_of_the_sandbox(recorded):
    """Each request that arrived has a duration, each that the sandbox refused a count, by budget."""

    async def do(harvest, sandbox):
        await harvest.clients.list()
        await harvest.reports.time_by_client(*DAYS)
        sandbox.fault("throttle", times=2, seconds=(5, 5), match={"path": "/v2/clients"})
        sandbox.fault("throttle", times=1, seconds=(5, 5), match={"path": "/v2/reports/*"})
        await harvest.clients.list()
        await harvest.reports.time_by_client(*DAYS)
        return sandbox.requests()

    arrived = in_sandbox(do, recorded)

    assert recorded.value("http.client.request.duration") == len(arrived)
    refused = [request for request in arrived if request.status == 429]
    assert recorded.value("harvest_async.calls.refused") == len(refused) >= 2
    reports = [request for request in refused if "/reports/" in request.path]
    assert recorded.value("harvest_async.calls.refused", harvest__budget="reports") == len(reports) >= 1
    assert recorded.value("http.client.request.duration", error__type="429") == len(refused)


def test_a_request_after_the_first_has_a_span_of_its_own(recorded):
    """It is below the call's span, and its number is in it; the call's span has the last status."""

    async def do(harvest, sandbox):
        sandbox.fault("error_500", times=2, match={"path": "/v2/company"})
        await harvest.company.get()

    in_sandbox(do, recorded)

    [call] = recorded.named("company.get")
    second, third = recorded.named("GET")
    assert {span.parent.span_id for span in (second, third)} == {call.context.span_id}
    assert [span.attributes["http.request.resend_count"] for span in (second, third)] == [1, 2]
    assert [span.attributes.get("error.type") for span in (second, third)] == ["500", None]
    assert second.status.status_code is StatusCode.ERROR
    assert call.attributes["http.response.status_code"] == 200
    assert call.status.status_code is StatusCode.UNSET


def test_a_request_without_a_response_has_the_class_of_the_error(recorded):
    """A connection that breaks is an error of the request's duration, and the repeat is none."""

    async def do(harvest, sandbox):
        sandbox.fault("drop_before", times=1, match={"path": "/v2/company"})
        await harvest.company.get()

    in_sandbox(do, recorded)

    reasons = [given.get("error.type") for given, _ in recorded.points("http.client.request.duration")]
    assert sorted(map(str, reasons)) == ["None", "ReadError"]


def test_a_failed_call_has_the_class_of_its_error_and_no_message(recorded):
    """Messages of errors may hold values of records, so a span has the name of the class alone."""

    async def do(harvest, _):
        with pytest.raises(NotFound):
            await harvest.clients.get(404)

    in_sandbox(do, recorded)

    [call] = recorded.named("clients.get")
    assert (call.attributes["error.type"], call.status.status_code) == ("NotFound", StatusCode.ERROR)
    assert not call.events


def test_an_unknown_outcome_is_counted(recorded):
    """A create whose response is lost is counted once, and its span marked."""

    async def do(harvest, sandbox):
        sandbox.fault("drop_after", times=1, match={"method": "POST"})
        with pytest.raises(OutcomeUnknown):
            await harvest.clients.create(name="ACME")

    in_sandbox(do, recorded)

    assert recorded.value("harvest_async.calls.unknown", harvest__call="clients.create") == 1
    [call] = recorded.named("clients.create")
    assert call.attributes["harvest.outcome"] == "unknown"


def test_a_cancelled_write_that_was_sent_is_counted_as_unknown(recorded):
    """So is one that is cancelled while its response is awaited."""

    async def do(harvest, sandbox):
        await harvest.clients.list()
        sandbox.fault("latency_out", seconds=5, match={"method": "POST"})
        task = asyncio.ensure_future(harvest.clients.create(name="ACME"))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])

    in_sandbox(do, recorded)

    assert recorded.value("harvest_async.calls.unknown", harvest__call="clients.create") == 1


def test_a_read_response_that_can_not_be_decoded_is_no_unknown_outcome(recorded):
    """Only calls that must not be repeated have unknown outcomes."""

    def respond(_):
        return httpx.Response(200, content=b"<html>")

    async def do():
        options = {"auth": BearerAuth("t"), "app": "a (a@example.com)", "throttle": Throttle()}
        transport = httpx.MockTransport(respond)
        async with HarvestV2(1, transport=transport, telemetry=recorded.telemetry, **options) as harvest:
            with pytest.raises(DecodeError):
                await harvest.company.get()
            with pytest.raises(OutcomeUnknown):
                await harvest.request("POST", "/clients", fields={"name": "ACME"})

    asyncio.run(do())

    assert recorded.value("harvest_async.calls.unknown") == 1


def test_the_gauges_show_each_budget_of_each_account(recorded):
    """The leases by state, the limit, the queue and the gate, as `throttle.snapshot` has them."""

    async def do(harvest, _):
        for _ in range(3):
            await harvest.company.get()
        await harvest.reports.time_by_client(*DAYS)
        general = {"harvest__account": str(harvest.identity), "harvest__budget": "general"}
        reports = general | {"harvest__budget": "reports"}
        leases = "harvest_async.window.leases"
        return [
            recorded.value(leases, **general, harvest__state="sent"),
            recorded.value(leases, **general, harvest__state="free"),
            recorded.value(leases, **reports, harvest__state="sent"),
            recorded.value("harvest_async.window.limit", **reports),
            recorded.value("harvest_async.gate.closed", **general),
            recorded.value("harvest_async.gate.queued", **general, harvest__lane="bulk"),
        ]

    assert in_sandbox(do, recorded) == [3, 97, 1, 100, 0, 0]


def test_a_client_that_was_deleted_has_no_gauges(recorded):
    """The throttle of a client that was garbage-collected is not kept alive."""

    async def do(harvest, _):
        await harvest.company.get()

    in_sandbox(do, recorded)
    gc.collect()

    assert recorded.points("harvest_async.window.leases") == []


def test_reads_through_the_cache_are_counted_by_result(recorded, tmp_path):
    """A miss, a fresh response and a confirmed one."""
    headers = {"cache-control": "private, max-age=600", "etag": '"1"'}

    def respond(request):
        if request.headers.get("if-none-match"):
            return httpx.Response(304, headers=headers)
        if request.method == "POST":
            return httpx.Response(201, json={"id": 1, "name": "ACME"})
        return httpx.Response(200, json={"name": "ACME"}, headers=headers)

    async def do():
        options = {"auth": BearerAuth("t"), "app": "a (a@example.com)", "throttle": Throttle()}
        options |= {"transport": httpx.MockTransport(respond), "cache": HttpCache(tmp_path / "cache.db")}
        async with HarvestV2(1, telemetry=recorded.telemetry, **options) as harvest:
            await harvest.company.get()
            await harvest.company.get()
            await harvest.clients.create(name="ACME")
            await harvest.company.get()

    asyncio.run(do())

    results = {given["harvest.result"]: point.value for given, point in recorded.points("harvest_async.cache.reads")}
    assert results == {"missed": 1, "fresh": 1, "confirmed": 1}


def test_the_status_call_and_the_token_request_are_observed_too(recorded):
    """Every request that leaves is recorded: v1 requests its status first."""

    async def run(clock):
        with closing(Sandbox(clock=clock)) as sandbox:
            given = {"auth": BasicAuth("admin@example.com", "sandbox"), "app": "tests (tests@example.com)"}
            given |= {"transport": in_process(sandbox), "throttle": Throttle(clock=clock)}
            telemetry = recorded.telemetry
            async with HarvestV1("sandbox", base_url="http://127.0.0.1", telemetry=telemetry, **given) as harvest:
                await harvest.clients.list()
            return len(sandbox.requests())

    arrived = virtually(run)

    assert recorded.value("http.client.request.duration") == arrived == 2
    assert len(recorded.named("account.rate_limit_status")) == 1


def test_no_span_and_no_metric_has_a_secret(recorded):
    """Neither credentials, nor the values of a query or a record."""

    async def do(harvest, sandbox):
        sandbox.fault("error_500", times=1, match={"method": "POST"})
        with pytest.raises(Exception, match="clients"):
            await harvest.clients.create(name="hush-name")
        await harvest.request("GET", "/clients", query={"search": "hush-query"})

    in_sandbox(do, recorded)

    written = "".join(span.to_json() for span in recorded.spans) + recorded.reader.get_metrics_data().to_json()
    assert "clients.create" in written
    assert "hush" not in written
    assert "sandbox-token" not in written


def test_a_call_that_may_not_wait_has_its_error(recorded):
    """`WouldWait` is the error of the call's span, and no request was sent."""

    async def do(harvest, _):
        await asyncio.gather(*(harvest.company.get() for _ in range(100)))
        before = recorded.value("http.client.request.duration")
        with pytest.raises(WouldWait):
            await harvest.options(max_wait=1).clients.list()
        return recorded.value("http.client.request.duration") - before

    assert in_sandbox(do, recorded) == 0
    [call] = recorded.named("clients.list")
    assert call.attributes["error.type"] == "WouldWait"


def test_metrics_are_read_while_a_client_is_made(caplog):
    """A reader has a thread of its own; a gauge that failed would be missing, and logged."""
    recorded, throttles, steps = Recorded(), [Throttle() for _ in range(3)], []

    def show(number):
        recorded.telemetry.account(Identity("https://example.com", str(number)), throttles[number])

    def interrupt(frame, event, _):
        if event == "call" and frame.f_code is WeakKeyDictionary.items.__code__:
            steps.append(frame)
            if len(steps) == 2:
                other.start()
                other.join(0.1)  # where it is not kept waiting, it is done before the reader goes on

    other = threading.Thread(target=show, args=(2,))
    show(0)
    show(1)
    sys.setprofile(interrupt)
    try:
        recorded.reader.get_metrics_data()
    finally:
        sys.setprofile(None)
        other.join()

    assert caplog.records == []
    assert {labels["harvest.account"] for labels, _ in recorded.points("harvest_async.window.limit")} >= {
        f"https://example.com/{number}" for number in range(3)
    }
