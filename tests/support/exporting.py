"""An account in a sandbox with something of everything in it, and exports of it."""

import asyncio
import json
from datetime import UTC, date, datetime
from decimal import Decimal

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, Throttle, exports
from harvest_async.testing import in_process
from tests.support.sandbox import new_sandbox

LINES = 'kind,description,quantity,unit_price,amount,taxed,taxed2,project_id\r\nService,"Work, and more",2.00,50.00,100.0,false,false,\r\n'
NOTES = 'Hé "quoted", two\nlines; =1+1'


def client_of(sandbox):
    """An administrator's client of a sandbox in process."""
    return HarvestV1(
        "sandbox",
        auth=BasicAuth("admin@example.com", "sandbox"),
        app="tests",
        base_url="http://127.0.0.1:1",
        transport=in_process(sandbox),
        throttle=Throttle(10_000, 15, pace="burst"),
    )


def v2_client_of(sandbox):
    """An administrator's client of a sandbox in process, by API v2."""
    return HarvestV2(
        1,
        auth=BearerAuth("sandbox-token"),
        app="tests (tests@example.com)",
        base_url="http://127.0.0.1:1",
        transport=in_process(sandbox),
        throttle=Throttle(10_000, 15, pace="burst"),
    )


CLIENTS = {"v1": client_of, "v2": v2_client_of}


def at(sandbox, job, api="v1"):
    """Run a coroutine function with a client of a sandbox."""

    async def main():
        async with CLIENTS[api](sandbox) as harvest:
            return await job(harvest)

    return asyncio.run(main())


async def fill(harvest):
    """Something of everything; gives the ids by what they are."""
    client = await harvest.clients.create("ACME", currency="Euro - EUR", details="1 Main Street\nSpringfield")
    await harvest.contacts.create(client.id, "Person", "Three", email="three@example.com", title="Buyer")
    project = await harvest.projects.create(
        "Website", client.id, code="WEB-1", billable=True, hourly_rate=Decimal("99.95"), starts_on=date(2026, 1, 1),
        notes="New",
    )  # fmt: skip
    task = await harvest.tasks.create("Design", billable_by_default=True, default_hourly_rate=Decimal("12.5"))
    person = await harvest.people.create("two@example.com", "Person", "Two", department="Design")
    await harvest.task_assignments.create(project.id, task.id)
    for who in (1, person.id):
        await harvest.user_assignments.create(project.id, who)
    entries = [
        await harvest.time.create(
            project.id, task.id, spent_at=date(2026, 1, 5), hours=hours, notes=NOTES, of_user=of_user
        )
        for hours, of_user in ((Decimal("1.25"), None), (Decimal("0.33"), person.id), (Decimal("0.33"), person.id))
    ]
    category = await harvest.expense_categories.create("Mileage", unit_name="km", unit_price=Decimal("0.35"))
    await harvest.expenses.create(project.id, category.id, date(2026, 1, 6), units=10, notes="There and back")
    invoice = await harvest.invoices.create(client.id, "free_form", number="2026-1", csv_line_items=LINES)
    await harvest.invoice_messages.mark_as_sent(invoice.id)
    await harvest.invoice_payments.create(invoice.id, Decimal("40.00"), datetime(2026, 1, 9, tzinfo=UTC), notes="Half")
    return {
        "client": client.id, "project": project.id, "task": task.id, "person": person.id, "invoice": invoice.id,
        "entry": entries[0].id, "category": category.id,
    }  # fmt: skip


def filled_sandbox(**options):
    """A sandbox with something of everything in it, and the ids."""
    sandbox = new_sandbox(**options)
    return sandbox, at(sandbox, fill)


def exported(sandbox, folder, **options):
    """Export a sandbox; what became of each kind, as (read, rows)."""
    reported = at(sandbox, lambda harvest: exports.export(harvest, folder, **options))
    return {kind.name: (kind.read, kind.rows) for kind in reported.kinds}


def records(folder, kind):
    """The records of a JSON Lines file."""
    return [json.loads(line) for line in (folder / f"{kind}.jsonl").read_text("utf-8").splitlines()]
