"""Clients, and the people there.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.v1 import calls
from harvest_async.v1.fields import ClientChanges, ClientFields, ContactChanges, ContactFields, Ref
from harvest_async.v1.models import Client, Contact

__all__ = ["Clients", "Contacts"]

CLIENT = form("clients", Client, ClientFields, ClientChanges, {"name": "Name"})
CONTACT = form(
    "contacts",
    Contact,
    ContactFields,
    ContactChanges,
    {"client_id": "Ref", "first_name": "Name", "last_name": "Name"},
)


class Clients(Resource):
    """Clients."""

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Client]:
        """All clients, inactive ones too (contract: archived_included)."""
        return self._list(calls.list_clients(updated_since))

    async def get(self, id: Ref[Client]) -> Client:
        """One client."""
        return await self._send(calls.get_client(id))

    @overload
    async def create(self, draft: Client, /) -> Client: ...
    @overload
    async def create(self, name: str, **fields: Unpack[ClientFields]) -> Client: ...
    async def create(self, name: Client | str | None = None, **fields: Any) -> Client:
        """Make a client, from its fields or from a draft."""
        call = calls.create_client(CLIENT.creation(fields, name))
        return await self._create(call, calls.get_client)

    @overload
    async def create_id(self, draft: Client, /) -> Created[Client]: ...
    @overload
    async def create_id(self, name: str, **fields: Unpack[ClientFields]) -> Created[Client]: ...
    async def create_id(self, name: Client | str | None = None, **fields: Any) -> Created[Client]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_client(CLIENT.creation(fields, name)))

    @overload
    async def update(self, id: Ref[Client], changed: Client) -> Client: ...
    @overload
    async def update(self, id: Ref[Client], **fields: Unpack[ClientChanges]) -> Client: ...
    async def update(self, id: Ref[Client], changed: Client | None = None, **fields: Any) -> Client:
        """Change what is given, or what differs between two records; where nothing does, nothing is sent."""
        values = CLIENT.changes(id, changed, fields)
        return await self._updated(id, Client, values, calls.update_client(id, values), calls.get_client(id))

    async def toggle(self, id: Ref[Client]) -> Client:
        """Archive an active client or the other way round; never repeated after a lost answer."""
        return await self._changed(calls.toggle_client(id), calls.get_client(id))

    async def activate(self, id: Ref[Client]) -> Client:
        """Bring an archived client back; an active one is left alone."""
        return await self._switch(calls.get_client(id), calls.toggle_client(id), on=True)

    async def archive(self, id: Ref[Client]) -> Client:
        """Archive a client that has no active projects; an archived one is left alone."""
        return await self._switch(calls.get_client(id), calls.toggle_client(id), on=False)

    async def delete(self, id: Ref[Client]) -> DeleteResult:
        """Remove a client that has neither projects nor invoices."""
        return await self._send(calls.delete_client(id))


class Contacts(Resource):
    """The people at clients."""

    __slots__ = ()

    def list(self, client: Ref[Client] | None = None, *, updated_since: datetime | None = None) -> Listing[Contact]:
        """All contacts, or those of one client."""
        if client is None:
            return self._list(calls.list_contacts(updated_since))
        return self._list(calls.list_client_contacts(client, updated_since))

    async def get(self, id: Ref[Contact]) -> Contact:
        """One contact."""
        return await self._send(calls.get_contact(id))

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
        """Make a contact at a client, from its fields or from a draft."""
        values = CONTACT.creation(fields, client_id, first_name, last_name)
        return await self._create(calls.create_contact(values), calls.get_contact)

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
        """As `create`, but gives what the answer told and reads nothing."""
        values = CONTACT.creation(fields, client_id, first_name, last_name)
        return await self._send(calls.create_contact(values))

    @overload
    async def update(self, id: Ref[Contact], changed: Contact) -> Contact: ...
    @overload
    async def update(self, id: Ref[Contact], **fields: Unpack[ContactChanges]) -> Contact: ...
    async def update(self, id: Ref[Contact], changed: Contact | None = None, **fields: Any) -> Contact:
        """Change what is given, or what differs between two records; where nothing does, nothing is sent."""
        values = CONTACT.changes(id, changed, fields)
        return await self._updated(id, Contact, values, calls.update_contact(id, values), calls.get_contact(id))

    async def delete(self, id: Ref[Contact]) -> DeleteResult:
        """Remove a contact."""
        return await self._send(calls.delete_contact(id))
