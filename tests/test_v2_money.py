"""Expenses, invoices and estimates of API v2."""

from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO

import httpx
import pytest
from attrs import evolve

from harvest_async.errors import InvalidArgument
from harvest_async.v2.estimates import Estimate, EstimateLineItem
from harvest_async.v2.expenses import Expense, Receipt
from harvest_async.v2.invoice_records import Invoice, InvoiceLineItem, InvoiceState
from tests.support.v2_responses import Account, page

pytestmark = pytest.mark.anyio

PNG = b"\x89PNG\r\n\x1a\n" + b"image"
EXPENSE = {
    "id": 15,
    "units": 1.0,
    "total_cost": 13.59,
    "expense_category": {"id": 3, "name": "Meals", "unit_price": "0.5", "unit_name": None},
    "receipt": {"url": "https://files.example.com/r.png", "file_name": "r.png", "file_size": 9, "content_type": None},
}
LINE = {"id": 1, "kind": "Service", "description": "A", "quantity": 1.0, "unit_price": 100.0, "project": None}
INVOICE = {
    "id": 13,
    "client": {"id": 7, "name": "ABC"},
    "line_items": [LINE],
    "estimate": None,
    "amount": 100.0,
    "state": "open",
    "payment_options": ["ach"],
}
MESSAGE = {"id": 27, "recipients": [{"name": "A", "email": "a@example.com"}], "event_type": "send"}


async def test_an_expense_has_decimals():
    """Units, costs and the price of a unit are decimals, whether they come as numbers or as text."""
    async with Account({"GET /v2/expenses/15": EXPENSE}).client() as harvest:
        expense = await harvest.expenses.get(15)

    assert (expense.units, expense.total_cost, expense.expense_category.unit_price) == (
        Decimal(1),
        Decimal("13.59"),
        Decimal("0.5"),
    )


async def test_an_expense_is_created_from_its_cost():
    """The response's record is returned."""
    account = Account({"POST /v2/expenses": EXPENSE})
    async with account.client() as harvest:
        expense = await harvest.expenses.create(1, 3, "2026-03-02", total_cost="13.59")

    assert expense.id == 15
    assert account.body == {
        "project_id": 1,
        "expense_category_id": 3,
        "spent_date": "2026-03-02",
        "total_cost": Decimal("13.59"),
    }


@pytest.mark.parametrize("fields", [{}, {"total_cost": 1, "units": 1}])
async def test_an_expense_needs_a_cost_or_units(fields):
    """Neither and both are refused."""
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match="one of the two"):
            await harvest.expenses.create(1, 3, "2026-03-02", **fields)


async def _stream():
    yield PNG[:4]
    yield PNG[4:]


@pytest.mark.parametrize("content", [b"", b"%PD", b"RIFF\x00\x00\x00\x00WAVE"])
async def test_a_receipt_that_is_neither_an_image_nor_a_pdf_is_not_sent(content):
    """The error is raised before anything is sent."""
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match=r"receipt: this is no image of a known kind .* and no PDF"):
            await harvest.expenses.create(1, 3, "2026-03-02", units=2, receipt=content)


@pytest.mark.parametrize("kind", ["bytes", "path", "file", "stream"])
async def test_a_receipt_is_sent_as_a_form(kind, tmp_path):
    """A receipt comes as bytes, a path, a file or a stream, and is sent with the other fields."""
    path = tmp_path / "r.png"
    path.write_bytes(PNG)
    source = {"bytes": PNG, "path": path, "file": BytesIO(PNG), "stream": _stream()}[kind]
    account = Account({"POST /v2/expenses": EXPENSE})
    async with account.client() as harvest:
        await harvest.expenses.create(1, 3, "2026-03-02", units=2, billable=False, receipt=source, filename="r.png")

    sent = account.requests[-1]
    assert sent.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="receipt"; filename="r.png"' in sent.content
    assert b'name="billable"\r\n\r\nfalse\r\n' in sent.content
    assert b'name="spent_date"\r\n\r\n2026-03-02\r\n' in sent.content
    assert PNG in sent.content


async def test_a_receipt_is_attached_to_an_expense():
    """Only the file is sent."""
    account = Account({"PATCH /v2/expenses/15": EXPENSE})
    async with account.client() as harvest:
        expense = await harvest.expenses.attach_receipt(15, PNG)

    assert (expense.id, account.requests[-1].content.count(b"form-data; name=")) == (15, 1)


async def test_a_receipt_is_fetched_without_credentials():
    """The file is at another address, which gets no token."""
    account = Account({"GET /r.png": httpx.Response(200, content=PNG, headers={"content-type": "image/png"})})
    async with account.client() as harvest:
        image = await harvest.expenses.get_receipt(
            Expense(id=15, receipt=Receipt(url="https://files.example.com/r.png"))
        )

    assert (image.content, "authorization" in account.requests[-1].headers) == (PNG, False)


async def test_an_expense_without_a_receipt_has_none_to_fetch():
    """The error is raised before anything is sent."""
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match="has no receipt"):
            await harvest.expenses.get_receipt(Expense(id=15))


async def test_a_locked_expense_is_refused():
    """The error names the reason that the record has."""
    expense = Expense(id=5, is_locked=True, locked_reason="Item Invoiced")
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match="Item Invoiced"):
            await harvest.expenses.update(expense, notes="x")


async def test_a_free_form_invoice_is_created_with_lines():
    """Lines are records or dicts; the response's record is returned."""
    account = Account({"POST /v2/invoices": INVOICE})
    async with account.client() as harvest:
        lines = [InvoiceLineItem(kind="Service", unit_price=Decimal(5)), {"kind": "Product", "unit_price": "2.50"}]
        invoice = await harvest.invoices.create(7, subject="A", line_items=lines)

    assert (invoice.client_id, invoice.state, invoice.line_items[0].unit_price) == (7, InvoiceState.OPEN, Decimal(100))
    assert account.body == {
        "client_id": 7,
        "subject": "A",
        "line_items": [{"kind": "Service", "unit_price": 5}, {"kind": "Product", "unit_price": Decimal("2.5")}],
    }


async def test_an_invoice_is_created_from_tracked_time():
    """The import names projects, and how hours and expenses are summed up."""
    account = Account({"POST /v2/invoices": INVOICE})
    source = {
        "project_ids": [9],
        "time": {"summary_type": "task", "from": "2026-03-01", "to": "2026-03-31"},
        "expenses": {"summary_type": "category", "attach_receipt": True},
    }
    async with account.client() as harvest:
        await harvest.invoices.create(7, line_items_import=source)

    assert account.body == {"client_id": 7, "line_items_import": source}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"line_items": [{"kind": "Service"}]}, "unit_price"),
        ({"line_items": [{"kind": "S", "unit_price": 1, "id": 4}]}, "a new line has no id"),
        ({"line_items": [{"kind": "S", "unit_price": 1, "_destroy": True}]}, "_destroy needs the id"),
        ({"line_items": [{"kind": "S", "unit_price": 1, "price": 1}]}, "unknown field 'price'"),
        ({"line_items": "kind"}, "give a list of line items"),
        ({"line_items": [7]}, "give a line item"),
        ({"line_items": [], "line_items_import": {"project_ids": [1]}}, "not both"),
        ({"line_items_import": {}}, "project_ids is missing"),
        ({"line_items_import": {"project_ids": [1], "hours": {}}}, "project_ids, time and expenses"),
        ({"line_items_import": {"project_ids": [1], "time": {}}}, "unknown summary_type None"),
        ({"line_items_import": {"project_ids": [1], "time": {"summary_type": "category"}}}, "Choose from: project"),
        (
            {"line_items_import": {"project_ids": [1], "time": {"summary_type": "task", "to": "2026-01-01"}}},
            "give from and to",
        ),
        ({"line_items_import": {"project_ids": [1], "time": {"attach_receipt": True}}}, "give a dict of"),
        ({"payment_options": "ach"}, "give a list like"),
        ({"tax": 0.1}, "not exact"),
    ],
)
async def test_a_wrong_invoice_is_refused_before_it_is_sent(fields, message):
    """The error names the field."""
    account = Account({})
    async with account.client() as harvest:
        with pytest.raises(InvalidArgument, match=message):
            await harvest.invoices.create(7, **fields)

    assert account.requests == []


async def test_lines_of_an_invoice_are_added_changed_and_removed():
    """A changed record sends the fields of lines that differ, the new lines, and the removal of those absent."""
    account = Account({"PATCH /v2/invoices/13": INVOICE})
    old = [
        InvoiceLineItem(id=1, kind="Service", unit_price=Decimal(1)),
        InvoiceLineItem(id=2, kind="Service", unit_price=Decimal(2)),
        InvoiceLineItem(id=3, kind="Service", unit_price=Decimal(3)),
    ]
    new = [old[0], evolve(old[1], unit_price=Decimal(9)), InvoiceLineItem(kind="Product", unit_price=Decimal(4))]
    invoice = Invoice(id=13, line_items=old)
    async with account.client() as harvest:
        await harvest.invoices.update(invoice, evolve(invoice, line_items=new))

    assert account.body == {
        "line_items": [{"id": 2, "unit_price": 9}, {"kind": "Product", "unit_price": 4}, {"id": 3, "_destroy": True}]
    }


async def test_a_line_is_removed_by_its_id():
    """Given fields are sent as they are."""
    account = Account({"PATCH /v2/estimates/13": INVOICE | {"state": "draft"}})
    async with account.client() as harvest:
        await harvest.estimates.update(13, line_items=[{"id": 5, "_destroy": True}, EstimateLineItem(id=6, taxed=True)])

    assert account.body == {"line_items": [{"id": 5, "_destroy": True}, {"id": 6, "taxed": True}]}


@pytest.mark.parametrize(
    ("kind", "call", "state", "event"),
    [
        ("invoices", "send", "draft", "send"),
        ("invoices", "close", "open", "close"),
        ("invoices", "reopen", "closed", "re-open"),
        ("invoices", "draft", "open", "draft"),
        ("estimates", "send", "draft", "send"),
        ("estimates", "accept", "sent", "accept"),
        ("estimates", "decline", "sent", "decline"),
        ("estimates", "reopen", "accepted", "re-open"),
        ("estimates", "reopen", "declined", "re-open"),
    ],
)
async def test_a_state_is_changed_by_a_message(kind, call, state, event):
    """The message has the event; a record in another state is refused before anything is sent."""
    record = (Invoice if kind == "invoices" else Estimate)(id=13, state=state)
    account = Account({f"POST /v2/{kind}/13/messages": MESSAGE})
    async with account.client() as harvest:
        change = getattr(getattr(harvest, kind), call)
        message = await change(record)
        assert (message.id, account.body) == (27, {"event_type": event})
        with pytest.raises(InvalidArgument, match=f"is paid: it has to be .*{state}"):
            await change(evolve(record, state="paid"))

    assert len(account.requests) == 1


async def test_a_state_is_no_field_of_an_update():
    """The error names the calls that change it."""
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match=r"use invoices\.send, close, reopen or draft"):
            await harvest.invoices.update(13, state="closed")


@pytest.mark.parametrize("kind", ["invoices", "estimates"])
async def test_a_state_of_the_future_is_filtered_by(kind):
    """Sends a state that this version does not know, and keeps it as text in the records."""
    account = Account({f"GET /v2/{kind}": page(kind, {"id": 13, "state": "disputed"})})
    async with account.client() as harvest:
        (found,) = await getattr(harvest, kind).list(state="disputed")

    assert found.state == "disputed"
    assert account.query["state"] == "disputed"


async def test_a_message_is_sent_to_recipients():
    """Recipients are addresses, dicts or records."""
    account = Account({"POST /v2/invoices/13/messages": MESSAGE, "POST /v2/estimates/13/messages": MESSAGE})
    async with account.client() as harvest:
        sent = await harvest.invoice_messages.create(13, recipients=["a@example.com"], attach_pdf=True)
        assert account.body == {"recipients": [{"email": "a@example.com"}], "attach_pdf": True}
        await harvest.estimate_messages.create(13, sent.recipients)

    assert account.body == {"recipients": [{"name": "A", "email": "a@example.com"}]}


@pytest.mark.parametrize(
    ("recipients", "message"), [([], "recipients"), (["nobody"], "e-mail address"), ([{"mail": "a@b"}], "dict of name")]
)
async def test_a_message_needs_an_address(recipients, message):
    """No address, and one that is none, are refused."""
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match=message):
            await harvest.invoice_messages.create(13, recipients=recipients)
        with pytest.raises(InvalidArgument, match=message):
            await harvest.estimate_messages.create(13, recipients)


async def test_the_text_of_a_message_is_read():
    """The account's proposal is a record."""
    account = Account({"GET /v2/invoices/13/messages/new": {"invoice_id": 13, "subject": "Invoice", "reminder": True}})
    async with account.client() as harvest:
        text = await harvest.invoice_messages.text(13, reminder=True)

    assert (text.subject, account.query) == ("Invoice", {"reminder": "true"})


async def test_a_payment_is_recorded():
    """A payment made by hand has a gateway without an id."""
    payment = {"id": 5, "amount": 10.5, "payment_gateway": {"id": None, "name": None}}
    account = Account({"POST /v2/invoices/13/payments": payment})
    async with account.client() as harvest:
        found = await harvest.invoice_payments.create(13, "10.50", paid_date="2026-03-02", send_thank_you=False)

    assert (found.amount, found.payment_gateway.id) == (Decimal("10.5"), None)
    assert account.body == {"amount": Decimal("10.5"), "paid_date": "2026-03-02", "send_thank_you": False}


@pytest.mark.parametrize("kind", ["expense_categories", "invoice_item_categories", "estimate_item_categories"])
async def test_categories_are_listed_created_renamed_and_deleted(kind):
    """Each operation is one call; a rename to the same name is none."""
    record = {"id": 3, "name": "A"}
    account = Account(
        {
            f"GET /v2/{kind}": page(kind, record),
            f"GET /v2/{kind}/3": record,
            f"POST /v2/{kind}": record,
            f"PATCH /v2/{kind}/3": {**record, "name": "B"},
            f"DELETE /v2/{kind}/3": {},
        }
    )
    async with account.client() as harvest:
        categories = getattr(harvest, kind)
        (listed,) = await categories.list()
        created = await categories.create("A")
        same = await categories.update(created, name="A")
        renamed = await categories.update(created, name="B")
        await categories.delete(await categories.get(3))

    assert (listed, same, renamed.name) == (created, created, "B")
    assert account.calls == [
        f"GET /v2/{kind}",
        f"POST /v2/{kind}",
        f"PATCH /v2/{kind}/3",
        f"GET /v2/{kind}/3",
        f"DELETE /v2/{kind}/3",
    ]


@pytest.mark.parametrize("kind", ["expenses", "invoices", "estimates"])
async def test_records_are_listed_and_deleted(kind):
    """Lists take filters, a delete takes the record."""
    account = Account({f"GET /v2/{kind}": page(kind, {"id": 3}), f"DELETE /v2/{kind}/3": {"id": 3}})
    async with account.client() as harvest:
        (record,) = await getattr(harvest, kind).list(from_="2026-01-01", to="2026-01-31", client_id=7)
        assert account.query == {"client_id": "7", "from": "2026-01-01", "to": "2026-01-31"}
        await getattr(harvest, kind).delete(record)

    assert account.calls[-1] == f"DELETE /v2/{kind}/3"


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("invoice_messages", "invoices/13/messages"),
        ("invoice_payments", "invoices/13/payments"),
        ("estimate_messages", "estimates/13/messages"),
    ],
)
async def test_records_of_an_invoice_or_estimate_are_listed_and_deleted(kind, path):
    """The invoice or the estimate is the first argument."""
    account = Account({f"GET /v2/{path}": page(kind, {"id": 3}), f"DELETE /v2/{path}/3": {}})
    async with account.client() as harvest:
        (record,) = await getattr(harvest, kind).list(13, per_page=5)
        assert account.query == {"per_page": "5"}
        await getattr(harvest, kind).delete(13, record)

    assert account.calls[-1] == f"DELETE /v2/{path}/3"


async def test_a_payment_has_one_date():
    """Both are refused, and so is the payment of a draft."""
    both = {"paid_date": "2026-03-02", "paid_at": datetime(2026, 3, 2, tzinfo=UTC)}
    async with Account({}).client() as harvest:
        with pytest.raises(InvalidArgument, match="not both"):
            await harvest.invoice_payments.create(13, 1, **both)
        with pytest.raises(InvalidArgument, match=r"use invoices\.send first"):
            await harvest.invoice_payments.create(Invoice(id=13, state="draft"), 1)
