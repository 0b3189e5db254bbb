"""Time entries of API v2."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from attrs import evolve

from harvest_async.errors import InvalidArgument
from harvest_async.v2.nested import ProjectRef
from harvest_async.v2.time_entry_records import ApprovalStatus, ExternalReference, TimeEntry
from tests.support.v2_responses import Account, page

pytestmark = pytest.mark.anyio

ENTRY = {
    "id": 636709355,
    "spent_date": "2026-03-02",
    "user": {"id": 1782959, "name": "Kim Allen"},
    "client": {"id": 5735774, "name": "ABC Corp", "currency": "USD"},
    "project": {"id": 14307913, "name": "Marketing Website", "code": "MW"},
    "task": {"id": 8083365, "name": "Graphic Design"},
    "user_assignment": {"id": 125068553, "is_active": True, "hourly_rate": 100.0},
    "task_assignment": {"id": 155502709, "billable": True, "budget": None},
    "external_reference": {"id": "7", "group_id": "run", "account_id": None, "permalink": "https://example.com/7"},
    "hours": 2.11,
    "hours_without_timer": "2.11",
    "started_time": "3:00pm",
    "ended_time": "17:07",
    "is_running": False,
    "is_locked": False,
    "approval_status": "submitted",
    "created_at": "2026-03-02T15:00:00Z",
    "new_field": 1,
}


async def test_a_record_has_the_types_of_its_fields():
    """Hours are decimals, days are dates, times of day are times, and unknown fields are kept."""
    async with Account({"GET /v2/time_entries/636709355": ENTRY}).client() as harvest:
        entry = await harvest.time_entries.get(636709355)

    assert (entry.hours, entry.hours_without_timer) == (Decimal("2.11"), Decimal("2.11"))
    assert (entry.spent_date, entry.started_time, entry.ended_time) == (date(2026, 3, 2), time(15), time(17, 7))
    assert entry.created_at == datetime(2026, 3, 2, 15, tzinfo=UTC)
    assert (entry.project, entry.project_id) == (ProjectRef(id=14307913, name="Marketing Website", code="MW"), 14307913)
    assert entry.approval_status is ApprovalStatus.SUBMITTED
    assert entry.user_assignment.hourly_rate == 100
    assert entry.extra == {"new_field": 1}


async def test_the_list_sends_every_filter():
    """Each filter is a parameter of the query; records are accepted in place of ids."""
    account = Account({"GET /v2/time_entries": page("time_entries", ENTRY)})
    async with account.client() as harvest:
        entries = await harvest.time_entries.list(
            from_="2026-01-01",
            to=date(2026, 1, 31),
            user_id=1,
            client_id=2,
            project_id=ProjectRef(id=3),
            task_id=4,
            external_reference_id="r1",
            is_billed=False,
            is_running=True,
            updated_since=datetime(2026, 1, 1, tzinfo=UTC),
            per_page=2000,
            page=1,
        )

    assert [entry.id for entry in entries] == [636709355]
    assert account.query == {
        "user_id": "1",
        "client_id": "2",
        "project_id": "3",
        "task_id": "4",
        "external_reference_id": "r1",
        "is_billed": "false",
        "is_running": "true",
        "updated_since": "2026-01-01T00:00:00Z",
        "from": "2026-01-01",
        "to": "2026-01-31",
        "page": "1",
        "per_page": "2000",
    }


async def test_a_list_can_be_iterated_over():
    """A list yields its records with `async for`, over all pages."""
    following = "https://api.harvestapp.com/v2/time_entries?page=2"
    pages = [page("time_entries", ENTRY, following=following), page("time_entries", {**ENTRY, "id": 2})]
    async with Account({"GET /v2/time_entries": pages}).client() as harvest:
        found = [entry.id async for entry in harvest.time_entries.list()]

    assert found == [636709355, 2]


async def test_a_create_returns_the_record_of_the_response():
    """A create is one call, beside the one that reads the company."""
    account = Account({"POST /v2/time_entries": ENTRY})
    async with account.client() as harvest:
        entry = await harvest.time_entries.create(1, 2, "2026-03-02", hours="2.11", external_reference={"id": "7"})

    assert (entry.id, account.calls) == (636709355, ["POST /v2/time_entries"])
    assert account.body == {
        "project_id": 1,
        "task_id": 2,
        "spent_date": "2026-03-02",
        "hours": Decimal("2.11"),
        "external_reference": {"id": "7"},
    }


async def test_the_company_is_read_once():
    """The kind of tracking is learned by one call per client."""
    account = Account({"POST /v2/time_entries": ENTRY})
    async with account.client() as harvest:
        await harvest.time_entries.create(1, 2, "2026-03-02", hours=1)
        await harvest.time_entries.create(1, 2, "2026-03-02", hours=1)

    assert len(account.requests) - len(account.calls) == 1


async def test_a_create_with_times_sends_times_of_day():
    """An account that tracks start and end times takes both."""
    account = Account({"POST /v2/time_entries": ENTRY}, by_times=True)
    async with account.client() as harvest:
        await harvest.time_entries.create(1, 2, "2026-03-02", started_time=time(8), ended_time=time(14, 30))

    assert (account.body["started_time"], account.body["ended_time"]) == ("8:00am", "2:30pm")


@pytest.mark.parametrize(
    ("by_times", "fields", "message"),
    [
        (False, {}, "give hours, or started_time and ended_time"),
        (False, {"started_time": time(8)}, "give hours, or started_time and ended_time"),
        (True, {"ended_time": time(8)}, "give hours, or started_time and ended_time"),
        (False, {"hours": 1, "started_time": time(8), "ended_time": time(9)}, "give hours, or"),
        (True, {"hours": 1}, "tracks start and end times"),
        (False, {"started_time": time(8), "ended_time": time(9)}, "tracks hours"),
        (False, {"hours": -1}, "0 or more hours"),
        (False, {"hours": None}, "give hours, or"),
        (False, {"hours": 1, "external_reference": {}}, "external_reference"),
        (False, {"hours": 1, "external_reference": {"group_id": "x"}}, "id is missing"),
        (False, {"hours": 1, "external_reference": {"id": "x", "service": "y"}}, "unknown field 'service'"),
        (False, {"hours": 1, "external_reference": {"id": 7}}, "give a text"),
        (False, {"hours": 1, "user_id": 0}, "user_id"),
        (False, {"hours": 1, "nonsense": 0}, "unknown field 'nonsense'"),
    ],
)
async def test_a_wrong_create_is_refused_before_it_is_sent(by_times, fields, message):
    """No time entry is sent, and no timer can start."""
    account = Account({}, by_times=by_times)
    async with account.client() as harvest:
        with pytest.raises(InvalidArgument, match=message):
            await harvest.time_entries.create(1, 2, "2026-03-02", **fields)

    assert account.calls == []


@pytest.mark.parametrize("by_times", [False, True])
async def test_start_sends_neither_hours_nor_an_end(by_times):
    """A create without hours and without an end starts a timer in both kinds of accounts."""
    account = Account({"POST /v2/time_entries": {**ENTRY, "is_running": True}}, by_times=by_times)
    async with account.client() as harvest:
        entry = await harvest.time_entries.start(1, 2, "2026-03-02", notes="Draft")

    assert entry.is_running
    assert account.body == {"project_id": 1, "task_id": 2, "spent_date": "2026-03-02", "notes": "Draft"}


async def test_start_takes_a_start_time_only_where_times_are_tracked():
    """An account that tracks hours would ignore the time."""
    account = Account({})
    async with account.client() as harvest:
        with pytest.raises(InvalidArgument, match="leave started_time out"):
            await harvest.time_entries.start(1, 2, "2026-03-02", started_time=time(8))


async def test_an_update_sends_only_what_differs():
    """A changed record is compared with the record that was read, nested ids included."""
    account = Account({"GET /v2/time_entries/636709355": ENTRY, "PATCH /v2/time_entries/636709355": ENTRY})
    async with account.client() as harvest:
        entry = await harvest.time_entries.get(636709355)
        changed = evolve(entry, notes="new", project=ProjectRef(id=9))
        await harvest.time_entries.update(entry, changed)

    assert account.body == {"notes": "new", "project_id": 9}


async def test_an_update_that_changes_nothing_sends_nothing():
    """An equal reference is no change."""
    entry = TimeEntry(id=5, notes="a", external_reference=ExternalReference(id="7", service="example.com"))
    account = Account({})
    async with account.client() as harvest:
        same = await harvest.time_entries.update(entry, notes="a", external_reference={"id": "7"})

    assert (same, account.requests) == (entry, [])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"locked_reason": "Item Archived"}, "Item Archived"),
        ({"locked_reason": "Item Invoiced"}, "Item Invoiced"),
        ({"locked_reason": "Item Invoiced and Archived"}, "Item Invoiced and Archived"),
        ({"locked_reason": "Item Locked for this Time Period"}, "Item Locked for this Time Period"),
        ({"approval_status": ApprovalStatus.APPROVED}, "approved"),
    ],
)
@pytest.mark.parametrize("call", ["update", "delete", "restart"])
async def test_locked_and_approved_time_is_refused(call, fields, reason):
    """The error names the reason that the record has."""
    entry = TimeEntry(id=5, is_locked=True, **fields)
    account = Account({})
    async with account.client() as harvest:
        with pytest.raises(InvalidArgument, match=f"this record is locked .{reason}"):
            await getattr(harvest.time_entries, call)(entry, **({"notes": "x"} if call == "update" else {}))

    assert account.requests == []


async def test_a_timer_is_restarted_and_stopped():
    """Both are PATCH without fields, and return the entry."""
    path = "/v2/time_entries/5"
    account = Account({f"PATCH {path}/restart": {**ENTRY, "is_running": True}, f"PATCH {path}/stop": ENTRY})
    async with account.client() as harvest:
        started = await harvest.time_entries.restart(5)
        stopped = await harvest.time_entries.stop(5)

    assert (started.is_running, stopped.is_running) == (True, False)
    assert account.calls == [f"PATCH {path}/restart", f"PATCH {path}/stop"]


@pytest.mark.parametrize(("call", "runs"), [("restart", True), ("stop", False)])
async def test_a_timer_in_the_wanted_state_is_refused(call, runs):
    """A record that runs is not restarted, one that does not is not stopped."""
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match="timer of this entry"):
            await getattr(harvest.time_entries, call)(TimeEntry(id=5, is_running=runs))


async def test_the_reference_of_an_entry_is_deleted():
    """The entry itself stays."""
    account = Account({"DELETE /v2/time_entries/5/external_reference": {}})
    async with account.client() as harvest:
        await harvest.time_entries.delete_reference(5)

    assert account.calls == ["DELETE /v2/time_entries/5/external_reference"]
