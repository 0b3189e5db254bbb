"""Handlers for invoices, their messages and payments."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from functools import partial
from typing import Any, Final

from harvest_async.sandbox.currencies import code_of
from harvest_async.sandbox.invoices import Selection
from harvest_async.sandbox.lines import read_lines
from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.payments import MARKS
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v2.base import Request, Route, V2Services, respond
from harvest_async.sandbox.v2.fields import choose, read_record
from harvest_async.sandbox.v2.filters import flag_of, matching, number_of, since, within
from harvest_async.sandbox.v2.line_items import changed_lines, new_lines, show_lines
from harvest_async.sandbox.v2.lists import list_page, plain_page
from harvest_async.sandbox.v2.message_parts import read_recipients, show_message
from harvest_async.sandbox.v2.shapes import named, person_of
from harvest_async.sandbox.values import read_day

__all__ = ["ROUTES", "check_percents", "reference_to"]

_STATES: Final = ("draft", "open", "paid", "closed")
_TERMS: Final = ("upon receipt", "net 15", "net 30", "net 45", "net 60", "custom")
_OPTIONS: Final = ("ach", "credit_card", "paypal")
_EVENTS: Final = {mark.event: name for name, mark in MARKS.items()}
_HOURS_BY: Final = ("project", "task", "people", "detailed")
_EXPENSES_BY: Final = ("project", "category", "people", "detailed")
_KEPT: Final = (
    "id", "client_key", "number", "purchase_order", "amount", "due_amount", "tax", "tax_amount", "tax2", "tax2_amount",
    "discount", "discount_amount", "subject", "notes", "period_start", "period_end", "sent_at", "paid_at", "paid_date",
    "closed_at", "recurring_invoice_id", "created_at", "updated_at",
)  # fmt: skip


def list_all(services: V2Services, request: Request) -> Response:
    """Return the invoices that the parameters select, the latest day of issue first."""
    invoices = within(request, since(request, services.world.all("invoice")), "issued_at")
    invoices = matching(request, invoices, client_id=lambda invoice: invoice["client_id"])
    if state := request.parameter("state"):
        wanted = choose("state", state, _STATES)
        invoices = [invoice for invoice in invoices if _state(invoice) == wanted]
    if (project := number_of(request, "project_id")) is not None:
        invoices = [invoice for invoice in invoices if _has_project(invoice, project)]
    newest = sorted(invoices, key=lambda invoice: (invoice["issued_at"], invoice["id"]), reverse=True)
    return plain_page(request, "invoices", newest, partial(_shown, services))


def get(services: V2Services, request: Request) -> Response:
    """Return an invoice."""
    return respond(_shown(services, _invoice(services, request)))


def create(services: V2Services, request: Request) -> Response:
    """Create a free-form invoice, or one from tracked time and expenses by `line_items_import`."""
    values = _values(services, request, ("client_id",)) | new_lines(services, request.body)
    if not values.get("due_at_human_format"):
        values["due_at"] = values.get("due_at") or values.get("issued_at") or request.now.date()
    invoice = services.invoices.create(values, _selection(request.body), request.now, request.person)
    return respond(_shown(services, invoice), 201, f"/invoices/{invoice['id']}")


def update(services: V2Services, request: Request) -> Response:
    """Change the given values of an invoice and of its lines."""
    invoice = _invoice(services, request)
    values = _values(services, request, [name for name in ("client_id",) if name in request.body])
    values |= changed_lines(services, invoice, request.body)
    return respond(_shown(services, services.invoices.update(invoice, values, request.now)))


def delete(services: V2Services, request: Request) -> Response:
    """Delete an invoice and return it."""
    invoice = _invoice(services, request)
    shown = _shown(services, invoice)
    services.invoices.delete(invoice, request.now)
    return respond(shown)


# Messages and payments


def list_parts(kind: str, services: V2Services, request: Request) -> Response:
    """Return the messages or the payments of an invoice."""
    records = since(request, services.world.having(kind, invoice_id=_invoice(services, request)["id"]))
    return list_page(services, request, f"invoice_{kind}s", records, _PARTS[kind])


def compose(services: V2Services, request: Request) -> Response:
    """Return the subject and the body that a new message would have."""
    invoice = _invoice(services, request)
    thanks, reminds = bool(flag_of(request, "thank_you")), bool(flag_of(request, "reminder"))
    subject = f"Invoice #{invoice['number']} from Sandbox"
    if thanks:
        subject, body = f"Payment received: {subject}", f"Thank you for your payment of invoice {invoice['number']}."
    elif reminds:
        subject, body = f"Reminder: {subject}", f"Invoice {invoice['number']} is due on {invoice['due_at']}."
    else:
        body = f"Invoice {invoice['number']} over {invoice['amount']} {code_of(invoice['currency'])}."
    shown = {"invoice_id": invoice["id"], "subject": subject, "body": body}
    return respond({**shown, "reminder": reminds, "thank_you": thanks})


def create_message(services: V2Services, request: Request) -> Response:
    """Send an invoice, or change its state by `event_type`."""
    invoice, values = _invoice(services, request), read_record("message", request.body)
    given, now, person = values.pop("event_type", None), request.now, request.person
    if given:
        event = choose("event_type", given, _EVENTS)
        message = services.payments.execute(_EVENTS[event], invoice, values, now, person)
    else:
        message = services.payments.send(invoice, read_recipients(request.body), values, now, person)
    return respond(_message(message), 201, f"/invoices/{invoice['id']}/messages/{message['id']}")


def delete_message(services: V2Services, request: Request) -> Response:
    """Delete a message and return it."""
    message = services.payments.of("message", _invoice(services, request), request.id)
    services.world.drop("message", message)
    return respond(_message(message))


def pay(services: V2Services, request: Request) -> Response:
    """Create a payment, made now if neither `paid_at` nor `paid_date` is given."""
    invoice, values = _invoice(services, request), read_record("payment", request.body, ("amount",))
    day: date | None = values.get("paid_date")
    if day is not None and values.get("paid_at") is not None:
        raise Refusal(422, "Paid at and paid date can't be given together")
    given = datetime.combine(day, time(), UTC) if day is not None else request.now
    payment = services.payments.pay(
        invoice, {**values, "paid_at": values.get("paid_at") or given}, request.now, request.person
    )
    return respond(_payment(payment), 201, f"/invoices/{invoice['id']}/payments/{payment['id']}")


def remove_payment(services: V2Services, request: Request) -> Response:
    """Delete a payment and return it."""
    invoice = _invoice(services, request)
    payment = services.payments.of("payment", invoice, request.id)
    services.payments.remove_payment(invoice, payment, request.now)
    return respond(_payment(payment))


# Also for estimates


def check_percents(values: Record) -> None:
    """Refuse a tax or a discount that is no percentage."""
    for name in ("tax", "tax2", "discount"):
        if not 0 <= (values.get(name) or 0) <= 100:
            raise Refusal(422, f"{name.capitalize()} must be between 0 and 100")


def reference_to(number: int | None) -> Record | None:
    """Return a record by its id alone; None if there is none."""
    return None if number is None else {"id": number}


# Internals


def _invoice(services: V2Services, request: Request) -> Record:
    return services.world.find("invoice", int(request.path_values[0]))


def _values(services: V2Services, request: Request, needed: Any) -> Record:
    values, body = read_record("invoice", request.body, needed), request.body
    check_percents(values)
    if values.get("estimate_id") is not None and services.known("estimate", values["estimate_id"]) is None:
        raise Refusal(422, "Estimate must exist")
    if body.get("payment_options") is not None:
        given = body["payment_options"]
        options = given if isinstance(given, list) else [given]
        values["payment_options"] = tuple(choose("payment_options", each, _OPTIONS) for each in options)
    if body.get("payment_term"):
        term = choose("payment_term", body["payment_term"], _TERMS)
        if term != "custom":
            values.pop("due_at", None)
            values["due_at_human_format"] = term.replace("net", "NET")
    return values


def _selection(body: Record) -> Selection | None:
    """Return what `line_items_import` collects; None for a free-form invoice."""
    given = body.get("line_items_import")
    if given is None:
        return None
    if not isinstance(given, dict) or not isinstance(given.get("project_ids"), list):
        raise Refusal(422, "Line items import project ids can't be blank")
    hours, hours_days, hours_by = _import(given.get("time"), _HOURS_BY)
    expenses, expenses_days, expenses_by = _import(given.get("expenses"), _EXPENSES_BY)
    projects = tuple(read_id(number) for number in given["project_ids"])
    if None in projects:
        raise Refusal(422, "Line items import project ids is invalid")
    first, last = hours_days
    period: dict[str, Any] = {} if first is None else {"period_start": first, "period_end": last}
    return Selection(hours_by, hours, hours_days, expenses, expenses_days, expenses_by, projects, period)


def _import(given: Any, choices: tuple[str, ...]) -> tuple[str, tuple[date | None, date | None], str]:
    """Return what one part of an import collects, its days, and how it groups records."""
    if given is None:
        return "no", (None, None), "project"
    if not isinstance(given, dict) or not given.get("summary_type"):
        raise Refusal(422, "Line items import summary type can't be blank")
    summary = choose("summary_type", given["summary_type"], choices)
    days = _day(given.get("from")), _day(given.get("to"))
    if (days[0] is None) != (days[1] is None):
        raise Refusal(422, "Line items import needs both from and to")
    return ("all" if days[0] is None else "yes"), days, summary


def _day(given: Any) -> date | None:
    try:
        return read_day(given) if given else None
    except ValueError:
        raise Refusal(422, "Line items import has an invalid date") from None


def _state(invoice: Record) -> str:
    return "open" if invoice["state"] == "partial" else str(invoice["state"])


def _has_project(invoice: Record, project: int) -> bool:
    return any(line.project_id == project for line in read_lines(invoice["csv_line_items"]))


def _shown(services: V2Services, invoice: Record) -> Record:
    words = (invoice["due_at_human_format"] or "custom").strip().lower()
    return {
        **{name: invoice[name] for name in _KEPT},
        "state": _state(invoice),
        "issue_date": invoice["issued_at"],
        "due_date": invoice["due_at"],
        "payment_term": words.removeprefix("due "),
        "payment_options": list(invoice["payment_options"]),
        "currency": code_of(invoice["currency"]),
        "client": named(services.tables("client")[invoice["client_id"]]),
        "estimate": reference_to(invoice["estimate_id"]),
        "retainer": reference_to(invoice["retainer_id"]),
        "creator": person_of(services.world, invoice["created_by_id"]),
        "line_items": show_lines(services, invoice, projects=True),
    }


def _message(message: Record) -> Record:
    return {
        **show_message(message),
        "include_link_to_client_invoice": message["include_pay_pal_link"],
        **{name: message[name] for name in ("attach_pdf", "thank_you", "reminder", "send_reminder_on")},
    }


def _payment(payment: Record) -> Record:
    names = ("id", "amount", "paid_at", "recorded_by", "recorded_by_email", "notes", "transaction_id")
    return {
        **{name: payment[name] for name in names},
        "paid_date": payment["paid_date"] or payment["paid_at"].date(),
        "payment_gateway": {"id": None, "name": None},
        **{name: payment[name] for name in ("created_at", "updated_at")},
    }


_PARTS: Final = {"message": _message, "payment": _payment}
_INVOICE: Final = "/invoices/{id}"

ROUTES: Final = (
    Route("GET", "/invoices", Role.MANAGER, list_all),
    Route("POST", "/invoices", Role.MANAGER, create),
    Route("GET", _INVOICE, Role.MANAGER, get),
    Route("PATCH", _INVOICE, Role.MANAGER, update),
    Route("DELETE", _INVOICE, Role.MANAGER, delete),
    Route("GET", f"{_INVOICE}/messages", Role.MANAGER, partial(list_parts, "message")),
    Route("POST", f"{_INVOICE}/messages", Role.MANAGER, create_message),
    Route("GET", f"{_INVOICE}/messages/new", Role.MANAGER, compose),
    Route("DELETE", f"{_INVOICE}/messages/{{id}}", Role.MANAGER, delete_message),
    Route("GET", f"{_INVOICE}/payments", Role.MANAGER, partial(list_parts, "payment")),
    Route("POST", f"{_INVOICE}/payments", Role.MANAGER, pay),
    Route("DELETE", f"{_INVOICE}/payments/{{id}}", Role.MANAGER, remove_payment),
)
