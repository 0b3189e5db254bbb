"""Invoices of the sandbox: lines, amounts, due days and lists."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.sandbox.lines import Line, read_lines, totals, write_lines
from tests.support.invoices import HEAD, LINES, change, outcome, shown
from tests.support.sandbox import clock_of, reason

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
