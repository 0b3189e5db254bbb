"""Lists that are paged by numbers, while records are deleted and created between two pages."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from itertools import count

import httpx
import pytest
from attrs import define, frozen
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, Throttle, exports, imports
from harvest_async.client.steady import agreed, latest_first
from harvest_async.errors import HarvestError
from harvest_async.importer.journal import Journal
from harvest_async.importer.sources import open_source
from harvest_async.testing import in_process
from tests.support.exporting import at, fill, records
from tests.support.sandbox import new_sandbox

SIZE = 4
DAY = date(2026, 1, 1)
THEN = datetime(2026, 1, 1, tzinfo=UTC)


@frozen
class Row:
    """A record with a day."""

    id: int
    day: date | None
    updated_at: datetime | None = THEN


@define
class Server:
    """A list in pages, which is changed before each page but the first."""

    rows: list
    changes: list
    is_sorted: bool = True
    calls: int = 0

    def read(self, first=None, last=None):
        """Yield the records page by page."""
        return self._pages(first or date.min, last or date.max)

    async def _pages(self, first, last):
        number = 0
        while True:
            if self.calls and self.changes:
                self.changes.pop(0)(self.rows)
            self.calls += 1
            found = [row for row in self.rows if row.day is None or first <= row.day <= last]
            if self.is_sorted:
                found.sort(key=lambda row: (row.day or DAY, row.id), reverse=True)
            page = found[number * SIZE : (number + 1) * SIZE]
            for row in page:
                yield row
            if len(page) < SIZE:
                return
            number += 1


def days_of(numbers):
    return [Row(place, DAY + timedelta(days=number)) for place, number in enumerate(numbers, 1)]


def listed(server, **options):
    """The ids that are read, in order."""

    async def main():
        return [row.id async for row in latest_first(server.read, lambda row: row.day, size=SIZE, **options)]

    return asyncio.run(main())


def listed_twice(server):
    """The ids that are read until two readings agree."""

    async def main():
        return [row.id async for row in agreed(server.read, size=SIZE)]

    return asyncio.run(main())


def deletion(place):
    """Delete the record at a place, counted from the front of the list as it is sorted."""

    def change(rows):
        if rows:
            rows.remove(sorted(rows, key=lambda row: (row.day or DAY, row.id), reverse=True)[place % len(rows)])

    return change


def creation(number):
    """Create a record on a day."""
    return lambda rows: rows.append(Row(max((row.id for row in rows), default=0) + 1_000, DAY + timedelta(days=number)))


NUMBERS = st.lists(st.integers(0, 9), max_size=40)
CHANGES = st.lists(st.builds(deletion, st.integers(0, 50)) | st.builds(creation, st.integers(0, 9)), max_size=12)


@given(NUMBERS, CHANGES, st.sampled_from([(listed, True), (listed_twice, True), (listed_twice, False)]))
def test_no_record_that_stays_is_missed(numbers, changes, how):
    """Any record may be deleted or created between two pages: each record comes once; two readings need no order."""
    read, is_sorted = how
    server = Server(days_of(numbers), changes, is_sorted)
    before = {row.id for row in server.rows}
    found = read(server)
    left = {row.id for row in server.rows} & before

    assert left <= set(found)
    assert len(found) == len(set(found))


def test_pages_by_their_numbers_alone_would_miss_one():
    """The reason for all this: a record moves to a page that was read already."""

    async def plainly():
        return [row.id async for row in Server(days_of(range(9)), [deletion(0)]).read()]

    assert set(range(1, 10)) - set(asyncio.run(plainly())) == {5}
    assert set(listed(Server(days_of(range(9)), [deletion(0)]))) == set(range(1, 10))


@pytest.mark.parametrize(
    ("numbers", "is_sorted", "calls"),
    [
        ([], True, 1),
        (range(SIZE - 1), True, 1),
        (range(10), True, 4),  # one day of each page is read again
        ([0] * 10, True, 1 + 2 * 3),  # one day on several pages: two readings
        (range(10), False, 1 + 2 * 3),  # not sorted: two readings
    ],
)
def test_the_calls_of_a_list_that_nobody_changes(numbers, is_sorted, calls):
    """About one for each page where the order is known, and twice as many otherwise."""
    server = Server(days_of(numbers), [], is_sorted)
    found = listed(server, first=DAY)

    assert sorted(found) == list(range(1, len(numbers) + 1))
    assert server.calls == calls


def test_a_filter_that_the_server_ignores_ends_the_list():
    """Reads the list until two readings agree, instead of its first page for ever."""
    server = Server(days_of(range(10)), [])

    async def main():
        read = latest_first(lambda *_: server.read(), lambda row: row.day, size=SIZE)
        return [row.id async for row in read]

    assert sorted(asyncio.run(main())) == list(range(1, 11))


def test_records_without_a_day_are_read_in_any_order():
    """As a list that is not sorted."""
    server = Server([Row(number, None) for number in range(1, 11)], [deletion(0)])

    assert set(listed(server)) >= {row.id for row in server.rows}


def test_a_list_that_changes_all_the_time_is_an_error():
    """Ends after some readings, and gives the reason."""
    numbers = count(1_000)

    def replace(rows):
        deletion(0)(rows)
        rows.append(Row(next(numbers), DAY))

    server = Server(days_of([0] * 10), [replace] * 1_000)

    with pytest.raises(HarvestError, match="changed each of the 20 times it was read: try again"):
        listed(server)


def test_a_change_of_a_record_that_was_read_makes_another_reading():
    """A record that moved behind the pages read may have moved others forward."""

    def move(rows):
        rows.append(Row(rows.pop(0).id, DAY, THEN + timedelta(1)))

    server = Server(days_of([0] * 10), [move], is_sorted=False)

    assert sorted(listed_twice(server)) == list(range(1, 11))


# Against the sandbox

PAGED = {
    "v2": {"time_entries": ("entry", "spent_at"), "expenses": ("expense", "spent_at"),
           "invoices": ("invoice", "issued_at"), "estimates": ("estimate", "issued_at")},
    "v1": {"invoices": ("invoice", "issued_at")},
}  # fmt: skip


MOST = 9
"""How many lists meet a deletion."""


class Deleting(httpx.AsyncBaseTransport):
    """Deletes the newest record before each list that follows a first one."""

    def __init__(self, sandbox, path, kind, day):
        self._inner, self._sandbox, self._path = in_process(sandbox), sandbox, path
        self._kind, self._day = kind, day
        self.lists = 0

    async def handle_async_request(self, request):
        if request.method == "GET" and request.url.path == self._path:
            self.lists += 1
            if 1 < self.lists <= MOST:
                newest = max(self._sandbox.world.all(self._kind), key=lambda each: (each[self._day], each["id"]))
                self._sandbox.world.drop(self._kind, newest)
        return await self._inner.handle_async_request(request)


def client(api, transport):
    """A client whose requests pass the transport."""
    options = {"app": "tests (tests@example.com)", "base_url": "http://127.0.0.1:1", "transport": transport}
    throttle = Throttle(10_000, 15, pace="burst")
    if api == "v1":
        return HarvestV1("sandbox", auth=BasicAuth("admin@example.com", "sandbox"), throttle=throttle, **options)
    return HarvestV2(1, auth=BearerAuth("sandbox-token"), throttle=throttle, **options)


def many(sandbox, kind, day, count):
    """Copy a record of a kind to many days, and return the ids of all records of the kind."""
    world, now = sandbox.world, sandbox._account.clock.today()
    first = {name: value for name, value in world.all(kind)[0].items() if name != "id"}
    for number in range(count):
        world.add(kind, {**first, day: DAY - timedelta(days=number % 97), "number": f"N{number}"}
                  if kind in ("invoice", "estimate") else {**first, day: DAY - timedelta(days=number % 97)}, now)  # fmt: skip


@pytest.mark.parametrize(("api", "name"), [(api, name) for api, names in PAGED.items() for name in names])
def test_an_export_has_each_record_that_stays(tmp_path, api, name):
    """Another program deletes the newest record between two pages of each list with numbers."""
    kind, day = PAGED[api][name]
    sandbox = new_sandbox()
    at(sandbox, fill)
    if kind == "estimate":
        at(
            sandbox,
            lambda harvest: harvest.estimates.create(1001, line_items=[{"kind": "Service", "unit_price": 9}]),
            "v2",
        )
    many(sandbox, kind, day, 120 if api == "v1" else 4_100)
    path = f"/v2/{name}" if api == "v2" else f"/{name}"
    transport = Deleting(sandbox, path, kind, day)

    async def main():
        async with client(api, transport) as harvest:
            await exports.export(harvest, tmp_path, only=[name])

    asyncio.run(main())
    left = {each["id"] for each in sandbox.world.all(kind)}

    assert transport.lists > 2
    assert left <= {each["id"] for each in records(tmp_path, name)}


def test_an_import_finds_each_entry_that_is_there(tmp_path):
    """A row whose entry another deletion moves to a page that was read already is not logged again."""
    sandbox = new_sandbox()
    at(sandbox, fill)
    many(sandbox, "entry", "spent_at", 4_100)
    last = date(2026, 12, 31)
    rows = "".join(
        f"{day},ACME,Website,Design,Mine {number},1,Ada,Sandbox\n"
        for number, day in enumerate(DAY - timedelta(days=offset) for offset in range(97))
    )
    (tmp_path / "rows.csv").write_text(
        f"Date,Client,Project,Task,Notes,Hours,First name,Last name\n{rows}{last},ACME,Website,Design,Late,1,Ada,Sandbox\n"
    )

    async def plan(transport):
        async with client("v2", transport) as harvest:
            with open_source(tmp_path / "rows.csv") as source, Journal(inline=True) as journal:
                plan = await imports.plan(harvest, source, journal=journal)
                found = plan.overview.log, plan.overview.existing
                await imports.run(plan)
                return found

    first = asyncio.run(plan(in_process(sandbox)))
    again = asyncio.run(plan(transport := Deleting(sandbox, "/v2/time_entries", "entry", "spent_at")))

    assert (first, again) == ((98, 0), (0, 98))
    assert transport.lists > 2


def test_the_next_export_reads_from_the_beginning_of_this_one(tmp_path):
    """What changed while a list was read may have been read before it changed, so later times are not kept."""
    sandbox = new_sandbox()
    at(sandbox, fill)
    later = datetime.now(UTC) + timedelta(days=9)
    sandbox.world.all("client")[0]["updated_at"] = later
    at(sandbox, lambda harvest: exports.export(harvest, tmp_path, only=["clients"]), "v2")
    state = (tmp_path / "export.state.json").read_text()

    assert f"{later:%Y-%m-%d}" not in state
    assert f"{datetime.now(UTC):%Y-%m-%d}" in state
