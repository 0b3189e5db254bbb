"""Bad input: each its own clear error, before anything is sent where it can be known."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import Forbidden, InvalidArgument, NotFound, Unauthorized
from harvest_async.client import validation as checks
from harvest_async.v1.resources import endpoints
from tests.support.v1 import reply, scripted, silent

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

DAY = date(2026, 3, 9)
MOMENT = datetime(2026, 3, 9, 12, 30, 59, tzinfo=UTC)


# Numbers


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (1, "1"),
        (0.5, "0.5"),
        (-2.25, "-2.25"),
        (1e20, "100000000000000000000"),
        ("1.10", "1.10"),
        (" 7 ", "7"),
        (Decimal("0.1"), "0.1"),
    ],
)
def test_numbers_are_taken_where_they_are_exact(value, number):
    """Decimals, whole numbers, texts, and floats that are what they look like."""
    assert Decimal(number) == checks.number("rate", value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_float_is_taken_only_if_it_is_what_it_looks_like(value):
    """What is sent is never a digit off what was written down."""
    try:
        taken = checks.number("rate", value)
    except InvalidArgument:
        assert Decimal(value) != Decimal(repr(value))
    else:
        assert taken == Decimal(value) == Decimal(repr(value))


def test_an_inexact_float_is_refused_with_what_to_give():
    """The decimal that it was meant to be."""
    with pytest.raises(InvalidArgument, match=r"rate: the float 0.1 is not exact: give Decimal\('0.1'\)"):
        checks.number("rate", 0.1)


@pytest.mark.parametrize(
    "value", [True, None, "", "x", "1,5", float("nan"), float("inf"), Decimal("Infinity"), [1], 1j]
)
def test_what_is_no_number_is_refused(value):
    """Commas are not guessed at."""
    with pytest.raises(InvalidArgument, match="rate: give a decimal number"):
        checks.number("rate", value)


def test_hours_are_not_negative():
    """Of zero there may be as many as one likes."""
    assert Decimal(0) == checks.hours("hours", "0")
    with pytest.raises(InvalidArgument, match="hours: give 0 or more hours, not -1"):
        checks.hours("hours", -1)


# Days and moments


@pytest.mark.parametrize("value", [DAY, "2026-03-09", "20260309", " 2026-3-9"])
def test_days_are_dates_or_texts(value):
    """In ISO's forms, and a little around."""
    assert checks.day("day", value) == DAY


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("2026-02-30", "day is out of range|day 30 must be in range"),
        ("2026-13-01", "month must be in 1..12"),
        ("tomorrow", "expected a date like 2026-01-31"),
        (MOMENT, "give a date, not"),
        (date(206, 3, 9), "0206-03-09 is out of range: give a day from 1900 to 2199"),
        (date(9999, 12, 31), "out of range"),
        (20260309, "give a date, not 20260309"),
        (None, "give a date, not None"),
    ],
)
def test_what_is_no_day_is_refused(value, message):
    """Moments too: whose day it is depends on a zone."""
    with pytest.raises(InvalidArgument, match=f"day: .*({message})"):
        checks.day("day", value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (MOMENT, "2026-03-09 12:30"),
        (MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))), "2026-03-09 12:30"),
        (datetime(2026, 3, 9, 0, 15, tzinfo=timezone(timedelta(hours=1))), "2026-03-08 23:15"),
    ],
)
def test_updated_since_is_in_utc_and_rounded_down(value, text):
    """To whole minutes."""
    assert text == checks.since("updated_since", value)


class Nowhere(timezone.__base__):
    """A zone that does not know where it is."""

    def utcoffset(self, _):
        return None


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (datetime(2026, 3, 9), "has no time zone: give it one"),
        (datetime(2026, 3, 9, tzinfo=Nowhere()), "has no time zone"),
        (DAY, "give a datetime with a time zone"),
        ("2026-03-09 12:00", "give a datetime with a time zone"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=5))), "out of range"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-5))), "out of range"),
    ],
)
def test_updated_since_is_aware(value, message):
    """A time without a time zone is ambiguous."""
    with pytest.raises(InvalidArgument, match=f"updated_since: .*{message}"):
        checks.since("updated_since", value)


@pytest.mark.parametrize("value", [time(9, 0, 1), time(9, tzinfo=UTC), "9:00", 9])
async def test_times_of_day_are_whole_minutes_without_a_zone(value):
    """As the timesheet's clock shows them."""
    harvest, _ = scripted()
    with pytest.raises(InvalidArgument, match=r"time\.create: started_at: give"):
        await harvest.time.create(30, 40, started_at=value, ended_at=time(10))


LISTS = [
    lambda h, **when: h.clients.list(**when),
    lambda h, **when: h.contacts.list(**when),
    lambda h, **when: h.contacts.list(7, **when),
    lambda h, **when: h.projects.list(**when),
    lambda h, **when: h.tasks.list(**when),
    lambda h, **when: h.people.list(**when),
    lambda h, **when: h.task_assignments.list(30, **when),
    lambda h, **when: h.user_assignments.list(30, **when),
    lambda h, **when: h.expense_categories.list(**when),
    lambda h, **when: h.invoices.list(**when),
    lambda h, **when: h.reports.project_entries(30, DAY, DAY, **when),
    lambda h, **when: h.reports.user_entries(9, DAY, DAY, **when),
    lambda h, **when: h.reports.project_expenses(30, DAY, DAY, **when),
    lambda h, **when: h.reports.user_expenses(9, DAY, DAY, **when),
]


@pytest.mark.parametrize("make", LISTS)
async def test_every_list_that_knows_it_takes_updated_since(make):
    """The blank is a plus on the wire, the colon is escaped; a naive moment is refused at once."""
    harvest, server = scripted(reply([]))

    assert await make(harvest, updated_since=MOMENT) == []
    assert server.sent[0].url.query.endswith(b"updated_since=2026-03-09+12%3A30")

    with pytest.raises(InvalidArgument, match="has no time zone"):
        make(harvest, updated_since=datetime(2026, 3, 9))


@pytest.mark.parametrize("name", ["invoice_item_categories", "invoice_messages", "invoice_payments"])
def test_some_lists_do_not_know_it(name):
    """They would ignore it."""
    assert "updated_since" not in endpoints()[f"{name}.list"].parameters


# Reports

REPORTS = [
    lambda h, *days: h.reports.project_entries(30, *days),
    lambda h, *days: h.reports.user_entries(9, *days),
    lambda h, *days: h.reports.project_expenses(30, *days),
    lambda h, *days: h.reports.user_expenses(9, *days),
]


@pytest.mark.parametrize("make", REPORTS)
async def test_reports_have_two_days_in_order(make):
    """Both are always sent, without separators; the first is not after the last."""
    harvest, server = scripted(reply([]))
    await make(harvest, DAY, "2026-03-31")

    assert server.sent[0].url.query == b"from=20260309&to=20260331"

    with pytest.raises(InvalidArgument, match="from_=2026-03-10 lies after to=2026-03-09"):
        make(harvest, "2026-03-10", DAY)
    with pytest.raises(InvalidArgument, match="to: give a date, not None"):
        make(harvest, DAY, None)


@pytest.mark.parametrize("name", ["billable", "is_closed", "only_billed", "only_unbilled"])
async def test_a_filter_that_is_not_a_flag_is_refused(name):
    """The text "no" is not sent as yes."""
    harvest, _ = scripted()
    with pytest.raises(InvalidArgument, match=f"{name}: give True or False, not 'no'"):
        harvest.reports.user_entries(9, DAY, DAY, **{name: "no"})


async def test_filters_say_yes_or_no():
    """Two of them know no `no`, and are left out instead; all are joined by `&`, below the right path."""
    harvest, server = scripted(*[reply([])] * 4)
    await harvest.reports.project_entries(30, DAY, DAY, user_id=9, billable=True, is_closed=False, only_billed=True)
    await harvest.reports.user_entries(9, DAY, DAY, project_id=30, billable=False, only_unbilled=True)
    await harvest.reports.project_expenses(30, DAY, DAY, is_closed=True, only_billed=False, only_unbilled=False)
    await harvest.reports.user_expenses(9, DAY, DAY, is_closed=True, updated_since=MOMENT)
    days = b"from=20260309&to=20260309"

    assert [
        days + b"&user_id=9&billable=yes&is_closed=no&only_billed=yes",
        days + b"&project_id=30&billable=no&only_unbilled=yes",
        days + b"&is_closed=yes",
        days + b"&is_closed=yes&updated_since=2026-03-09+12%3A30",
    ] == [each.url.query for each in server.sent]
    assert server.asked[3] == ("GET", "/people/9/expenses")


# Roles and modules


@pytest.mark.parametrize(("status", "kind"), [(404, NotFound), (403, Forbidden), (401, Unauthorized)])
@pytest.mark.parametrize(
    "ask",
    [
        lambda h: h.reports.user_entries(9, DAY, DAY),
        lambda h: h.people.delete(9),
        lambda h: h.people.create("a@example.com", "A", "B"),
    ],
)
async def test_a_call_for_administrators_says_so_when_it_is_refused(ask, status, kind):
    """The role shows as 404, 403 or 401: the message names both causes."""
    harvest, _ = scripted(silent(status))
    with pytest.raises(kind, match=r"only administrators may make this call: check the role") as caught:
        await ask(harvest)

    assert caught.value.message == str(caught.value)


@pytest.mark.parametrize("ask", [lambda h: h.projects.list(), lambda h: h.clients.list(), lambda h: h.people.list()])
async def test_too_low_a_role_shows_as_nothing_there(ask):
    """Both causes are named."""
    harvest, server = scripted(silent(404))
    with pytest.raises(NotFound, match="no such record, or this person's role may not see it"):
        await ask(harvest)

    assert len(server.sent) == 1


MODULES = {"invoices": False, "expenses": True}


@pytest.mark.parametrize(
    "ask",
    [
        lambda h: h.invoices.get(7),
        lambda h: h.invoices.list(),
        lambda h: h.invoice_messages.list(7),
        lambda h: h.invoice_payments.get(7, 3),
        lambda h: h.invoice_item_categories.list(),
        lambda h: h.invoices.create(7, "free_form"),
        lambda h: h.invoice_messages.re_open(7),
    ],
)
async def test_a_module_that_is_off_is_named(ask):
    """The account is asked who is signed in, and where."""
    harvest, server = scripted(silent(404), reply({"company": {"modules": MODULES}, "user": {"id": 1}}))
    with pytest.raises(NotFound, match="the account's module 'invoices' is switched off"):
        await ask(harvest)

    assert server.asked[1] == ("GET", "/account/who_am_i")


async def test_a_module_that_is_on_is_asked_about_once():
    """Afterwards a 404 is what it is."""
    on = reply({"company": {"modules": {"invoices": True}}, "user": {"id": 1}})
    harvest, server = scripted(silent(404), on, silent(404))
    for _ in range(2):
        with pytest.raises(NotFound) as caught:
            await harvest.invoices.get(7)

        assert "the account's module" not in str(caught.value)

    assert len(server.sent) == 3


async def test_a_module_that_is_on_is_known_to_every_section_and_client():
    """What one section of one client has learned, the others know, and those made by `options()`."""
    on = reply({"company": {"modules": {"invoices": True}}, "user": {"id": 1}})
    harvest, server = scripted(silent(404), on, silent(404), silent(404))
    for ask in (harvest.invoices.get, harvest.options().invoices.get, harvest.invoice_messages.re_open):
        with pytest.raises(NotFound):
            await ask(7)

    assert server.asked.count(("GET", "/account/who_am_i")) == 1


@pytest.mark.parametrize("response", [silent(404), silent(401), reply({"company": {}, "user": {"id": 1}})])
async def test_an_account_that_does_not_tell_leaves_the_refusal_as_it_is(response):
    """With any outcome of the second call, the error of the first is raised."""
    harvest, _ = scripted(silent(404), response)
    with pytest.raises(NotFound, match="/invoices/7 returned 404"):
        await harvest.invoices.get(7)
