"""An account with one record of each kind of API v2, and what has to be so before some calls are accepted."""

from datetime import date

from harvest_async import BearerAuth, HarvestV2, Throttle
from harvest_async.testing import in_process

DAY = date(2026, 3, 9)


async def prepare(harvest):
    """Create one record of each kind; return the collection's variables for them."""
    client = await harvest.clients.create("Kept")
    contact = await harvest.contacts.create(client, "Person")
    project = await harvest.projects.create(
        client, name="Kept", is_billable=True, bill_by="Project", budget_by="project"
    )
    task = await harvest.tasks.create("Kept")
    on_task = await harvest.task_assignments.create(project, task)
    user = await harvest.users.create("Person", "Two", "person.two@example.com")
    on_user = await harvest.user_assignments.create(project, user)
    entry = await harvest.time_entries.create(
        project, task, spent_date=DAY, hours=1, external_reference={"id": "7", "group_id": "8"}
    )
    category = await harvest.expense_categories.create("Kept")
    expense = await harvest.expenses.create(project, category, DAY, total_cost=1)
    invoice = await harvest.invoices.create(client, line_items=[{"kind": "Service", "unit_price": 9}])
    message = await harvest.invoice_messages.create(
        invoice, recipients=[{"name": "Person", "email": "person.two@example.com"}]
    )
    payment = await harvest.invoice_payments.create(invoice.id, 1)
    estimate = await harvest.estimates.create(client, line_items=[{"kind": "Service", "unit_price": 9}])
    records = {
        "client": client,
        "contact": contact,
        "project": project,
        "task": task,
        "task_assignment": on_task,
        "user": user,
        "user_assignment": on_user,
        "time_entry": entry,
        "expense_category": category,
        "expense": expense,
        "invoice": invoice,
        "payment": payment,
        "message": message,
        "estimate": estimate,
        "role": await harvest.roles.create("Kept"),
        "invoice_item_category": await harvest.invoice_item_categories.create("Kept"),
        "estimate_item_category": await harvest.estimate_item_categories.create("Kept"),
        "billable_rate": await harvest.users.create_billable_rate(user, 10),
        "cost_rate": await harvest.users.create_cost_rate(user, 5),
    }
    return {f"{kind}_id": record.id for kind, record in records.items()}


def client_of(sandbox):
    """Return a client that leads to a sandbox."""
    options = {"transport": in_process(sandbox), "throttle": Throttle(calls=1000), "base_url": "http://127.0.0.1"}
    return HarvestV2(1, auth=BearerAuth("sandbox-token"), app="tests (tests@example.com)", **options)


async def spare_client(harvest, known):
    known["client_id"] = (await harvest.clients.create("Spare")).id


async def spare_project(harvest, known):
    made = {"name": "Spare", "is_billable": True, "bill_by": "Project", "budget_by": "project"}
    known["project_id"] = (await harvest.projects.create(known["client_id"], **made)).id


async def spare_category(harvest, known):
    known["expense_category_id"] = (await harvest.expense_categories.create("Spare")).id


async def spare_task(harvest, known):
    known["task_id"] = (await harvest.tasks.create("Spare")).id


async def spare_task_on_project(harvest, known):
    await spare_task(harvest, known)
    known["task_assignment_id"] = (await harvest.task_assignments.create(known["project_id"], known["task_id"])).id


async def person_without_time(harvest, known):
    made = await harvest.users.create("Spare", "Person", "spare@example.com")
    known["user_id"] = made.id


async def new_invoice(harvest, known):
    known["invoice_id"] = (await harvest.invoices.create(known["client_id"])).id


async def manager(harvest, known):
    await harvest.users.update(known["user_id"], access_roles=["manager"])


async def message_of_the_estimate(harvest, known):
    made = await harvest.estimate_messages.create(
        known["estimate_id"], [{"name": "Person", "email": "person.two@example.com"}]
    )
    known["message_id"] = made.id


async def running_timer(harvest, known):
    known["time_entry_id"] = (await harvest.time_entries.start(known["project_id"], known["task_id"], DAY)).id


BEFORE = {
    # what the account refuses as long as something else is so
    "clients.delete": spare_client,
    "estimate_messages.delete": message_of_the_estimate,
    "expense_categories.delete": spare_category,
    "invoice_messages.create": new_invoice,
    "projects.delete": spare_project,
    "task_assignments.create": spare_task,
    "task_assignments.delete": spare_task_on_project,
    "tasks.delete": spare_task,
    "time_entries.stop": running_timer,
    "user_assignments.create": person_without_time,
    "users.update_teammates": manager,
    "users.delete": person_without_time,
}
