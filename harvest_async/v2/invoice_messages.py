"""Messages of invoices."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import date, datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.endpoints import Endpoint
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.errors import InvalidArgument
from harvest_async.v2.documents import Message
from harvest_async.v2.entry_refs import Ref
from harvest_async.v2.invoice_records import Invoice
from harvest_async.v2.message_fields import Recipients
from harvest_async.v2.references import CURSOR, ENDPOINTS, CursorPaging, accepted_as, since_text, true_false

__all__ = ["InvoiceEvent", "InvoiceMessage", "InvoiceMessageFields", "InvoiceMessageText", "InvoiceMessagesResource"]


class InvoiceEvent(StrEnum):
    """A change of an invoice's state that a message records."""

    SEND = "send"
    CLOSE = "close"
    REOPEN = "re-open"
    DRAFT = "draft"


@accepted_as("message")
@frozen(kw_only=True)
class InvoiceMessage(Message):
    """A message of an invoice: an e-mail, or the record of a change of state."""

    include_link_to_client_invoice: bool | None = None
    attach_pdf: bool | None = None
    thank_you: bool | None = None
    event_type: InvoiceEvent | str | None = None
    reminder: bool | None = None
    send_reminder_on: date | None = None


InvoiceMessageId: TypeAlias = int | str | InvoiceMessage
"""Its id, or the record itself."""


@frozen(kw_only=True)
class InvoiceMessageText(Record):
    """The subject and body that the account proposes for a message."""

    invoice_id: int | None = None
    subject: str | None = None
    body: str | None = None
    reminder: bool | None = None
    thank_you: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


class InvoiceMessageFields(TypedDict, total=False):
    """The fields of a new message."""

    event_type: InvoiceEvent | Literal["send", "close", "re-open", "draft"]
    recipients: Recipients
    subject: str | None
    body: str | None
    include_link_to_client_invoice: bool
    attach_pdf: bool
    send_me_a_copy: bool
    thank_you: bool


_ALL: Final = "/invoices/{invoice}/messages"
LIST: Final = ENDPOINTS.listing(
    "invoice_messages.list",
    "listMessagesForInvoice",
    _ALL,
    InvoiceMessage,
    {"updated_since": since_text, **CURSOR},
    key="invoice_messages",
)
CREATE: Final = ENDPOINTS.create("invoice_messages.create", "createInvoiceMessage", _ALL, InvoiceMessage)
TEXT: Final[Endpoint[InvoiceMessageText]] = ENDPOINTS.get(
    "invoice_messages.text",
    "retrieveInvoiceMessageSubjectAndBodyForSpecificInvoice",
    f"{_ALL}/new",
    InvoiceMessageText,
    parameters={"thank_you": true_false, "reminder": true_false},
)
DELETE: Final = ENDPOINTS.delete("invoice_messages.delete", "deleteInvoiceMessage", f"{_ALL}/{{message}}")

FORM: Final = form("invoice_messages", InvoiceMessage, InvoiceMessageFields, InvoiceMessageFields, {})


class InvoiceMessagesResource(Resource):
    """Messages of invoices. The invoice is the first argument.

    https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-messages/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(
        self, invoice_id: Ref[Invoice], *, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[InvoiceMessage]:
        """List the messages of an invoice, the newest first.

        Args:
            invoice_id: the invoice.
            updated_since: list only messages that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(invoice_id, updated_since=updated_since, **paging))

    async def create(self, invoice_id: Ref[Invoice], **fields: Unpack[InvoiceMessageFields]) -> InvoiceMessage:
        """Send a message to recipients, or record an event, and return the message.

        Args:
            invoice_id: the invoice.
            fields: `recipients`, e-mail addresses or dicts of `name` and `email`; `subject` and `body`, None for the
                account's own; `attach_pdf`; `include_link_to_client_invoice`; `send_me_a_copy`; `thank_you`;
                `event_type`, see `InvoicesResource.send`, `close`, `reopen` and `draft`.

        Raises:
            InvalidArgument: there are neither recipients nor an event.
            OutcomeUnknown: the response was lost, so the message may or may not have been sent.
        """
        values = FORM.creation(fields)
        if not values.get("recipients") and not values.get("event_type"):
            raise InvalidArgument("invoice_messages.create: give recipients, or an event_type")
        return await self._create(CREATE(invoice_id, fields=values))

    async def text(
        self, invoice_id: Ref[Invoice], *, thank_you: bool | None = None, reminder: bool | None = None
    ) -> InvoiceMessageText:
        """Retrieve the subject and body that the account proposes for a message.

        Args:
            invoice_id: the invoice.
            thank_you: whether the message is a thank-you.
            reminder: whether the message is a reminder.
        """
        return await self._send(TEXT(invoice_id, thank_you=thank_you, reminder=reminder))

    async def delete(self, invoice_id: Ref[Invoice], id: InvoiceMessageId) -> DeleteResult:
        """Delete a message of an invoice."""
        return await self._send(DELETE(invoice_id, id))
