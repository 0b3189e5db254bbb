"""Estimates."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Final, Literal, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.validation import required_text
from harvest_async.errors import InvalidArgument
from harvest_async.v2 import estimate_messages as messages
from harvest_async.v2.clients import ClientField, ClientId
from harvest_async.v2.documents import Document, LineItem
from harvest_async.v2.estimate_messages import EstimateEvent, EstimateMessage
from harvest_async.v2.line_items import EstimateLines, changed_lines
from harvest_async.v2.message_fields import check_state
from harvest_async.v2.references import (
    ENDPOINTS,
    PAGES,
    Day,
    Number,
    Paging,
    accepted_as,
    day_text,
    id_text,
    since_text,
)

__all__ = [
    "Estimate",
    "EstimateChanges",
    "EstimateFields",
    "EstimateFilters",
    "EstimateLineItem",
    "EstimateState",
    "EstimatesResource",
]


class EstimateState(StrEnum):
    """The state of an estimate."""

    DRAFT = "draft"
    SENT = "sent"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@frozen(kw_only=True)
class EstimateLineItem(LineItem):
    """A line of an estimate. A line without an id is new."""


@accepted_as("estimate")
@frozen(kw_only=True)
class Estimate(Document):
    """An estimate. Amounts are in its currency; `tax`, `tax2` and `discount` are percentages."""

    line_items: list[EstimateLineItem] = field(factory=list)
    state: EstimateState | str | None = None
    accepted_at: datetime | None = None
    declined_at: datetime | None = None


EstimateId: TypeAlias = int | str | Estimate
"""Its id, or the record itself."""


class EstimateFields(TypedDict, total=False):
    """The optional fields of a new estimate."""

    number: str
    purchase_order: str | None
    tax: Number | None
    tax2: Number | None
    discount: Number | None
    subject: str | None
    notes: str | None
    currency: str
    issue_date: Day
    line_items: EstimateLines


class EstimateChanges(EstimateFields, total=False):
    """The fields of a change. Lines with an `id` are changed, new ones added, and those with `_destroy` removed."""

    client_id: ClientField


class EstimateFilters(Paging, total=False):
    """The filters of the list of estimates."""

    client_id: ClientField | None
    updated_since: datetime | None
    to: Day | None
    state: EstimateState | Literal["draft", "sent", "accepted", "declined"] | None


_ONE: Final = "/estimates/{estimate}"
LIST: Final = ENDPOINTS.listing(
    "estimates.list",
    "listEstimates",
    "/estimates",
    Estimate,
    {
        "client_id": id_text,
        "updated_since": since_text,
        "from": day_text,
        "to": day_text,
        "state": required_text,
        **PAGES,
    },
)
GET: Final = ENDPOINTS.get("estimates.get", "retrieveEstimate", _ONE, Estimate)
CREATE: Final = ENDPOINTS.create("estimates.create", "createEstimate", "/estimates", Estimate)
UPDATE: Final = ENDPOINTS.update("estimates.update", "updateEstimate", _ONE, Estimate)
DELETE: Final = ENDPOINTS.delete("estimates.delete", "deleteEstimate", _ONE)

FORM: Final = form(
    "estimates",
    Estimate,
    EstimateFields,
    EstimateChanges,
    {"client_id": ClientField},
    state="use estimates.send, accept, decline or reopen",
)


class EstimatesResource(Resource):
    """Estimates. Their state is changed by `send`, `accept`, `decline` and `reopen`.

    https://help.getharvest.com/api-v2/estimates-api/estimates/estimates/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "estimates"

    def list(self, *, from_: Day | None = None, **filters: Unpack[EstimateFilters]) -> Listing[Estimate]:
        """List estimates, the latest first, with their line items.

        Args:
            from_: list only estimates that were issued on this day or later.
            filters: `to`, the last day of issue; `client_id`, an id or a record; `state`, an `EstimateState`;
                `updated_since`, a datetime with a time zone; `page` and `per_page`.
        """
        query: dict[str, Any] = {"from": from_, **filters}
        return self._list(LIST(**query))

    async def get(self, id: EstimateId) -> Estimate:
        """Retrieve an estimate with its line items."""
        return await self._send(GET(id))

    async def create(self, client_id: ClientId, **fields: Unpack[EstimateFields]) -> Estimate:
        """Create an estimate, which is a draft, and return it.

        Args:
            client_id: the client.
            fields: `line_items`, `subject`, `issue_date`, `tax` and `discount` (percent) and others.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the estimate may or may not have been created.
            CreatedUnread: the estimate was created, but the response can't be read.
        """
        values = FORM.creation(fields, client_id)
        if any("id" in line for line in values.get("line_items", ())):
            raise InvalidArgument("estimates.create: line_items: a new line has no id")
        return await self._create(CREATE(fields=values))

    async def update(
        self, id: EstimateId, changed: Estimate | None = None, /, **fields: Unpack[EstimateChanges]
    ) -> Estimate:
        """Change an estimate and return it. Only what differs is sent; for lines see `InvoicesResource.update`."""
        values = FORM.changes(id, changed, fields)
        if "line_items" in values and isinstance(changed, Estimate) and isinstance(id, Estimate):
            values["line_items"] = changed_lines(id.line_items, changed.line_items)
        return await self._updated(id, Estimate, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: EstimateId) -> DeleteResult:
        """Delete an estimate."""
        return await self._send(DELETE(id))

    async def send(self, id: EstimateId) -> EstimateMessage:
        """Mark a draft as sent, without an e-mail; `estimate_messages.create` sends one. Return the message."""
        return await self._event("send", id, EstimateEvent.SEND, "draft")

    async def accept(self, id: EstimateId) -> EstimateMessage:
        """Mark a sent estimate as accepted, and return the message."""
        return await self._event("accept", id, EstimateEvent.ACCEPT, "sent")

    async def decline(self, id: EstimateId) -> EstimateMessage:
        """Mark a sent estimate as declined, and return the message."""
        return await self._event("decline", id, EstimateEvent.DECLINE, "sent")

    async def reopen(self, id: EstimateId) -> EstimateMessage:
        """Open an accepted or declined estimate again, and return the message."""
        return await self._event("reopen", id, EstimateEvent.REOPEN, "accepted", "declined")

    async def _event(self, name: str, id: EstimateId, event: EstimateEvent, *states: str) -> EstimateMessage:
        check_state(f"estimates.{name}", id, states)
        return await self._create(messages.CREATE(id, fields={"event_type": str(event)}))
