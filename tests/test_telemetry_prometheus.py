"""The page that Prometheus reads, by OpenTelemetry's own exporter: its names, and values equal to the sandbox's count."""

import re
from collections import Counter
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client.parser import text_string_to_metric_families

from harvest_async import OutcomeUnknown
from harvest_async.telemetry import Telemetry
from tests.test_telemetry import DAYS, in_sandbox

PAGE = (Path(__file__).parents[1] / "docs" / "telemetry.md").read_text("utf-8")
BLOCK = re.search(r"```python\n(from opentelemetry.exporter.*?)```", PAGE, re.DOTALL)[1]
NAMES = dict(re.findall(r"^\| `([\w.]+)` \| `(\w+)` \|$", PAGE, re.MULTILINE))


class Scraped:
    """The app of the documentation, and what its page shows."""

    def __init__(self):
        self.app = FastAPI()
        self._defined = {"app": self.app, "Telemetry": Telemetry}
        exec(compile(BLOCK, "docs/telemetry.md", "exec"), self._defined)  # noqa: S102
        self.telemetry = self._defined["telemetry"]

    async def families(self):
        """Read the page; return the library's metrics by name, without those of the process."""
        transport = httpx.ASGITransport(app=self.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as prometheus:
            response = await prometheus.get("/metrics/")
        assert response.status_code == 200
        found = text_string_to_metric_families(response.text)
        return {family.name: family for family in found if family.name.startswith(("harvest_async_", "http_"))}

    def close(self):
        """Take the metrics from the process's registry."""
        self._defined["meters"].shutdown()


@pytest.fixture
def scraped():
    """The documentation's app for one test."""
    found = Scraped()
    yield found
    found.close()


def value(families, name, **labels):
    """Return the sum of the samples of a name that have the labels."""
    samples = [sample for family in families.values() for sample in family.samples if sample.name == name]
    return sum(sample.value for sample in samples if labels.items() <= sample.labels.items())


def test_the_page_equals_the_count_of_the_sandbox(scraped):
    """Requests by status, refusals by budget, unknown outcomes, and the leases of the window."""

    async def do(harvest, sandbox):
        await harvest.clients.list()
        await harvest.reports.time_by_client(*DAYS)
        sandbox.fault("throttle", times=2, seconds=(5, 5), match={"path": "/v2/clients"})
        await harvest.clients.list()
        sandbox.fault("latency_out", times=1, seconds=2, match={"path": "/v2/company"})
        await harvest.company.get()
        sandbox.fault("drop_after", times=1, match={"method": "POST"})
        with pytest.raises(OutcomeUnknown):
            await harvest.clients.create(name="ACME")
        return await scraped.families(), sandbox.requests(), harvest.throttle.snapshot()

    page, arrived, window = in_sandbox(do, scraped)

    count, seconds = (f"http_client_request_duration_seconds_{part}" for part in ("count", "sum"))
    assert value(page, count) == len(arrived)
    assert value(page, seconds) == pytest.approx(2)
    assert value(page, "harvest_async_gate_wait_duration_seconds_sum") >= 10
    for status, requests in Counter(each.status for each in arrived if each.method == "GET").items():
        assert value(page, count, http_response_status_code=str(status), http_request_method="GET") == requests
    refused = sum(each.status == 429 for each in arrived)
    assert value(page, "harvest_async_calls_refused_total", harvest_budget="general") == refused >= 2
    assert value(page, "harvest_async_calls_unknown_total", harvest_call="clients.create") == 1
    leases = {"harvest_account": "http://127.0.0.1/1", "harvest_budget": "general"}
    assert value(page, "harvest_async_window_leases", **leases, harvest_state="sent") == window.sent > 0
    assert value(page, "harvest_async_window_leases", **leases, harvest_state="free") == window.free
    assert value(page, "harvest_async_window_limit", **leases) == window.calls == 100


def test_the_names_are_those_of_the_documentation(scraped):
    """Each metric that the page has is in the table, and is of the kind that the name shows."""

    async def do(harvest, sandbox):
        sandbox.fault("throttle", times=1, seconds=(5, 5), match={"path": "/v2/clients"})
        await harvest.clients.list()
        return await scraped.families()

    page = {name: family.type for name, family in in_sandbox(do, scraped).items()}
    kinds = {"_total": "counter", "_seconds": "histogram"}
    table = {
        name.removesuffix("_total"): next((kind for end, kind in kinds.items() if name.endswith(end)), "gauge")
        for name in NAMES.values()
    }

    assert page.items() <= table.items()
    assert set(table) - set(page) == {"harvest_async_calls_unknown", "harvest_async_cache_reads"}
    assert [name.replace(".", "_") in shown for name, shown in NAMES.items()] == [True] * 9


def test_the_two_tables_of_metrics_agree():
    """The table of the names in Prometheus has the metrics of the table above it, in the same order."""
    metrics = PAGE.partition("## Metrics")[2].partition("## Prometheus")[0]

    assert list(NAMES) == re.findall(r"^\| `([\w.]+)` \|", metrics, re.MULTILINE)
