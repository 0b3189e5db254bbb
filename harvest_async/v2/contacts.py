"""Contacts: the people at clients."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from typing import Any, Final, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.v2.clients import ClientField, ClientId
from harvest_async.v2.nested import ClientRef, id_of
from harvest_async.v2.references import (
    CURSOR,
    ENDPOINTS,
    IDENTITY,
    CursorPaging,
    Name,
    accepted_as,
    id_text,
    since_text,
)

__all__ = ["Contact", "ContactChanges", "ContactFields", "ContactId", "ContactsResource"]


@accepted_as("contact")
@frozen(kw_only=True)
class Contact(Record):
    """A person at a client."""

    id: int = field(default=0, metadata=IDENTITY)
    client: ClientRef | None = None
    title: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    phone_office: str | None = None
    phone_mobile: str | None = None
    fax: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def client_id(self) -> int | None:
        """The id of the client."""
        return id_of(self.client)


ContactId = int | str | Contact
"""A contact: its id, or the record."""


class ContactFields(TypedDict, total=False):
    """The optional fields of a new contact."""

    title: str | None
    last_name: str | None
    email: str | None
    phone_office: str | None
    phone_mobile: str | None
    fax: str | None


class ContactChanges(ContactFields, total=False):
    """The fields of a change."""

    client_id: ClientField
    first_name: Name


LIST: Final = ENDPOINTS.listing(
    "contacts.list", "listContacts", "/contacts", Contact, {"client_id": id_text, "updated_since": since_text, **CURSOR}
)
CREATE: Final = ENDPOINTS.create("contacts.create", "createContact", "/contacts", Contact)
GET: Final = ENDPOINTS.get("contacts.get", "retrieveContact", "/contacts/{contact}", Contact)
UPDATE: Final = ENDPOINTS.update("contacts.update", "updateContact", "/contacts/{contact}", Contact)
DELETE: Final = ENDPOINTS.delete("contacts.delete", "deleteContact", "/contacts/{contact}")

FORM: Final = form("contacts", Contact, ContactFields, ContactChanges, {"client_id": ClientField, "first_name": Name})


class ContactsResource(Resource):
    """Contacts: the people at clients.

    https://help.getharvest.com/api-v2/clients-api/clients/contacts/
    """

    __slots__ = ()

    def list(
        self,
        *,
        client_id: ClientId | None = None,
        updated_since: datetime | None = None,
        **paging: Unpack[CursorPaging],
    ) -> Listing[Contact]:
        """List contacts, the newest first.

        Args:
            client_id: list only the contacts of this client.
            updated_since: list only contacts that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(client_id=client_id, updated_since=updated_since, **paging))

    async def get(self, id: ContactId) -> Contact:
        """Retrieve a contact.

        Raises:
            NotFound: there is no such contact.
        """
        return await self._send(GET(id))

    async def create(self, client_id: ClientId, first_name: str, **fields: Unpack[ContactFields]) -> Contact:
        """Create a contact and return it, as the response has it.

        Args:
            client_id: the client.
            first_name: the first name.
            fields: `last_name`, `email`, `title`, `phone_office`, `phone_mobile`, `fax`.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the contact may or may not have been created.
            CreatedUnread: the contact was created, but the response can't be read.
        """
        return await self._create(CREATE(fields=FORM.creation(fields, client_id, first_name)))

    async def update(
        self, id: ContactId, changed: Contact | None = None, /, **fields: Unpack[ContactChanges]
    ) -> Contact:
        """Change a contact and return it. Only what differs is sent; if nothing differs, no request is sent.

        Args:
            id: the contact's id, or the contact as it was read.
            changed: the contact as it is to be.
            fields: the fields to change, instead of `changed`.
        """
        values = FORM.changes(id, changed, fields)
        return await self._updated(id, Contact, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: ContactId) -> DeleteResult:
        """Delete a contact."""
        return await self._send(DELETE(id))
