"""Payments of invoices."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.errors import InvalidArgument
from harvest_async.v2.entry_refs import Ref
from harvest_async.v2.invoice_records import Invoice
from harvest_async.v2.references import CURSOR, ENDPOINTS, IDENTITY, CursorPaging, Day, Number, accepted_as, since_text

__all__ = ["InvoicePayment", "InvoicePaymentFields", "InvoicePaymentsResource", "PaymentGateway"]


@frozen(kw_only=True)
class PaymentGateway(Record):
    """The service by which an invoice was paid; its fields are None for payments recorded by hand."""

    id: int | None = None
    name: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@accepted_as("payment")
@frozen(kw_only=True)
class InvoicePayment(Record):
    """A payment; `amount` is in the invoice's currency."""

    id: int = field(default=0, metadata=IDENTITY)
    amount: Decimal | None = None
    paid_at: datetime | None = None
    paid_date: date | None = None
    recorded_by: str | None = None
    recorded_by_email: str | None = None
    notes: str | None = None
    transaction_id: str | None = None
    payment_gateway: PaymentGateway | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


InvoicePaymentId: TypeAlias = int | str | InvoicePayment
"""Its id, or the record itself."""


class InvoicePaymentFields(TypedDict, total=False):
    """The optional fields of a new payment: at most one of `paid_at` and `paid_date`."""

    paid_at: datetime
    paid_date: Day
    notes: str | None
    send_thank_you: bool


_ALL: Final = "/invoices/{invoice}/payments"
LIST: Final = ENDPOINTS.listing(
    "invoice_payments.list",
    "listPaymentsForInvoice",
    _ALL,
    InvoicePayment,
    {"updated_since": since_text, **CURSOR},
    key="invoice_payments",
)
CREATE: Final = ENDPOINTS.create("invoice_payments.create", "createInvoicePayment", _ALL, InvoicePayment)
DELETE: Final = ENDPOINTS.delete(
    "invoice_payments.delete", "deleteInvoicePayment", f"{_ALL}/{{payment}}", note="The amount is due again."
)

FORM: Final = form("invoice_payments", InvoicePayment, InvoicePaymentFields, InvoicePaymentFields, {"amount": Number})


class InvoicePaymentsResource(Resource):
    """Payments of invoices. The invoice is the first argument; a payment may change its state.

    https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-payments/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(
        self, invoice_id: Ref[Invoice], *, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[InvoicePayment]:
        """List the payments of an invoice, the newest first; for the arguments see `InvoiceMessagesResource.list`."""
        return self._list(LIST(invoice_id, updated_since=updated_since, **paging))

    async def create(
        self, invoice_id: Ref[Invoice], amount: Number, **fields: Unpack[InvoicePaymentFields]
    ) -> InvoicePayment:
        """Record a payment and return it.

        Args:
            invoice_id: the invoice; a draft has to be sent first.
            amount: the amount in the invoice's currency.
            fields: `paid_at`, a datetime with a time zone, or `paid_date`, a day: None for now; `notes`;
                `send_thank_you`, whether the client gets an e-mail, True by default.

        Raises:
            InvalidArgument: both `paid_at` and `paid_date` were given, or the given record is a draft.
            OutcomeUnknown: the response was lost, so the payment may or may not have been recorded.
        """
        values = FORM.creation(fields, amount)
        if {"paid_at", "paid_date"} <= values.keys():
            raise InvalidArgument("invoice_payments.create: give paid_at or paid_date, not both")
        if getattr(invoice_id, "state", None) == "draft":
            raise InvalidArgument("invoice_payments.create: this invoice is a draft: use invoices.send first")
        return await self._create(CREATE(invoice_id, fields=values))

    async def delete(self, invoice_id: Ref[Invoice], id: InvoicePaymentId) -> DeleteResult:
        """Delete a payment; the amount is due again."""
        return await self._send(DELETE(invoice_id, id))
