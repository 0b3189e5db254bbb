"""The client and the sandbox together: what only an account with a memory can show."""

from datetime import UTC, date, datetime, time
from decimal import Decimal

import pytest
from attrs import evolve

from harvest_async import BadRequest, DeleteResult, NotFound
from harvest_async.v1.models import Client, Invoice, InvoiceState, LineItem, Project
from tests.contract.cases import DAY, LINES, Ground

pytestmark = pytest.mark.anyio

MOMENT = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(params=["json", "xml"])
async def harvest(request, harvest_client):
    """A client of a fresh account, in either format."""
    async with harvest_client(format=request.param) as made:
        yield made


async def test_a_payment_that_is_removed_opens_the_invoice_again(harvest):
    """Paid in full it is paid; without the payment it is due."""
    invoice = await Ground(harvest).open_invoice()
    whole = await harvest.invoices.get(invoice)
    payment = await harvest.invoice_payments.create(invoice, whole.due_amount, MOMENT)

    assert (await harvest.invoices.get(invoice)).state is InvoiceState.PAID

    assert await harvest.invoice_payments.delete(invoice, payment) is DeleteResult.DELETED
    after = await harvest.invoices.get(invoice)

    assert (InvoiceState.OPEN, whole.due_amount) == (after.state, after.due_amount)


async def test_days_of_invoices_are_those_of_issue(harvest):
    """Not those on which they were made."""
    client = await Ground(harvest).client()
    early = await harvest.invoices.create(client, "free_form", issued_at=date(2026, 1, 5))
    late = await harvest.invoices.create(client, "free_form", issued_at=date(2026, 2, 5))
    january = await harvest.invoices.list(from_=date(2026, 1, 1), to=date(2026, 1, 31))
    both = await harvest.invoices.list(from_=date(2026, 1, 5), to=date(2026, 2, 5))

    assert [early.id] == [each.id for each in january]
    assert {early.id, late.id} == {each.id for each in both}


async def test_lines_come_back_as_they_were_sent(harvest):
    """Commas, quotes and line breaks included; the server works the amounts out."""
    invoice = await harvest.invoices.create(
        Invoice(client_id=(await Ground(harvest).client()).id, kind="free_form").with_lines(LINES)
    )

    assert [(line.kind, line.description, line.quantity) for line in LINES] == [
        (line.kind, line.description, line.quantity) for line in invoice.lines
    ]
    assert [Decimal(161), Decimal(20)] == [line.amount for line in invoice.lines]
    assert invoice.amount == Decimal(181)

    changed = await harvest.invoices.update(
        invoice,
        invoice.with_lines([LineItem(kind="Service", description="x", quantity=Decimal(1), unit_price=Decimal(5))]),
    )

    assert (changed.amount, len(changed.lines)) == (Decimal(5), 1)


async def test_an_update_of_notes_leaves_the_hours(harvest):
    """The server would set them to 0."""
    entry = await Ground(harvest).entry()
    after = await harvest.time.update(entry.id, notes="x")

    assert ("x", entry.hours, entry.spent_at, entry.project_id) == (
        after.notes,
        after.hours,
        after.spent_at,
        after.project_id,
    )


async def test_an_update_leaves_start_and_end(harvest_client):
    """Where time is tracked so."""
    from harvest_async.sandbox import Sandbox
    from harvest_async.testing import in_process

    sandbox = Sandbox(timestamp_timers=True)
    async with harvest_client(transport=in_process(sandbox)) as harvest:
        tracked = await Ground(harvest).tracked()
        entry = await harvest.time.create(
            tracked.project_id, tracked.task_id, started_at=time(9), ended_at=time(10, 30), spent_at=DAY
        )
        after = await harvest.time.update(entry, notes="x")
    sandbox.close()

    assert (time(9), time(10, 30), Decimal("1.5"), "x") == (after.started_at, after.ended_at, after.hours, after.notes)


async def test_the_life_of_a_draft(harvest):
    """A draft is made, read, changed and removed; the record always is as the account has it."""
    client = await harvest.clients.create(Client(name="ACME", details="One Way"))
    project = await harvest.projects.create(Project(client_id=client.id, name="Site", bill_by="people"))
    changed = await harvest.projects.update(project, evolve(project, name="Site 2", budget=Decimal("12.5")))

    kept = {name: getattr(project, name) for name in ("budget", "estimate", "updated_at")}
    assert project == evolve(changed, name="Site", **kept)
    assert (changed.budget, changed.estimate) == (Decimal("12.5"), Decimal("12.5"))
    assert await harvest.projects.get(changed) == changed

    with pytest.raises(BadRequest):
        await harvest.clients.delete(client)
    assert await harvest.projects.delete(changed) is DeleteResult.DELETED
    assert await harvest.clients.delete(client) is DeleteResult.DELETED
    with pytest.raises(NotFound):
        await harvest.clients.get(client)


async def test_more_invoices_than_a_page(harvest):
    """All come, each once, newest first or not."""
    client = await Ground(harvest).client()
    made = [(await harvest.invoices.create_id(client, "free_form")).id for _ in range(52)]
    found = [each.id async for each in harvest.invoices.list(client=client)]

    assert sorted(made) == sorted(found)


async def test_a_regular_user_gets_the_possible_reasons(harvest_client):
    """A report that is for administrators: both causes are named."""
    async with harvest_client("user@example.com") as harvest:
        with pytest.raises(NotFound, match=r"role may not see it.* administrators"):
            await harvest.reports.project_entries(1, DAY, DAY)
