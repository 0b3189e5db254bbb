"""Payments of invoices."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import One
from harvest_async.v1.fields import (
    Number,
    PaymentFields,
    Ref,
)
from harvest_async.v1.models import (
    Invoice,
    InvoicePayment,
)
from harvest_async.v1.references import ENDPOINTS

__all__ = ["InvoicePayments"]

_PAYMENTS: Final = "/invoices/{invoice}/payments"

PAYMENT: Final = One(InvoicePayment, "payment")
LIST_INVOICE_PAYMENTS: Final = ENDPOINTS.listing("invoice_payments.list", _PAYMENTS, PAYMENT)
GET_INVOICE_PAYMENT: Final = ENDPOINTS.get("invoice_payments.get", f"{_PAYMENTS}/{{payment}}", PAYMENT)
CREATE_INVOICE_PAYMENT: Final = ENDPOINTS.create("invoice_payments.create", _PAYMENTS, PAYMENT)
DELETE_INVOICE_PAYMENT: Final = ENDPOINTS.delete(
    "invoice_payments.delete", f"{_PAYMENTS}/{{payment}}", note="The invoice is open again."
)

PAYMENT_FORM: Final = form(
    "invoice_payments", InvoicePayment, PaymentFields, PaymentFields, {"amount": Number, "paid_at": datetime}
)


class InvoicePayments(Resource):
    """Payments of invoices. The invoice is the first argument.

    A payment may change the invoice's state: read the invoice afterwards.

    https://help.getharvest.com/api-v1/invoices-api/invoices/invoice-messages-payments/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(self, invoice_id: Ref[Invoice]) -> Listing[InvoicePayment]:
        """List the payments of an invoice."""
        return self._list(LIST_INVOICE_PAYMENTS(invoice_id))

    async def get(self, invoice_id: Ref[Invoice], id: Ref[InvoicePayment]) -> InvoicePayment:
        """Retrieve a payment."""
        return await self._send(GET_INVOICE_PAYMENT(invoice_id, id))

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
        """Record a payment and return it. Depending on the account's settings, the client receives an e-mail.

        Args:
            invoice_id: the invoice.
            amount: the amount in the invoice's currency, or a draft in place of the following arguments.
            paid_at: the time of the payment; a datetime with a time zone.
            fields: `notes`.
        """
        call = CREATE_INVOICE_PAYMENT(invoice_id, fields=PAYMENT_FORM.creation(fields, amount, paid_at))
        return await self._create(call, lambda new: GET_INVOICE_PAYMENT(invoice_id, new))

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
        """Record a payment in one call: return its id, and the record only if the response has it."""
        values = PAYMENT_FORM.creation(fields, amount, paid_at)
        return await self._send(CREATE_INVOICE_PAYMENT(invoice_id, fields=values))

    async def delete(self, invoice_id: Ref[Invoice], id: Ref[InvoicePayment]) -> DeleteResult:
        """Delete a payment; the amount is due again."""
        return await self._send(DELETE_INVOICE_PAYMENT(invoice_id, id))
