"""People.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.v1 import calls
from harvest_async.v1.fields import PersonChanges, PersonFields, PersonRef
from harvest_async.v1.models import Person

__all__ = ["People"]

PERSON = form(
    "people",
    Person,
    PersonFields,
    PersonChanges,
    {"email": "Name", "first_name": "Name", "last_name": "Name"},
    is_active="use people.toggle, activate or archive",
    is_project_manager="it is set when the person is made, and per project in user_assignments.update",
    password="the server ignores it: use people.reset_password",  # contract: password_ignored
)


class People(Resource):
    """People. Where an id is wanted, the record or an e-mail address will do (contract: person_by_email)."""

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Person]:
        """All people, archived ones too (contract: archived_included)."""
        return self._list(calls.list_people(updated_since))

    async def get(self, id: PersonRef) -> Person:
        """One person."""
        return await self._send(calls.get_person(id))

    @overload
    async def create(self, draft: Person, /) -> Person: ...
    @overload
    async def create(self, email: str, first_name: str, last_name: str, **fields: Unpack[PersonFields]) -> Person: ...
    async def create(
        self,
        email: Person | str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        **fields: Any,
    ) -> Person:
        """Make a person, from their fields or from a draft.

        Takes a seat of the plan and sends a real e-mail (contract: create_user_mails). `timezone` may be the account's
        own name of a zone or an IANA name.
        """
        values = PERSON.creation(fields, email, first_name, last_name)
        return await self._create(calls.create_person(values), calls.get_person)

    @overload
    async def create_id(self, draft: Person, /) -> Created[Person]: ...
    @overload
    async def create_id(
        self, email: str, first_name: str, last_name: str, **fields: Unpack[PersonFields]
    ) -> Created[Person]: ...
    async def create_id(
        self,
        email: Person | str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        **fields: Any,
    ) -> Created[Person]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_person(PERSON.creation(fields, email, first_name, last_name)))

    @overload
    async def update(self, id: PersonRef, changed: Person) -> Person: ...
    @overload
    async def update(self, id: PersonRef, **fields: Unpack[PersonChanges]) -> Person: ...
    async def update(self, id: PersonRef, changed: Person | None = None, **fields: Any) -> Person:
        """Change what is given, or what differs between two records; where nothing does, nothing is sent.

        Raises:
            InvalidArgument: a field is given that only a create or `toggle` takes, or a password (password_ignored).
        """
        values = PERSON.changes(id, changed, fields)
        after = values.get("email", id) if isinstance(id, str) and "@" in id else id
        return await self._updated(id, Person, values, calls.update_person(id, values), calls.get_person(after))

    async def toggle(self, id: PersonRef) -> Person:
        """Archive an active person or the other way round; never repeated after a lost answer."""
        return await self._changed(calls.toggle_person(id), calls.get_person(id))

    async def activate(self, id: PersonRef) -> Person:
        """Bring an archived person back, if the plan has a seat; an active one is left alone."""
        return await self._switch(calls.get_person(id), calls.toggle_person(id), on=True)

    async def archive(self, id: PersonRef) -> Person:
        """Archive a person; an archived one is left alone."""
        return await self._switch(calls.get_person(id), calls.toggle_person(id), on=False)

    async def reset_password(self, id: PersonRef) -> None:
        """Mail the person a link to set a password. Not in the present documentation; may be gone."""
        await self._send(calls.reset_password(id))

    async def delete(self, id: PersonRef) -> DeleteResult:
        """Remove a person who has no hours."""
        return await self._send(calls.delete_person(id))
