"""Messages about invoices, and the changes of state that come with them.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from typing import Any, ClassVar, Unpack, overload

from harvest_async.call import Call, Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.v1 import calls
from harvest_async.v1.fields import Addresses, MarkFields, MessageFields, Ref
from harvest_async.v1.models import Invoice, InvoiceMessage

__all__ = ["InvoiceMessages"]

MESSAGE = form(
    "invoice_messages", InvoiceMessage, MessageFields, MarkFields, {"recipients": "Addresses"}, making="send"
)


class InvoiceMessages(Resource):
    """Messages about invoices; the invoice comes first."""

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(self, invoice_id: Ref[Invoice]) -> Listing[InvoiceMessage]:
        """All messages about an invoice."""
        return self._list(calls.list_invoice_messages(invoice_id))

    async def get(self, invoice_id: Ref[Invoice], id: Ref[InvoiceMessage]) -> InvoiceMessage:
        """One message."""
        return await self._send(calls.get_invoice_message(invoice_id, id))

    @overload
    async def send(self, invoice_id: Ref[Invoice], draft: InvoiceMessage, /) -> InvoiceMessage: ...
    @overload
    async def send(
        self, invoice_id: Ref[Invoice], recipients: Addresses, **fields: Unpack[MessageFields]
    ) -> InvoiceMessage: ...
    async def send(
        self, invoice_id: Ref[Invoice], recipients: InvoiceMessage | Addresses | None = None, **fields: Any
    ) -> InvoiceMessage:
        """Mail an invoice: real e-mails go out, and a draft becomes open. Never repeated after a lost answer."""
        call = calls.send_invoice(invoice_id, MESSAGE.creation(fields, recipients))
        return await self._create(call, lambda made: calls.get_invoice_message(invoice_id, made))

    @overload
    async def send_id(self, invoice_id: Ref[Invoice], draft: InvoiceMessage, /) -> Created[InvoiceMessage]: ...
    @overload
    async def send_id(
        self, invoice_id: Ref[Invoice], recipients: Addresses, **fields: Unpack[MessageFields]
    ) -> Created[InvoiceMessage]: ...
    async def send_id(
        self, invoice_id: Ref[Invoice], recipients: InvoiceMessage | Addresses | None = None, **fields: Any
    ) -> Created[InvoiceMessage]:
        """As `send`, but gives what the answer told and reads nothing."""
        return await self._send(calls.send_invoice(invoice_id, MESSAGE.creation(fields, recipients)))

    async def delete(self, invoice_id: Ref[Invoice], id: Ref[InvoiceMessage]) -> DeleteResult:
        """Remove a message from the list; nothing that was mailed comes back."""
        return await self._send(calls.delete_invoice_message(invoice_id, id))

    async def mark_as_sent(self, invoice_id: Ref[Invoice], *, body: str | None = None) -> Invoice:
        """Open a draft without an e-mail; `body` is a note. Gives the invoice as it is now."""
        return await self._marked(calls.mark_as_sent(invoice_id, _note(body)), invoice_id)

    async def mark_as_closed(self, invoice_id: Ref[Invoice], *, body: str | None = None) -> Invoice:
        """Write an open invoice off; `body` is a note. Gives the invoice as it is now."""
        return await self._marked(calls.mark_as_closed(invoice_id, _note(body)), invoice_id)

    async def re_open(self, invoice_id: Ref[Invoice]) -> Invoice:
        """Open an invoice that was written off. Gives the invoice as it is now."""
        return await self._marked(calls.re_open(invoice_id), invoice_id)

    async def mark_as_draft(self, invoice_id: Ref[Invoice], *, body: str | None = None) -> Invoice:
        """Make an open invoice a draft again; `body` is a note. Gives the invoice as it is now."""
        return await self._marked(calls.mark_as_draft(invoice_id, _note(body)), invoice_id)

    async def _marked(self, call: Call[None], invoice_id: Ref[Invoice]) -> Invoice:
        await self._send(call)
        return await self._send(calls.get_invoice(invoice_id))


def _note(body: str | None) -> dict[str, Any]:
    return MESSAGE.changes(0, None, {} if body is None else {"body": body})
