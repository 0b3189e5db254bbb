"""Clients: the customers for whom projects are done and to whom invoices are sent."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.validation import CheckedBy
from harvest_async.v2.nested import ClientRef
from harvest_async.v2.references import (
    CURSOR,
    ENDPOINTS,
    IDENTITY,
    REFERENCES,
    CursorPaging,
    Name,
    accepted_as,
    since_text,
    true_false,
)

__all__ = ["Client", "ClientChanges", "ClientField", "ClientFields", "ClientId", "ClientsResource"]


@accepted_as("client")
@frozen(kw_only=True)
class Client(Record):
    """A client."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    is_active: bool | None = None
    address: str | None = None
    statement_key: str | None = None
    currency: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


ClientId: TypeAlias = int | str | Client | ClientRef
"""A client: its id, or a record of it."""

ClientField: TypeAlias = Annotated[ClientId, CheckedBy(REFERENCES.reference)]


class ClientFields(TypedDict, total=False):
    """The optional fields of a new client. `currency` is a code like `EUR`."""

    is_active: bool
    address: str | None
    currency: str | None


class ClientChanges(ClientFields, total=False):
    """The fields of a change."""

    name: Name


LIST: Final = ENDPOINTS.listing(
    "clients.list", "listClients", "/clients", Client, {"is_active": true_false, "updated_since": since_text, **CURSOR}
)
CREATE: Final = ENDPOINTS.create("clients.create", "createClient", "/clients", Client)
GET: Final = ENDPOINTS.get("clients.get", "retrieveClient", "/clients/{client}", Client)
UPDATE: Final = ENDPOINTS.update("clients.update", "updateClient", "/clients/{client}", Client)
DELETE: Final = ENDPOINTS.delete("clients.delete", "deleteClient", "/clients/{client}")

FORM: Final = form("clients", Client, ClientFields, ClientChanges, {"name": Name})


class ClientsResource(Resource):
    """Clients: the customers for whom projects are done and to whom invoices are sent.

    https://help.getharvest.com/api-v2/clients-api/clients/clients/
    """

    __slots__ = ()

    def list(
        self, *, is_active: bool | None = None, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[Client]:
        """List clients, the newest first.

        Args:
            is_active: list only active clients, or only archived ones; None lists both.
            updated_since: list only clients that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(is_active=is_active, updated_since=updated_since, **paging))

    async def get(self, id: ClientId) -> Client:
        """Retrieve a client.

        Raises:
            NotFound: there is no such client.
        """
        return await self._send(GET(id))

    async def create(self, name: str | Client, **fields: Unpack[ClientFields]) -> Client:
        """Create a client and return it, as the response has it.

        Args:
            name: the client's name, or a draft: `Client(name="ACME", currency="EUR")`.
            fields: `is_active`, `address`, `currency`.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the client may or may not have been created.
            CreatedUnread: the client was created, but the response can't be read.
        """
        return await self._create(CREATE(fields=FORM.creation(fields, name)))

    async def update(self, id: ClientId, changed: Client | None = None, /, **fields: Unpack[ClientChanges]) -> Client:
        """Change a client and return it. Only what differs is sent; if nothing differs, no request is sent.

        Args:
            id: the client's id, or the client as it was read.
            changed: the client as it is to be.
            fields: the fields to change, instead of `changed`.
        """
        values = FORM.changes(id, changed, fields)
        return await self._updated(id, Client, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: ClientId) -> DeleteResult:
        """Delete a client that has no projects, invoices or estimates.

        Raises:
            Unprocessable: it has some; archive it instead.
        """
        return await self._send(DELETE(id))
