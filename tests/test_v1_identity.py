"""Records that the server sent without an id: they are read, never merged, and refused where the id is needed."""

import pytest

from harvest_async import DecodeError, Directory, InvalidArgument
from harvest_async.v1.models import (
    Client,
    DayEntry,
    Expense,
    ExpenseCategory,
    Invoice,
    Me,
    Project,
    TrackableProject,
)
from harvest_async.v1.resources.account import WHO_AM_I
from harvest_async.v1.resources.clients import GET_CLIENT
from harvest_async.v1.resources.expenses import LIST_EXPENSE_CATEGORIES
from harvest_async.v1.resources.time import DAILY
from tests.support.v1 import read, reply, scripted, silent

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


XML = '<expense-categories type="array"><expense-category><name>A</name></expense-category><expense-category><id type="integer">2</id><name>B</name></expense-category><expense-category><id nil="true"/><name>C</name></expense-category></expense-categories>'
JSON = [
    {"expense_category": {"name": "A"}},
    {"expense_category": {"id": 2, "name": "B"}},
    {"expense_category": {"id": None, "name": "C"}},
]


@pytest.mark.parametrize("body", [JSON, XML], ids=["json", "xml"])
def test_a_list_may_hold_records_without_ids(body):
    """The others are read as ever, in the same order."""
    found = read(LIST_EXPENSE_CATEGORIES(), body)

    assert [(each.id, each.name) for each in found.items] == [(None, "A"), (2, "B"), (None, "C")]


@pytest.mark.parametrize(
    ("call", "body"),
    [
        (LIST_EXPENSE_CATEGORIES(), [{"expense_category": {"naem": "A"}}]),
        (LIST_EXPENSE_CATEGORIES(), [{"message": "no"}]),
        (WHO_AM_I(), {"company": {}, "user": {}}),
        (GET_CLIENT(7), {"client": {}}),
    ],
)
def test_an_object_that_knows_no_field_is_no_record(call, body):
    """It would be an empty record in the place of an error."""
    with pytest.raises(DecodeError, match=r"required field missing: id|missing"):
        read(call, body)


def test_records_inside_others_may_lack_their_ids():
    """The person who is signed in, and what a day holds."""
    who = read(WHO_AM_I(), {"company": {"name": "ACME"}, "user": {"email": "me@example.com"}})
    day = {"day_entries": [{"hours": 1}], "projects": [{"name": "P", "tasks": [{"name": "T"}]}]}
    daily = read(DAILY(slim=False), {"for_day": "2026-01-05", **day})

    assert (who.user.id, daily.day_entries[0].id) == (None, None)
    assert (daily.projects[0].id, daily.projects[0].tasks[0].id) == (None, None)


async def test_records_without_ids_are_never_merged():
    """Over the pages of a list, in which a record that comes again is given once."""
    page = [{"invoices": {"number": str(number)}} for number in range(50)]
    harvest, _ = scripted(
        reply(page), reply([{"invoices": {"number": "0"}}, {"invoices": {"id": 1}}, {"invoices": {"id": 1}}])
    )
    found = [each async for each in harvest.invoices.list()]

    assert [each.id for each in found] == [None] * 51 + [1]


NAMELESS = {
    "expense_categories.update": lambda harvest: harvest.expense_categories.update(
        ExpenseCategory(id=None, name="A"), name="B"
    ),
    "expense_categories.delete": lambda harvest: harvest.expense_categories.delete(ExpenseCategory(id=None)),
    "expenses.get": lambda harvest: harvest.expenses.get(Expense(id=None)),
    "expenses.create": lambda harvest: harvest.expenses.create(7, ExpenseCategory(id=None), "2026-01-05", total_cost=1),
    "receipts.get": lambda harvest: harvest.receipts.get(Expense(id=None)),
    "projects.toggle": lambda harvest: harvest.projects.toggle(Project(id=None)),
    "time.create": lambda harvest: harvest.time.create(TrackableProject(id=None), 8, hours=1),
    "time.update": lambda harvest: harvest.time.update(DayEntry(id=None), notes="x"),
    "time.daily": lambda harvest: harvest.time.daily(of_user=Me(id=None)),
    "invoices.create": lambda harvest: harvest.invoices.create(Client(id=None), "free_form"),
    "invoices.delete": lambda harvest: harvest.invoices.delete(Invoice(id=None)),
}


@pytest.mark.parametrize("name", NAMELESS)
async def test_a_call_that_needs_the_id_is_refused(name):
    """Before anything is sent, and the message says why."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match=r"without an id: give the id"):
        await NAMELESS[name](harvest)

    assert server.sent == []


@pytest.mark.parametrize("value", [None, 0])
async def test_an_id_that_is_none_is_refused(value):
    """It is what a record without an id has."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match="give an id"):
        await harvest.expenses.get(value)

    assert server.sent == []


async def test_a_record_without_an_id_is_no_draft():
    """It was read, so it is not made again."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match="came from the server, without an id"):
        await harvest.expense_categories.create(ExpenseCategory(id=None, name="A"))

    assert server.sent == []


async def test_a_new_record_without_an_id_is_read_by_its_location():
    """The body of the response is not needed where Location has the number."""
    whole = {"client": {"id": 7, "name": "ACME"}}
    harvest, server = scripted(reply({"client": {"name": "ACME"}}, 201, location="/clients/7"), reply(whole))
    made = await harvest.clients.create("ACME")

    assert (made.id, server.asked) == (7, [("POST", "/clients"), ("GET", "/clients/7")])


async def test_a_new_record_without_an_id_and_location_has_none():
    """It was created, so it is given as it is."""
    harvest, server = scripted(reply({"client": {"name": "ACME"}}, 201))
    made = await harvest.clients.create("ACME")

    assert ((made.id, made.name), len(server.sent)) == ((None, "ACME"), 1)


async def test_a_directory_refuses_records_without_ids():
    """It finds records by id."""
    harvest, _ = scripted(reply([{"client": {"name": "ACME"}}]))
    with pytest.raises(DecodeError, match="a Client came without an id"):
        await Directory(harvest).clients.all()


async def test_an_invoice_needs_no_kind():
    """The server makes it free form."""
    harvest, server = scripted(silent(201, location="/invoices/7"), reply({"invoice": {"id": 7}}))
    await harvest.invoices.create(7)

    assert server.body(0) == {"invoice": {"client_id": 7}}


async def test_a_payment_may_be_of_nothing():
    """An invoice of 0 is paid by it."""
    from datetime import UTC, datetime

    harvest, server = scripted(
        silent(201, location="/invoice/1/payments/7"), reply({"payment": {"id": 7, "amount": 0}})
    )
    await harvest.invoice_payments.create(1, 0, datetime(2026, 1, 5, tzinfo=UTC))

    assert server.body(0)["payment"]["amount"] == 0
