"""Handlers for invoices, their messages and payments. Managers have the rights of administrators here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial
from typing import Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.payments import MARKS
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v1.base import Request, Route, V1Services
from harvest_async.sandbox.v1.invoice_fields import read_invoice, read_selection
from harvest_async.sandbox.v1.writable_fields import read_values
from harvest_async.sandbox.zones import local

__all__ = ["ROUTES"]

_PAGE: Final = 50
_OPEN: Final = frozenset({"open", "partial"})

_FILTERS: Final[dict[str, Callable[[Record, date], bool]]] = {
    # the values of the parameter `status`; not all of them are states
    "open": lambda invoice, _: invoice["state"] == "open",
    "partial": lambda invoice, _: invoice["state"] == "partial",
    "draft": lambda invoice, _: invoice["state"] == "draft",
    "paid": lambda invoice, _: invoice["state"] == "paid",
    "closed": lambda invoice, _: invoice["state"] == "closed",
    "unpaid": lambda invoice, _: invoice["state"] in _OPEN,
    "pastdue": lambda invoice, today: (
        invoice["state"] in _OPEN and invoice["due_at"] is not None and invoice["due_at"] < today
    ),
}


def list_page(services: V1Services, request: Request) -> Response:
    """Return a page of 50 invoices, the latest day of issue first; filters can be combined."""
    shown = request.since(sorted(services.world.all("invoice"), key=_newest, reverse=True))
    if (days := request.range()) is not None:
        shown = [invoice for invoice in shown if days[0] <= invoice["issued_at"] <= days[1]]
    if client := request.parameter("client"):
        shown = [invoice for invoice in shown if str(invoice["client_id"]) == client]
    if status := request.parameter("status"):
        today, test = local(request.person, request.now).date(), _FILTERS.get(status)
        if test is None:
            raise Refusal(400, "status is invalid.")
        shown = [invoice for invoice in shown if test(invoice, today)]
    first = max(0, (read_id(request.parameter("page")) or 1) - 1) * _PAGE
    return services.many("invoice", shown[first : first + _PAGE], request)


def get(services: V1Services, request: Request) -> Response:
    """Return an invoice."""
    return services.one("invoice", _invoice(services, request), request)


def create(services: V1Services, request: Request) -> Response:
    """Create an invoice."""
    fields = request.fields("invoice")
    selection, values = read_selection(fields), read_invoice(fields)
    invoice = services.invoices.create(values, selection, request.now, request.person)
    return services.created("invoice", invoice, request, _path(invoice))


def update(services: V1Services, request: Request) -> Response:
    """Update an invoice."""
    invoice, values = _invoice(services, request), read_invoice(request.fields("invoice"))
    invoice = services.invoices.update(invoice, values, request.now)
    return services.saved("invoice", invoice, request, _path(invoice))


def delete(services: V1Services, request: Request) -> Response:
    """Delete an invoice."""
    services.invoices.delete(_invoice(services, request), request.now)
    return Response()


# Messages and payments


def list_parts(kind: str, services: V1Services, request: Request) -> Response:
    """Return the messages or the payments of an invoice."""
    return services.many(kind, services.world.having(kind, invoice_id=_invoice(services, request)["id"]), request)


def get_part(kind: str, services: V1Services, request: Request) -> Response:
    """Return a message or a payment."""
    return services.one(kind, services.payments.of(kind, _invoice(services, request), request.id), request)


def send(services: V1Services, request: Request) -> Response:
    """Send an invoice by creating a message."""
    invoice, fields = _invoice(services, request), request.fields("message", "invoice_message")
    recipients = [name.strip() for name in str(fields.get("recipients") or "").split(",") if name.strip()]
    if not recipients:
        raise Refusal(400, "recipients is missing.")
    values = read_values("message", fields)
    message = services.payments.send(invoice, recipients, values, request.now, request.person)
    return services.created("message", message, request, f"{_path(invoice)}/messages/{message['id']}")


def delete_message(services: V1Services, request: Request) -> Response:
    """Delete a message."""
    services.world.drop("message", services.payments.of("message", _invoice(services, request), request.id))
    return Response()


def mark(name: str, services: V1Services, request: Request) -> Response:
    """Change the state of an invoice."""
    fields = request.fields("message", "invoice_message")
    body = {key: value for key, value in fields.items() if key == "body" and MARKS[name].message}
    invoice = _invoice(services, request)
    services.payments.mark(name, invoice, read_values("message", body), request.now, request.person)
    return Response()


def pay(services: V1Services, request: Request) -> Response:
    """Create a payment; its Location begins with `/invoice`, not with `/invoices`."""
    invoice = _invoice(services, request)
    values = read_values("payment", request.fields("payment"))
    payment = services.payments.pay(invoice, values, request.now, request.person)
    return services.created("payment", payment, request, f"/invoice/{invoice['id']}/payments/{payment['id']}")


def remove_payment(services: V1Services, request: Request) -> Response:
    """Delete a payment."""
    invoice = _invoice(services, request)
    payment = services.payments.of("payment", invoice, request.id)
    services.payments.remove_payment(invoice, payment, request.now)
    return Response()


def _invoice(services: V1Services, request: Request) -> Record:
    return services.world.find("invoice", int(request.path_values[0]))


def _newest(invoice: Record) -> tuple[date, int]:
    return invoice["issued_at"], invoice["id"]


def _path(invoice: Record) -> str:
    return f"/invoices/{invoice['id']}"


_MESSAGES: Final = "/invoices/{id}/messages"
_PAYMENTS: Final = "/invoices/{id}/payments"

ROUTES: Final = (
    Route("GET", "/invoices", Role.MANAGER, list_page),
    Route("POST", "/invoices", Role.MANAGER, create),
    Route("GET", "/invoices/{id}", Role.MANAGER, get),
    Route("PUT", "/invoices/{id}", Role.MANAGER, update),
    Route("DELETE", "/invoices/{id}", Role.MANAGER, delete),
    Route("GET", _MESSAGES, Role.MANAGER, partial(list_parts, "message")),
    Route("POST", _MESSAGES, Role.MANAGER, send),
    *(Route("POST", f"{_MESSAGES}/{name}", Role.MANAGER, partial(mark, name)) for name in MARKS),
    Route("GET", f"{_MESSAGES}/{{id}}", Role.MANAGER, partial(get_part, "message")),
    Route("DELETE", f"{_MESSAGES}/{{id}}", Role.MANAGER, delete_message),
    Route("GET", _PAYMENTS, Role.MANAGER, partial(list_parts, "payment")),
    Route("POST", _PAYMENTS, Role.MANAGER, pay),
    Route("GET", f"{_PAYMENTS}/{{id}}", Role.MANAGER, partial(get_part, "payment")),
    Route("DELETE", f"{_PAYMENTS}/{{id}}", Role.MANAGER, remove_payment),
)
