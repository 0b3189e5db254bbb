"""Messages about invoices: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harvest_async.call import Call, Created, DeleteResult, Page
from harvest_async.client import builders as frame
from harvest_async.client.builders import UNSAFE, Id
from harvest_async.client.results import Done, One
from harvest_async.v1.models import InvoiceMessage

__all__ = [
    "delete_invoice_message",
    "get_invoice_message",
    "list_invoice_messages",
    "mark_as_closed",
    "mark_as_draft",
    "mark_as_sent",
    "re_open",
    "send_invoice",
]

MESSAGE = One(InvoiceMessage, "message", xml="invoice-message")  # contract: message_root


def list_invoice_messages(invoice: Id) -> Call[Page[InvoiceMessage]]:
    """Contract: invoice_messages.list."""
    return frame.listing("invoice_messages.list", frame.place("/invoices/{invoice}/messages", invoice), MESSAGE)


def get_invoice_message(invoice: Id, id: Id) -> Call[InvoiceMessage]:
    """Contract: invoice_messages.get: the path has `messages` (message_singular_path)."""
    where = frame.place("/invoices/{invoice}/messages/{message}", invoice, id)
    return frame.get("invoice_messages.get", where, MESSAGE)


def send_invoice(invoice: Id, fields: Mapping[str, Any]) -> Call[Created[InvoiceMessage]]:
    """Contract: invoice_messages.send: real e-mails go out."""
    where = frame.place("/invoices/{invoice}/messages", invoice)
    return frame.create("invoice_messages.send", where, MESSAGE, fields)


def delete_invoice_message(invoice: Id, id: Id) -> Call[DeleteResult]:
    """Contract: invoice_messages.delete."""
    where = frame.place("/invoices/{invoice}/messages/{message}", invoice, id)
    return frame.delete("invoice_messages.delete", where)


def mark_as_sent(invoice: Id, fields: Mapping[str, Any]) -> Call[None]:
    """Contract: invoice_messages.mark_as_sent."""
    return _mark("mark_as_sent", frame.place("/invoices/{invoice}/messages/mark_as_sent", invoice), fields)


def mark_as_closed(invoice: Id, fields: Mapping[str, Any]) -> Call[None]:
    """Contract: invoice_messages.mark_as_closed."""
    return _mark("mark_as_closed", frame.place("/invoices/{invoice}/messages/mark_as_closed", invoice), fields)


def re_open(invoice: Id) -> Call[None]:
    """Contract: invoice_messages.re_open: without a body (content_length_zero)."""
    where = frame.place("/invoices/{invoice}/messages/re_open", invoice)
    return Call("invoice_messages.re_open", "POST", where, Done(), UNSAFE)


def mark_as_draft(invoice: Id, fields: Mapping[str, Any]) -> Call[None]:
    """Contract: invoice_messages.mark_as_draft."""
    return _mark("mark_as_draft", frame.place("/invoices/{invoice}/messages/mark_as_draft", invoice), fields)


def _mark(operation: str, where: str, fields: Mapping[str, Any]) -> Call[None]:
    return Call(f"invoice_messages.{operation}", "POST", where, Done(), UNSAFE, body=frame.body(MESSAGE, fields))
