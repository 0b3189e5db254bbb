"""Time tracking: what its section of the API does like no other, quirk by quirk."""

import asyncio
from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from attrs import evolve

from harvest_async import BasicAuth, FieldsIgnored, Forbidden, InvalidArgument, OutcomeUnknown, WouldWait
from harvest_async.v1.models import DayEntry
from harvest_async.v1.resources.time import CREATE_ENTRY, DAILY, SHOW_ENTRY, UPDATE_ENTRY
from tests.contract import endpoints
from tests.support.v1 import read, reply, scripted, silent, written
from tests.test_v1_repeats import every_call

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

DAY = date(2026, 3, 9)
ENTRY = {
    "id": 5,
    "spent_at": "2026-03-09",
    "user_id": 1,
    "project_id": "30",
    "task_id": "40",
    "hours": 1.5,
    "notes": "Wrote",
    "created_at": "2026-03-09T09:00:00Z",
    "updated_at": "2026-03-09T09:00:00Z",
}
TIMED = {**ENTRY, "started_at": "9:00am", "ended_at": "10:30am"}
XML_ENTRY = """
<{root}>
  <day_entry>
    <id type="integer">5</id>
    <spent_at type="date">2026-03-09</spent_at>
    <project_id>30</project_id>
    <task_id>40</task_id>
    <hours type="float">1.5</hours>
    <notes>Wrote</notes>
  </day_entry>
  {beside}
</{root}>
"""


def xml_entry(root="timer", beside=""):
    return XML_ENTRY.format(root=root, beside=beside)


# Reading


SHOW = SHOW_ENTRY(5)


@pytest.mark.parametrize("body", [{**ENTRY, "project_id": 30, "task_id": 40}, ENTRY, xml_entry()])
def test_ids_are_numbers_whatever_they_come_as(body):
    """A project's id is a text in JSON, untyped in XML, and a number in the record."""
    entry = read(SHOW, body)

    assert (entry.project_id, entry.task_id) == (30, 40)


@pytest.mark.parametrize("body", [ENTRY, {"day_entry": ENTRY}, {"timer": {"day_entry": ENTRY}}, xml_entry()])
def test_an_entry_is_bare_or_nested(body):
    """JSON gives the bare entry, XML nests it; either may do either."""
    assert read(SHOW, body).hours == Decimal("1.5")


@pytest.mark.parametrize("root", ["timer", "add", "anything"])
def test_the_root_of_an_entry_does_not_matter(root):
    """The reply to a create is below `timer` or `add`."""
    assert read(CREATE_ENTRY(fields={}), xml_entry(root), status=201).record.id == 5


def test_a_short_reply_is_enough():
    """The documented reply to a create has little more than an id."""
    entry = read(SHOW, {"id": 5, "client": "ACME", "project": "Site", "task": "Design", "hours": 0.5})

    assert (entry.id, entry.client, entry.project_id, entry.spent_at) == (5, "ACME", None, None)


@pytest.mark.parametrize("body", [{**ENTRY, "hours_for_previously_running_timer": 2.25}, None])
def test_the_hours_of_the_timer_that_stopped_are_returned(body):
    """They are beside the entry's own keys in JSON, beside the entry in XML."""
    beside = '<hours_for_previously_running_timer type="float">2.25</hours_for_previously_running_timer>'
    entry = read(SHOW, body or xml_entry(beside=beside))

    assert entry.hours_for_previously_running_timer == Decimal("2.25")


DAYS = ["2026-03-09", "2026/03/09", "Mon, 09 Mar 2026", "Wed, 9 Mar 2026", "Sun, Mar 09 2026", " 2026-03-09\n"]


@pytest.mark.parametrize("text", DAYS)
def test_days_come_in_many_forms(text):
    """ISO, RFC and the samples' own; the name of the weekday is never looked at."""
    assert read(DAILY(slim=False), {"for_day": text, "day_entries": []}).for_day == DAY


@pytest.mark.parametrize(
    "text", ["2026-03-09T09:30:00Z", "Mon, 09 Mar 2026 09:30:00 +0000", "Thu, 09 Mar 2026 09:30:00 -0000"]
)
def test_moments_are_in_utc(text):
    """-0000 is UTC, too."""
    assert datetime(2026, 3, 9, 9, 30, tzinfo=UTC) == read(SHOW, {**ENTRY, "timer_started_at": text}).timer_started_at


@pytest.mark.parametrize(
    "body",
    [
        {"for_day": "2026-03-09", "day_entries": [ENTRY]},
        "<daily><for_day>2026-03-09</for_day><day_entries><day_entry><id>5</id></day_entry></day_entries></daily>",
        "<daily><for_day>2026-03-09</for_day><day_entries><day_entry><id>5</id></day_entry></day_entries><projects/></daily>",
    ],
)
def test_a_day_without_projects_has_none(body):
    """Read-only timesheets, people without projects, and short responses leave them out."""
    day = read(DAILY(slim=True), body)

    assert (day.projects, [entry.id for entry in day.day_entries]) == ([], [5])


@pytest.mark.parametrize("name", ["spent_at", "spent-at"])
def test_names_in_xml_may_have_dashes_or_underscores(name):
    """This section alone has underscores; reading takes both."""
    body = f"<timer><day-entry><id>5</id><{name}>2026-03-09</{name}></day-entry></timer>"

    assert read(SHOW, body).spent_at == DAY


@pytest.mark.parametrize(
    "body", [{**TIMED, "ended_at": ""}, "<timer><day_entry><id>5</id><ended_at/></day_entry></timer>"]
)
def test_the_end_of_a_running_timer_is_none(body):
    """The field is empty while the timer runs."""
    assert read(SHOW, body).ended_at is None


def test_kinds_of_hours_are_distinguished():
    """`hours` has the running timer in it; the two others come and go by endpoint."""
    entry = read(SHOW, {**ENTRY, "hours": 2.5, "hours_without_timer": 2, "hours_with_timer": None})

    assert (Decimal("2.5"), Decimal(2), None) == (entry.hours, entry.hours_without_timer, entry.hours_with_timer)


# Writing

FIELDS = {"project_id": 30, "task_id": 40, "hours": Decimal("0.5"), "spent_at": DAY, "notes": "a & b"}


@pytest.mark.parametrize("call", [CREATE_ENTRY(fields=FIELDS), UPDATE_ENTRY(5, fields=FIELDS)])
def test_a_request_is_wrapped_in_xml_alone(call):
    """In JSON the fields are at the top; days are ISO days in both."""
    assert written(call).content == (
        b'{"project_id":30,"task_id":40,"hours":0.5,"spent_at":"2026-03-09","notes":"a & b"}'
    )
    assert written(call, "xml").content.endswith(
        b"<request><project_id>30</project_id><task_id>40</task_id><hours>0.5</hours>"
        b"<spent_at>2026-03-09</spent_at><notes>a &amp; b</notes></request>"
    )


def test_an_update_is_a_post():
    """The documented method, not that of other clients."""
    assert written(UPDATE_ENTRY(5, fields={})).method == "POST"


@pytest.mark.parametrize("name", sorted(name for name, each in endpoints().items() if "of_user" in each.query))
def test_every_call_of_the_resource_knows_its_person(name):
    """Time tracking, expenses and receipts alike."""
    assert written(every_call(of_user=9)[name]).url.endswith("?of_user=9")


def test_the_person_of_a_timesheet_is_in_the_query():
    """Never in the body."""
    wire = written(CREATE_ENTRY(fields=FIELDS, of_user=9))

    assert wire.url.endswith("/daily/add?of_user=9")
    assert b"of_user" not in wire.content


@pytest.mark.parametrize(
    ("day", "path"),
    [(date(2026, 1, 1), "/daily/1/2026"), (date(2024, 12, 31), "/daily/366/2024"), (DAY, "/daily/68/2026")],
)
async def test_the_day_of_the_year_comes_first(day, path):
    """And is not padded."""
    harvest, server = scripted(reply({"for_day": day.isoformat(), "day_entries": []}), reply([]))
    await harvest.time.daily(day)
    await harvest.expenses.list_for_date(day)

    assert [("GET", path), ("GET", path.replace("daily", "expenses"))] == server.asked


def test_slim_is_asked_for_by_one():
    """Without it nothing is said of it."""
    assert written(DAILY(slim=True)).url.endswith("/daily?slim=1")
    assert written(DAILY(slim=False)).url.endswith("/daily")


# Timers


@pytest.mark.parametrize(("timestamps", "blank"), [(False, {"hours": ""}), (True, {"started_at": "", "ended_at": ""})])
async def test_a_timer_is_started_by_blanks(timestamps, blank):
    """By blank hours, or blank times where time is tracked by start and end; who is signed in is asked once."""
    me = reply({"company": {}, "user": {"id": 1, "timestamp_timers": timestamps}})
    harvest, server = scripted(me, reply(ENTRY, 201), reply(ENTRY, 201))
    await harvest.time.start_timer(30, 40, notes="Go")
    await harvest.time.start_timer(30, 40, notes="Go")

    assert {"project_id": 30, "task_id": 40, "notes": "Go", **blank} == server.body()
    assert server.asked == [("GET", "/account/who_am_i"), ("POST", "/daily/add"), ("POST", "/daily/add")]


ME = {"company": {}, "user": {"id": 1, "timestamp_timers": False}}
ASKED_ONCE = [("GET", "/account/who_am_i"), *[("POST", "/daily/add")] * 3]


async def test_clients_made_by_options_ask_once_who_is_signed_in():
    """What one of them learns, all of them know: three timers cost one question."""
    harvest, server = scripted(reply(ME), *(reply(ENTRY, 201) for _ in range(3)))
    for _ in range(3):
        await harvest.options(max_wait=60).time.start_timer(30, 40)

    assert server.asked == ASKED_ONCE


async def test_timers_started_at_once_ask_once_who_is_signed_in():
    """Also when all of them start before the first response is there."""
    harvest, server = scripted(reply(ME), *(reply(ENTRY, 201) for _ in range(3)))
    await asyncio.gather(*(harvest.options(max_wait=60).time.start_timer(30, 40) for _ in range(3)))

    assert server.asked == ASKED_ONCE


class AnyoneAuth(BasicAuth):
    """Lets anybody sign in."""

    async def sign_in(self, redirect, *, state, send):
        """Nothing is checked."""


async def test_after_a_sign_in_it_is_asked_again_who_is_signed_in():
    """Another person may track time in another way."""
    harvest, server = scripted(reply(ME), reply(ENTRY, 201), reply(ME), reply(ENTRY, 201))
    harvest._auth = AnyoneAuth("me@example.com", "hush-hush")
    other = harvest.options(max_wait=60)
    await harvest.time.start_timer(30, 40)
    await other.sign_in("https://app.example.com/back", state="state")
    await harvest.time.start_timer(30, 40)

    assert [path for _, path in server.asked] == ["/account/who_am_i", "/daily/add"] * 2


async def test_a_question_that_failed_is_asked_again_by_the_next():
    """Nothing is learned from a refusal, and a call that waited for the response sends its own."""
    harvest, server = scripted(reply({}, 403), reply(ME), reply(ENTRY, 201))
    results = await asyncio.gather(*(harvest.time.start_timer(30, 40) for _ in range(2)), return_exceptions=True)

    assert [type(each) for each in results] == [Forbidden, DayEntry]
    assert [path for _, path in server.asked] == ["/account/who_am_i"] * 2 + ["/daily/add"]


async def test_a_question_that_was_cancelled_is_asked_again_by_the_next():
    """The others don't wait for a response that will never come."""
    harvest, server = scripted(reply(ME), reply(ENTRY, 201))
    first, second = (asyncio.ensure_future(harvest.time.start_timer(30, 40)) for _ in range(2))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()

    assert (await second).id == 5
    assert first.cancelled()
    assert server.asked == [("GET", "/account/who_am_i"), ("POST", "/daily/add")]


async def test_a_call_does_not_wait_for_the_question_of_a_more_patient_one():
    """Who may wait for nothing is refused at once, while a patient one waits for the same response at the gate."""
    harvest, _ = scripted(*(reply(ME) for _ in range(100)), reply(ENTRY, 201))
    await asyncio.gather(*(harvest.account.who_am_i() for _ in range(99)))
    patient = asyncio.ensure_future(harvest.time.start_timer(30, 40))
    await asyncio.sleep(0.1)
    with pytest.raises(WouldWait):
        await harvest.options(max_wait=0.5).time.start_timer(30, 40)

    assert not patient.done()
    assert (await patient).id == 5


@pytest.mark.parametrize("hours", [None, "", " ", "blank", -1, float("nan"), True])
async def test_no_timer_starts_by_accident(hours):
    """Blank hours are refused before anything is sent."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument):
        await harvest.time.create(30, 40, hours=hours)

    assert server.asked == []


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"started_at": time(9)},
        {"ended_at": time(10)},
        {"hours": 1, "started_at": time(9)},
        {"hours": 1, "started_at": time(9), "ended_at": time(10)},
    ],
)
async def test_time_is_logged_by_hours_or_by_both_times(fields):
    """Anything between could start a timer."""
    harvest, _ = scripted()
    with pytest.raises(InvalidArgument, match="hours, or started_at and ended_at"):
        await harvest.time.create(30, 40, **fields)


async def test_a_toggle_is_never_sent_twice():
    """It is a GET, and it changes state."""
    harvest, server = scripted(silent(502))
    with pytest.raises(OutcomeUnknown):
        await harvest.time.toggle(5)

    assert server.asked == [("GET", "/daily/timer/5")]


async def test_a_toggle_is_sent_again_after_a_throttle_answer():
    """A refused call was not processed."""
    harvest, server = scripted(silent(503, **{"retry-after": "1"}), reply(ENTRY))

    assert (await harvest.time.toggle(5)).id == 5
    assert len(server.sent) == 2


async def test_a_restarted_timer_may_be_another_entry():
    """Where time is tracked by start and end, the toggle makes a new one."""
    harvest, _ = scripted(reply({**TIMED, "id": 6, "ended_at": "", "timer_started_at": "2026-03-09T12:00:00Z"}))

    assert (await harvest.time.toggle(5)).id == 6


# Updates


async def test_an_update_keeps_what_it_does_not_change():
    """The server resets what is left out, so the entry is read and sent whole."""
    harvest, server = scripted(reply(ENTRY), reply({**ENTRY, "notes": "x"}))
    entry = await harvest.time.update(5, notes="x")

    assert server.body() == {"notes": "x", "spent_at": "2026-03-09", "project_id": 30, "task_id": 40, "hours": 1.5}
    assert entry.hours == Decimal("1.5")
    assert server.asked == [("GET", "/daily/show/5"), ("POST", "/daily/update/5")]


async def test_an_update_keeps_start_and_end():
    """Where time is tracked so, hours are not sent."""
    harvest, server = scripted(reply(TIMED), reply({**TIMED, "notes": "x"}))
    await harvest.time.update(5, notes="x")

    assert (server.body()["started_at"], server.body()["ended_at"]) == ("9:00am", "10:30am")
    assert "hours" not in server.body()


async def test_an_update_may_give_both_times():
    """In place of the hours."""
    harvest, server = scripted(reply(ENTRY), reply(TIMED))
    await harvest.time.update(5, started_at=time(9), ended_at=time(10, 30))

    assert (server.body()["started_at"], server.body()["ended_at"]) == ("9:00am", "10:30am")
    assert "hours" not in server.body()


async def test_an_update_does_not_count_a_running_timer_twice():
    """What is sent are the hours from before it started: the timer goes on by itself."""
    running = {**ENTRY, "hours": 3.0, "hours_without_timer": 1.5, "timer_started_at": "2026-03-09T09:00:00Z"}
    harvest, server = scripted(reply(running), reply(running))
    await harvest.time.update(5, notes="x")

    assert server.body()["hours"] == 1.5


async def test_an_update_without_an_answer_is_read_back():
    """The documentation shows no body."""
    harvest, server = scripted(reply(ENTRY), silent(), reply({**ENTRY, "notes": "x"}))

    assert (await harvest.time.update(5, notes="x")).notes == "x"
    assert len(server.sent) == 3


async def test_nothing_is_sent_where_nothing_changes():
    """The given record is returned."""
    harvest, server = scripted()
    entry = read(SHOW, ENTRY)

    assert await harvest.time.update(entry, evolve(entry)) is entry
    assert await harvest.time.update(entry, notes="Wrote", hours="1.50") is entry
    assert server.asked == []


@pytest.mark.parametrize(
    ("was", "fields"),
    [
        (TIMED, {"hours": 2}),
        (ENTRY, {"started_at": time(9)}),
        (ENTRY, {"hours": 1, "started_at": time(9), "ended_at": time(10)}),
    ],
)
async def test_an_update_does_not_mix_hours_and_times(was, fields):
    """How an entry is tracked stays as it is."""
    harvest, server = scripted(reply(was))
    with pytest.raises(InvalidArgument, match="started_at"):
        await harvest.time.update(5, **fields)

    assert server.asked == [("GET", "/daily/show/5")]


async def test_an_update_of_locked_time_names_the_ignored_fields():
    """The server leaves three fields of a locked entry as they are, without a word."""
    harvest, _ = scripted(reply(ENTRY), reply({**ENTRY, "notes": "x"}))
    with pytest.raises(FieldsIgnored, match="left project_id, spent_at as they were") as caught:
        await harvest.time.update(5, notes="x", project_id=31, spent_at="2026-03-10")

    assert caught.value.names == ("project_id", "spent_at")
    assert caught.value.record.notes == "x"


# Drafts


async def test_a_draft_of_an_entry_is_logged():
    """What was read of an account that tracks by start and end has hours, too: they are not sent."""
    harvest, server = scripted(reply(TIMED, 201), reply(ENTRY, 201))
    await harvest.time.create(evolve(read(SHOW, TIMED), id=0))
    times = {"started_at": "9:00am", "ended_at": "10:30am"}

    assert {"project_id": 30, "task_id": 40, "spent_at": "2026-03-09", "notes": "Wrote", **times} == server.body()

    await harvest.time.create(DayEntry(project_id=30, task_id=40, hours=Decimal(1)))

    assert server.body() == {"project_id": 30, "task_id": 40, "hours": 1}


async def test_an_entry_can_be_made_without_a_read():
    """`create_id` returns what the response says; there is no `Location`."""
    harvest, _ = scripted(reply(ENTRY, 201))
    made = await harvest.time.create_id(30, 40, hours=1, notes=None)

    assert (made.id, made.location, made.record.notes) == (5, None, "Wrote")
