"""Messages, states and payments of invoices of the sandbox."""

import pytest

from harvest_async.sandbox.payments import MARKS
from tests.support.invoices import LINES, change, outcome, pay, shown
from tests.support.sandbox import Caller, made

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
