"""Invoices, their messages and payments (contract: invoices, invoice_messages, invoice_payments).

Rules of this room: pure. Managers may do here what administrators may.
"""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Final

from harvest_async.sandbox.invoices import FILTERS
from harvest_async.sandbox.payments import MARKS
from harvest_async.sandbox.reading import Refusal, read_id
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import Role
from harvest_async.sandbox.v1.base import Query, Reply, Route, Services
from harvest_async.sandbox.zones import local

__all__ = ["ROUTES"]

_PAGE: Final = 50


def list_page(office: Services, asked: Query) -> Reply:
    """Contract: invoices.list: the latest day of issue first, 50 on a page, and filters that combine."""
    shown = asked.since(sorted(office.world.all("invoice"), key=_newest, reverse=True))
    if (days := asked.range()) is not None:  # contract: from_to_meaning
        shown = [invoice for invoice in shown if days[0] <= invoice["issued_at"] <= days[1]]
    if client := asked.parameter("client"):  # contract: client_filter_name
        shown = [invoice for invoice in shown if str(invoice["client_id"]) == client]
    if status := asked.parameter("status"):  # contract: status_vs_state
        today, test = local(asked.person, asked.now).date(), FILTERS.get(status)
        if test is None:
            raise Refusal(400, "status is invalid.")
        shown = [invoice for invoice in shown if test(invoice, today)]
    first = max(0, (read_id(asked.parameter("page")) or 1) - 1) * _PAGE
    return office.many("invoice", shown[first : first + _PAGE], asked)


def get(office: Services, asked: Query) -> Reply:
    """Contract: invoices.get."""
    return office.one("invoice", _invoice(office, asked), asked)


def create(office: Services, asked: Query) -> Reply:
    """Contract: invoices.create."""
    invoice = office.invoices.create(asked.fields("invoice"), asked.now, asked.person)
    return office.made("invoice", invoice, asked, _path(invoice))


def update(office: Services, asked: Query) -> Reply:
    """Contract: invoices.update."""
    invoice = office.invoices.update(_invoice(office, asked), asked.fields("invoice"), asked.now)
    return office.written("invoice", invoice, asked, _path(invoice))


def delete(office: Services, asked: Query) -> Reply:
    """Contract: invoices.delete."""
    office.invoices.delete(_invoice(office, asked), asked.now)
    return Reply()


# Messages and payments


def list_parts(kind: str, office: Services, asked: Query) -> Reply:
    """Contract: invoice_messages.list, invoice_payments.list."""
    return office.many(kind, office.world.having(kind, invoice_id=_invoice(office, asked)["id"]), asked)


def get_part(kind: str, office: Services, asked: Query) -> Reply:
    """Contract: invoice_messages.get, invoice_payments.get."""
    return office.one(kind, office.payments.of(kind, _invoice(office, asked), asked.id), asked)


def send(office: Services, asked: Query) -> Reply:
    """Contract: invoice_messages.send."""
    invoice, fields = _invoice(office, asked), asked.fields("message", "invoice_message")
    message = office.payments.send(invoice, fields, asked.now, asked.person)
    return office.made("message", message, asked, f"{_path(invoice)}/messages/{message['id']}")


def delete_message(office: Services, asked: Query) -> Reply:
    """Contract: invoice_messages.delete."""
    office.world.drop("message", office.payments.of("message", _invoice(office, asked), asked.id))
    return Reply()


def mark(name: str, office: Services, asked: Query) -> Reply:
    """Contract: invoice_messages.mark_as_sent, mark_as_closed, re_open, mark_as_draft."""
    fields = asked.fields("message", "invoice_message")
    office.payments.mark(name, _invoice(office, asked), fields, asked.now, asked.person)
    return Reply()


def pay(office: Services, asked: Query) -> Reply:
    """Contract: invoice_payments.create; its Location has another first word (payment_location)."""
    invoice = _invoice(office, asked)
    payment = office.payments.pay(invoice, asked.fields("payment"), asked.now, asked.person)
    return office.made("payment", payment, asked, f"/invoice/{invoice['id']}/payments/{payment['id']}")


def take_back(office: Services, asked: Query) -> Reply:
    """Contract: invoice_payments.delete."""
    invoice = _invoice(office, asked)
    office.payments.take_back(invoice, office.payments.of("payment", invoice, asked.id), asked.now)
    return Reply()


def _invoice(office: Services, asked: Query) -> Record:
    return office.world.find("invoice", int(asked.words[0]))


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
    Route("DELETE", f"{_PAYMENTS}/{{id}}", Role.MANAGER, take_back),
)
