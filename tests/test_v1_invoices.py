"""Invoices: lines in a field, states that only messages change, and names that are spelled in several ways."""

from datetime import UTC, date, datetime
from decimal import Decimal
from urllib.parse import parse_qs

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import CreatedUnread, DecodeError, FieldsIgnored, InvalidArgument, NotFound
from harvest_async.v1.models import (
    Invoice,
    InvoiceItemCategory,
    InvoiceKind,
    InvoiceMessage,
    InvoicePayment,
    InvoiceState,
    InvoiceStatus,
    LineItem,
    days_until_due,
    due_in_words,
    read_lines,
    write_lines,
)
from harvest_async.v1.resources.invoices import DELETE_INVOICE_ITEM_CATEGORY, GET_INVOICE, LIST_INVOICES
from harvest_async.v1.resources.messages import GET_INVOICE_MESSAGE, LIST_INVOICE_MESSAGES, SEND_INVOICE
from tests.support.v1 import read, reply, scripted, silent, written

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

DAY = date(2026, 3, 9)
MOMENT = datetime(2026, 3, 9, 12, tzinfo=UTC)
HEADER = "kind,description,quantity,unit_price,amount,taxed,taxed2,project_id"
TABLE = f'{HEADER}\nService,"Work, more work",2.00,80.50,161.00,true,false,30\nProduct,Box,1,20,20,false,false,\n'
LINES = [
    LineItem(
        kind="Service",
        description="Work, more work",
        quantity=Decimal(2),
        unit_price=Decimal("80.5"),
        amount=Decimal(161),
        taxed=True,
        project_id=30,
    ),
    LineItem(kind="Product", description="Box", quantity=Decimal(1), unit_price=Decimal(20), amount=Decimal(20)),
]
INVOICE = {"id": 7, "client_id": 2, "number": "0012", "state": "open", "subject": "Work", "csv_line_items": TABLE}


def invoice(**fields):
    return {"invoice": {**INVOICE, **fields}}


# Line items

NUMBERS = st.none() | st.decimals(-(10**6), 10**6, places=4)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
ROWS = st.builds(
    LineItem,
    kind=TEXTS.map(str.strip).filter(bool),
    description=TEXTS,
    quantity=NUMBERS,
    unit_price=NUMBERS,
    amount=NUMBERS,
    taxed=st.booleans(),
    taxed2=st.booleans(),
    project_id=st.none() | st.integers(1, 2**40),
)


@given(st.lists(ROWS, max_size=4))
def test_reading_lines_is_the_inverse_of_writing_them(rows):
    """Commas, quotes and line breaks in texts included."""
    assert rows == read_lines(write_lines(rows))


@pytest.mark.parametrize("around", ["{}", "\n\n      {}\n    ", "{}\n\n", "\r\n{}\r\n"])
def test_a_table_may_have_space_around_it(around):
    """Samples in XML are indented."""
    assert read_lines(around.format(TABLE)) == LINES


@pytest.mark.parametrize("text", ["", "\n  \n"])
def test_an_empty_text_has_no_lines(text):
    """And no lines are written as an empty text."""
    assert read_lines(text) == []
    assert write_lines([]) == ""


def test_the_header_is_always_written_whole():
    """A server drops lines whose header it does not know."""
    assert write_lines(LINES[:1]).splitlines() == [HEADER, 'Service,"Work, more work",2,80.5,161,true,false,30']
    assert write_lines([LineItem()]).splitlines() == [HEADER, ",,,,,false,false,"]


@pytest.mark.parametrize(
    ("text", "symbol", "number"),
    [
        ("12,5", None, "12.5"),
        ("1.234,50", None, "1234.50"),
        ("1,234.50", None, "1234.50"),
        ("1,234", None, "1.234"),
        ("1,234", ".", "1234"),
        ("1.234", ",", "1234"),
        ("1'234.5", None, "1234.5"),
        ("1 234,5", ",", "1234.5"),
        ("-3,5", None, "-3.5"),
    ],
)
def test_decimals_may_have_commas(text, symbol, number):
    """The account's own symbol decides where the number alone does not say."""
    (line,) = read_lines(f'{HEADER}\nService,Work,"{text}",1,1,false,false,\n', symbol)

    assert Decimal(number) == line.quantity


def test_a_row_may_lack_its_project():
    """With the comma or without; and a table may have the columns in its own order, and more of them."""
    assert [row.project_id for row in read_lines(f"{HEADER}\nA,b,1,1,1,false,false,\nA,b,1,1,1,false,false")] == [
        None,
        None,
    ]

    (line,) = read_lines("description,kind,colour\nWork,Service,red")

    assert LineItem(kind="Service", description="Work", extra={"colour": "red"}) == line


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Service,Work,1,1,1,false,false,", "the first line is no header"),
        (f"{HEADER}\nService,Work,1,5,1,1,false,false,\n", "line 2: 9 cells below 8 names; .* has to be in quotes"),
        (f"{HEADER}\nService,Work,many,1,1,false,false,\n", "line 2, column quantity: 'many' is no number"),
        (f"{HEADER}\nService,Work,NaN,1,1,false,false,\n", "line 2, column quantity: 'NaN' is no number"),
        (f"{HEADER}\nService,Work,1,1,1,maybe,false,\n", "column taxed: 'maybe' is no true or false"),
        (f"{HEADER}\nService,Work,1,1,1,false,false,site\n", "column project_id: 'site' is no id"),
        (f'{HEADER}\nService,"Work,1,1,1,false,false,\n', "line 2: unexpected end of data"),
        (f'{HEADER}\nService,"Work"s,1,1,1,false,false,\n', "line 2: ',' expected after '\"'"),
    ],
)
async def test_lines_that_do_not_parse_are_refused(text, message):
    """With their place: as they are given, and as they come."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match=f"csv_line_items: line items.*{message}"):
        await harvest.invoices.update(7, csv_line_items=text)

    assert server.asked == []

    with pytest.raises(DecodeError, match=f"invoice 7: line items.*{message}"):
        read(GET_INVOICE(7), invoice(csv_line_items=text)).lines  # noqa: B018


async def test_a_header_that_was_changed_is_refused():
    """The server would drop the lines without an error."""
    harvest, _ = scripted()
    with pytest.raises(InvalidArgument, match=f"the first line has to be {HEADER}, or the server drops all lines"):
        await harvest.invoices.create(2, "free_form", csv_line_items="kind,description\nService,Work")


@pytest.mark.parametrize("lines", [3, [1], [{"kind": "Service"}]])
async def test_lines_are_rows_or_a_table(lines):
    """Nothing else."""
    harvest, _ = scripted()
    with pytest.raises(InvalidArgument, match="csv_line_items: give LineItem rows"):
        await harvest.invoices.create(2, "free_form", csv_line_items=lines)


async def test_lines_that_were_dropped_are_reported():
    """The invoice is read back, and its lines are counted."""
    harvest, server = scripted(silent(), reply(invoice(csv_line_items="")))
    with pytest.raises(FieldsIgnored, match="but the server dropped lines"):
        await harvest.invoices.update(7, csv_line_items=LINES)

    assert server.asked == [("PUT", "/invoices/7"), ("GET", "/invoices/7")]

    harvest, _ = scripted(silent(201, location="/invoices/7"), reply(invoice(csv_line_items=HEADER)))
    with pytest.raises(FieldsIgnored, match="but the server dropped lines"):
        await harvest.invoices.create(2, "free_form", csv_line_items=TABLE)


async def test_lines_are_sent_only_if_they_change():
    """An update of the subject leaves them alone."""
    harvest, server = scripted(silent(), reply(invoice(subject="x")))
    old = read(GET_INVOICE(7), invoice())
    new = await harvest.invoices.update(old, evolve(old, subject="x"))

    assert server.body(0) == {"invoice": {"subject": "x"}}
    assert new.subject == "x"


async def test_changed_lines_replace_all():
    """They are sent as a whole table."""
    harvest, server = scripted(silent(), reply(invoice(csv_line_items=write_lines(LINES[:1]))))
    old = read(GET_INVOICE(7), invoice())
    new = await harvest.invoices.update(old, old.with_lines(LINES[:1]))

    assert {"invoice": {"csv_line_items": write_lines(LINES[:1]).strip()}} == server.body(0)
    assert LINES[:1] == new.lines


def test_lists_know_no_lines():
    """No lines known is something else than no lines."""
    (one,) = read(LIST_INVOICES(), [{"invoices": {"id": 7}}]).items

    assert one.lines is None
    assert read(GET_INVOICE(7), invoice(csv_line_items="")).lines == []


# Reading


@pytest.mark.parametrize("key", ["invoices", "invoice"])
def test_the_key_of_an_invoice_is_singular_or_plural(key):
    """Lists have the plural for each element, one invoice has the singular; both are taken in both places."""
    assert [each.id for each in read(LIST_INVOICES(), [{key: {"id": 7}}]).items] == [7]
    assert read(GET_INVOICE(7), {key: {"id": 7}}).id == 7


@pytest.mark.parametrize("name", ["tax2_amount", "tax_amount2", "tax2-amount", "tax-amount2"])
def test_the_second_tax_is_spelled_in_two_ways(name):
    """Both are read into the same field."""
    body = (
        f"<invoice><id>7</id><{name} type='decimal'>2.5</{name}></invoice>" if "-" in name else invoice(**{name: 2.5})
    )

    assert Decimal("2.5") == read(GET_INVOICE(7), body).tax2_amount


def test_a_null_with_a_text_is_null():
    """XML samples have a nil element with a 0 in it."""
    assert (
        read(GET_INVOICE(7), '<invoice><id>7</id><tax2-amount nil="true">0</tax2-amount></invoice>').tax2_amount is None
    )


def test_an_element_that_comes_twice_counts_once():
    """The last one."""
    body = (
        "<invoice><id>7</id><updated-at type='datetime'>2026-01-01T00:00:00Z</updated-at>"
        "<updated-at type='datetime'>2026-03-09T12:00:00Z</updated-at></invoice>"
    )

    assert read(GET_INVOICE(7), body).updated_at == MOMENT


def test_a_number_is_a_text():
    """It looks like a whole number, and has zeros in front."""
    assert read(GET_INVOICE(7), invoice()).number == "0012"


@pytest.mark.parametrize(
    ("word", "state"), [("paid", InvoiceState.PAID), ("Paid", InvoiceState.PAID), ("frozen", "frozen")]
)
def test_a_state_that_is_not_known_stays_what_it_is(word, state):
    """A new word breaks nothing."""
    assert state == read(GET_INVOICE(7), invoice(state=word)).state


@pytest.mark.parametrize("word", ["free_form", "free-form", "Free_Form"])
async def test_free_form_is_spelled_in_one_way(word):
    """In any spelling, given or returned."""
    harvest, server = scripted(silent(201, location="/invoices/7"), reply(invoice(kind=word)))
    made = await harvest.invoices.create(2, word)

    assert server.body(0) == {"invoice": {"client_id": 2, "kind": "free_form"}}
    assert made.kind is InvoiceKind.FREE_FORM


@pytest.mark.parametrize(
    ("words", "days"),
    [
        ("NET 30", 30),
        ("net30", 30),
        ("due upon receipt", 0),
        ("Upon  Receipt", 0),
        ("end of month", None),
        ("NET", None),
    ],
)
def test_the_words_for_a_due_date_are_read(words, days):
    """Those that are known; others stay words."""
    assert days == days_until_due(words)
    assert days == read(GET_INVOICE(7), invoice(due_at_human_format=words)).days_until_due


def test_the_words_for_a_due_date_are_made():
    """Of a number of days."""
    assert [due_in_words(days) for days in (0, 14)] == ["upon receipt", "NET 14"]
    assert Invoice().days_until_due is None

    with pytest.raises(ValueError, match="give 0 or more, not -1"):
        due_in_words(-1)


# Lists


async def test_filters_are_sent_by_the_contracts_names():
    """`client` and `status`; the days come as a pair."""
    harvest, server = scripted(reply([]))
    await harvest.invoices.list(
        status=InvoiceStatus.PASTDUE, client=2, from_=DAY, to="2026-03-31", updated_since=MOMENT
    )
    query = {
        "from": ["20260309"], "to": ["20260331"], "status": ["pastdue"], "client": ["2"],
        "updated_since": ["2026-03-09 12:00"],
    }  # fmt: skip

    assert query == parse_qs(server.sent[0].url.query.decode())


def test_states_and_filters_are_not_the_same_words():
    """`unpaid` and `pastdue` are filters only; `closed` works as one, too."""
    assert {"unpaid", "pastdue"} == {*InvoiceStatus} - {*InvoiceState}
    assert {*InvoiceState} <= {*InvoiceStatus}


@pytest.mark.parametrize(
    ("from_", "to", "message"),
    [(DAY, None, "or neither"), (None, DAY, "or neither"), ("2026-03-10", DAY, "lies after")],
)
async def test_a_pair_of_days_is_checked(from_, to, message):
    """Before anything is sent."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match=message):
        await harvest.invoices.list(from_=from_, to=to)

    assert server.asked == []


async def test_pages_are_not_seen():
    """They are asked for one after the other; an invoice that moves onto the next page is given once."""
    pages = [
        [{"invoices": {"id": number}} for number in range(1, 51)],
        [{"invoices": {"id": number}} for number in range(50, 100)],
        [{"invoices": {"id": 100}}],
    ]
    harvest, server = scripted(*map(reply, pages))

    assert list(range(1, 101)) == [each.id async for each in harvest.invoices.list(status="open")]
    assert [each.url.query.decode() for each in server.sent] == [
        "status=open",
        "status=open&page=2",
        "status=open&page=3",
    ]


async def test_a_full_last_page_is_followed_by_an_empty_one():
    """No totals are returned."""
    harvest, server = scripted(reply([{"invoices": {"id": number}} for number in range(50)]), reply([]))

    assert len(await harvest.invoices.list()) == 50
    assert len(server.sent) == 2


# States


@pytest.mark.parametrize("changed", [False, True])
async def test_a_state_is_not_written(changed):
    """The server would ignore it; what changes it is named."""
    harvest, server = scripted()
    old = read(GET_INVOICE(7), invoice())
    change = (
        harvest.invoices.update(old, evolve(old, state="paid")) if changed else harvest.invoices.update(7, state="paid")
    )
    with pytest.raises(InvalidArgument, match=r"invoices.update: state .* invoice_messages.mark_as_sent"):
        await change

    assert server.asked == []


@pytest.mark.parametrize(
    ("verb", "body"),
    [("mark_as_sent", {}), ("mark_as_closed", {"body": "Lost"}), ("re_open", None), ("mark_as_draft", {"body": "No"})],
)
async def test_a_state_is_changed_by_a_message(verb, body):
    """The invoice is returned as it is then; re-opening has no body at all."""
    harvest, server = scripted(silent(), reply(invoice(state="open")))
    result = await getattr(harvest.invoice_messages, verb)(7, **(body or {}))

    assert result.state is InvoiceState.OPEN
    assert ("POST", f"/invoices/7/messages/{verb}") == server.asked[0]
    assert (b"" if body is None else server.body(0)) == (b"" if body is None else {"message": body})
    assert server.sent[0].headers["content-length"] == str(len(server.sent[0].content))


# Messages


@pytest.mark.parametrize("root", ["message", "invoice_message"])
def test_the_root_of_a_message_has_two_names(root):
    """Both are read; JSON is written with the short one, XML with the long."""
    assert read(GET_INVOICE_MESSAGE(7, 3), {root: {"id": 3}}).id == 3
    assert written(SEND_INVOICE(7, fields={"body": "x"})).content == b'{"message":{"body":"x"}}'
    assert (
        b"<invoice-message><body>x</body></invoice-message>"
        in written(SEND_INVOICE(7, fields={"body": "x"}), "xml").content
    )


@pytest.mark.parametrize("root", ["invoice-message", "invoice-messages"])
def test_a_list_of_messages_may_have_the_name_of_one(root):
    """What is inside counts, one element too."""
    body = f'<{root} type="array"><invoice-message><id>3</id></invoice-message></{root}>'

    assert [each.id for each in read(LIST_INVOICE_MESSAGES(7), body).items] == [3]


def test_a_message_is_below_messages():
    """Not below `message`, as one page has it."""
    assert GET_INVOICE_MESSAGE(7, 3).path == "/invoices/7/messages/3"


@pytest.mark.parametrize("recipients", ["a@example.com, b@example.com", ["a@example.com", "b@example.com"]])
async def test_recipients_are_joined_by_commas(recipients):
    """A text or several; line breaks in the message stay as they are."""
    harvest, server = scripted(silent(201, location="/invoices/7/messages/3"), reply({"message": {"id": 3}}))
    await harvest.invoice_messages.send(7, recipients, body="a\r\nb")

    assert server.body(0) == {"message": {"recipients": "a@example.com,b@example.com", "body": "a\r\nb"}}


@pytest.mark.parametrize(
    "recipients", ["", "nobody", ["a@example.com", "b"], ["a@example.com\r\nBcc: c@example.com"], [], 7]
)
async def test_recipients_are_addresses(recipients):
    """Real e-mails go out: what is none is refused."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match=r"invoice_messages\.send: recipients"):
        await harvest.invoice_messages.send(7, recipients)

    assert server.asked == []


async def test_a_draft_of_a_message_is_sent():
    """Its recipients are written, and never read."""
    harvest, server = scripted(silent(201, location="/invoices/7/messages/3"))
    message = await harvest.invoice_messages.send_id(7, InvoiceMessage(recipients="a@example.com", attach_pdf=True))

    assert server.body() == {"message": {"recipients": "a@example.com", "attach_pdf": True}}
    assert message.id == 3


# Payments


async def test_a_payment_is_found_by_the_last_number():
    """`Location` begins with another word than its path."""
    harvest, server = scripted(silent(201, location="/invoice/7/payments/31"), reply({"payment": {"id": 31}}))
    await harvest.invoice_payments.create(7, "10.50", MOMENT)

    assert server.asked == [("POST", "/invoices/7/payments"), ("GET", "/invoices/7/payments/31")]
    assert server.body(0) == {"payment": {"amount": 10.5, "paid_at": "2026-03-09T12:00:00Z"}}


async def test_a_payment_says_nothing_of_the_invoice():
    """The server decides its state: it is read, never computed."""
    harvest, server = scripted(silent(201, location="/invoices/7/payments/31"), reply(invoice(state="draft")))
    await harvest.invoice_payments.create_id(7, InvoicePayment(amount=Decimal(1), paid_at=MOMENT))

    assert (await harvest.invoices.get(7)).state is InvoiceState.DRAFT
    assert len(server.sent) == 2


@pytest.mark.parametrize("paid_at", [datetime(2026, 3, 9), DAY, "2026-03-09", None])
async def test_a_payment_has_an_aware_moment(paid_at):
    """Naive ones, days and texts are refused."""
    harvest, server = scripted()
    with pytest.raises(InvalidArgument, match="paid_at"):
        await harvest.invoice_payments.create(7, 1, paid_at)

    assert server.asked == []


# Item categories

CATEGORIES = [
    {"invoice_category": {"id": 1, "name": "Service"}},
    {"invoice_item_category": {"id": 2, "name": "Hosting"}},
]


async def test_a_category_is_picked_from_the_list():
    """No call shows one; JSON has two names for its root."""
    harvest, server = scripted(reply(CATEGORIES), reply(CATEGORIES))

    assert (await harvest.invoice_item_categories.get(2)).name == "Hosting"
    with pytest.raises(NotFound, match="the list has no category with id 3"):
        await harvest.invoice_item_categories.get(3)

    assert server.asked == [("GET", "/invoice_item_categories")] * 2


async def test_a_new_category_is_found_by_its_number():
    """`Location` is no path of the API."""
    harvest, server = scripted(silent(201, location="/invoice_categories/2"), reply(CATEGORIES))

    assert (await harvest.invoice_item_categories.create(InvoiceItemCategory(name="Hosting"))).id == 2
    assert server.body(0) == {"invoice_item_category": {"name": "Hosting"}}


async def test_a_new_category_may_come_along():
    """Then the list is not asked."""
    harvest, server = scripted(reply(CATEGORIES[0], 201))

    assert (await harvest.invoice_item_categories.create("Service")).id == 1
    assert len(server.sent) == 1


@pytest.mark.parametrize("location", ["/invoice_categories/9", None])
async def test_a_new_category_that_is_not_found_is_an_error(location):
    """It was made, and is never made again."""
    headers = {} if location is None else {"location": location}
    harvest, server = scripted(silent(201, **headers), reply(CATEGORIES))
    with pytest.raises(CreatedUnread):
        await harvest.invoice_item_categories.create("Hosting")

    assert [method for method, _ in server.asked].count("POST") == 1


def test_a_category_is_deleted_by_its_own_id():
    """The documentation calls the parameter by another name."""
    assert DELETE_INVOICE_ITEM_CATEGORY(2).path == "/invoice_item_categories/2"


# Generated invoices


async def test_projects_to_invoice_are_joined_by_commas():
    """Ids or records."""
    harvest, server = scripted(silent(201, location="/invoices/7"))
    await harvest.invoices.create_id(
        2,
        "project",
        projects_to_invoice=[30, "31"],
        import_hours="YES",
        import_expenses="no",
        period_start=DAY,
        period_end=DAY,
        expense_summary_type="category",
    )

    assert server.body()["invoice"] == {
        "client_id": 2,
        "kind": "project",
        "projects_to_invoice": "30,31",
        "import_hours": "yes",
        "import_expenses": "no",
        "period_start": "2026-03-09",
        "period_end": "2026-03-09",
        "expense_summary_type": "category",
    }
