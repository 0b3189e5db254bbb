"""A case for each endpoint: what has to be there, and one use of it through the client.

`prepare` makes what the case needs by a client that nobody watches; `act` uses the endpoint by the watched client, and
gives what the client gives.
"""

from datetime import UTC, date, datetime
from decimal import Decimal

from attrs import frozen

from harvest_async.v1.models import LineItem

CASES = {}
DAY = date(2026, 3, 9)
MOMENT = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d494844520000000100000001080200000090775"
    "3de0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)
LINES = [
    LineItem(kind="Service", description='Pairing on "import", twice', quantity=Decimal(2), unit_price=Decimal("80.5")),
    LineItem(kind="Product", description="Two\nlines", quantity=Decimal(1), unit_price=Decimal(20), taxed=True),
]


@frozen
class Case:
    """One use of an endpoint."""

    name: str
    prepare: object
    act: object


def case(name, prepare=None):
    """Register a function as the use of an endpoint."""

    def register(act):
        assert name not in CASES

        CASES[name] = Case(name, prepare, act)
        return act

    return register


class Ground:
    """Makes what cases need."""

    def __init__(self, harvest):
        self.harvest = harvest

    async def nothing(self):
        return None

    async def me(self):
        return (await self.harvest.account.who_am_i()).user

    async def client(self):
        return await self.harvest.clients.create("ACME")

    async def project(self):
        return await self.harvest.projects.create("Site", (await self.client()).id)

    async def task(self):
        return await self.harvest.tasks.create("Design")

    async def person(self):
        return await self.harvest.people.create("person.one@example.com", "Person", "One")

    async def task_assignment(self):
        project, task = await self.project(), await self.task()
        return await self.harvest.task_assignments.create(project.id, task.id)

    async def second_task_assignment(self):
        first = await self.task_assignment()
        return await self.harvest.task_assignments.create_with_new_task(first.project_id, "Build")

    async def user_assignment(self):
        project, person = await self.project(), await self.person()
        return await self.harvest.user_assignments.create(project.id, person.id)

    async def project_and_task(self):
        project, task = await self.project(), await self.task()
        return project, task

    async def project_and_person(self):
        project, person = await self.project(), await self.person()
        return project, person

    async def tracked(self):
        """Create a project and a task on which the signed-in user can log time."""
        assignment, me = await self.task_assignment(), await self.me()
        people = await self.harvest.user_assignments.list(assignment.project_id)
        if me.id not in {each.user_id for each in people}:
            await self.harvest.user_assignments.create(assignment.project_id, me.id)
        return assignment

    async def entry(self):
        tracked = await self.tracked()
        return await self.harvest.time.create(
            tracked.project_id, tracked.task_id, hours=Decimal("1.25"), spent_at=DAY, notes="Wrote"
        )

    async def contact(self):
        return await self.harvest.contacts.create((await self.client()).id, "Person", "One", email="one@example.com")

    async def expense_category(self):
        return await self.harvest.expense_categories.create("Travel")

    async def category_with_unit(self):
        return await self.harvest.expense_categories.create("Mileage", unit_name="km", unit_price=Decimal("0.3"))

    async def ready_for_expenses(self):
        tracked, category = await self.tracked(), await self.expense_category()
        return tracked.project_id, category.id

    async def expense(self):
        project, category = await self.ready_for_expenses()
        return await self.harvest.expenses.create(project, category, DAY, total_cost=Decimal("12.34"), notes="Train")

    async def expense_with_receipt(self):
        expense = await self.expense()
        await self.harvest.receipts.attach(expense.id, PIXEL)
        return expense

    async def invoice(self):
        client = await self.client()
        return await self.harvest.invoices.create(client.id, "free_form", subject="Work", csv_line_items=LINES)

    async def open_invoice(self):
        return await self.harvest.invoice_messages.mark_as_sent((await self.invoice()).id)

    async def closed_invoice(self):
        return await self.harvest.invoice_messages.mark_as_closed((await self.open_invoice()).id)

    async def item_category(self):
        return await self.harvest.invoice_item_categories.create("Hosting")

    async def message(self):
        invoice = await self.invoice()
        return await self.harvest.invoice_messages.send(invoice.id, "one@example.com", body="Here")

    async def payment(self):
        invoice = await self.open_invoice()
        return await self.harvest.invoice_payments.create(invoice.id, Decimal("10.5"), MOMENT)


# Account


@case("account.who_am_i")
async def _(harvest, _):
    return await harvest.account.who_am_i()


@case("account.rate_limit_status")
async def _(harvest, _):
    return await harvest.account.rate_limit_status()


# Time tracking


@case("time_tracking.daily", Ground.entry)
async def _(harvest, _):
    return await harvest.time.daily()


@case("time_tracking.daily_for_date", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.daily(DAY, of_user=entry.user_id)


@case("time_tracking.show", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.get(entry.id)


@case("time_tracking.toggle_timer", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.toggle(entry.id)


@case("time_tracking.create", Ground.tracked)
async def _(harvest, tracked):
    return await harvest.time.create(
        tracked.project_id, tracked.task_id, hours=Decimal("0.5"), spent_at=DAY, notes="Read"
    )


@case("time_tracking.delete", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.delete(entry.id)


@case("time_tracking.update", Ground.entry)
async def _(harvest, entry):
    return await harvest.time.update(entry.id, notes="Wrote more")


# Clients


@case("clients.list", Ground.client)
async def _(harvest, _):
    return await harvest.clients.list()


@case("clients.get", Ground.client)
async def _(harvest, client):
    return await harvest.clients.get(client.id)


@case("clients.create")
async def _(harvest, _):
    return await harvest.clients.create("ACME & Sons", details="One Way\nSome Town", active=True, highrise_id=12)


@case("clients.update", Ground.client)
async def _(harvest, client):
    return await harvest.clients.update(client.id, name="ACME 2", currency="Euro - EUR", currency_symbol="€")


@case("clients.toggle", Ground.client)
async def _(harvest, client):
    return await harvest.clients.toggle(client.id)


@case("clients.delete", Ground.client)
async def _(harvest, client):
    return await harvest.clients.delete(client.id)


# Projects


@case("projects.get", Ground.project)
async def _(harvest, project):
    return await harvest.projects.get(project.id)


@case("projects.list", Ground.project)
async def _(harvest, project):
    return await harvest.projects.list(client=project.client_id)


@case("projects.create", Ground.client)
async def _(harvest, client):
    return await harvest.projects.create(
        "Site",
        client.id,
        bill_by="Tasks",
        budget_by="project",
        budget=Decimal("120.5"),
        billable=True,
        code="S-1",
        notes="",
        starts_on=DAY,
        ends_on=None,
        show_budget_to_all=False,
    )


@case("projects.update", Ground.project)
async def _(harvest, project):
    return await harvest.projects.update(project.id, name="Site 2", hourly_rate=Decimal("99.95"))


@case("projects.toggle", Ground.project)
async def _(harvest, project):
    return await harvest.projects.toggle(project.id)


@case("projects.delete", Ground.project)
async def _(harvest, project):
    return await harvest.projects.delete(project.id)


# Tasks


@case("tasks.get", Ground.task)
async def _(harvest, task):
    return await harvest.tasks.get(task.id)


@case("tasks.list", Ground.task)
async def _(harvest, _):
    return await harvest.tasks.list()


@case("tasks.create")
async def _(harvest, _):
    return await harvest.tasks.create("Design", billable_by_default=True, default_hourly_rate=Decimal(80))


@case("tasks.delete_or_archive", Ground.task)
async def _(harvest, task):
    return await harvest.tasks.delete(task.id)


@case("tasks.update", Ground.task)
async def _(harvest, task):
    return await harvest.tasks.update(task.id, name="Design 2", is_default=True)


@case("tasks.activate", Ground.task)
async def _(harvest, task):
    return await harvest.tasks.activate(task.id)


# People


@case("people.get", Ground.person)
async def _(harvest, person):
    return await harvest.people.get(person.email)


@case("people.list", Ground.person)
async def _(harvest, _):
    return await harvest.people.list()


@case("people.create")
async def _(harvest, _):
    return await harvest.people.create(
        "person.two@example.com",
        "Person",
        "Two",
        timezone="Eastern Time (US & Canada)",
        is_contractor=True,
        default_hourly_rate=Decimal("75.5"),
        cost_rate=None,
        department="Research & Development",
    )


@case("people.update", Ground.person)
async def _(harvest, person):
    return await harvest.people.update(person.id, first_name="Persona", telephone="555")


@case("people.delete", Ground.person)
async def _(harvest, person):
    return await harvest.people.delete(person.id)


@case("people.toggle", Ground.person)
async def _(harvest, person):
    return await harvest.people.toggle(person.id)


@case("people.reset_password", Ground.person)
async def _(harvest, person):
    return await harvest.people.reset_password(person.id)


# Assignments


@case("task_assignments.list", Ground.task_assignment)
async def _(harvest, assignment):
    return await harvest.task_assignments.list(assignment.project_id)


@case("task_assignments.get", Ground.task_assignment)
async def _(harvest, assignment):
    return await harvest.task_assignments.get(assignment.project_id, assignment.id)


@case("task_assignments.create", Ground.project_and_task)
async def _(harvest, both):
    project, task = both
    return await harvest.task_assignments.create(project.id, task.id)


@case("task_assignments.create_with_new_task", Ground.project)
async def _(harvest, project):
    return await harvest.task_assignments.create_with_new_task(project.id, "Build")


@case("task_assignments.delete", Ground.second_task_assignment)
async def _(harvest, assignment):
    return await harvest.task_assignments.delete(assignment.project_id, assignment.id)


@case("task_assignments.update", Ground.task_assignment)
async def _(harvest, assignment):
    return await harvest.task_assignments.update(
        assignment.project_id, assignment.id, billable=False, budget=Decimal("2.5"), hourly_rate=None
    )


@case("user_assignments.list", Ground.user_assignment)
async def _(harvest, assignment):
    return await harvest.user_assignments.list(assignment.project_id)


@case("user_assignments.get", Ground.user_assignment)
async def _(harvest, assignment):
    return await harvest.user_assignments.get(assignment.project_id, assignment.id)


@case("user_assignments.create", Ground.project_and_person)
async def _(harvest, both):
    project, person = both
    return await harvest.user_assignments.create(project.id, person.id)


@case("user_assignments.delete", Ground.user_assignment)
async def _(harvest, assignment):
    return await harvest.user_assignments.delete(assignment.project_id, assignment.id)


@case("user_assignments.update", Ground.user_assignment)
async def _(harvest, assignment):
    return await harvest.user_assignments.update(
        assignment.project_id, assignment.id, hourly_rate=Decimal("50.25"), is_project_manager=True
    )


# Reports


@case("reports.project_entries", Ground.entry)
async def _(harvest, entry):
    return await harvest.reports.project_entries(
        entry.project_id, DAY, DAY, user_id=entry.user_id, billable=True, is_closed=False, only_unbilled=True
    )


@case("reports.user_entries", Ground.entry)
async def _(harvest, entry):
    return await harvest.reports.user_entries(entry.user_id, DAY, DAY, project_id=entry.project_id)


@case("reports.user_expenses", Ground.expense)
async def _(harvest, expense):
    return await harvest.reports.user_expenses(expense.user_id or 1, DAY, DAY, is_closed=False)


@case("reports.project_expenses", Ground.expense)
async def _(harvest, expense):
    return await harvest.reports.project_expenses(expense.project_id, DAY, DAY, only_unbilled=True)


# Contacts


@case("contacts.list", Ground.contact)
async def _(harvest, _):
    return await harvest.contacts.list()


@case("contacts.list_for_client", Ground.contact)
async def _(harvest, contact):
    return await harvest.contacts.list(contact.client_id)


@case("contacts.get", Ground.contact)
async def _(harvest, contact):
    return await harvest.contacts.get(contact.id)


@case("contacts.create", Ground.client)
async def _(harvest, client):
    return await harvest.contacts.create(
        client.id,
        "Person",
        "Two",
        email="two@example.com",
        phone_office="555 & 1",
        phone_mobile="",
        title="Boss",
        fax=None,
    )


@case("contacts.update", Ground.contact)
async def _(harvest, contact):
    return await harvest.contacts.update(contact.id, last_name="Two", title="Chief", client_id=contact.client_id)


@case("contacts.delete", Ground.contact)
async def _(harvest, contact):
    return await harvest.contacts.delete(contact.id)


# Expenses


@case("expense_categories.list", Ground.category_with_unit)
async def _(harvest, _):
    return await harvest.expense_categories.list()


@case("expense_categories.get", Ground.category_with_unit)
async def _(harvest, category):
    return await harvest.expense_categories.get(category.id)


@case("expense_categories.create")
async def _(harvest, _):
    return await harvest.expense_categories.create("Mileage", unit_name="km", unit_price=Decimal("0.3"))


@case("expense_categories.update", Ground.expense_category)
async def _(harvest, category):
    return await harvest.expense_categories.update(category.id, name="Trips", unit_name=None, unit_price=None)


@case("expense_categories.delete", Ground.expense_category)
async def _(harvest, category):
    return await harvest.expense_categories.delete(category.id)


@case("expenses.list", Ground.expense)
async def _(harvest, _):
    return await harvest.expenses.list()


@case("expenses.list_for_date", Ground.expense)
async def _(harvest, _):
    return await harvest.expenses.list_for_date(DAY)


@case("expenses.get", Ground.expense)
async def _(harvest, expense):
    return await harvest.expenses.get(expense.id)


@case("expenses.create", Ground.ready_for_expenses)
async def _(harvest, both):
    project, category = both
    return await harvest.expenses.create(
        project, category, DAY, total_cost=Decimal("9.99"), notes="Lunch", billable=True
    )


@case("expenses.update", Ground.expense)
async def _(harvest, expense):
    return await harvest.expenses.update(expense.id, notes="Train, both ways", total_cost=Decimal("24.68"))


@case("expenses.delete", Ground.expense)
async def _(harvest, expense):
    return await harvest.expenses.delete(expense.id)


@case("receipts.attach", Ground.expense)
async def _(harvest, expense):
    return await harvest.receipts.attach(expense.id, PIXEL, filename="train.png")


@case("receipts.get", Ground.expense_with_receipt)
async def _(harvest, expense):
    return await harvest.receipts.get(expense.id)


# Invoices


@case("invoices.list", Ground.invoice)
async def _(harvest, invoice):
    return await harvest.invoices.list(
        status="draft", client=invoice.client_id, from_=invoice.issued_at, to=invoice.issued_at
    )


@case("invoices.get", Ground.invoice)
async def _(harvest, invoice):
    return await harvest.invoices.get(invoice.id)


@case("invoices.create", Ground.client)
async def _(harvest, client):
    return await harvest.invoices.create(
        client.id,
        "free_form",
        csv_line_items=LINES,
        due_at_human_format="NET 14",
        issued_at=DAY,
        notes="Thanks & bye",
        subject="",
        purchase_order=None,
        tax=Decimal(19),
        tax2=None,
        discount=Decimal("2.5"),
    )


@case("invoices.update", Ground.invoice)
async def _(harvest, invoice):
    return await harvest.invoices.update(invoice.id, subject="More work", csv_line_items=LINES[:1])


@case("invoices.delete", Ground.invoice)
async def _(harvest, invoice):
    return await harvest.invoices.delete(invoice.id)


@case("invoice_item_categories.list", Ground.item_category)
async def _(harvest, _):
    return await harvest.invoice_item_categories.list()


@case("invoice_item_categories.create")
async def _(harvest, _):
    return await harvest.invoice_item_categories.create("Hosting")


@case("invoice_item_categories.update", Ground.item_category)
async def _(harvest, category):
    return await harvest.invoice_item_categories.update(category.id, name="Servers")


@case("invoice_item_categories.delete", Ground.item_category)
async def _(harvest, category):
    return await harvest.invoice_item_categories.delete(category.id)


@case("invoice_messages.list", Ground.message)
async def _(harvest, message):
    return await harvest.invoice_messages.list(message.invoice_id)


@case("invoice_messages.get", Ground.message)
async def _(harvest, message):
    return await harvest.invoice_messages.get(message.invoice_id, message.id)


@case("invoice_messages.send", Ground.invoice)
async def _(harvest, invoice):
    return await harvest.invoice_messages.send(
        invoice.id,
        ["one@example.com", "two@example.com"],
        body="First\r\nSecond",
        attach_pdf=True,
        send_me_a_copy=False,
        include_pay_pal_link=False,
    )


@case("invoice_messages.delete", Ground.message)
async def _(harvest, message):
    return await harvest.invoice_messages.delete(message.invoice_id, message.id)


@case("invoice_messages.mark_as_sent", Ground.invoice)
async def _(harvest, invoice):
    return await harvest.invoice_messages.mark_as_sent(invoice.id, body="By post")


@case("invoice_messages.mark_as_closed", Ground.open_invoice)
async def _(harvest, invoice):
    return await harvest.invoice_messages.mark_as_closed(invoice.id)


@case("invoice_messages.re_open", Ground.closed_invoice)
async def _(harvest, invoice):
    return await harvest.invoice_messages.re_open(invoice.id)


@case("invoice_messages.mark_as_draft", Ground.open_invoice)
async def _(harvest, invoice):
    return await harvest.invoice_messages.mark_as_draft(invoice.id, body="Not yet")


@case("invoice_payments.list", Ground.payment)
async def _(harvest, payment):
    return await harvest.invoice_payments.list(payment.invoice_id)


@case("invoice_payments.get", Ground.payment)
async def _(harvest, payment):
    return await harvest.invoice_payments.get(payment.invoice_id, payment.id)


@case("invoice_payments.create", Ground.open_invoice)
async def _(harvest, invoice):
    return await harvest.invoice_payments.create(invoice.id, Decimal("10.5"), MOMENT, notes="Cash")


@case("invoice_payments.delete", Ground.payment)
async def _(harvest, payment):
    return await harvest.invoice_payments.delete(payment.invoice_id, payment.id)
