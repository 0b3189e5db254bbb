"""Invoices, estimates, payments and reports of API v2: the client against the sandbox."""

import asyncio
from contextlib import closing
from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve, frozen

from harvest_async import HarvestV2, InvalidArgument, Unprocessable
from harvest_async.sandbox import Sandbox
from tests.support.v2_account import client_of

DAY = date(2026, 3, 9)


@frozen
class FilledAccount:
    """A client with a billable project of 80 an hour, to which a task is assigned."""

    harvest: HarvestV2
    client: int
    project: int
    task: int

    async def invoice(self, *prices):
        """Create an invoice with a line for each price."""
        lines = [
            {"kind": "Service", "description": f"Line {place}", "unit_price": price}
            for place, price in enumerate(prices)
        ]
        return await self.harvest.invoices.create(self.client, line_items=lines)

    async def estimate(self):
        """Create an estimate with two lines."""
        lines = [{"kind": "Service", "description": text, "unit_price": 50} for text in ("First", "Second")]
        return await self.harvest.estimates.create(self.client, line_items=lines)

    async def log(self, day=DAY, hours="1.5"):
        """Create a time entry."""
        return await self.harvest.time_entries.create(self.project, self.task, spent_date=day, hours=Decimal(hours))

    async def spend(self, day=DAY, cost="20"):
        """Create an expense, in a category that exists after the first."""
        found = await self.harvest.expense_categories.list() or [await self.harvest.expense_categories.create("Meals")]
        return await self.harvest.expenses.create(self.project, found[0], day, total_cost=Decimal(cost))


def with_account(do):
    """Run a coroutine function of a new account that is filled and return its result."""

    async def run():
        with closing(Sandbox(calls=10_000)) as sandbox:
            async with client_of(sandbox) as harvest:
                client = await harvest.clients.create("ACME")
                project = await harvest.projects.create(
                    client, name="Rocket", is_billable=True, bill_by="Project", budget_by="none", hourly_rate=80
                )
                task = await harvest.tasks.create("Design")
                await harvest.task_assignments.create(project, task)
                return await do(FilledAccount(harvest, client.id, project.id, task.id))

    return asyncio.run(run())


INVOICE_EVENTS = [
    # the events, and the state after each
    (("send",), ("open",)),
    (("send", "close"), ("open", "closed")),
    (("send", "close", "reopen"), ("open", "closed", "open")),
    (("send", "draft", "send"), ("open", "draft", "open")),
    (("send", "close", "reopen", "draft"), ("open", "closed", "open", "draft")),
]
ESTIMATE_EVENTS = [
    (("send", "accept"), ("sent", "accepted")),
    (("send", "decline"), ("sent", "declined")),
    (("send", "accept", "reopen", "decline"), ("sent", "accepted", "sent", "declined")),
]


@pytest.mark.parametrize(
    ("kind", "events", "states"),
    [("invoice", *each) for each in INVOICE_EVENTS] + [("estimate", *each) for each in ESTIMATE_EVENTS],
)
def test_events_change_the_state(kind, events, states):
    """Each event is a message of its type, and the record has the state afterwards."""

    async def do(account):
        resource = getattr(account.harvest, f"{kind}s")
        record = await (account.invoice(100) if kind == "invoice" else account.estimate())
        seen = []
        for event in events:
            await getattr(resource, event)(record)
            record = await resource.get(record)
            seen.append(str(record.state))
        messages = await getattr(account.harvest, f"{kind}_messages").list(record)
        return tuple(seen), [str(each.event_type) for each in messages][::-1]

    seen, messages = with_account(do)

    assert seen == states
    assert messages == [{"reopen": "re-open"}.get(event, event) for event in events]


FORBIDDEN = [
    # kind, the events before, and the one that the state forbids
    ("invoice", (), "close"),
    ("invoice", (), "reopen"),
    ("invoice", (), "draft"),
    ("invoice", ("send",), "send"),
    ("invoice", ("send",), "reopen"),
    ("invoice", ("send", "close"), "close"),
    ("invoice", ("send", "close"), "draft"),
    ("estimate", (), "accept"),
    ("estimate", (), "decline"),
    ("estimate", (), "reopen"),
    ("estimate", ("send", "accept"), "decline"),
    ("estimate", ("send", "decline"), "accept"),
]


@pytest.mark.parametrize(("kind", "before", "event"), FORBIDDEN)
def test_an_event_that_the_state_forbids_is_refused(kind, before, event):
    """Sends nothing for a record whose state is known; by the id alone the server refuses with its reason."""

    async def do(account):
        resource = getattr(account.harvest, f"{kind}s")
        record = await (account.invoice(100) if kind == "invoice" else account.estimate())
        for each in before:
            await getattr(resource, each)(record.id)
        record = await resource.get(record)
        with pytest.raises(InvalidArgument, match=f"{kind}s.{event}"):
            await getattr(resource, event)(record)
        with pytest.raises(Unprocessable, match=str(record.state)):
            await getattr(resource, event)(record.id)
        return str((await resource.get(record)).state) == str(record.state)

    assert with_account(do)


@pytest.mark.parametrize("kind", ["invoice", "estimate"])
def test_lines_are_added_changed_and_removed(kind):
    """The amount is that of the lines, and a line that is not named stays."""

    async def do(account):
        resource = getattr(account.harvest, f"{kind}s")
        record = await (account.invoice(50, 50) if kind == "invoice" else account.estimate())
        first, second = record.line_items
        lines = [{"id": first.id, "quantity": Decimal("2.5")}, {"kind": "Product", "unit_price": 7}]
        added = await resource.update(record.id, line_items=lines)
        removed = await resource.update(record.id, line_items=[{"id": second.id, "_destroy": True}])
        changed = await resource.update(removed, evolve(removed, line_items=[*removed.line_items[1:]]))
        return [[(each.id, each.amount) for each in one.line_items] for one in (added, removed, changed)], (
            first.id,
            second.id,
            [added.amount, removed.amount, changed.amount],
        )

    (added, removed, changed), (first, second, amounts) = with_account(do)

    assert added[:2] == [(first, 125), (second, 50)]
    assert [amount for _, amount in added] == [125, 50, 7]
    assert removed == [added[0], added[2]]
    assert changed == [added[2]]
    assert amounts == [182, 132, 7]


def test_a_line_of_another_invoice_is_refused():
    """The server's reason names the id."""

    async def do(account):
        first, second = await account.invoice(1), await account.invoice(2)
        line = first.line_items[0].id
        with pytest.raises(Unprocessable, match=f"no line item with the id {line}"):
            await account.harvest.invoices.update(second.id, line_items=[{"id": line, "_destroy": True}])

    with_account(do)


def test_an_import_bills_time_and_expenses_until_the_invoice_is_deleted():
    """Marks the records in the range as billed, with the invoice; the delete makes them unbilled."""

    async def do(account):
        own = [await account.log(), await account.spend()]
        other = await account.log(DAY + timedelta(40))
        days = {"from": DAY, "to": DAY + timedelta(7)}
        parts = {"time": {"summary_type": "task", **days}, "expenses": {"summary_type": "category", **days}}
        invoice = await account.harvest.invoices.create(
            account.client, line_items_import={"project_ids": [account.project], **parts}
        )
        harvest = account.harvest

        async def billed():
            entry, expense = await harvest.time_entries.get(own[0]), await harvest.expenses.get(own[1])
            found = [each.invoice.id if each.invoice else None for each in (entry, expense)]
            rest = await harvest.time_entries.get(other)
            return [entry.is_billed, expense.is_billed, rest.is_billed], found, entry.locked_reason

        during = await billed()
        lines = [line.amount for line in invoice.line_items]
        await harvest.invoices.delete(invoice)
        return invoice.id, lines, during, await billed()

    number, lines, during, after = with_account(do)

    assert lines == [120, 20]
    assert during == ([True, True, False], [number, number], "Item Invoiced")
    assert after == ([False, False, False], [None, None], None)


def test_what_is_billed_is_not_billed_again():
    """A second import of the same project has no lines, and the report of uninvoiced amounts has nothing."""

    async def do(account):
        await account.log()
        source = {"project_ids": [account.project], "time": {"summary_type": "project"}}
        invoices = [await account.harvest.invoices.create(account.client, line_items_import=source) for _ in range(2)]
        (row,) = await account.harvest.reports.uninvoiced(DAY, DAY)
        return [len(each.line_items) for each in invoices], row.uninvoiced_hours

    assert with_account(do) == ([1, 0], 0)


def test_payments_change_the_state():
    """Lower the due amount, and make the invoice paid; a deleted payment opens it again."""

    async def do(account):
        invoices, payments = account.harvest.invoices, account.harvest.invoice_payments
        invoice = await account.invoice(100)
        with pytest.raises(InvalidArgument, match="draft"):
            await payments.create(invoice, 10)
        await invoices.send(invoice)
        seen = []
        made = []
        for amount in ("40", "60"):
            made.append(await payments.create(invoice.id, Decimal(amount), paid_date=DAY))
            read = await invoices.get(invoice)
            seen.append((str(read.state), read.due_amount))
        with pytest.raises(Unprocessable, match="due amount"):
            await payments.create(invoice.id, 1)
        with pytest.raises(Unprocessable, match="paid"):
            await invoices.close(invoice.id)
        await payments.delete(invoice, made[1])
        read = await invoices.get(invoice)
        return [*seen, (str(read.state), read.due_amount)], read.paid_date

    seen, paid_date = with_account(do)

    assert seen == [("open", 60), ("paid", 0), ("open", 60)]
    assert paid_date is None


@pytest.mark.parametrize("days", [0, 365, 366, 731, 1_500])
def test_a_report_over_years_has_the_sum_of_all(days):
    """Splits a range of more than 365 days, and counts each day once."""

    async def do(account):
        last = DAY + timedelta(days)
        logged = sorted({DAY, DAY + timedelta(min(365, days)), DAY + timedelta(min(366, days)), last})
        for day in logged:
            await account.log(day, "0.25")
        (row,) = await account.harvest.reports.time_by_project(DAY, last)
        return row.total_hours, Decimal("0.25") * len(logged)

    found, expected = with_account(do)

    assert found == expected


def test_a_range_that_the_server_refuses_has_its_reason():
    """Sent as it is, a range of more than 365 days gets the server's message."""

    async def do(account):
        with pytest.raises(InvalidArgument, match="more than 365 days"):
            account.harvest.reports.uninvoiced(DAY, DAY + timedelta(366))
        with pytest.raises(Unprocessable, match="365 days"):
            await account.harvest.request("GET", "/reports/uninvoiced", query={"from": "20240101", "to": "20260101"})
        return await account.harvest.reports.uninvoiced(DAY, DAY + timedelta(365))

    assert len(with_account(do)) == 1
