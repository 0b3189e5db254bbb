"""People: the users of the account."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.endpoints import UNSAFE, Endpoint
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import Done, One
from harvest_async.v1.fields import Name, PersonChanges, PersonFields, PersonRef
from harvest_async.v1.models import Person
from harvest_async.v1.references import ENDPOINTS, SINCE

__all__ = ["People"]

PERSON: Final = One(Person, "user")
LIST_PEOPLE: Final = ENDPOINTS.listing("people.list", "/people", PERSON, parameters=SINCE)
GET_PERSON: Final = ENDPOINTS.get(
    "people.get", "/people/{person}", PERSON, note="An e-mail address is accepted in place of the id."
)
CREATE_PERSON: Final = ENDPOINTS.create("people.create", "/people", PERSON, note="Sends an e-mail to the person.")
UPDATE_PERSON: Final = ENDPOINTS.update("people.update", "/people/{person}", PERSON)
TOGGLE_PERSON: Final = ENDPOINTS.toggle("people.toggle", "POST", "/people/{person}/toggle", PERSON)
RESET_PASSWORD: Final[Endpoint[None]] = ENDPOINTS.custom(
    "people.reset_password",
    "POST",
    "/people/{person}/reset_password",
    Done(),
    UNSAFE,
    note="No longer documented, and not available on every account.",
)
DELETE_PERSON: Final = ENDPOINTS.delete("people.delete", "/people/{person}")

PERSON_FORM: Final = form(
    "people",
    Person,
    PersonFields,
    PersonChanges,
    {"email": Name, "first_name": Name, "last_name": Name},
    is_active="use people.toggle, activate or archive",
    is_project_manager="set it when the person is created, and per project with user_assignments.update",
    password="the server ignores it: use people.reset_password",
)


class People(Resource):
    """People: the users of the account. An e-mail address is accepted in place of an id.

    Only administrators may create, change and delete people.

    https://help.getharvest.com/api-v1/users-api/users/managing-users/
    """

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Person]:
        """List all people, archived ones too.

        Args:
            updated_since: list only people that were changed since then; a datetime with a time zone.
        """
        return self._list(LIST_PEOPLE(updated_since=updated_since))

    async def get(self, id: PersonRef) -> Person:
        """Retrieve a person."""
        return await self._send(GET_PERSON(id))

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
        """Create a person and return it. The person receives an e-mail and takes a seat of the account's plan.

        Args:
            email: the e-mail address, or a draft in place of all arguments.
            first_name: the first name.
            last_name: the last name.
            fields: other fields: `is_admin`, `department`, `cost_rate` (per hour), `timezone` (the account's name of
                it, or the IANA name) ...

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the person may or may not have been created.
        """
        values = PERSON_FORM.creation(fields, email, first_name, last_name)
        return await self._create(CREATE_PERSON(fields=values), GET_PERSON)

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
        """Create a person in one call: return its id, and the record only if the response has it."""
        return await self._send(CREATE_PERSON(fields=PERSON_FORM.creation(fields, email, first_name, last_name)))

    @overload
    async def update(self, id: PersonRef, changed: Person) -> Person: ...
    @overload
    async def update(self, id: PersonRef, **fields: Unpack[PersonChanges]) -> Person: ...
    async def update(self, id: PersonRef, changed: Person | None = None, **fields: Any) -> Person:
        """Change a person and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent.

        Raises:
            InvalidArgument: a field is changed by another call, as `is_active` is by `toggle`, or cannot be changed, as
                `password`.
        """
        values = PERSON_FORM.changes(id, changed, fields)
        after = values.get("email", id) if isinstance(id, str) and "@" in id else id
        return await self._updated(id, Person, values, UPDATE_PERSON(id, fields=values), GET_PERSON(after))

    async def toggle(self, id: PersonRef) -> Person:
        """Archive an active person, or activate an archived one. Not repeated if the response is lost."""
        return await self._changed(TOGGLE_PERSON(id), GET_PERSON(id))

    async def activate(self, id: PersonRef) -> Person:
        """Activate an archived person if the plan has a free seat; an active one is not changed."""
        return await self._switch(GET_PERSON(id), TOGGLE_PERSON(id), on=True)

    async def archive(self, id: PersonRef) -> Person:
        """Archive a person; an archived one is not changed."""
        return await self._switch(GET_PERSON(id), TOGGLE_PERSON(id), on=False)

    async def reset_password(self, id: PersonRef) -> None:
        """Send the person an e-mail with a link to set a password. No longer documented; may raise `NotFound`."""
        await self._send(RESET_PASSWORD(id))

    async def delete(self, id: PersonRef) -> DeleteResult:
        """Delete a person who has no hours.

        Raises:
            BadRequest: the person has hours; archive the person instead.
        """
        return await self._send(DELETE_PERSON(id))
