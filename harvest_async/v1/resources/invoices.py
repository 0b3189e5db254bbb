"""Invoices, what their lines are called, and their payments.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client import validation as checks
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.errors import CreatedUnread, FieldsIgnored, HarvestError, InvalidArgument, NotFound
from harvest_async.v1 import calls
from harvest_async.v1.fields import (
    Day,
    InvoiceChanges,
    InvoiceFields,
    InvoiceItemCategoryChanges,
    Number,
    PaymentFields,
    Ref,
)
from harvest_async.v1.models import (
    Client,
    Invoice,
    InvoiceItemCategory,
    InvoiceKind,
    InvoicePayment,
    InvoiceStatus,
    read_lines,
)

__all__ = ["InvoiceItemCategories", "InvoicePayments", "Invoices"]

INVOICE = form(
    "invoices",
    Invoice,
    InvoiceFields,
    InvoiceChanges,
    {"client_id": "Ref", "kind": "InvoiceKind | str"},
    optional=frozenset({"kind"}),
    state="use invoice_messages.mark_as_sent, mark_as_closed, re_open and mark_as_draft, or invoice_payments.create",
    kind="it is set when the invoice is made",
)
CATEGORY = form(
    "invoice_item_categories",
    InvoiceItemCategory,
    InvoiceItemCategoryChanges,
    InvoiceItemCategoryChanges,
    {"name": "Name"},
)
PAYMENT = form(
    "invoice_payments", InvoicePayment, PaymentFields, PaymentFields, {"amount": "Number", "paid_at": "datetime"}
)

_STATUS: Final = checks.check_of("InvoiceStatus | str")


class Invoices(Resource):
    """Invoices. Their state is changed by `invoice_messages` and `invoice_payments`."""

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(
        self,
        *,
        status: InvoiceStatus | str | None = None,
        client: Ref[Client] | None = None,
        from_: Day | None = None,
        to: Day | None = None,
        updated_since: datetime | None = None,
    ) -> Listing[Invoice]:
        """All invoices, newest first, or those that pass all filters; without line items (contract: invoices.list).

        Args:
            status: how they stand; not the same words as their `state` (contract: status_vs_state).
            client: whose they are.
            from_: the first day of `issued_at`; together with `to` (contract: from_to_meaning).
            to: the last day.
            updated_since: an aware moment.
        """
        query = (*_issued(from_, to), *_filters(status, client))
        return self._list(calls.list_invoices(query, updated_since))

    async def get(self, id: Ref[Invoice]) -> Invoice:
        """One invoice, with its line items."""
        return await self._send(calls.get_invoice(id))

    @overload
    async def create(self, draft: Invoice, /) -> Invoice: ...
    @overload
    async def create(
        self, client_id: Ref[Client], kind: InvoiceKind | str | None = None, **fields: Unpack[InvoiceFields]
    ) -> Invoice: ...
    async def create(
        self, client_id: Invoice | Ref[Client] | None = None, kind: InvoiceKind | str | None = None, **fields: Any
    ) -> Invoice:
        """Make an invoice for a client, from its fields or from a draft.

        `free_form`, which the server takes where no kind is given, has its lines from `csv_line_items`; the other kinds
        gather hours and expenses of `projects_to_invoice`, and mark them as invoiced (contract: invoices.create).

        Raises:
            NotTaken: it was made, and the server dropped its lines (contract: csv_header_intact).
        """
        values = INVOICE.creation(fields, client_id, kind)
        return _with_lines(
            "invoices.create", values, await self._create(calls.create_invoice(values), calls.get_invoice)
        )

    @overload
    async def create_id(self, draft: Invoice, /) -> Created[Invoice]: ...
    @overload
    async def create_id(
        self, client_id: Ref[Client], kind: InvoiceKind | str | None = None, **fields: Unpack[InvoiceFields]
    ) -> Created[Invoice]: ...
    async def create_id(
        self, client_id: Invoice | Ref[Client] | None = None, kind: InvoiceKind | str | None = None, **fields: Any
    ) -> Created[Invoice]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_invoice(INVOICE.creation(fields, client_id, kind)))

    @overload
    async def update(self, id: Ref[Invoice], changed: Invoice) -> Invoice: ...
    @overload
    async def update(self, id: Ref[Invoice], **fields: Unpack[InvoiceChanges]) -> Invoice: ...
    async def update(self, id: Ref[Invoice], changed: Invoice | None = None, **fields: Any) -> Invoice:
        """Change what is given, or what differs between two records; where nothing does, nothing is sent.

        `csv_line_items` replaces all lines, and is sent only if they change (contract: csv_only_when_asked). The
        invoice is read back afterwards.

        Raises:
            InvalidArgument: `state` was given or changed, which the server would ignore (contract: state_ignored).
            NotTaken: it was changed, and the server dropped its lines (contract: csv_header_intact).
        """
        values = INVOICE.changes(id, changed, fields)
        if not values:
            return id if isinstance(id, Invoice) else await self.get(id)
        await self._send(calls.update_invoice(id, values))
        return _with_lines("invoices.update", values, await self.get(id))

    async def delete(self, id: Ref[Invoice]) -> DeleteResult:
        """Remove an invoice."""
        return await self._send(calls.delete_invoice(id))


class InvoiceItemCategories(Resource):
    """What kinds of line items there are. No call shows a single one (contract: category_no_get)."""

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(self) -> Listing[InvoiceItemCategory]:
        """All categories."""
        return self._list(calls.list_invoice_item_categories())

    async def get(self, id: Ref[InvoiceItemCategory]) -> InvoiceItemCategory:
        """One category, out of the list of all.

        Raises:
            NotFound: there is none with this id.
        """
        wanted = int(checks.reference("category", id))
        async for category in self.list():
            if category.id == wanted:
                return category
        raise NotFound(f"invoice_item_categories.get: the list has no category with id {wanted}")

    @overload
    async def create(self, draft: InvoiceItemCategory, /) -> InvoiceItemCategory: ...
    @overload
    async def create(self, name: str) -> InvoiceItemCategory: ...
    async def create(self, name: InvoiceItemCategory | str) -> InvoiceItemCategory:
        """Make a category, and find it in the list (contract: category_location)."""
        told = await self.create_id(name)
        if told.record is not None:
            return told.record
        try:
            return await self.get(told.id or 0)
        except HarvestError as error:
            raise CreatedUnread(
                f"invoice_item_categories.create: created with id {told.id}, but it can't be found: {error}",
                id=told.id,
                location=told.location,
                request=error.request,
                response=error.response,
            ) from error

    @overload
    async def create_id(self, draft: InvoiceItemCategory, /) -> Created[InvoiceItemCategory]: ...
    @overload
    async def create_id(self, name: str) -> Created[InvoiceItemCategory]: ...
    async def create_id(self, name: InvoiceItemCategory | str) -> Created[InvoiceItemCategory]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_invoice_item_category(CATEGORY.creation({}, name)))

    @overload
    async def update(self, id: Ref[InvoiceItemCategory], changed: InvoiceItemCategory) -> InvoiceItemCategory: ...
    @overload
    async def update(
        self, id: Ref[InvoiceItemCategory], **fields: Unpack[InvoiceItemCategoryChanges]
    ) -> InvoiceItemCategory: ...
    async def update(
        self, id: Ref[InvoiceItemCategory], changed: InvoiceItemCategory | None = None, **fields: Any
    ) -> InvoiceItemCategory:
        """Rename a category, the default ones too; where the name stays, nothing is sent."""
        values = CATEGORY.changes(id, changed, fields)
        if not values:
            return id if isinstance(id, InvoiceItemCategory) else await self.get(id)
        record = await self._send(calls.update_invoice_item_category(id, values))
        return await self.get(id) if record is None else record

    async def delete(self, id: Ref[InvoiceItemCategory]) -> DeleteResult:
        """Remove a category that is not a default one."""
        return await self._send(calls.delete_invoice_item_category(id))


class InvoicePayments(Resource):
    """Payments of invoices; the invoice comes first.

    The invoice's state follows by rules of the server's own: read it afterwards (contract: draft_with_payment).
    """

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(self, invoice_id: Ref[Invoice]) -> Listing[InvoicePayment]:
        """All payments of an invoice."""
        return self._list(calls.list_invoice_payments(invoice_id))

    async def get(self, invoice_id: Ref[Invoice], id: Ref[InvoicePayment]) -> InvoicePayment:
        """One payment."""
        return await self._send(calls.get_invoice_payment(invoice_id, id))

    @overload
    async def create(self, invoice_id: Ref[Invoice], draft: InvoicePayment, /) -> InvoicePayment: ...
    @overload
    async def create(
        self, invoice_id: Ref[Invoice], amount: Number, paid_at: datetime, **fields: Unpack[PaymentFields]
    ) -> InvoicePayment: ...
    async def create(
        self,
        invoice_id: Ref[Invoice],
        amount: InvoicePayment | Number | None = None,
        paid_at: datetime | None = None,
        **fields: Any,
    ) -> InvoicePayment:
        """Record a payment, from its fields or from a draft; the account may thank the client by e-mail for it."""
        call = calls.create_invoice_payment(invoice_id, PAYMENT.creation(fields, amount, paid_at))
        return await self._create(call, lambda made: calls.get_invoice_payment(invoice_id, made))

    @overload
    async def create_id(self, invoice_id: Ref[Invoice], draft: InvoicePayment, /) -> Created[InvoicePayment]: ...
    @overload
    async def create_id(
        self, invoice_id: Ref[Invoice], amount: Number, paid_at: datetime, **fields: Unpack[PaymentFields]
    ) -> Created[InvoicePayment]: ...
    async def create_id(
        self,
        invoice_id: Ref[Invoice],
        amount: InvoicePayment | Number | None = None,
        paid_at: datetime | None = None,
        **fields: Any,
    ) -> Created[InvoicePayment]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_invoice_payment(invoice_id, PAYMENT.creation(fields, amount, paid_at)))

    async def delete(self, invoice_id: Ref[Invoice], id: Ref[InvoicePayment]) -> DeleteResult:
        """Remove a payment: the invoice is due again (contract: payment_delete_text)."""
        return await self._send(calls.delete_invoice_payment(invoice_id, id))


def _issued(from_: Day | None, to: Day | None) -> calls.Query:
    """The two days that come as a pair (contract: invoices.list)."""
    if from_ is None and to is None:
        return ()
    if from_ is None or to is None:
        raise InvalidArgument("invoices.list: give from_ and to, or neither")
    begin, end = checks.order("from_", from_, "to", to)
    return (("from", f"{begin:%Y%m%d}"), ("to", f"{end:%Y%m%d}"))


def _filters(status: InvoiceStatus | str | None, client: Ref[Client] | None) -> calls.Query:
    """Contract: status_vs_state, client_filter_name."""
    by_status = () if status is None else (("status", str(_STATUS("status", status))),)
    return by_status if client is None else (*by_status, ("client", checks.segment("client", client)))


def _with_lines(what: str, sent: Mapping[str, Any], invoice: Invoice) -> Invoice:
    """An invoice that has all the lines that were sent (contract: csv_header_intact)."""
    count = len(read_lines(sent.get("csv_line_items") or ""))
    if count and len(invoice.lines or ()) != count:
        raise FieldsIgnored(f"{what}: done, but the server dropped lines", record=invoice, names=["csv_line_items"])
    return invoice
