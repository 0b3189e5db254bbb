"""How type checkers see drafts, changes, and records in the place of ids. Checked by mypy strict and pyright, never run."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import assert_type

from attrs import evolve

from harvest_async import (
    BearerAuth,
    Created,
    DeleteResult,
    FieldsIgnored,
    HarvestError,
    HarvestV1,
    ImageResponse,
    Listing,
)
from harvest_async.v1.models import (
    BillBy,
    Client,
    Contact,
    Currency,
    DayEntry,
    Expense,
    ExpenseCategory,
    Invoice,
    InvoiceItemCategory,
    InvoiceKind,
    InvoiceMessage,
    InvoicePayment,
    InvoiceState,
    InvoiceStatus,
    LineItem,
    Person,
    Project,
    Task,
    TaskAssignment,
    UserAssignment,
    due_in_words,
    iana_name,
    zone_name,
)

harvest = HarvestV1("acme", auth=BearerAuth("token"), app="Importer")
DAY = date(2026, 3, 9)


async def drafts(client: Client, project: Project, task: Task) -> None:
    """A record that is yet to be made, and one in the place of an id."""
    assert_type(await harvest.clients.create(Client(name="ACME")), Client)
    assert_type(await harvest.clients.create_id(Client(name="ACME")), Created[Client])
    assert_type(await harvest.projects.create(Project(name="Site", client_id=7)), Project)
    assert_type(await harvest.projects.create("Site", client, bill_by=BillBy.TASKS, budget=1.5), Project)
    assert_type(await harvest.task_assignments.create(project, task), TaskAssignment)
    assert_type(await harvest.time.create(DayEntry(project_id=1, task_id=2, hours=Decimal(1))), DayEntry)
    assert_type(await harvest.time.create(project, task, hours="1.5", spent_at="2026-03-09"), DayEntry)
    await harvest.clients.create(Client(name="ACME"), details="x")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportCallIssue]
    await harvest.projects.create("Site")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportCallIssue]
    await harvest.projects.get(task)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def changes(client: Client, person: Person, entry: DayEntry, assignment: UserAssignment) -> None:
    """What is given, or what differs."""
    assert_type(await harvest.clients.update(client, name="ACME 2"), Client)
    assert_type(await harvest.clients.update(client, evolve(client, name="ACME 2")), Client)
    assert_type(await harvest.people.update("one@example.com", timezone="Europe/Berlin"), Person)
    assert_type(await harvest.time.update(entry, evolve(entry, notes="x"), of_user=person), DayEntry)
    assert_type(await harvest.time.update(7, notes="x", hours=Decimal(1), project_id=8), DayEntry)
    assert_type(await harvest.user_assignments.update(7, assignment, hourly_rate=None), UserAssignment)
    assert_type(await harvest.projects.activate(7), Project)
    await harvest.clients.update(client, nam="x")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportCallIssue]
    await harvest.clients.update(client, name="x", state="y")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportCallIssue]


async def expenses(project: Project) -> AsyncIterator[bytes]:
    """Expenses and their receipts."""
    category = await harvest.expense_categories.create("Mileage", unit_name="km", unit_price=Decimal("0.3"))
    assert_type(category, ExpenseCategory)
    assert_type(category.active, bool | None)
    expense = await harvest.expenses.create(project, category, DAY, units=12, notes="Train")
    assert_type(expense, Expense)
    assert_type(harvest.expenses.list_for_date(DAY), Listing[Expense])
    assert_type(harvest.reports.user_expenses(7, DAY, DAY), Listing[Expense])
    assert_type(await harvest.receipts.attach(expense, Path("train.png")), None)
    assert_type(await harvest.receipts.get(expense), ImageResponse)
    async with harvest.receipts.stream(expense) as picture:
        assert_type(picture.content_type, str)
        async for chunk in picture:
            yield chunk


async def invoices(client: Client) -> None:
    """Invoices and what belongs to them."""
    lines = [LineItem(kind="Service", description="Work", quantity=Decimal(2), unit_price=Decimal(80))]
    invoice = await harvest.invoices.create(client, InvoiceKind.FREE_FORM, csv_line_items=lines)
    assert_type(invoice, Invoice)
    assert_type(invoice.lines, list[LineItem] | None)
    assert_type(invoice.state, InvoiceState | str | None)
    assert_type(invoice.currency, Currency | None)
    assert_type(await harvest.invoices.create(Invoice(client_id=7, kind="free_form").with_lines(lines)), Invoice)
    assert_type(harvest.invoices.list(status=InvoiceStatus.UNPAID, client=client), Listing[Invoice])
    assert_type(await harvest.invoices.update(invoice, evolve(invoice, subject="x")), Invoice)
    assert_type(await harvest.invoice_messages.send(invoice, ["one@example.com"], attach_pdf=True), InvoiceMessage)
    assert_type(await harvest.invoice_messages.mark_as_sent(invoice), Invoice)
    paid = await harvest.invoice_payments.create(invoice, Decimal(160), datetime(2026, 3, 9, tzinfo=UTC))
    assert_type(paid, InvoicePayment)
    assert_type(await harvest.invoice_payments.delete(invoice, paid), DeleteResult)
    assert_type(await harvest.invoice_item_categories.create("Hosting"), InvoiceItemCategory)
    assert_type(await harvest.contacts.create(client, "Person", "One", email="one@example.com"), Contact)
    await harvest.invoices.update(invoice, state="paid")  # type: ignore[call-overload] # pyright: ignore[reportArgumentType, reportCallIssue]


def words(currency: Currency, error: HarvestError) -> None:
    """What helps with the account's own words."""
    assert_type(currency.code, str | None)
    assert_type(due_in_words(14), str)
    assert_type(iana_name("Berlin"), str | None)
    assert_type(zone_name("Europe/Berlin"), str)
    if isinstance(error, FieldsIgnored):
        assert_type(error.names, tuple[str, ...])
