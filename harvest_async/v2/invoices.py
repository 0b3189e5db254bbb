"""Invoices."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from typing import Any, ClassVar, Final, TypeAlias, Unpack

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.validation import required_text
from harvest_async.errors import InvalidArgument
from harvest_async.v2 import invoice_messages as messages
from harvest_async.v2.clients import ClientField, ClientId
from harvest_async.v2.invoice_messages import InvoiceEvent, InvoiceMessage
from harvest_async.v2.invoice_records import Invoice, InvoiceChanges, InvoiceFields, InvoiceFilters
from harvest_async.v2.line_items import changed_lines
from harvest_async.v2.message_fields import check_state
from harvest_async.v2.references import ENDPOINTS, PAGES, Day, day_text, id_text, since_text

__all__ = ["InvoicesResource"]

InvoiceId: TypeAlias = int | str | Invoice
"""Its id, or the record itself."""

_ONE: Final = "/invoices/{invoice}"
LIST: Final = ENDPOINTS.listing(
    "invoices.list",
    "listInvoices",
    "/invoices",
    Invoice,
    {
        "client_id": id_text,
        "project_id": id_text,
        "updated_since": since_text,
        "from": day_text,
        "to": day_text,
        "state": required_text,
        **PAGES,
    },
)
GET: Final = ENDPOINTS.get("invoices.get", "retrieveInvoice", _ONE, Invoice)
CREATE: Final = ENDPOINTS.create("invoices.create", "createInvoice", "/invoices", Invoice)
UPDATE: Final = ENDPOINTS.update("invoices.update", "updateInvoice", _ONE, Invoice)
DELETE: Final = ENDPOINTS.delete("invoices.delete", "deleteInvoice", _ONE)

FORM: Final = form(
    "invoices",
    Invoice,
    InvoiceFields,
    InvoiceChanges,
    {"client_id": ClientField},
    state="use invoices.send, close, reopen or draft, or invoice_payments.create",
    line_items_import="set it when the invoice is created",
)


class InvoicesResource(Resource):
    """Invoices. Their state is changed by `send`, `close`, `reopen` and `draft`, and by payments.

    https://help.getharvest.com/api-v2/invoices-api/invoices/invoices/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(self, *, from_: Day | None = None, **filters: Unpack[InvoiceFilters]) -> Listing[Invoice]:
        """List invoices, the latest first, with their line items.

        Args:
            from_: list only invoices that were issued on this day or later.
            filters: `to`, the last day of issue; `client_id`, `project_id`, ids or records; `state`, an
                `InvoiceState`; `updated_since`, a datetime with a time zone; `page` and `per_page`.
        """
        query: dict[str, Any] = {"from": from_, **filters}
        return self._list(LIST(**query))

    async def get(self, id: InvoiceId) -> Invoice:
        """Retrieve an invoice with its line items."""
        return await self._send(GET(id))

    async def create(self, client_id: ClientId, **fields: Unpack[InvoiceFields]) -> Invoice:
        """Create an invoice, which is a draft, and return it.

            await harvest.invoices.create(7, line_items=[{"kind": "Service", "unit_price": 100}])
            await harvest.invoices.create(
                7, line_items_import={"project_ids": [9], "time": {"summary_type": "task"}}
            )

        Args:
            client_id: the client.
            fields: `line_items`, the lines of a free-form invoice; or `line_items_import`, the projects whose
                unbilled hours and expenses become its lines, and are marked as billed; `subject`, `issue_date`,
                `tax` and `discount` (percent) and others.

        Raises:
            InvalidArgument: a field is missing or invalid, or there are both kinds of lines; nothing was sent.
            OutcomeUnknown: the response was lost, so the invoice may or may not have been created.
            CreatedUnread: the invoice was created, but the response can't be read.
        """
        values = FORM.creation(fields, client_id)
        if {"line_items", "line_items_import"} <= values.keys():
            raise InvalidArgument("invoices.create: give line_items or line_items_import, not both")
        if any("id" in line for line in values.get("line_items", ())):
            raise InvalidArgument("invoices.create: line_items: a new line has no id")
        return await self._create(CREATE(fields=values))

    async def update(
        self, id: InvoiceId, changed: Invoice | None = None, /, **fields: Unpack[InvoiceChanges]
    ) -> Invoice:
        """Change an invoice and return it. Only what differs is sent; if nothing differs, no request is sent.

        Args:
            id: the invoice's id, or the invoice as it was read.
            changed: the invoice as it is to be; lines that are absent in it are removed.
            fields: the fields to change, instead of `changed`. In `line_items`, lines with an `id` are changed, others
                are added, and `{"id": 5, "_destroy": True}` removes one.
        """
        values = FORM.changes(id, changed, fields)
        if "line_items" in values and isinstance(changed, Invoice) and isinstance(id, Invoice):
            values["line_items"] = changed_lines(id.line_items, changed.line_items)
        return await self._updated(id, Invoice, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: InvoiceId) -> DeleteResult:
        """Delete an invoice; the hours and expenses on it are unbilled again."""
        return await self._send(DELETE(id))

    async def send(self, id: InvoiceId) -> InvoiceMessage:
        """Mark a draft as sent, without an e-mail; `invoice_messages.create` sends one. Return the message.

        Raises:
            InvalidArgument: the given record is not a draft.
        """
        return await self._event("send", id, InvoiceEvent.SEND, "draft")

    async def close(self, id: InvoiceId) -> InvoiceMessage:
        """Write an open invoice off, and return the message.

        Raises:
            InvalidArgument: the given record is not open.
        """
        return await self._event("close", id, InvoiceEvent.CLOSE, "open")

    async def reopen(self, id: InvoiceId) -> InvoiceMessage:
        """Open a closed invoice again, and return the message.

        Raises:
            InvalidArgument: the given record is not closed.
        """
        return await self._event("reopen", id, InvoiceEvent.REOPEN, "closed")

    async def draft(self, id: InvoiceId) -> InvoiceMessage:
        """Make an open invoice a draft again, and return the message.

        Raises:
            InvalidArgument: the given record is not open.
        """
        return await self._event("draft", id, InvoiceEvent.DRAFT, "open")

    async def _event(self, name: str, id: InvoiceId, event: InvoiceEvent, state: str) -> InvoiceMessage:
        check_state(f"invoices.{name}", id, (state,))
        return await self._create(messages.CREATE(id, fields={"event_type": str(event)}))
