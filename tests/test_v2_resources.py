"""The resources of API v2: what is sent, and what is refused before anything is sent."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial

import httpx
import pytest
from attrs import evolve

from harvest_async import InvalidArgument
from harvest_async.v2.clients import Client
from harvest_async.v2.contacts import Contact
from harvest_async.v2.estimate_item_categories import EstimateItemCategory
from harvest_async.v2.expense_categories import ExpenseCategory
from harvest_async.v2.invoice_item_categories import InvoiceItemCategory
from harvest_async.v2.nested import ClientRef
from harvest_async.v2.roles import Role
from harvest_async.v2.tasks import Task
from harvest_async.v2.users import User
from tests.support.v2 import body_of, page, scripted

pytestmark = pytest.mark.anyio


def made(**fields):
    """Return the response of a write."""
    return httpx.Response(200, json={"id": 1, **fields})


async def test_filters_are_sent_as_the_server_reads_them():
    """Flags as words, datetimes in UTC, records as ids."""
    harvest, sent = scripted(page("projects"))
    since = datetime(2026, 1, 1, 12, 30, 15, 999, tzinfo=UTC)

    await harvest.projects.list(is_active=False, client_id=Client(id=3), updated_since=since, per_page=2000, cursor="c")

    expected = {"is_active": "false", "client_id": "3", "updated_since": "2026-01-01T12:30:15Z"}
    assert dict(sent[0].url.params) == {**expected, "cursor": "c", "per_page": "2000"}


def test_an_unknown_filter_is_refused():
    """Names the filters that there are, before anything is sent."""
    harvest, _ = scripted()

    with pytest.raises(InvalidArgument, match=r"unknown parameter 'project'\. Choose from: .*project_id"):
        harvest.time_entries.list(project=1)


@pytest.mark.parametrize(
    "paging",
    [
        {"per_page": 0},
        {"per_page": 2001},
        {"per_page": True},
        {"page": 0},
        {"page": "1"},
        {"cursor": ""},
        {"cursor": "a b"},
        {"cursor": "a\n"},
        {"cursor": 7},
    ],
)
def test_paging_out_of_range_is_refused(paging):
    """Before anything is sent."""
    harvest, _ = scripted()

    with pytest.raises(InvalidArgument, match=next(iter(paging))):
        harvest.clients.list(**paging)


@pytest.mark.parametrize("size", [0, 2001, -1, "100"])
def test_every_list_refuses_a_page_size_out_of_range(size):
    """Before anything is sent, in lists that are paged by cursor or number, and in reports."""
    harvest, sent = scripted()
    lists = (
        harvest.clients.list, harvest.time_entries.list, harvest.invoices.list, harvest.roles.list,
        partial(harvest.invoice_payments.list, 1), partial(harvest.users.teammates, 1),
        harvest.users.my_project_assignments, harvest.reports.project_budget,
        partial(harvest.reports.time_by_task, "2026-01-01", "2026-01-31"),
    )  # fmt: skip

    for each in lists:
        with pytest.raises(InvalidArgument, match="per_page: give a whole number from 1 to 2000"):
            each(per_page=size)

    assert sent == []


@pytest.mark.parametrize("id", [2**63, 2**64, "9223372036854775808", Client(id=2**63)])
async def test_an_id_above_64_bits_is_refused(id):
    """Before anything is sent; the largest id is sent as it is."""
    harvest, sent = scripted(httpx.Response(200, json={"id": 2**63 - 1}))

    with pytest.raises(InvalidArgument, match="an id of at most 9223372036854775807"):
        await harvest.clients.get(id)

    assert (await harvest.clients.get(2**63 - 1)).id == 2**63 - 1
    assert [each.url.path for each in sent] == ["/v2/clients/9223372036854775807"]


@pytest.mark.parametrize("id", [0, -1, True, "", "abc", "../users", None, 1.5, Client(), Client(id=None), User(id=1)])
async def test_an_invalid_id_is_refused(id):
    """Also a record of another kind, or one that was not created yet."""
    harvest, sent = scripted()

    with pytest.raises(InvalidArgument):
        await harvest.clients.get(id)

    assert sent == []


async def test_an_update_sends_only_what_differs():
    """Compared with the record as it was read; a nested record counts by its id."""
    before = Contact(id=1, client=ClientRef(id=2, name="ACME"), first_name="Ann", email="ann@example.com")
    harvest, sent = scripted(made(), made())

    await harvest.contacts.update(before, first_name="Ann", client_id=2, email="a@example.com")
    await harvest.contacts.update(before, evolve(before, client=ClientRef(id=3), email=None))

    assert [each.method for each in sent] == ["PATCH", "PATCH"]
    assert [body_of(each) for each in sent] == [{"email": "a@example.com"}, {"email": None, "client_id": 3}]


async def test_an_update_without_a_difference_sends_nothing():
    """It returns the record as it was given."""
    before = Client(id=1, name="ACME")
    harvest, sent = scripted()

    assert await harvest.clients.update(before, name="ACME") is before
    assert sent == []


DRAFTS = {
    "clients": (Client(name="A", currency="EUR"), {"name": "A", "currency": "EUR"}),
    "tasks": (Task(name="A", is_default=True), {"name": "A", "is_default": True}),
    "roles": (Role(name="A", user_ids=[1]), {"name": "A", "user_ids": [1]}),
    "expense_categories": (ExpenseCategory(name="A", unit_name="mile"), {"name": "A", "unit_name": "mile"}),
    "estimate_item_categories": (EstimateItemCategory(name="A"), {"name": "A"}),
    "invoice_item_categories": (InvoiceItemCategory(name="A"), {"name": "A"}),
}


@pytest.mark.parametrize("kind", DRAFTS)
async def test_a_record_is_created_from_a_draft(kind):
    """Only what the draft has is sent."""
    draft, expected = DRAFTS[kind]
    harvest, sent = scripted(made())

    assert (await getattr(harvest, kind).create(draft)).id == 1
    assert body_of(sent[0]) == expected


@pytest.mark.parametrize("kind", DRAFTS)
async def test_a_record_that_exists_is_not_created_again(kind):
    """The error names the method to use."""
    harvest, sent = scripted()

    with pytest.raises(InvalidArgument, match=rf"exists already, with id 5: use {kind}\.update"):
        await getattr(harvest, kind).create(evolve(DRAFTS[kind][0], id=5))

    assert sent == []


async def test_a_rate_keeps_its_decimal():
    """It is a number in JSON."""
    harvest, sent = scripted(made(amount=100.1))

    rate = await harvest.users.create_billable_rate(1, Decimal("100.1"), start_date=date(2020, 1, 1))

    assert (sent[0].content, rate.amount) == (b'{"amount":100.1,"start_date":"2020-01-01"}', Decimal("100.1"))


async def test_a_rate_from_the_future_is_refused():
    """The server knows only rates up to today."""
    harvest, sent = scripted()

    with pytest.raises(InvalidArgument, match="start_date"):
        await harvest.users.create_cost_rate(1, 10, start_date=datetime.now(UTC).date() + timedelta(days=3))

    assert sent == []


async def test_rates_are_not_changed_by_an_update_of_the_user():
    """The error names the calls that change them."""
    harvest, sent = scripted()

    with pytest.raises(InvalidArgument, match="create_cost_rate"):
        await harvest.users.update(1, cost_rate=10)

    assert sent == []


async def test_teammates_are_replaced():
    """Ids or users are accepted."""
    harvest, sent = scripted(httpx.Response(200, json={"teammates": [{"id": 2}, {"id": 3}]}))

    found = await harvest.users.update_teammates(1, [2, User(id=3)])

    assert ([each.id for each in found], body_of(sent[0])) == ([2, 3], {"teammate_ids": [2, 3]})


@pytest.mark.parametrize(
    "fields", [{"name": ""}, {"name": "A", "nme": 1}, {"name": "A", "is_active": "yes"}, {"name": None}]
)
async def test_an_invalid_field_is_refused(fields):
    """Missing, unknown or of the wrong type."""
    harvest, sent = scripted()

    with pytest.raises(InvalidArgument, match=r"clients\.create"):
        await harvest.clients.create(**fields)

    assert sent == []


async def test_old_users_have_flags_instead_of_access_roles():
    """Both forms are read."""
    harvest, _ = scripted(httpx.Response(200, json={"id": 1, "is_admin": True}))

    me = await harvest.users.me()

    assert (me.is_admin, me.access_roles) == (True, [])


async def test_my_project_assignments_have_tasks():
    """With the project, the client, and the tasks on which time can be tracked."""
    record = {"id": 1, "project": {"id": 2, "is_billable": True}, "task_assignments": [{"id": 3, "hourly_rate": 9.5}]}
    harvest, _ = scripted(page("project_assignments", record))

    (found,) = await harvest.users.my_project_assignments()

    assert (found.project_id, found.project.is_billable, found.task_assignments[0].hourly_rate) == (
        2,
        True,
        Decimal("9.5"),
    )
