"""Refusals of API v2 in each form, through the whole client, by the clock."""

import asyncio
from contextlib import closing
from datetime import date

import pytest

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, Throttle
from harvest_async.sandbox import Sandbox
from harvest_async.testing import in_process
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from tests.support.importing import virtually

FORMS = ("message", "error", "html", "empty")
APP = "tests (tests@example.com)"
DAYS = date(2026, 1, 1), date(2026, 1, 31)
BUDGETS = {
    # budget -> the path of its call, and the seconds to wait without a hint
    "general": ("/v2/clients", 16),
    "reports": ("/v2/reports/time/clients", 900),
}


def client_of(sandbox, clock, **options):
    options = {"throttle": Throttle(clock=clock, pace="burst"), **options}
    given = {"auth": BearerAuth("sandbox-token"), "app": APP, "transport": in_process(sandbox)}
    return HarvestV2(1, base_url="http://127.0.0.1", **given, **options)


async def call(harvest, budget):
    """Make one call of a budget."""
    await (harvest.clients.list() if budget == "general" else harvest.reports.time_by_client(*DAYS))


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize("hint", ["seconds", "date", "missing"])
@pytest.mark.parametrize("form", FORMS)
def test_a_refusal_closes_its_own_budget_alone(form, hint, budget):
    """Waits as long as the server says, or 16 s and 15 min; sends nothing there meanwhile, and calls of the other go on."""
    path, fallback = BUDGETS[budget]
    other = next(each for each in BUDGETS if each != budget)

    async def do(clock):
        with closing(Sandbox(clock=clock)) as sandbox:
            async with client_of(sandbox, clock) as harvest:
                for each in BUDGETS:
                    await call(harvest, each)
                details = {"form": form, "retry_after": hint, "match": {"path": path}}
                blocked = 10 if hint == "missing" else 30
                sandbox.fault("throttle", seconds=(blocked, blocked), **details)
                began = clock.now() / 1e9
                waiting = asyncio.ensure_future(call(harvest, budget))
                await asyncio.sleep(1)
                sent = len([each for each in sandbox.requests() if each.path == path])
                for _ in range(5):
                    await call(harvest, other)
                others = clock.now() / 1e9 - began
                await waiting
                waited = clock.now() / 1e9 - began
            return waited, others, sent, len([each for each in sandbox.requests() if each.path == path])

    waited, others, sent, arrived = virtually(do)

    expected = fallback if hint == "missing" else 30
    assert expected <= waited <= expected + 3
    assert others < 2
    assert (sent, arrived) == (2, 3)


def test_nothing_is_sent_to_the_reports_for_fifteen_minutes():
    """Sends general calls all the time, and the next report after 900 s."""

    async def do(clock):
        with closing(Sandbox(clock=clock)) as sandbox:
            async with client_of(sandbox, clock) as harvest:
                for each in BUDGETS:
                    await call(harvest, each)
                sandbox.fault("throttle", form="empty", retry_after="missing", match={"path": "/v2/reports/*"})
                reports = [asyncio.ensure_future(call(harvest, "reports")) for _ in range(3)]
                for _ in range(80):
                    await call(harvest, "general")
                    await asyncio.sleep(10)
                during = sum(each.path.startswith("/v2/reports") for each in sandbox.requests())
                await asyncio.gather(*reports)
            return during, clock.now() / 1e9, sum(each.path == "/v2/clients" for each in sandbox.requests())

    during, seconds, general = virtually(do)

    assert during == 2  # the one before, and the refused one
    assert seconds >= 900
    assert general == 81


@pytest.mark.parametrize("stored", [False, True])
def test_both_versions_of_an_account_share_the_general_budget(stored, tmp_path):
    """Sends at most 100 calls in 15 s by both together, none of which is refused; in memory, and in a file."""

    async def do(clock):
        ledgers = (SqliteLedger(tmp_path / "ledger", account="acme") for _ in range(2)) if stored else None
        with closing(Sandbox(clock=clock)) as sandbox:
            throttles = [Throttle(clock=clock, pace="burst", ledger=each) for each in ledgers] if ledgers else None
            shared = Throttle(clock=clock, pace="burst")
            first, second = throttles or (shared, shared)
            options = {"app": APP, "base_url": "http://127.0.0.1", "transport": in_process(sandbox)}
            v1 = HarvestV1("sandbox", auth=BasicAuth("admin@example.com", "sandbox"), throttle=first, **options)
            v2 = client_of(sandbox, clock, throttle=second)
            async with v1, v2:
                await asyncio.gather(*(each.clients.list() for each in (v1, v2) for _ in range(90)))
                await v2.reports.time_by_client(*DAYS)
            return sandbox.throttled(), sandbox.max_in_window(), clock.now() / 1e9

    refused, most, seconds = virtually(do)

    assert refused == 0
    assert 90 <= most <= 100
    assert seconds >= 15


def test_same_as_shares_the_throttle_of_the_subdomain():
    """Counts a call by v1 and a call by v2 in one window, whichever client is created first."""
    with closing(Sandbox()) as sandbox:
        options = {"app": APP, "base_url": "http://127.0.0.1:1", "transport": in_process(sandbox)}
        v1 = HarvestV1("sandbox", auth=BasicAuth("admin@example.com", "sandbox"), **options)
        v2 = HarvestV2(1, auth=BearerAuth("sandbox-token"), same_as="sandbox", **options)
        other = HarvestV2(2, auth=BearerAuth("sandbox-token"), **options)

        assert v1.throttle is v2.throttle
        assert v1.throttle is not other.throttle
