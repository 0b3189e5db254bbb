"""Imports through the whole client into the sandbox, in virtual time or in process."""

import asyncio
import decimal
import io
from collections import Counter
from contextlib import closing

import httpx
import pytest

from harvest_async import BasicAuth, HarvestV1, Throttle, imports
from harvest_async.importer.journal import Journal
from harvest_async.sandbox import Sandbox
from harvest_async.testing import in_process
from tests.support.importing import virtually
from tests.support.sample import make_rows, write_csv

OPTIONS = imports.Options(fill=imports.Fill(client="ACME", task="Work"), long_days=True)


def client_of(sandbox, clock, **options):
    throttle = Throttle(pace="burst", clock=clock)
    auth = BasicAuth("admin@example.com", "sandbox")
    given = {"app": "tests (tests@example.com)", "base_url": "http://127.0.0.1", "throttle": throttle}
    return HarvestV1("sandbox", auth=auth, **{"transport": in_process(sandbox), **given, **options})


async def plan_rows(harvest, rows, journal):
    with imports.open_source(io.BytesIO(write_csv(rows)), OPTIONS, "time.csv") as source:
        return await imports.plan(harvest, source, journal=journal, options=OPTIONS, create_people=True)


def test_ten_minutes_of_502_in_a_large_import():
    """Ten minutes of 502 leave at most as many writes unknown as there are connections; in the end all rows are there."""
    rows = make_rows(1000)

    async def do(clock):
        with closing(Sandbox(clock=clock)) as sandbox:
            sandbox.fault("latency_in", times=None, seconds=(0.02, 0.15))
            async with client_of(sandbox, clock) as harvest:
                with Journal(inline=True) as journal:
                    plan = await plan_rows(harvest, rows, journal)
                    loop = asyncio.get_running_loop()
                    loop.call_later(40, lambda: sandbox.fault("error_502", times=None))
                    loop.call_later(640, sandbox.clear_faults)
                    report = await imports.run(plan)
                    most = journal.number("select count(*) from step where attempts > 1")
                    deleted = max(each.arrival for each in sandbox.requests()) / 1e9
            people = sandbox.world.tables["user"]
            have = Counter(
                (people[e["user_id"]]["email"], e["spent_at"].isoformat(), e["notes"] or "")
                for e in sandbox.world.entries()
            )
            return report, most, deleted, have, sandbox.throttled()

    report, unresolved, seconds, have, refused = virtually(do)

    assert report.complete
    assert have == Counter((row[1], row[7], row[5]) for row in rows)
    assert 0 < unresolved <= 16
    assert seconds > 640
    assert refused == 0


@pytest.mark.parametrize("format", ["json", "xml"])
@pytest.mark.parametrize(("timestamps", "quirks"), [(False, ()), (True, ()), (True, ["report_times_missing"])])
def test_load_load_again_load_more(format, timestamps, quirks):
    """On both kinds of account, in both formats: a load, the same again, a superset: exactly the new rows.

    Also where reports leave out the start and end of entries.
    """
    rows = make_rows(50)

    async def do(clock):
        made = []
        with closing(Sandbox(calls=5000, period=1, clock=clock, timestamp_timers=timestamps, quirks=quirks)) as sandbox:
            async with client_of(sandbox, clock, format=format) as harvest:
                for part in (rows[:30], rows[:30][::-1], rows):
                    with Journal(inline=True) as journal:
                        plan = await plan_rows(harvest, part, journal)
                        made.append((await imports.run(plan)).created)
            return made, len(sandbox.world.entries())

    assert virtually(do) == ([30, 0, 20], 50)


def test_an_import_goes_at_the_full_rate():
    """Some hundred rows take no longer than the limit allows, a round trip or so apart; none is refused."""
    rows = make_rows(300)

    async def do(clock):
        with closing(Sandbox(clock=clock)) as sandbox:
            sandbox.fault("latency_in", times=None, seconds=(0.02, 0.15))
            sandbox.fault("latency_out", times=None, seconds=(0.02, 0.15))
            async with client_of(sandbox, clock) as harvest:
                with Journal(inline=True) as journal:
                    plan = await plan_rows(harvest, rows, journal)
                    await imports.run(plan)
            return clock.moment / 1e9, len(sandbox.requests()), sandbox.throttled(), sandbox.max_in_window()

    seconds, requests, refused, most = virtually(do)

    bound = (-(-requests // 100) - 1) * 15
    assert bound <= seconds <= 1.1 * bound
    assert (refused, most) == (0, 100)


class Counted(Journal):
    """A journal that counts the intents that are on the disk."""

    intents = 0

    def commit(self, changes):
        changes = tuple(changes)
        super().commit(changes)
        self.intents += sum("'intended'" in statement for statement, _ in changes)


def test_intents_are_on_the_disk_before_their_calls_arrive(tmp_path):
    """When a call is processed, at least as many intents were synced as calls have been processed."""
    seen = []

    async def do(clock):
        with closing(Sandbox(calls=5000, period=1, clock=clock)) as sandbox:
            async with client_of(sandbox, clock) as harvest:
                with Counted(tmp_path / "a.journal", inline=True) as journal:
                    plan = await plan_rows(harvest, make_rows(40), journal)
                    keep = sandbox.world.keep

                    def arrived(kind, number, record):
                        keep(kind, number, record)
                        writes = sum(request.method == "POST" for request in sandbox.requests())
                        seen.append((journal.intents, writes))

                    sandbox.world.keep = arrived
                    return await imports.run(plan)

    report = virtually(do)

    assert report.complete
    assert len(seen) >= 40
    assert all(synced >= writes for synced, writes in seen)


GARBLED = {
    "exponent": {"content": b'{"hours":1e99999999999999999999}', "headers": {"content-type": "application/json"}},
    "nesting": {"content": b"[" * 100_000, "headers": {"content-type": "application/json"}},
    "digits": {"content": b'{"id":' + b"9" * 5_000 + b"}", "headers": {"content-type": "application/json"}},
    "location": {"headers": {"location": "/daily/show/" + "9" * 5_000}},
    "nothing": {},
}


class Garbling(httpx.AsyncBaseTransport):
    """Processes everything, and responses each fourth new entry with something that can't be read, or raises."""

    def __init__(self, inner, garbled):
        self.inner, self.garbled, self.count = inner, garbled, 0

    async def handle_async_request(self, request):
        response = await self.inner.handle_async_request(request)
        if request.method == "POST" and request.url.path.startswith("/daily"):
            self.count += 1
            if self.count % 4 == 0 and self.count <= 20:
                if isinstance(self.garbled, BaseException):
                    raise self.garbled
                await response.aread()
                return httpx.Response(201, **self.garbled)
        return response


@pytest.mark.parametrize(
    "garbled", [*GARBLED.values(), RecursionError("deep"), decimal.InvalidOperation("x"), UnicodeError("x")], ids=str
)
def test_answers_that_can_not_be_read_double_no_row(garbled):
    """Sixty rows, five of them created and responded with garbage: sixty entries in the end."""
    rows = make_rows(60)

    async def do(clock):
        with closing(Sandbox(clock=clock)) as sandbox:
            transport = Garbling(in_process(sandbox), garbled)
            async with client_of(sandbox, clock, transport=transport) as harvest:
                with Journal(inline=True) as journal:
                    report = await imports.run(await plan_rows(harvest, rows, journal))
            return report.complete, report.created, len(sandbox.world.entries())

    assert virtually(do) == (True, 60, 60)
