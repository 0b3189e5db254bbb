"""Messages of invoices, and the changes of an invoice's state that come with them."""

from __future__ import annotations

from typing import Any, ClassVar, Final, Unpack, overload

from harvest_async.call import Call, Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.endpoints import UNSAFE, Endpoint
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import Done, One
from harvest_async.v1.fields import Addresses, MarkFields, MessageFields, Ref
from harvest_async.v1.models import Invoice, InvoiceMessage
from harvest_async.v1.references import ENDPOINTS
from harvest_async.v1.resources.invoices import GET_INVOICE
from harvest_async.v1.roots import Root, root_of

__all__ = ["InvoiceMessages"]

_MESSAGES: Final = "/invoices/{invoice}/messages"

MESSAGE: Final = One(InvoiceMessage, "message", written_as=Root("message", "invoice-message"))
LIST_INVOICE_MESSAGES: Final = ENDPOINTS.listing("invoice_messages.list", _MESSAGES, MESSAGE)
GET_INVOICE_MESSAGE: Final = ENDPOINTS.get("invoice_messages.get", f"{_MESSAGES}/{{message}}", MESSAGE)
SEND_INVOICE: Final = ENDPOINTS.create(
    "invoice_messages.send", _MESSAGES, MESSAGE, note="Sends an e-mail to the recipients."
)
DELETE_INVOICE_MESSAGE: Final = ENDPOINTS.delete("invoice_messages.delete", f"{_MESSAGES}/{{message}}")


def _mark(operation: str, root: Root | None) -> Endpoint[None]:
    """Return an endpoint that changes the state of an invoice."""
    name, template = f"invoice_messages.{operation}", f"{_MESSAGES}/{operation}"
    return ENDPOINTS.custom(name, "POST", template, Done(), UNSAFE, root)


MARK_AS_SENT: Final = _mark("mark_as_sent", root_of(MESSAGE))
MARK_AS_CLOSED: Final = _mark("mark_as_closed", root_of(MESSAGE))
MARK_AS_DRAFT: Final = _mark("mark_as_draft", root_of(MESSAGE))
RE_OPEN: Final = _mark("re_open", None)

MESSAGE_FORM: Final = form(
    "invoice_messages", InvoiceMessage, MessageFields, MarkFields, {"recipients": Addresses}, making="send"
)


class InvoiceMessages(Resource):
    """Messages of invoices, and changes of an invoice's state. The invoice is the first argument.

    https://help.getharvest.com/api-v1/invoices-api/invoices/invoice-messages-payments/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(self, invoice_id: Ref[Invoice]) -> Listing[InvoiceMessage]:
        """List the messages of an invoice."""
        return self._list(LIST_INVOICE_MESSAGES(invoice_id))

    async def get(self, invoice_id: Ref[Invoice], id: Ref[InvoiceMessage]) -> InvoiceMessage:
        """Retrieve a message."""
        return await self._send(GET_INVOICE_MESSAGE(invoice_id, id))

    @overload
    async def send(self, invoice_id: Ref[Invoice], draft: InvoiceMessage, /) -> InvoiceMessage: ...
    @overload
    async def send(
        self, invoice_id: Ref[Invoice], recipients: Addresses, **fields: Unpack[MessageFields]
    ) -> InvoiceMessage: ...
    async def send(
        self, invoice_id: Ref[Invoice], recipients: InvoiceMessage | Addresses | None = None, **fields: Any
    ) -> InvoiceMessage:
        """Send an invoice by e-mail and return the message. A draft invoice becomes open.

        Args:
            invoice_id: the invoice.
            recipients: the e-mail addresses, or a draft of the message.
            fields: `body`, `attach_pdf`, `send_me_a_copy`, `include_pay_pal_link`.

        Raises:
            InvalidArgument: an address is invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the e-mail may or may not have been sent. Not repeated.
        """
        call = SEND_INVOICE(invoice_id, fields=MESSAGE_FORM.creation(fields, recipients))
        return await self._create(call, lambda new: GET_INVOICE_MESSAGE(invoice_id, new))

    @overload
    async def send_id(self, invoice_id: Ref[Invoice], draft: InvoiceMessage, /) -> Created[InvoiceMessage]: ...
    @overload
    async def send_id(
        self, invoice_id: Ref[Invoice], recipients: Addresses, **fields: Unpack[MessageFields]
    ) -> Created[InvoiceMessage]: ...
    async def send_id(
        self, invoice_id: Ref[Invoice], recipients: InvoiceMessage | Addresses | None = None, **fields: Any
    ) -> Created[InvoiceMessage]:
        """Send an invoice in one call: return the message's id, and the record only if the response has it."""
        return await self._send(SEND_INVOICE(invoice_id, fields=MESSAGE_FORM.creation(fields, recipients)))

    async def delete(self, invoice_id: Ref[Invoice], id: Ref[InvoiceMessage]) -> DeleteResult:
        """Delete a message from the invoice's history. An e-mail that was sent is not withdrawn."""
        return await self._send(DELETE_INVOICE_MESSAGE(invoice_id, id))

    async def mark_as_sent(self, invoice_id: Ref[Invoice], *, body: str | None = None) -> Invoice:
        """Open a draft invoice without an e-mail, and return the invoice. `body` is a note for its history."""
        return await self._marked(MARK_AS_SENT(invoice_id, fields=_note(body)), invoice_id)

    async def mark_as_closed(self, invoice_id: Ref[Invoice], *, body: str | None = None) -> Invoice:
        """Write off an open invoice, and return the invoice. `body` is a note for its history."""
        return await self._marked(MARK_AS_CLOSED(invoice_id, fields=_note(body)), invoice_id)

    async def re_open(self, invoice_id: Ref[Invoice]) -> Invoice:
        """Re-open an invoice that was written off, and return the invoice."""
        return await self._marked(RE_OPEN(invoice_id), invoice_id)

    async def mark_as_draft(self, invoice_id: Ref[Invoice], *, body: str | None = None) -> Invoice:
        """Change an open invoice back to a draft, and return the invoice. `body` is a note for its history."""
        return await self._marked(MARK_AS_DRAFT(invoice_id, fields=_note(body)), invoice_id)

    async def _marked(self, call: Call[None], invoice_id: Ref[Invoice]) -> Invoice:
        await self._send(call)
        return await self._send(GET_INVOICE(invoice_id))


def _note(body: str | None) -> dict[str, Any]:
    return MESSAGE_FORM.changes(0, None, {} if body is None else {"body": body})
