"""Records as the sandbox shows them by both API versions: what is converted from one is what the other shows.

For each kind there is a list of the fields in which the two differ, because the server shows them differently. Fields
that the conversion lists as missing are left out.
"""

from datetime import date, time

import pytest
from attrs import asdict, fields, has
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvest_async import migrate
from harvest_async.v1 import models as v1
from tests.support.record_strategies import TEXTS

pytestmark = pytest.mark.anyio

DAY = date(2026, 1, 5)
RIGHTS = {"can_see_rates", "can_create_projects", "can_create_invoices"}

NAMES = TEXTS.map(str.strip).filter(bool)
MONEY = st.decimals(0, 10**6, places=2)

SHOWN_DIFFERENTLY = {
    "me": {"avatar_url", *RIGHTS},  # v1 shows the rights that were granted, v2 those that administrators have, too
    "day_entry": set(),
    "report_entry": {"billable", "billable_rate", "cost_rate"},  # v1 shows them only where they apply
    "message": {"attach_pdf"},  # v1 only takes it
    "invoice": {"line_items.id"},
    "expense": {"receipt.url"},  # an address of either version
}
"""The fields of v2 in which what v1 shows differs, by kind."""


def leaves(value, path=""):
    """Yield the values of a record of v2 by path; those of lists are at the path of the list."""
    if has(type(value)):
        for each in fields(type(value)):
            yield from leaves(getattr(value, each.name), f"{path}.{each.name}".lstrip("."))
    elif isinstance(value, list) and any(has(type(each)) for each in value):
        for each in value:
            yield from leaves(each, path)
    else:
        yield path, value


def known(record, left_out):
    """Return the known values of a record by path, without those left out."""
    found = {}
    for path, value in leaves(record):
        if not any(f"{path}.".startswith(f"{each}.") for each in left_out) and value not in (None, [], {}):
            found.setdefault(path, []).append(value)
    return found


def check(kind, one, two, related):
    """Check that the conversion of what v1 shows is what v2 shows."""
    converted = migrate.to_v2(one, related=related, lossy=True)
    left_out = {*converted.missing, *SHOWN_DIFFERENTLY.get(kind, ())}

    assert known(converted.record, left_out) == known(two, left_out), kind


SHOWN_IN_V1 = {
    "me": {"avatar_url", "project_manager"},
    "report_entry": {"billable", "billable_rate", "cost_rate"},
    "message": {"attach_pdf"},
    "expense": {"receipt_url"},
}
"""The same for the fields of v1."""


def meaning(record):
    """Return the fields of a record of v1; blank texts are None, texts with a form are what they mean."""
    values = {name: None if value == "" else value for name, value in asdict(record, recurse=False).items()}
    if isinstance(record, v1.Invoice):
        values |= {"csv_line_items": record.lines, "due_at_human_format": record.days_until_due}
    return values


def check_back(kind, one, two, related):
    """Check that the conversion of what v2 shows is what v1 shows."""
    into = type(one) if isinstance(one, v1.ReportEntry | v1.Me) else None
    converted = migrate.to_v1(two, related=related, lossy=True, into=into)
    left_out = {*converted.missing, *SHOWN_IN_V1.get(kind, ())}
    had, found = (
        {name: value for name, value in meaning(each).items() if name not in left_out}
        for each in (one, converted.record)
    )

    assert found == had, kind


class Both:
    """An account with a client, a project, a task and two people, by both versions."""

    def __init__(self, one, two):
        self.one, self.two = one, two

    async def fill(self):
        """Create the records that others need."""
        one = self.one
        self.me = await one.account.who_am_i()
        self.client = await one.clients.create("ACME", currency="Euro - EUR", details="Main Street 1")
        fields = {"code": "W1", "billable": True, "bill_by": "Project", "budget_by": "project", "notes": "A site"}
        self.project = await one.projects.create(
            "Website", self.client, budget=100, hourly_rate="80.5", starts_on=DAY, **fields
        )
        self.task = await one.tasks.create("Design", default_hourly_rate="70", billable_by_default=True)
        await one.task_assignments.create(self.project, self.task)
        await one.user_assignments.create(self.project, 2)
        self.category = await one.expense_categories.create("Mileage", unit_name="km", unit_price="0.5")
        return self

    async def related(self):
        """Read all records that others refer to by v1."""
        one = self.one
        lists = (
            await one.clients.list(),
            await one.projects.list(),
            await one.tasks.list(),
            await one.people.list(),
            await one.expense_categories.list(),
            await one.invoices.list(),
            await one.task_assignments.list(self.project),
            await one.user_assignments.list(self.project),
        )
        return migrate.relate([self.me.user, *(each for records in lists for each in records)])

    async def compare(self, kind, one, two):
        """Check both ways of a record."""
        related = await self.related()
        check(kind, one, two, related)
        check_back(kind, one, two, related)


@pytest.fixture
async def both(harvest_sandbox, harvest_client, harvest_v2):
    """A filled account, in process."""
    harvest_sandbox.set_limits(10_000)
    async with harvest_client() as one, harvest_v2() as two:
        yield await Both(one, two).fill()


async def test_clients_and_contacts(both):
    """Converts clients and contacts."""
    contact = await both.one.contacts.create(both.client, "Jane", "Doe", email="jane@example.com", phone_office="1")

    await both.compare("client", await both.one.clients.get(both.client), await both.two.clients.get(both.client.id))
    await both.compare("contact", await both.one.contacts.get(contact), await both.two.contacts.get(contact.id))


async def test_projects_and_tasks(both):
    """Converts projects, tasks, and the assignments of tasks and users."""
    one, two, number = both.one, both.two, both.project.id
    await both.compare("project", await one.projects.get(number), await two.projects.get(number))
    await both.compare("task", await one.tasks.get(both.task), await two.tasks.get(both.task.id))
    for each in await one.task_assignments.list(number):
        await both.compare("task_assignment", each, await two.task_assignments.get(number, each.id))
    for each in await one.user_assignments.list(number):
        await both.compare("user_assignment", each, await two.user_assignments.get(number, each.id))


async def test_archived_records(both):
    """Converts archived records, whose flags have the opposite meaning in one version."""
    one, two = both.one, both.two
    await two.tasks.update(both.task.id, is_active=False)
    await two.projects.update(both.project.id, is_active=False)

    await both.compare("task", await one.tasks.get(both.task), await two.tasks.get(both.task.id))
    await both.compare("project", await one.projects.get(both.project), await two.projects.get(both.project.id))
    assert migrate.to_v2(await one.tasks.get(both.task)).record.is_active is False


async def test_people_and_the_account(both):
    """Converts people, the signed-in person, and the company."""
    await both.two.users.create("Max", "Doe", "max@example.com", access_roles=["manager"], cost_rate="20")
    for each in await both.one.people.list():
        await both.compare("user", each, await both.two.users.get(each.id))
    await both.compare("me", both.me.user, await both.two.users.me())
    await both.compare("company", both.me.company, await both.two.company.get())


async def test_time_entries(both):
    """Converts entries of timesheets and of reports, running timers included."""
    one, two = both.one, both.two
    logged = await one.time.create(both.project, both.task, hours="1.25", spent_at=DAY, notes="Work")
    started = await two.time_entries.start(both.project.id, both.task.id, spent_date=DAY)
    for number in (logged.id, started.id):
        await both.compare("day_entry", await one.time.get(number), await two.time_entries.get(number))
    reported = await one.reports.project_entries(both.project, DAY, DAY)
    assert len(reported) == 2
    for each in reported:
        await both.compare("report_entry", each, await two.time_entries.get(each.id))


async def test_start_and_end_times(both):
    """Converts times of day, on an account that tracks them."""
    await both.two.company.update(wants_timestamp_timers=True)
    entry = await both.two.time_entries.create(
        both.project.id,
        both.task.id,
        spent_date=DAY,
        started_time=time(9, 30),
        ended_time=time(23, 59),
    )

    await both.compare("day_entry", await both.one.time.get(entry.id), await both.two.time_entries.get(entry.id))


async def test_expenses(both):
    """Converts expenses by units, with and without receipts, and categories."""
    one, two = both.one, both.two
    plain = await one.expenses.create(both.project, both.category, spent_at=DAY, units=20, notes="To the client")
    paid = await one.expenses.create(both.project, both.category, spent_at=DAY, units=1)
    await one.receipts.attach(paid, b"\x89PNG\r\n\x1a\n", filename="receipt.png")
    for each in (plain, paid):
        await both.compare("expense", await one.expenses.get(each), await two.expenses.get(each.id))
    shown = await one.expense_categories.get(both.category)
    await both.compare("expense_category", shown, await two.expense_categories.get(both.category.id))


async def test_invoices(both):
    """Converts invoices with their lines, messages and payments, and the item categories."""
    one, two = both.one, both.two
    line = {
        "kind": "Service",
        "description": 'a, "b"',
        "quantity": "1.5",
        "unit_price": 100,
        "project_id": both.project.id,
    }
    invoice = await two.invoices.create(
        both.client.id, line_items=[line], tax=10, payment_term="net 30", subject="Work"
    )
    recipients = [{"name": "Doe, Jane", "email": "jane@example.com"}, "max@example.com"]
    message = await two.invoice_messages.create(invoice, recipients=recipients, subject="Hello", body="Two\nlines")
    payment = await two.invoice_payments.create(invoice.id, "16.5", notes="Cash")

    await both.compare("invoice", await one.invoices.get(invoice.id), await two.invoices.get(invoice.id))
    await both.compare("message", await one.invoice_messages.get(invoice.id, message.id), message)
    await both.compare("payment", await one.invoice_payments.get(invoice.id, payment.id), payment)
    for each in await one.invoice_item_categories.list():
        await both.compare("item_category", each, await two.invoice_item_categories.get(each.id))


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    project=st.fixed_dictionaries(
        {
            "name": NAMES,
            "code": st.none() | NAMES,
            "notes": st.none() | NAMES,
            "bill_by": st.sampled_from(["none", "Project", "Tasks", "People"]),
            "budget_by": st.sampled_from(["none", "project", "project_cost", "task", "task_fees", "person"]),
            "budget": st.none() | MONEY,
            "cost_budget": st.none() | MONEY,
            "hourly_rate": st.none() | MONEY,
            "is_billable": st.booleans(),
            "is_fixed_fee": st.booleans(),
            "show_budget_to_all": st.booleans(),
            "starts_on": st.none() | st.dates(DAY, DAY.replace(year=2100)),
        }
    ),
    client=st.fixed_dictionaries({"address": st.none() | NAMES, "currency": st.sampled_from(["EUR", "USD", "CHF"])}),
    cost=st.fixed_dictionaries({"units": st.integers(1, 999), "notes": st.none() | NAMES, "billable": st.booleans()}),
    task=st.fixed_dictionaries({"billable_by_default": st.booleans(), "default_hourly_rate": st.none() | MONEY}),
    entry=st.fixed_dictionaries({"hours": st.decimals(0, 24, places=2), "notes": st.none() | NAMES}),
)
async def test_any_values(both, client, project, task, entry, cost):
    """Converts clients, projects, tasks, time entries and expenses with any values that the server accepts."""
    one, two, number = both.one, both.two, both.project.id
    await two.clients.update(both.client.id, **client)
    await two.projects.update(number, **project)
    await two.tasks.update(both.task.id, **task)
    spent = await two.expenses.create(number, both.category.id, DAY, **cost)
    logged = await two.time_entries.create(number, both.task.id, spent_date=DAY, **entry)

    await both.compare("client", await one.clients.get(both.client), await two.clients.get(both.client.id))
    await both.compare("expense", await one.expenses.get(spent.id), await two.expenses.get(spent.id))
    await both.compare("project", await one.projects.get(number), await two.projects.get(number))
    await both.compare("task", await one.tasks.get(both.task), await two.tasks.get(both.task.id))
    await both.compare("day_entry", await one.time.get(logged.id), await two.time_entries.get(logged.id))
