"""Invoices of the sandbox: lines, amounts, states, messages, payments, and what is gathered for them."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.sandbox.lines import HEADER, Line, read_lines, totals, write_lines
from harvest_async.sandbox.payments import MARKS
from tests.support.sandbox import Caller, clock_of, made, reason

HEAD = ",".join(HEADER)
LINES = f"{HEAD}\nService,Work,2,50,,true,false,\nProduct,Paper,1,9.99,9.99,false,true,\n"


def shown(studio, number):
    return studio.call.get(f"/invoices/{number}").json()["invoice"]


def change(studio, invoice, /, **fields):
    return studio.call.put(f"/invoices/{invoice}", {"invoice": fields})


def outcome(response):
    return response.status_code, reason(response)


# Lines


def test_a_lines_amount_is_worked_out_where_it_is_blank(studio):
    """Quantity times price; a given one is kept."""
    text = shown(studio, studio.invoice(csv_line_items=LINES))["csv_line_items"]

    assert f"{HEAD}\nService,Work,2,50,100.00,true,false,\nProduct,Paper,1,9.99,9.99,false,true,\n" == text


def test_blank_lines_around_the_table_do_not_matter(studio):
    """XML samples have them."""
    number = studio.invoice(csv_line_items=f"\n\n    {HEAD}\nService,Work,1,5,,false,false,{studio.project}\n   ")

    assert f"{HEAD}\nService,Work,1,5,5.00,false,false,{studio.project}\n" == shown(studio, number)["csv_line_items"]


def test_a_broken_header_drops_the_lines_without_a_word(studio):
    """On an update, too: the invoice has no lines then."""
    broken = LINES.replace("unit_price", "price")
    number = studio.invoice(csv_line_items=LINES)
    before = shown(studio, number)["amount"]
    response = change(studio, number, csv_line_items=broken)

    assert (before, response.status_code, shown(studio, number)["csv_line_items"], shown(studio, number)["amount"]) == (
        109.99,
        200,
        "",
        0,
    )
    assert shown(studio, studio.invoice(csv_line_items=broken))["csv_line_items"] == ""


def test_an_update_without_lines_leaves_them(studio):
    """An empty text takes them away."""
    number = studio.invoice(csv_line_items=LINES)
    change(studio, number, subject="x")
    kept = shown(studio, number)["amount"]
    change(studio, number, csv_line_items="")

    assert (kept, shown(studio, number)["amount"]) == (109.99, 0)


@pytest.mark.parametrize(
    "row",
    [
        "Service,Work",
        "Service,Work,x,1,,false,false,",
        "Service,Work,1e20,1,,false,false,",
        "Service,Work,1,1,,false,false,p",
        'Service,"Work,1,1,,false,false,',
    ],
)
def test_a_broken_row_is_refused(studio, row):
    """A header that is intact promises rows that are."""
    response = studio.call.post(
        "/invoices",
        {"invoice": {"client_id": studio.client, "kind": "free_form", "csv_line_items": f"{HEAD}\n{row}\n"}},
    )

    assert response.status_code == 400
    assert reason(response).startswith("csv_line_items")


_money = st.decimals(-1000, 1000, places=2)
_lines = st.builds(
    Line,
    kind=st.sampled_from(["Service", "Product"]),
    description=st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n,\"'")),
    quantity=_money,
    unit_price=_money,
    amount=_money,
    taxed=st.booleans(),
    taxed2=st.booleans(),
    project_id=st.none() | st.integers(1, 10**9),
)


@given(lines=st.lists(_lines, max_size=5), comma=st.booleans())
def test_lines_are_read_as_they_were_written(lines, comma):
    """Quotes, commas, line breaks and decimal commas survive a round trip."""
    assert tuple(lines) == read_lines(write_lines(tuple(lines), comma=comma))


@given(lines=st.lists(_lines, max_size=5))
def test_without_taxes_and_discount_the_amount_is_the_sum(lines):
    """Nothing is added or lost."""
    worth = totals(tuple(lines), {"discount": None, "tax": None, "tax2": None})

    assert sum((line.amount for line in lines), Decimal(0)) == worth["amount"]
    assert [worth[name] for name in ("discount_amount", "tax_amount", "tax2_amount")] == [0] * 3


def test_taxes_are_put_on_the_taxed_lines_after_the_discount(studio):
    """10 % off 109.99, then 19 % of 90.00 and 7 % of 8.99."""
    invoice = shown(studio, studio.invoice(csv_line_items=LINES, discount=10, tax=19, tax2=7))

    assert tuple(invoice[name] for name in ("discount_amount", "tax_amount", "tax2_amount", "amount")) == (
        11,
        17.1,
        0.63,
        116.72,
    )
    assert invoice["amount"] == invoice["due_amount"]


# Invoices


def test_what_the_server_makes_by_itself(studio):
    """Number, currency, issue day, key and state, where they are not given."""
    first, second = shown(studio, studio.invoice()), shown(studio, studio.invoice(number="41", state="paid"))
    third = shown(studio, studio.invoice())

    assert [each["number"] for each in (first, second, third)] == ["1", "41", "42"]
    assert tuple(first[name] for name in ("currency", "issued_at", "state", "client_name", "created_by_id")) == (
        "United States Dollar - USD",
        "2026-01-05",
        "draft",
        "ACME",
        1,
    )
    assert second["state"] == "draft"
    assert len({each["client_key"] for each in (first, second, third)}) == 3


@pytest.mark.parametrize(
    ("fields", "hint"),
    [
        ({"kind": "fancy"}, "kind is invalid."),
        ({"client_id": None}, "There is no such client."),
        ({"client_id": 9}, "There is no such client."),
        ({"number": "1"}, "number is taken."),
        ({"due_at_human_format": "later"}, "due_at_human_format is invalid."),
        ({"due_at_human_format": "NET 30", "issued_at": "9999-12-31"}, "due_at_human_format is invalid."),
        ({"tax": 101}, "tax is invalid."),
        ({"discount": -1}, "discount is invalid."),
        ({"csv_line_items": f"{HEAD}\nA,B,1e10,1e10,,false,false,"}, "csv_line_items has a bad number, ''."),
        (
            {"kind": "task", "projects_to_invoice": "9"},
            "projects_to_invoice has a project of another client.",
        ),
        (
            {"kind": "task", "projects_to_invoice": "x"},
            "projects_to_invoice has a project of another client.",
        ),
        ({"kind": "task", "import_hours": "some"}, "import_hours is invalid."),
        ({"kind": "task", "import_hours": "yes"}, "The period is missing."),
        (
            {"kind": "task", "import_expenses": "yes", "expense_period_start": "soon"},
            "expense_period_start is invalid.",
        ),
        (
            {"kind": "task", "import_expenses": "all", "expense_summary_type": "color"},
            "expense_summary_type is invalid.",
        ),
    ],
)
def test_an_invoice_that_does_not_fit_is_refused(studio, fields, hint):
    """The hint says what is wrong, and nothing is made."""
    studio.invoice()
    response = studio.call.post("/invoices", {"invoice": {"client_id": studio.client, "kind": "free_form"} | fields})

    assert (400, hint) == outcome(response)
    assert len(studio.call.get("/invoices").json()) == 1


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("due upon receipt", "2026-01-10"),
        ("Upon Receipt", "2026-01-10"),
        ("NET 30", "2026-02-09"),
        ("net0", "2026-01-10"),
    ],
)
def test_words_say_when_it_is_due(studio, words, due):
    """They override the day that is given beside them."""
    number = studio.invoice(issued_at="2026-01-10", due_at="2026-05-05", due_at_human_format=words)

    assert (due, words) == (shown(studio, number)["due_at"], shown(studio, number)["due_at_human_format"])


def test_a_new_issue_day_moves_the_due_day_and_a_given_day_replaces_the_words(studio):
    """NET 30 is counted anew."""
    number = studio.invoice(issued_at="2026-01-10", due_at_human_format="NET 30")
    change(studio, number, issued_at="2026-01-11")
    moved = shown(studio, number)["due_at"]
    change(studio, number, due_at="2026-05-05")

    assert (moved, shown(studio, number)["due_at"], shown(studio, number)["due_at_human_format"]) == (
        "2026-02-10",
        "2026-05-05",
        None,
    )


def test_an_update_takes_what_may_be_written(studio):
    """State is passed over; a number that is taken is refused; null empties what can be empty."""
    other = studio.call.make("/clients", root="client", name="Other")
    studio.invoice(number="7")
    number = studio.invoice(subject="x", tax=5, csv_line_items=LINES)
    response = change(studio, number, state="paid", client_id=other, subject=None, tax=None, number="9", currency=None)
    invoice = shown(studio, number)

    assert (200, f"/invoices/{number}") == (response.status_code, response.headers["location"])
    assert tuple(invoice[name] for name in ("state", "client_name", "subject", "tax", "number", "currency")) == (
        "draft",
        "Other",
        None,
        None,
        "9",
        "United States Dollar - USD",
    )
    assert outcome(change(studio, number, number="7")) == (400, "number is taken.")
    assert change(studio, number, number="9").status_code == 200
    assert outcome(change(studio, number, client_id=99)) == (400, "There is no such client.")


def test_a_deleted_invoice_is_removed_with_all_that_belongs_to_it(studio, sandbox):
    """Its messages and payments go, too."""
    number = studio.invoice(csv_line_items=LINES)
    studio.call.make(f"/invoices/{number}/messages", root="message", recipients="a@example.com")
    studio.call.make(f"/invoices/{number}/payments", root="payment", amount=1, paid_at="2026-01-05")
    studio.call.delete(f"/invoices/{number}")

    assert [studio.call.get(f"/invoices/{number}{rest}").status_code for rest in ("", "/messages")] == [404, 404]
    assert sandbox.world.all("message") + sandbox.world.all("payment") == []


# Lists


def test_pages_of_fifty_the_newest_first(studio):
    """The last page is short; beyond it there is nothing; what is no page is the first."""
    numbers = [studio.invoice() for _ in range(51)][::-1]

    def page(query):
        return [each["invoices"]["id"] for each in studio.call.get(f"/invoices{query}").json()]

    assert numbers[:50] == page("") == page("?page=1") == page("?page=0") == page("?page=x")
    assert (numbers[50:], []) == (page("?page=2"), page("?page=3"))


def test_filters_combine(studio):
    """By issue day, status, client and change; one end of a range alone is none."""
    other = studio.call.make("/clients", root="client", name="Other")
    first = studio.invoice(issued_at="2026-01-01")
    clock_of(studio.call.sandbox).advance(3600)
    second = studio.invoice(issued_at="2026-02-01", client_id=other)

    def found(query):
        return [each["invoices"]["id"] for each in studio.call.get(f"/invoices?{query}").json()]

    assert [first] == found("from=20260101&to=20260131")
    assert [second, first] == found("from=20260201") == found("client_id=9")
    assert [second] == found(f"client={other}") == found("updated_since=2026-01-05+15:00")
    assert found(f"client={other}&from=20260101&to=20260131") == []
    assert [second, first] == found("status=draft")
    assert studio.call.get("/invoices?status=late").status_code == 400


def test_each_status_finds_its_invoices(studio):
    """Unpaid and pastdue are filters that no invoice has as its state."""
    call = studio.call
    numbers = {
        name: studio.invoice(csv_line_items=LINES, issued_at="2025-12-01", due_at="2026-02-01")
        for name in ("draft", "open", "late", "partial", "paid", "closed")
    }
    change(studio, numbers["late"], due_at="2025-12-31")
    for name in ("open", "late", "partial", "paid", "closed"):
        call.post(f"/invoices/{numbers[name]}/messages/mark_as_sent")
    for name, amount in (("partial", 5), ("paid", "109.99")):
        call.make(f"/invoices/{numbers[name]}/payments", root="payment", amount=amount, paid_at="2026-01-05")
    call.post(f"/invoices/{numbers['closed']}/messages/mark_as_closed")

    def found(status):
        ids = {each["invoices"]["id"] for each in call.get(f"/invoices?status={status}").json()}
        return {name for name, number in numbers.items() if number in ids}

    assert {"draft": {"draft"}, "open": {"open", "late"}, "partial": {"partial"}, "paid": {"paid"}, "closed": {"closed"},
            "unpaid": {"open", "late", "partial"}, "pastdue": {"late"}} == {
        status: found(status) for status in ("draft", "open", "partial", "paid", "closed", "unpaid", "pastdue")
    }  # fmt: skip


# Messages and states


def test_sending_opens_a_draft_and_leaves_a_message(studio):
    """Names are beside known addresses; line breaks are CRLF."""
    studio.call.make(
        "/contacts", root="contact", client_id=studio.client, first_name="Con", last_name="Tact", email="C@example.com"
    )
    number = studio.invoice()
    path = f"/invoices/{number}/messages"
    fields = {
        "recipients": "c@example.com, user@example.com, x@example.com",
        "body": "Hi\nyou\r\n",
        "send_me_a_copy": True,
        "include_pay_pal_link": True,
    }
    response = studio.call.post(path, {"message": fields})
    message = studio.call.get(response.headers["location"]).json()["message"]

    assert (201, f"{path}/{message['id']}") == (response.status_code, response.headers["location"])
    assert shown(studio, number)["state"] == "open"
    assert (
        message["full_recipient_list"]
        == "Con Tact <c@example.com>, Uli Sandbox <user@example.com>, x@example.com, Ada Sandbox <admin@example.com>"
    )
    assert tuple(
        message[name]
        for name in ("body", "send_me_a_copy", "include_pay_pal_link", "sent_by", "sent_by_email", "subject")
    ) == ("Hi\r\nyou\r\n", True, True, "Ada Sandbox", "admin@example.com", "Invoice #1 from Sandbox")


def test_sending_again_leaves_an_open_invoice_open(studio):
    """And a second message."""
    number = studio.invoice()
    for _ in range(2):
        studio.call.make(f"/invoices/{number}/messages", root="message", recipients="a@example.com")

    assert (shown(studio, number)["state"], len(studio.call.get(f"/invoices/{number}/messages").json())) == ("open", 2)


def test_a_message_needs_recipients(studio):
    """Blanks and commas are none."""
    number = studio.invoice()

    assert outcome(studio.call.post(f"/invoices/{number}/messages", {"message": {"recipients": " , "}})) == (
        400,
        "recipients is missing.",
    )


def test_xml_messages_have_a_root_of_their_own(studio):
    """invoice-message in XML is message in JSON."""
    number = studio.invoice()
    xml = Caller(studio.call.sandbox, format="xml")
    body = b"<invoice-message><recipients>a@example.com</recipients><body>x</body></invoice-message>"

    assert xml.post(f"/invoices/{number}/messages", content=body).status_code == 201
    assert (
        xml.post(f"/invoices/{number}/messages", content=body.replace(b"invoice-message", b"message")).status_code
        == 400
    )


TO = {"draft": (), "open": ("mark_as_sent",), "closed": ("mark_as_sent", "mark_as_closed")}


@pytest.mark.parametrize("state", [*TO, "paid"])
@pytest.mark.parametrize("name", MARKS)
def test_states_change_as_the_table_says(studio, state, name):
    """Each mark is allowed from one state, and refused with the state it found from the others."""
    number = studio.invoice(csv_line_items=LINES)
    base = f"/invoices/{number}"
    for step in TO.get(state, TO["open"]):
        studio.call.post(f"{base}/messages/{step}")
    if state == "paid":
        studio.call.make(f"{base}/payments", root="payment", amount="109.99", paid_at="2026-01-05")
    before = len(studio.call.get(f"{base}/messages").json())
    response = studio.call.post(f"{base}/messages/{name}", {"message": {"body": "x"}})
    added = len(studio.call.get(f"{base}/messages").json()) - before
    mark = MARKS[name]

    if state == mark.before:
        assert (200, None, mark.after, int(mark.message)) == (
            response.status_code,
            response.headers.get("location"),
            shown(studio, number)["state"],
            added,
        )
    else:
        assert (400, f"The invoice is {state}.", state, 0) == (
            *outcome(response),
            shown(studio, number)["state"],
            added,
        )


def test_a_deleted_message_unsends_nothing(studio):
    """The invoice stays open."""
    number = studio.invoice()
    studio.call.post(f"/invoices/{number}/messages/mark_as_sent", content=b"")
    [message] = studio.call.get(f"/invoices/{number}/messages").json()
    path = f"/invoices/{number}/messages/{message['message']['id']}"

    assert [studio.call.delete(path).status_code, studio.call.get(path).status_code] == [200, 404]
    assert shown(studio, number)["state"] == "open"


def test_messages_and_payments_belong_to_their_invoice(studio):
    """Under another one they are 404."""
    first, second = studio.invoice(csv_line_items=LINES), studio.invoice()
    message = studio.call.make(f"/invoices/{first}/messages", root="message", recipients="a@example.com")
    payment = studio.call.make(f"/invoices/{first}/payments", root="payment", amount=1, paid_at="2026-01-05")

    assert [
        studio.call.get(f"/invoices/{number}/{part}").status_code
        for number in (second, first)
        for part in (f"messages/{message}", f"payments/{payment}")
    ] == [404, 404, 200, 200]


# Payments


def pay(studio, number, amount, **fields):
    return studio.call.post(
        f"/invoices/{number}/payments", {"payment": {"amount": amount, "paid_at": "2026-01-05T12:00:00Z"} | fields}
    )


def test_payments_lower_what_is_due_until_it_is_paid(studio):
    """An open invoice is partial in between; the Location is no path of the API."""
    number = studio.invoice(csv_line_items=LINES)
    studio.call.post(f"/invoices/{number}/messages/mark_as_sent")
    first = pay(studio, number, 100, notes="x")
    between = shown(studio, number)
    pay(studio, number, "9.99")
    after = shown(studio, number)
    [payment, _] = studio.call.get(f"/invoices/{number}/payments").json()

    assert (201, f"/invoice/{number}/payments/{made(first)}") == (first.status_code, first.headers["location"])
    assert [(each["state"], each["due_amount"]) for each in (between, after)] == [("partial", 9.99), ("paid", 0)]
    assert tuple(payment["payment"][name] for name in ("amount", "paid_at", "notes", "recorded_by")) == (
        100,
        "2026-01-05T12:00:00Z",
        "x",
        "Ada Sandbox",
    )


def test_a_part_payment_leaves_a_draft_a_draft(studio):
    """A full one makes it paid; taking it back makes it a draft again."""
    number = studio.invoice(csv_line_items=LINES)
    pay(studio, number, 9)
    part = shown(studio, number)["state"]
    full = made(pay(studio, number, "100.99"))
    paid = shown(studio, number)["state"]
    response = studio.call.delete(f"/invoices/{number}/payments/{full}")
    after = shown(studio, number)

    assert (part, paid, response.status_code, after["state"], after["due_amount"]) == (
        "draft",
        "paid",
        200,
        "draft",
        100.99,
    )


def test_taking_a_payment_back_reopens_an_open_invoice(studio):
    """Back to its earlier state."""
    number = studio.invoice(csv_line_items=LINES)
    studio.call.post(f"/invoices/{number}/messages/mark_as_sent")
    payment = made(pay(studio, number, "109.99"))
    studio.call.delete(f"/invoices/{number}/payments/{payment}")

    assert (shown(studio, number)["state"], shown(studio, number)["due_amount"]) == ("open", 109.99)


def test_more_lines_make_a_paid_invoice_due_again(studio):
    """What is due follows from lines and payments alone."""
    number = studio.invoice(csv_line_items=LINES)
    pay(studio, number, "109.99")
    change(studio, number, csv_line_items=f"{LINES}Service,More,1,10,,false,false,\n")

    assert (shown(studio, number)["state"], shown(studio, number)["due_amount"]) == ("draft", 10)


@pytest.mark.parametrize("amount", [0, -1, 110, "x", None, ""])
def test_an_amount_that_is_not_due_is_refused(studio, amount):
    """Nothing, less than nothing, too much, and what is no number."""
    number = studio.invoice(csv_line_items=LINES)

    assert pay(studio, number, amount).status_code == 400


def test_a_payment_needs_a_day_and_an_open_invoice(studio):
    """A closed one is written off."""
    number = studio.invoice(csv_line_items=LINES)
    undated = pay(studio, number, 1, paid_at=None)
    for name in ("mark_as_sent", "mark_as_closed"):
        studio.call.post(f"/invoices/{number}/messages/{name}")

    assert outcome(undated) == (400, "paid_at is missing.")
    assert outcome(pay(studio, number, 1)) == (400, "amount exceeds the due amount.")


# Gathering


@pytest.fixture
def worked(studio):
    """Three billable entries at 100 an hour, of two people and two tasks, and two expenses."""
    call, base = studio.call, f"/projects/{studio.project}"
    call.put(base, {"project": {"client_id": studio.client, "bill_by": "Project", "hourly_rate": 100}})
    link = call.make(f"{base}/task_assignments/add_with_create_new_task", root="task", name="Build")
    task = call.sandbox.world.find("task_assignment", link)["task_id"]
    studio.log_time(notes="one", spent_at="2026-01-01")
    studio.log_time(of_user=2, spent_at="2026-01-02")
    studio.log_time(task_id=task, hours="0.5", spent_at="2026-02-01")
    meals, travel = (
        call.make("/expense_categories", root="expense_category", name=name) for name in ("Meals", "Travel")
    )
    studio.spend(expense_category_id=meals, spent_at="2026-01-03")
    studio.spend(expense_category_id=travel, spent_at="2026-02-03", total_cost=7)
    studio.spend(expense_category_id=travel, spent_at="2026-02-03", total_cost=1000, billable=False)
    return studio


def lines_of(studio, number):
    return [
        (line.description, str(line.quantity), str(line.amount))
        for line in read_lines(shown(studio, number)["csv_line_items"])
    ]


@pytest.mark.parametrize(
    ("kind", "lines"),
    [
        ("project", [("Rocket", "2.50", "250.00")]),
        ("task", [("Rocket: Design", "2.00", "200.00"), ("Rocket: Build", "0.50", "50.00")]),
        ("people", [("Rocket: Ada Sandbox", "1.50", "150.00"), ("Rocket: Uli Sandbox", "1.00", "100.00")]),
        (
            "detailed",
            [
                ("Rocket: Design: Ada Sandbox: 2026-01-01: one", "1.00", "100.00"),
                ("Rocket: Design: Uli Sandbox: 2026-01-02", "1.00", "100.00"),
                ("Rocket: Build: Ada Sandbox: 2026-02-01", "0.50", "50.00"),
            ],
        ),
    ],
)
def test_hours_are_put_together_by_kind(worked, kind, lines):
    """All unbilled hours of the client's projects, each at its rate."""
    number = worked.invoice(kind=kind, import_hours="all")

    assert lines == lines_of(worked, number)
    assert (250, kind) == (
        shown(worked, number)["amount"],
        worked.call.get(f"/clients/{worked.client}").json()["client"]["last_invoice_kind"],
    )


@pytest.mark.parametrize(
    ("summary", "lines"),
    [
        ("project", [("Rocket", "1", "19.50")]),
        ("people", [("Rocket: Ada Sandbox", "1", "19.50")]),
        (None, [("Rocket: Meals", "1", "12.50"), ("Rocket: Travel", "1", "7.00")]),
        (
            "detailed",
            [
                ("Rocket: Meals: Ada Sandbox: 2026-01-03", "1", "12.50"),
                ("Rocket: Travel: Ada Sandbox: 2026-02-03", "1", "7.00"),
            ],
        ),
    ],
)
def test_expenses_are_put_together_by_their_summary(worked, summary, lines):
    """Only what is billable."""
    number = worked.invoice(kind="project", import_expenses="all", expense_summary_type=summary)

    assert lines == lines_of(worked, number)


def test_yes_takes_what_lies_in_the_period(worked):
    """Hours and expenses have one each."""
    number = worked.invoice(
        kind="project",
        projects_to_invoice=f"{worked.project}",
        import_hours="yes",
        period_start="2026-01-01",
        period_end="2026-01-31",
        import_expenses="yes",
        expense_period_start="2026-02-01",
        expense_period_end="2026-02-28",
    )

    assert lines_of(worked, number) == [("Rocket", "2.00", "200.00"), ("Rocket: Travel", "1", "7.00")]
    assert (shown(worked, number)["period_start"], shown(worked, number)["period_end"]) == ("2026-01-01", "2026-01-31")


def test_what_was_gathered_is_billed_until_the_invoice_goes(worked):
    """It is gathered once, locked meanwhile, and free again afterwards."""
    number = worked.invoice(kind="project", import_hours="all", import_expenses="all")
    again = worked.invoice(kind="project", import_hours="all", import_expenses="all")
    report = f"/projects/{worked.project}/entries?from=20260101&to=20260301&only_unbilled=yes"
    between = worked.call.get(report).json()
    expenses = worked.call.get("/people/1/expenses?from=20260101&to=20260301").json()
    worked.call.delete(f"/invoices/{number}")

    assert (lines_of(worked, again), between) == ([], [])
    assert [(number, True), (number, True), (None, False)] == [
        (each["expense"]["invoice_id"], each["expense"]["is_billed"]) for each in expenses
    ]
    assert len(worked.call.get(report).json()) == 3


def test_nothing_is_gathered_unasked(worked):
    """no, and nothing said, gather nothing; a free form never does."""
    numbers = [
        worked.invoice(kind="task", import_hours="no"),
        worked.invoice(kind="task"),
        worked.invoice(kind="free-form", import_hours="all"),
    ]

    assert [lines_of(worked, number) for number in numbers] == [[], [], []]


def test_hours_without_a_rate_cost_nothing(studio):
    """bill_by none has no rate."""
    studio.log_time()

    assert lines_of(studio, studio.invoice(kind="project", import_hours="all")) == [("Rocket", "1.00", "0.00")]


def test_a_day_is_a_day(studio):
    """Records keep days as days, in any form they came in."""
    number = studio.invoice(issued_at="20260110")

    assert date(2026, 1, 10) == studio.call.sandbox.world.find("invoice", number)["issued_at"]
