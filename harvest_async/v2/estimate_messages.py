"""Messages of estimates."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from enum import StrEnum
from typing import ClassVar, Final, Literal, TypeAlias, TypedDict, Unpack

from attrs import frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.errors import InvalidArgument
from harvest_async.v2.documents import Document, Message
from harvest_async.v2.entry_refs import Ref
from harvest_async.v2.message_fields import Recipients
from harvest_async.v2.references import CURSOR, ENDPOINTS, CursorPaging, accepted_as, since_text

__all__ = ["EstimateEvent", "EstimateMessage", "EstimateMessageFields", "EstimateMessagesResource"]


class EstimateEvent(StrEnum):
    """A change of an estimate's state that a message records."""

    SEND = "send"
    ACCEPT = "accept"
    DECLINE = "decline"
    REOPEN = "re-open"


@accepted_as("message")
@frozen(kw_only=True)
class EstimateMessage(Message):
    """A message of an estimate: an e-mail, or the record of a change of state."""

    event_type: EstimateEvent | str | None = None


EstimateMessageId: TypeAlias = int | str | EstimateMessage
"""Its id, or the record itself."""


class EstimateMessageFields(TypedDict, total=False):
    """The fields of a new message."""

    event_type: EstimateEvent | Literal["send", "accept", "decline", "re-open"]
    subject: str | None
    body: str | None
    send_me_a_copy: bool


_ALL: Final = "/estimates/{estimate}/messages"
LIST: Final = ENDPOINTS.listing(
    "estimate_messages.list",
    "listMessagesForEstimate",
    _ALL,
    EstimateMessage,
    {"updated_since": since_text, **CURSOR},
    key="estimate_messages",
)
CREATE: Final = ENDPOINTS.create("estimate_messages.create", "createEstimateMessage", _ALL, EstimateMessage)
DELETE: Final = ENDPOINTS.delete("estimate_messages.delete", "deleteEstimateMessage", f"{_ALL}/{{message}}")

FORM: Final = form(
    "estimate_messages", EstimateMessage, EstimateMessageFields, EstimateMessageFields, {"recipients": Recipients}
)


class EstimateMessagesResource(Resource):
    """Messages of estimates. The estimate is the first argument.

    https://help.getharvest.com/api-v2/estimates-api/estimates/estimate-messages/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "estimates"

    def list(
        self, estimate_id: Ref[Document], *, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[EstimateMessage]:
        """List the messages of an estimate, the newest first; for the arguments see `InvoiceMessagesResource.list`."""
        return self._list(LIST(estimate_id, updated_since=updated_since, **paging))

    async def create(
        self, estimate_id: Ref[Document], recipients: Recipients, **fields: Unpack[EstimateMessageFields]
    ) -> EstimateMessage:
        """Send a message to recipients, and return it.

        Args:
            estimate_id: the estimate.
            recipients: e-mail addresses, or dicts of `name` and `email`.
            fields: `subject`; `body`; `send_me_a_copy`; `event_type`, see `EstimatesResource.send`.

        Raises:
            InvalidArgument: there are no recipients, or one is not an address.
            OutcomeUnknown: the response was lost, so the message may or may not have been sent.
        """
        values = FORM.creation(fields, recipients)
        if not values["recipients"]:
            raise InvalidArgument("estimate_messages.create: recipients is empty: give at least one address")
        return await self._create(CREATE(estimate_id, fields=values))

    async def delete(self, estimate_id: Ref[Document], id: EstimateMessageId) -> DeleteResult:
        """Delete a message of an estimate."""
        return await self._send(DELETE(estimate_id, id))
