"""Invoices, their item categories, messages and payments.

Line items are a table inside one field; `Invoice.lines` reads it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from attrs import evolve, field, frozen

from harvest_async.client.record import Record
from harvest_async.errors import DecodeError
from harvest_async.v1.models.enums import Currency, ExpenseSummary, ImportChoice, InvoiceKind, InvoiceState
from harvest_async.v1.models.field_metadata import IDENTITY, also
from harvest_async.v1.models.line_items import LineItem, days_until_due, read_lines, write_lines

__all__ = ["Invoice", "InvoiceItemCategory", "InvoiceMessage", "InvoicePayment"]


@frozen(kw_only=True)
class Invoice(Record):
    """An invoice; tax and discount are percent.

    Only drafts have the fields from `projects_to_invoice` to `expense_period_end`, which select what the invoice
    includes.
    """

    id: int = field(default=0, metadata=IDENTITY)
    client_id: int | None = None
    client_name: str | None = None
    number: str | None = None
    subject: str | None = None
    notes: str | None = None
    purchase_order: str | None = None
    amount: Decimal | None = None
    due_amount: Decimal | None = None
    currency: Currency | None = None
    issued_at: date | None = None
    due_at: date | None = None
    due_at_human_format: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    state: InvoiceState | str | None = None
    client_key: str | None = None
    tax: Decimal | None = None
    tax2: Decimal | None = None
    tax_amount: Decimal | None = None
    tax2_amount: Decimal | None = field(default=None, metadata=also("tax_amount2"))
    discount: Decimal | None = None
    discount_amount: Decimal | None = None
    recurring_invoice_id: int | None = None
    estimate_id: int | None = None
    retainer_id: int | None = None
    created_by_id: int | None = None
    csv_line_items: str | None = None
    kind: InvoiceKind | str | None = None
    projects_to_invoice: str | None = None
    import_hours: ImportChoice | str | None = None
    import_expenses: ImportChoice | str | None = None
    expense_summary_type: ExpenseSummary | str | None = None
    expense_period_start: date | None = None
    expense_period_end: date | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def lines(self) -> list[LineItem] | None:
        """The line items; None if they are not known, as in lists.

        Raises:
            DecodeError: the table is invalid; the message has the line. `csv_line_items` has the text.
        """
        if self.csv_line_items is None:
            return None
        try:
            return read_lines(self.csv_line_items)
        except ValueError as error:
            raise DecodeError(f"invoice {self.id}: {error}") from error

    @property
    def days_until_due(self) -> int | None:
        """The number of days to pay, from `due_at_human_format`; None if it has none."""
        return None if self.due_at_human_format is None else days_until_due(self.due_at_human_format)

    def with_lines(self, lines: Iterable[LineItem]) -> Invoice:
        """Return the same invoice with other line items, for a create or an update."""
        return evolve(self, csv_line_items=write_lines(lines))


@frozen(kw_only=True)
class InvoiceItemCategory(Record):
    """A kind of line item; the two default categories cannot be deleted."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    use_as_expense: bool | None = None
    use_as_service: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class InvoiceMessage(Record):
    """A message of an invoice: an e-mail that was sent, or a note about a change of state.

    Only drafts have `recipients` and `attach_pdf`.
    """

    id: int = field(default=0, metadata=IDENTITY)
    invoice_id: int | None = None
    body: str | None = None
    recipients: str | None = None
    full_recipient_list: str | None = None
    attach_pdf: bool | None = None
    send_me_a_copy: bool | None = None
    include_pay_pal_link: bool | None = None
    sent_by: str | None = None
    sent_by_email: str | None = None
    sent_from: str | None = None
    sent_from_email: str | None = None
    subject: str | None = None
    thank_you: bool | None = None
    send_reminder_on: date | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class InvoicePayment(Record):
    """A payment of an invoice."""

    id: int = field(default=0, metadata=IDENTITY)
    invoice_id: int | None = None
    amount: Decimal | None = None
    paid_at: datetime | None = None
    notes: str | None = None
    recorded_by: str | None = None
    recorded_by_email: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)
