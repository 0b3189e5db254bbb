"""Clients and their contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import One
from harvest_async.v1.fields import ClientChanges, ClientFields, ClientRef, ContactChanges, ContactFields, Name, Ref
from harvest_async.v1.models import Client, Contact
from harvest_async.v1.references import ENDPOINTS, SINCE

__all__ = ["Clients", "Contacts"]

CLIENT: Final = One(Client, "client")
LIST_CLIENTS: Final = ENDPOINTS.listing("clients.list", "/clients", CLIENT, parameters=SINCE)
GET_CLIENT: Final = ENDPOINTS.get("clients.get", "/clients/{client}", CLIENT)
CREATE_CLIENT: Final = ENDPOINTS.create("clients.create", "/clients", CLIENT)
UPDATE_CLIENT: Final = ENDPOINTS.update("clients.update", "/clients/{client}", CLIENT)
TOGGLE_CLIENT: Final = ENDPOINTS.toggle("clients.toggle", "POST", "/clients/{client}/toggle", CLIENT)
DELETE_CLIENT: Final = ENDPOINTS.delete("clients.delete", "/clients/{client}")

CONTACT: Final = One(Contact, "contact")
LIST_CONTACTS: Final = ENDPOINTS.listing("contacts.list", "/contacts", CONTACT, parameters=SINCE)
LIST_CLIENT_CONTACTS: Final = ENDPOINTS.listing(
    "contacts.list_for_client", "/clients/{client}/contacts", CONTACT, parameters=SINCE
)
GET_CONTACT: Final = ENDPOINTS.get("contacts.get", "/contacts/{contact}", CONTACT)
CREATE_CONTACT: Final = ENDPOINTS.create("contacts.create", "/contacts", CONTACT)
UPDATE_CONTACT: Final = ENDPOINTS.update("contacts.update", "/contacts/{contact}", CONTACT)
DELETE_CONTACT: Final = ENDPOINTS.delete("contacts.delete", "/contacts/{contact}")

CLIENT_FORM: Final = form("clients", Client, ClientFields, ClientChanges, {"name": Name})
CONTACT_FORM: Final = form(
    "contacts",
    Contact,
    ContactFields,
    ContactChanges,
    {"client_id": ClientRef, "first_name": Name, "last_name": Name},
)


class Clients(Resource):
    """Clients: the customers for whom projects are done and to whom invoices are sent.

    https://help.getharvest.com/api-v1/clients-api/clients/using-the-clients-api/
    """

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Client]:
        """List all clients, archived ones too.

        Args:
            updated_since: list only clients that were changed since then; a datetime with a time zone.
        """
        return self._list(LIST_CLIENTS(updated_since=updated_since))

    async def get(self, id: Ref[Client]) -> Client:
        """Retrieve a client.

        Raises:
            NotFound: there is no such client, or the signed-in person may not see it.
        """
        return await self._send(GET_CLIENT(id))

    @overload
    async def create(self, draft: Client, /) -> Client: ...
    @overload
    async def create(self, name: str, **fields: Unpack[ClientFields]) -> Client: ...
    async def create(self, name: Client | str | None = None, **fields: Any) -> Client:
        """Create a client and return it.

        Args:
            name: the client's name, or a draft: `Client(name="ACME")`.
            fields: other fields: `details`, `currency`, `active` ...

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the client may or may not have been created.
            CreatedUnread: the client was created, but reading it failed; the error has its id.
        """
        return await self._create(CREATE_CLIENT(fields=CLIENT_FORM.creation(fields, name)), GET_CLIENT)

    @overload
    async def create_id(self, draft: Client, /) -> Created[Client]: ...
    @overload
    async def create_id(self, name: str, **fields: Unpack[ClientFields]) -> Created[Client]: ...
    async def create_id(self, name: Client | str | None = None, **fields: Any) -> Created[Client]:
        """Create a client in one call: return its id, and the record only if the response has it."""
        return await self._send(CREATE_CLIENT(fields=CLIENT_FORM.creation(fields, name)))

    @overload
    async def update(self, id: Ref[Client], changed: Client) -> Client: ...
    @overload
    async def update(self, id: Ref[Client], **fields: Unpack[ClientChanges]) -> Client: ...
    async def update(self, id: Ref[Client], changed: Client | None = None, **fields: Any) -> Client:
        """Change a client and return it. If no field differs, no request is sent.

        Args:
            id: the client's id, or the client as it was read.
            changed: the client as it is to be; only the fields that differ are sent.
            fields: the fields to change, instead of `changed`.
        """
        values = CLIENT_FORM.changes(id, changed, fields)
        return await self._updated(id, Client, values, UPDATE_CLIENT(id, fields=values), GET_CLIENT(id))

    async def toggle(self, id: Ref[Client]) -> Client:
        """Archive an active client, or activate an archived one. Not repeated if the response is lost."""
        return await self._changed(TOGGLE_CLIENT(id), GET_CLIENT(id))

    async def activate(self, id: Ref[Client]) -> Client:
        """Activate an archived client; an active one is not changed. Two or three calls."""
        return await self._switch(GET_CLIENT(id), TOGGLE_CLIENT(id), on=True)

    async def archive(self, id: Ref[Client]) -> Client:
        """Archive a client without active projects; an archived one is not changed. Two or three calls."""
        return await self._switch(GET_CLIENT(id), TOGGLE_CLIENT(id), on=False)

    async def delete(self, id: Ref[Client]) -> DeleteResult:
        """Delete a client that has no projects and no invoices.

        Raises:
            BadRequest: the client has projects or invoices; archive it instead.
        """
        return await self._send(DELETE_CLIENT(id))


class Contacts(Resource):
    """Contacts: the people at clients.

    https://help.getharvest.com/api-v1/clients-api/clients/using-the-client-contacts-api/
    """

    __slots__ = ()

    def list(self, client: Ref[Client] | None = None, *, updated_since: datetime | None = None) -> Listing[Contact]:
        """List all contacts, or those of one client.

        Args:
            client: the client; None for all.
            updated_since: list only contacts that were changed since then; a datetime with a time zone.
        """
        if client is None:
            return self._list(LIST_CONTACTS(updated_since=updated_since))
        return self._list(LIST_CLIENT_CONTACTS(client, updated_since=updated_since))

    async def get(self, id: Ref[Contact]) -> Contact:
        """Retrieve a contact."""
        return await self._send(GET_CONTACT(id))

    @overload
    async def create(self, draft: Contact, /) -> Contact: ...
    @overload
    async def create(
        self, client_id: Ref[Client], first_name: str, last_name: str, **fields: Unpack[ContactFields]
    ) -> Contact: ...
    async def create(
        self,
        client_id: Contact | Ref[Client] | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        **fields: Any,
    ) -> Contact:
        """Create a contact and return it.

        Args:
            client_id: the client, or a draft in place of all arguments.
            first_name: the first name.
            last_name: the last name.
            fields: other fields: `email`, `title`, `phone_office`, `phone_mobile`, `fax`.
        """
        values = CONTACT_FORM.creation(fields, client_id, first_name, last_name)
        return await self._create(CREATE_CONTACT(fields=values), GET_CONTACT)

    @overload
    async def create_id(self, draft: Contact, /) -> Created[Contact]: ...
    @overload
    async def create_id(
        self, client_id: Ref[Client], first_name: str, last_name: str, **fields: Unpack[ContactFields]
    ) -> Created[Contact]: ...
    async def create_id(
        self,
        client_id: Contact | Ref[Client] | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        **fields: Any,
    ) -> Created[Contact]:
        """Create a contact in one call: return its id, and the record only if the response has it."""
        values = CONTACT_FORM.creation(fields, client_id, first_name, last_name)
        return await self._send(CREATE_CONTACT(fields=values))

    @overload
    async def update(self, id: Ref[Contact], changed: Contact) -> Contact: ...
    @overload
    async def update(self, id: Ref[Contact], **fields: Unpack[ContactChanges]) -> Contact: ...
    async def update(self, id: Ref[Contact], changed: Contact | None = None, **fields: Any) -> Contact:
        """Change a contact and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent.
        """
        values = CONTACT_FORM.changes(id, changed, fields)
        return await self._updated(id, Contact, values, UPDATE_CONTACT(id, fields=values), GET_CONTACT(id))

    async def delete(self, id: Ref[Contact]) -> DeleteResult:
        """Delete a contact."""
        return await self._send(DELETE_CONTACT(id))
