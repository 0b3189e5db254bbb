"""How type checkers see API v2, and conversions between versions. Checked by mypy strict and pyright, never run."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type

from attrs import evolve

from harvest_async import (
    BasicAuth,
    BearerAuth,
    Call,
    DeleteResult,
    DirectoryV2,
    HarvestV2,
    ImageResponse,
    Listing,
    RawResponse,
    Snapshot,
    Throttle,
    exports,
    imports,
    migrate,
)
from harvest_async.v1 import models as v1
from harvest_async.v2.accounts import Account
from harvest_async.v2.clients import Client
from harvest_async.v2.company import Company
from harvest_async.v2.contacts import Contact
from harvest_async.v2.entry_refs import InvoiceRef, MessageRecipient
from harvest_async.v2.estimate_item_categories import EstimateItemCategory
from harvest_async.v2.estimate_messages import EstimateEvent, EstimateMessage
from harvest_async.v2.estimates import Estimate, EstimateLineItem, EstimateState
from harvest_async.v2.expense_categories import ExpenseCategory
from harvest_async.v2.expenses import Expense, Receipt
from harvest_async.v2.invoice_item_categories import InvoiceItemCategory
from harvest_async.v2.invoice_messages import InvoiceEvent, InvoiceMessage, InvoiceMessageText
from harvest_async.v2.invoice_payments import InvoicePayment
from harvest_async.v2.invoice_records import Invoice, InvoiceLineItem, InvoiceState, PaymentOption
from harvest_async.v2.nested import ClientRef, ProjectRef, TaskRef, UserRef
from harvest_async.v2.projects import Project
from harvest_async.v2.report_records import ExpenseReportRow, ProjectBudgetRow, TimeReportRow, UninvoicedRow
from harvest_async.v2.roles import Role
from harvest_async.v2.task_assignments import TaskAssignment
from harvest_async.v2.tasks import Task
from harvest_async.v2.time_entry_records import ApprovalStatus, ExternalReference, TimeEntry
from harvest_async.v2.user_assignments import UserAssignment
from harvest_async.v2.user_rates import BillableRate, CostRate, ProjectAssignment, Teammate
from harvest_async.v2.users import User

DAY = date(2026, 3, 9)
SINCE = datetime(2026, 1, 1, tzinfo=UTC)

harvest = HarvestV2(7, auth=BearerAuth("token"), app="Importer (ops@example.com)", same_as="acme")
HarvestV2("7", auth=BearerAuth("token"), app="me@example.com", base_url="http://127.0.0.1", throttle=Throttle())
HarvestV2(auth=BearerAuth("token"), app="me@example.com")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
HarvestV2(7, auth="token", app="me@example.com")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
HarvestV2(7, auth=BearerAuth("token"), app="me@example.com", format="xml")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
HarvestV2(7, auth=BasicAuth("me@example.com", "secret"), app="me@example.com", same_as=8)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


# The client


async def the_client(call: Call[Any]) -> None:
    """The life of a client, its options, and what is not a resource."""
    async with harvest as opened:
        assert_type(opened, HarvestV2)
    assert_type(HarvestV2.from_env(timeout=5.0), HarvestV2)
    assert_type(await HarvestV2.connect(auth=BearerAuth("token"), app="me@example.com"), HarvestV2)
    assert_type(await harvest.accounts(), list[Account])
    assert_type(await harvest.check_account(), None)
    assert_type(harvest.account_id, int)
    assert_type(harvest.id_url, str)
    assert_type(harvest.throttle.snapshot("reports"), Snapshot)
    assert_type(harvest.options(timeout=5, lane="bulk", max_wait=1.0), HarvestV2)
    with harvest.bulk():
        pass
    assert_type(await harvest.request("GET", "/clients", query={"per_page": "1"}, repeatable=True), Any)
    raw = await harvest.with_raw_response(harvest.clients.get(7))
    assert_type(raw, RawResponse[Client])
    assert_type(call.name, str)
    assert_type(await exports.export(harvest, "backup"), exports.Exported)
    assert_type(await imports.resume(harvest, "acme.journal"), imports.Plan)
    DirectoryV2(harvest)
    harvest.people  # type: ignore[attr-defined] # noqa: B018 # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType, reportUnusedExpression]


# Clients, contacts and projects


async def clients_and_contacts(contact: Contact) -> None:
    """Clients and contacts, and what every list is."""
    listing = harvest.clients.list(is_active=True, updated_since=SINCE, per_page=100, cursor="abc")
    assert_type(listing, Listing[Client])
    assert_type(await listing, list[Client])
    async for client in listing:
        assert_type(client, Client)
        assert_type(client.id, int)
        assert_type(client.currency, str | None)
        assert_type(client.updated_at, datetime | None)
        assert_type(await harvest.clients.update(client, evolve(client, name="New")), Client)
    assert_type(await harvest.clients.get("7"), Client)
    assert_type(await harvest.clients.create("ACME", currency="EUR", address=None, is_active=True), Client)
    assert_type(await harvest.clients.create(Client(name="ACME")), Client)
    assert_type(await harvest.clients.update(7, is_active=False), Client)
    assert_type(await harvest.clients.delete(ClientRef(id=7)), DeleteResult)
    assert_type(await harvest.contacts.list(client_id=7, page=2), list[Contact])
    assert_type(await harvest.contacts.get(contact), Contact)
    assert_type(await harvest.contacts.create(7, "Jane", last_name="Doe", email=None), Contact)
    assert_type(await harvest.contacts.update(contact, phone_office="1"), Contact)
    assert_type(await harvest.contacts.delete(8), DeleteResult)
    assert_type(contact.client, ClientRef | None)
    assert_type(contact.client_id, int | None)
    harvest.clients.list(is_active="yes")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    harvest.clients.list(colour="red")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    harvest.clients.list(updated_since=DAY)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.clients.get(contact)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.clients.create()  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.clients.create("ACME", details="x")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.clients.update(7, name=None)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.contacts.create(7)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


async def projects(project: Project, client: Client) -> None:
    """Projects and the assignments of tasks and users."""
    assert_type(await harvest.projects.list(client_id=client, is_active=True), list[Project])
    assert_type(await harvest.projects.get(project), Project)
    made = await harvest.projects.create(
        client, "Website", is_billable=True, bill_by="Project", budget_by="project", budget="1.5", starts_on=DAY
    )
    assert_type(made, Project)
    assert_type(made.budget, Decimal | None)
    assert_type(made.starts_on, date | None)
    assert_type(await harvest.projects.update(made, hourly_rate=Decimal(80), ends_on=None), Project)
    assert_type(await harvest.projects.delete(ProjectRef(id=1)), DeleteResult)
    await harvest.projects.create(client, "Website", is_billable=True, bill_by="project", budget_by="none")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.projects.update(made, budget_by="Project")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.projects.create(client, "Website")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.projects.update(made, budget=[1])  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.projects.update(made, starts_on=5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.projects.update(made, client)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def assignments(project: Project, task: Task, user: User) -> None:
    """The tasks and the users of projects."""
    assert_type(await harvest.task_assignments.list(is_active=True), list[TaskAssignment])
    assert_type(await harvest.task_assignments.list_for_project(project, page=2), list[TaskAssignment])
    link = await harvest.task_assignments.create(project, task, billable=True, hourly_rate=None)
    assert_type(link, TaskAssignment)
    assert_type(link.task, TaskRef | None)
    assert_type(link.task_id, int | None)
    assert_type(await harvest.task_assignments.get(project, link), TaskAssignment)
    assert_type(await harvest.task_assignments.update(project, link, budget=10), TaskAssignment)
    assert_type(await harvest.task_assignments.delete(project, 5), DeleteResult)
    assert_type(await harvest.user_assignments.list(user_id=user), list[UserAssignment])
    assert_type(await harvest.user_assignments.list_for_project(project, user_id=9), list[UserAssignment])
    own = await harvest.user_assignments.create(project, user, use_default_rates=False)
    assert_type(own, UserAssignment)
    assert_type(own.user, UserRef | None)
    assert_type(await harvest.user_assignments.get(project, own), UserAssignment)
    assert_type(await harvest.user_assignments.update(project, own, is_project_manager=True), UserAssignment)
    assert_type(await harvest.user_assignments.delete(project, own), DeleteResult)
    harvest.task_assignments.list_for_project(project, cursor="abc")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.task_assignments.create(project, user)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.task_assignments.get(project)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.user_assignments.create(project, task)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


# Tasks, users and the company


async def tasks_and_roles(task: Task, role: Role) -> None:
    """Tasks and roles."""
    assert_type(await harvest.tasks.list(is_active=False), list[Task])
    assert_type(await harvest.tasks.get(task), Task)
    assert_type(await harvest.tasks.create("Design", default_hourly_rate="80.5", is_default=True), Task)
    assert_type(await harvest.tasks.update(task, evolve(task, name="New")), Task)
    assert_type(await harvest.tasks.delete(TaskRef(id=1)), DeleteResult)
    assert_type(task.default_hourly_rate, Decimal | None)
    assert_type(await harvest.roles.list(per_page=5), list[Role])
    assert_type(await harvest.roles.get(role), Role)
    assert_type(await harvest.roles.create("Designers", user_ids=[7, 8]), Role)
    assert_type(await harvest.roles.update(role, name="Design"), Role)
    assert_type(await harvest.roles.delete(role), DeleteResult)
    assert_type(role.user_ids, list[int])
    await harvest.tasks.create("Design", is_default="yes")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.roles.create("Designers", user_ids=7)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def users(user: User) -> None:
    """Users, their rates, teammates and projects."""
    assert_type(await harvest.users.me(), User)
    assert_type(await harvest.users.list(is_active=True), list[User])
    assert_type(await harvest.users.get(user), User)
    made = await harvest.users.create("Jane", "Doe", "jane@example.com", access_roles=["manager"], cost_rate=20)
    assert_type(made, User)
    assert_type(made.roles, list[str])
    assert_type(made.weekly_capacity, int | None)
    assert_type(await harvest.users.update(user, weekly_capacity=126_000), User)
    assert_type(await harvest.users.delete(user), DeleteResult)
    assert_type(await harvest.users.billable_rates(7), list[BillableRate])
    assert_type(await harvest.users.billable_rate(7, 1), BillableRate)
    assert_type(await harvest.users.create_billable_rate(7, "80.5", start_date=DAY), BillableRate)
    assert_type(await harvest.users.cost_rates(7, cursor="abc"), list[CostRate])
    assert_type(await harvest.users.cost_rate(7, 1), CostRate)
    assert_type(await harvest.users.create_cost_rate(7, Decimal(20), start_date=None), CostRate)
    assert_type(await harvest.users.teammates(7), list[Teammate])
    assert_type(await harvest.users.update_teammates(7, [8, 9]), tuple[Teammate, ...])
    assert_type(await harvest.users.project_assignments(7, updated_since=SINCE), list[ProjectAssignment])
    assert_type(await harvest.users.my_project_assignments(page=2), list[ProjectAssignment])
    await harvest.users.create("Jane", "Doe")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.users.update(user, cost_rate=20)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.users.create_cost_rate(7, None)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.users.me(7)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


async def the_company(company: Company) -> None:
    """The settings of the account."""
    assert_type(await harvest.company.get(), Company)
    assert_type(await harvest.company.update(wants_timestamp_timers=True, weekly_capacity=126_000), Company)
    assert_type(await harvest.company.update(company, weekly_capacity=0), Company)
    assert_type(company.expense_feature, bool | None)
    await harvest.company.update(name="ACME")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


# Time and expenses


async def time_entries(project: Project, task: Task, entry: TimeEntry) -> None:
    """Time entries, timers and references."""
    listing = harvest.time_entries.list(
        from_=DAY, to="2026-03-10", user_id=7, client_id=8, project_id=project, task_id=task, is_billed=False
    )
    assert_type(listing, Listing[TimeEntry])
    assert_type(await harvest.time_entries.list(external_reference_id="a", is_running=True), list[TimeEntry])
    assert_type(await harvest.time_entries.get(entry), TimeEntry)
    made = await harvest.time_entries.create(project, task, DAY, hours=Decimal("1.5"), notes="Work", user_id=7)
    assert_type(made, TimeEntry)
    assert_type(made.spent_date, date | None)
    assert_type(made.started_time, time | None)
    assert_type(made.client, ClientRef | None)
    assert_type(made.approval_status, ApprovalStatus | str | None)
    assert_type(made.external_reference, ExternalReference | None)
    assert_type(made.user_assignment, UserAssignment | None)
    assert_type(made.invoice, InvoiceRef | None)
    assert_type(
        await harvest.time_entries.create(1, 2, "2026-03-09", started_time=time(9), ended_time=time(10)), TimeEntry
    )
    reference = ExternalReference(id="a", permalink="https://example.com/a")
    assert_type(await harvest.time_entries.create(1, 2, DAY, hours=1, external_reference=reference), TimeEntry)
    assert_type(await harvest.time_entries.create(1, 2, DAY, hours=1, external_reference={"id": "a"}), TimeEntry)
    assert_type(await harvest.time_entries.start(project, task, DAY, notes="Work"), TimeEntry)
    assert_type(await harvest.time_entries.update(entry, hours="2"), TimeEntry)
    assert_type(await harvest.time_entries.update(entry, evolve(entry, notes=None)), TimeEntry)
    assert_type(await harvest.time_entries.restart(entry), TimeEntry)
    assert_type(await harvest.time_entries.stop(7), TimeEntry)
    assert_type(await harvest.time_entries.delete_reference(entry), DeleteResult)
    assert_type(await harvest.time_entries.delete(7), DeleteResult)
    await harvest.time_entries.create(project, task)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.time_entries.create(task, project, DAY, hours=1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.time_entries.create(1, 2, DAY, hours=1.5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.time_entries.create(1, 2, DAY, started_time="9:00")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.time_entries.create(1, 2, DAY, hours=1, external_reference={"colour": "red"})  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.time_entries.start(1, 2, DAY, hours=1)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.time_entries.update(entry, user_id=7)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.time_entries.get(project)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    harvest.time_entries.list(spent_at=DAY)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


async def expenses(project: Project, category: ExpenseCategory, expense: Expense, stream: AsyncIterator[bytes]) -> None:
    """Expenses, receipts and categories."""
    assert_type(await harvest.expenses.list(from_=DAY, to=DAY, user_id=7, is_billed=True), list[Expense])
    assert_type(await harvest.expenses.get(expense), Expense)
    made = await harvest.expenses.create(project, category, DAY, total_cost="12.50", receipt=Path("receipt.png"))
    assert_type(made, Expense)
    assert_type(made.units, Decimal | None)
    assert_type(made.receipt, Receipt | None)
    assert_type(made.expense_category_id, int | None)
    assert_type(await harvest.expenses.create(1, 2, DAY, units=3, receipt=b"", filename="a.png"), Expense)
    assert_type(await harvest.expenses.update(expense, delete_receipt=True), Expense)
    assert_type(await harvest.expenses.attach_receipt(expense, stream), Expense)
    assert_type(await harvest.expenses.get_receipt(expense, largest=1_000), ImageResponse)
    assert_type(await harvest.expenses.delete(expense), DeleteResult)
    assert_type(await harvest.expense_categories.list(is_active=True), list[ExpenseCategory])
    assert_type(await harvest.expense_categories.get(category), ExpenseCategory)
    assert_type(await harvest.expense_categories.create("Mileage", unit_name="km", unit_price=1), ExpenseCategory)
    assert_type(await harvest.expense_categories.update(category, is_active=False), ExpenseCategory)
    assert_type(await harvest.expense_categories.delete(category), DeleteResult)
    await harvest.expenses.create(project, category, DAY, total_cost=12.5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.expenses.create(project, project, DAY, units=1)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.expenses.get_receipt(7)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.expenses.update(expense, receipt=b"")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


# Invoices and estimates


async def invoices(client: Client, invoice: Invoice, category: InvoiceItemCategory) -> None:
    """Invoices, their states, and item categories."""
    assert_type(await harvest.invoices.list(from_=DAY, state=InvoiceState.OPEN, client_id=client), list[Invoice])
    assert_type(await harvest.invoices.get(invoice), Invoice)
    made = await harvest.invoices.create(
        client, line_items=[{"kind": "Service", "unit_price": 100}], due_date=DAY, tax="7.5", subject=None
    )
    assert_type(made, Invoice)
    assert_type(made.line_items, list[InvoiceLineItem])
    assert_type(made.line_items[0].project, ProjectRef | None)
    assert_type(made.state, InvoiceState | str | None)
    assert_type(made.due_amount, Decimal | None)
    assert_type(made.estimate_id, int | None)
    assert_type(
        await harvest.invoices.create(
            client,
            line_items_import={"project_ids": [9], "time": {"summary_type": "task", "from": DAY, "to": DAY}},
        ),
        Invoice,
    )
    assert_type(await harvest.invoices.update(invoice, line_items=[InvoiceLineItem(kind="Service")]), Invoice)
    assert_type(await harvest.invoices.update(invoice, evolve(invoice, notes="x")), Invoice)
    assert_type(await harvest.invoices.send(invoice), InvoiceMessage)
    assert_type(await harvest.invoices.close(7), InvoiceMessage)
    assert_type(await harvest.invoices.reopen(7), InvoiceMessage)
    assert_type(await harvest.invoices.draft(7), InvoiceMessage)
    assert_type(await harvest.invoices.delete(invoice), DeleteResult)
    assert_type(await harvest.invoice_item_categories.list(updated_since=SINCE), list[InvoiceItemCategory])
    assert_type(await harvest.invoice_item_categories.get(category), InvoiceItemCategory)
    assert_type(await harvest.invoice_item_categories.create("Service"), InvoiceItemCategory)
    assert_type(await harvest.invoice_item_categories.update(category, name="Work"), InvoiceItemCategory)
    assert_type(await harvest.invoice_item_categories.delete(1), DeleteResult)
    assert_type(await harvest.invoices.list(state="open"), list[Invoice])
    assert_type(await harvest.invoices.update(7, payment_term="net 30", payment_options=["ach"]), Invoice)
    assert_type(await harvest.invoices.update(7, payment_options=[PaymentOption.PAYPAL]), Invoice)
    harvest.invoices.list(state="sent")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    harvest.invoices.list(state=EstimateState.SENT)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.invoices.update(7, payment_term="NET 30")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.invoices.update(7, payment_options=["cash"])  # type: ignore[list-item] # pyright: ignore[reportArgumentType]
    await harvest.invoices.create(client, line_items_import={"project_ids": [9], "time": {"summary_type": "category"}})  # type: ignore[typeddict-item] # pyright: ignore[reportArgumentType]
    await harvest.invoices.create(client, state="open")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.invoices.create(client, line_items_import={"projects": [9]})  # type: ignore[typeddict-unknown-key] # pyright: ignore[reportArgumentType]
    await harvest.invoices.update(invoice, line_items_import={"project_ids": [9]})  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.invoices.update(invoice, tax=7.5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.invoices.send(client)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.invoice_item_categories.update(category, use_as_service=True)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


async def messages_and_payments(invoice: Invoice, message: InvoiceMessage, payment: InvoicePayment) -> None:
    """Messages and payments of invoices."""
    assert_type(await harvest.invoice_messages.list(invoice, updated_since=SINCE), list[InvoiceMessage])
    sent = await harvest.invoice_messages.create(invoice, recipients=["jane@example.com"], attach_pdf=True)
    assert_type(sent, InvoiceMessage)
    assert_type(sent.recipients, list[MessageRecipient])
    assert_type(sent.event_type, InvoiceEvent | str | None)
    assert_type(await harvest.invoice_messages.create(7, event_type=InvoiceEvent.CLOSE), InvoiceMessage)
    assert_type(await harvest.invoice_messages.text(invoice, reminder=True), InvoiceMessageText)
    assert_type(await harvest.invoice_messages.delete(invoice, message), DeleteResult)
    assert_type(await harvest.invoice_payments.list(invoice), list[InvoicePayment])
    assert_type(await harvest.invoice_payments.create(invoice, "10.5", paid_date=DAY), InvoicePayment)
    assert_type(await harvest.invoice_payments.create(7, 10, paid_at=SINCE, send_thank_you=False), InvoicePayment)
    assert_type(await harvest.invoice_payments.delete(invoice, payment), DeleteResult)
    assert_type(payment.amount, Decimal | None)
    assert_type(payment.paid_at, datetime | None)
    assert_type(await harvest.invoice_messages.create(7, event_type="re-open"), InvoiceMessage)
    await harvest.invoice_messages.create(invoice, event_type="reopen")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.invoice_messages.create(invoice, to="jane@example.com")  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.invoice_messages.delete(invoice, payment)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.invoice_payments.create(invoice)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.invoice_payments.create(invoice, 10.5)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.invoice_payments.create(invoice, 10, paid_at=DAY)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]


async def estimates(estimate: Estimate, category: EstimateItemCategory, message: EstimateMessage) -> None:
    """Estimates, their messages, and item categories."""
    assert_type(await harvest.estimates.list(state=EstimateState.SENT, from_=DAY), list[Estimate])
    assert_type(await harvest.estimates.get(estimate), Estimate)
    made = await harvest.estimates.create(7, line_items=[EstimateLineItem(kind="Service")], issue_date=DAY)
    assert_type(made, Estimate)
    assert_type(made.line_items, list[EstimateLineItem])
    assert_type(made.state, EstimateState | str | None)
    assert_type(await harvest.estimates.update(estimate, subject="Work"), Estimate)
    assert_type(await harvest.estimates.delete(estimate), DeleteResult)
    assert_type(await harvest.estimates.send(estimate), EstimateMessage)
    assert_type(await harvest.estimates.accept(7), EstimateMessage)
    assert_type(await harvest.estimates.decline(7), EstimateMessage)
    assert_type(await harvest.estimates.reopen(7), EstimateMessage)
    assert_type(await harvest.estimate_messages.list(estimate, per_page=5), list[EstimateMessage])
    assert_type(await harvest.estimate_messages.create(estimate, ["jane@example.com"], body="Hi"), EstimateMessage)
    assert_type(await harvest.estimate_messages.delete(estimate, message), DeleteResult)
    assert_type(message.event_type, EstimateEvent | str | None)
    assert_type(await harvest.estimate_item_categories.list(), list[EstimateItemCategory])
    assert_type(await harvest.estimate_item_categories.get(category), EstimateItemCategory)
    assert_type(await harvest.estimate_item_categories.create("Service"), EstimateItemCategory)
    assert_type(await harvest.estimate_item_categories.update(category, name="Work"), EstimateItemCategory)
    assert_type(await harvest.estimate_item_categories.delete(category), DeleteResult)
    assert_type(await harvest.estimates.list(state="declined"), list[Estimate])
    assert_type(await harvest.estimate_messages.create(7, ["jane@example.com"], event_type="send"), EstimateMessage)
    harvest.estimates.list(state="open")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.estimate_messages.create(7, ["jane@example.com"], event_type="close")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.estimates.create(7, due_date=DAY)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.estimates.accept(category)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType]
    await harvest.estimate_messages.create(estimate)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    await harvest.estimate_item_categories.create()  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


# Reports


async def reports() -> None:
    """Sums of hours and expenses, what is not invoiced, and budgets."""
    assert_type(harvest.reports.time_by_client(DAY, "2026-12-31"), Listing[TimeReportRow])
    assert_type(await harvest.reports.time_by_project(DAY, DAY, include_fixed_fee=True), list[TimeReportRow])
    assert_type(await harvest.reports.time_by_task(DAY, DAY, per_page=5), list[TimeReportRow])
    assert_type(await harvest.reports.time_by_user(DAY, DAY), list[TimeReportRow])
    assert_type(await harvest.reports.expenses_by_client(DAY, DAY), list[ExpenseReportRow])
    assert_type(await harvest.reports.expenses_by_project(DAY, DAY), list[ExpenseReportRow])
    assert_type(await harvest.reports.expenses_by_category(DAY, DAY), list[ExpenseReportRow])
    assert_type(await harvest.reports.expenses_by_user(DAY, DAY, page=2), list[ExpenseReportRow])
    assert_type(await harvest.reports.uninvoiced(DAY, DAY), list[UninvoicedRow])
    assert_type(await harvest.reports.project_budget(is_active=True), list[ProjectBudgetRow])
    async for row in harvest.reports.time_by_client(DAY, DAY):
        assert_type(row.total_hours, Decimal | None)
    harvest.reports.time_by_client(DAY)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    harvest.reports.expenses_by_user(DAY, DAY, include_fixed_fee=True)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]
    harvest.reports.project_budget(from_=DAY)  # type: ignore[call-arg] # pyright: ignore[reportCallIssue]


# Between the versions


def conversions(client: v1.Client, entry: TimeEntry, user: User) -> None:
    """Records of v1 become those of v2, and back."""
    converted = migrate.to_v2(client, lossy=["highrise_id"])
    assert_type(converted, migrate.Converted[Client])
    assert_type(converted.record, Client)
    assert_type(converted.lost, tuple[migrate.Loss, ...])
    assert_type(converted.missing, tuple[str, ...])
    assert_type(migrate.to_v2(v1.DayEntry(), related=[client]).record, TimeEntry)
    assert_type(migrate.to_v2(v1.ReportEntry(id=1), related=migrate.relate([client])).record, TimeEntry)
    assert_type(migrate.to_v2(v1.Me(id=1)).record, User)
    assert_type(migrate.to_v2(v1.Invoice(), lossy=True).record, Invoice)
    assert_type(migrate.to_v1(converted.record).record, v1.Client)
    assert_type(migrate.to_v1(entry).record, v1.DayEntry)
    assert_type(migrate.to_v1(entry, into=v1.ReportEntry).record, v1.ReportEntry)
    assert_type(migrate.to_v1(user).record, v1.Person)
    assert_type(migrate.to_v1(user, into=v1.Me).record, v1.Me)
    migrate.to_v2(entry)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType]
    migrate.to_v1(client)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType]
    migrate.to_v2(client, lossy=5)  # type: ignore[call-overload] # pyright: ignore[reportCallIssue, reportArgumentType]
