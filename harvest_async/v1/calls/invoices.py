"""Invoices, their item categories and payments: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from harvest_async.call import Call, Created, DeleteResult, Page
from harvest_async.client import builders as frame
from harvest_async.client.builders import Id, Query
from harvest_async.client.results import One
from harvest_async.v1.models import Invoice, InvoiceItemCategory, InvoicePayment

__all__ = [
    "create_invoice",
    "create_invoice_item_category",
    "create_invoice_payment",
    "delete_invoice",
    "delete_invoice_item_category",
    "delete_invoice_payment",
    "get_invoice",
    "get_invoice_payment",
    "list_invoice_item_categories",
    "list_invoice_payments",
    "list_invoices",
    "update_invoice",
    "update_invoice_item_category",
]

CATEGORY = One(InvoiceItemCategory, "invoice_category", written_as="invoice_item_category")  # contract: category_roots
INVOICE = One(Invoice, "invoice")
PAYMENT = One(InvoicePayment, "payment")

PAGE: Final = 50
"""Invoices on a full page (contract: paging.per_page)."""


def list_invoices(query: Query, updated_since: datetime | None = None) -> Call[Page[Invoice]]:
    """Contract: invoices.list: in pages, without line items."""
    return frame.listing("invoices.list", "/invoices", INVOICE, updated_since, query, size=PAGE)


def get_invoice(id: Id) -> Call[Invoice]:
    """Contract: invoices.get."""
    return frame.get("invoices.get", frame.place("/invoices/{invoice}", id), INVOICE)


def create_invoice(fields: Mapping[str, Any]) -> Call[Created[Invoice]]:
    """Contract: invoices.create."""
    return frame.create("invoices.create", "/invoices", INVOICE, fields)


def update_invoice(id: Id, fields: Mapping[str, Any]) -> Call[Invoice | None]:
    """Contract: invoices.update."""
    return frame.update("invoices.update", frame.place("/invoices/{invoice}", id), INVOICE, fields)


def delete_invoice(id: Id) -> Call[DeleteResult]:
    """Contract: invoices.delete."""
    return frame.delete("invoices.delete", frame.place("/invoices/{invoice}", id))


def list_invoice_item_categories() -> Call[Page[InvoiceItemCategory]]:
    """Contract: invoice_item_categories.list: knows no `updated_since`."""
    return frame.listing("invoice_item_categories.list", "/invoice_item_categories", CATEGORY)


def create_invoice_item_category(fields: Mapping[str, Any]) -> Call[Created[InvoiceItemCategory]]:
    """Contract: invoice_item_categories.create: `Location` is no path of the API (category_location)."""
    return frame.create("invoice_item_categories.create", "/invoice_item_categories", CATEGORY, fields)


def update_invoice_item_category(id: Id, fields: Mapping[str, Any]) -> Call[InvoiceItemCategory | None]:
    """Contract: invoice_item_categories.update."""
    where = frame.place("/invoice_item_categories/{category}", id)
    return frame.update("invoice_item_categories.update", where, CATEGORY, fields)


def delete_invoice_item_category(id: Id) -> Call[DeleteResult]:
    """Contract: invoice_item_categories.delete: the id is the category's own (category_param_name)."""
    return frame.delete("invoice_item_categories.delete", frame.place("/invoice_item_categories/{category}", id))


def list_invoice_payments(invoice: Id) -> Call[Page[InvoicePayment]]:
    """Contract: invoice_payments.list."""
    return frame.listing("invoice_payments.list", frame.place("/invoices/{invoice}/payments", invoice), PAYMENT)


def get_invoice_payment(invoice: Id, id: Id) -> Call[InvoicePayment]:
    """Contract: invoice_payments.get."""
    where = frame.place("/invoices/{invoice}/payments/{payment}", invoice, id)
    return frame.get("invoice_payments.get", where, PAYMENT)


def create_invoice_payment(invoice: Id, fields: Mapping[str, Any]) -> Call[Created[InvoicePayment]]:
    """Contract: invoice_payments.create."""
    where = frame.place("/invoices/{invoice}/payments", invoice)
    return frame.create("invoice_payments.create", where, PAYMENT, fields)


def delete_invoice_payment(invoice: Id, id: Id) -> Call[DeleteResult]:
    """Contract: invoice_payments.delete: opens the invoice again (payment_delete_text)."""
    where = frame.place("/invoices/{invoice}/payments/{payment}", invoice, id)
    return frame.delete("invoice_payments.delete", where)
