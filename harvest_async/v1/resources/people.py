"""People.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack

from harvest_async.call import Call, Created, Gone
from harvest_async.errors import InvalidArgument
from harvest_async.v1 import calls
from harvest_async.v1.fields import PersonFields
from harvest_async.v1.models import Person
from harvest_async.v1.section import Id, Listing, Section, write_fields

__all__ = ["People"]


class People(Section):
    """People. Where an id is wanted, an e-mail address will do (contract: person_by_email)."""

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Person]:
        """All people, archived ones too."""
        return Listing(self._exchange, calls.list_people(updated_since))

    async def get(self, id: Id) -> Person:
        """One person."""
        return await self._exchange.send(calls.get_person(id))

    async def create(self, email: str, first_name: str, last_name: str, **fields: Unpack[PersonFields]) -> Person:
        """Make a person: takes a seat of the plan and sends a real e-mail (contract: create_user_mails)."""
        call = _new_person(email, first_name, last_name, fields)
        return await self._exchange.create_and_read(call, calls.get_person)

    async def create_id(
        self, email: str, first_name: str, last_name: str, **fields: Unpack[PersonFields]
    ) -> Created[Person]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._exchange.send(_new_person(email, first_name, last_name, fields))

    async def update(
        self,
        id: Id,
        *,
        email: str | None = None,
        first_name: str | None = None,
        last_name: str | None = None,
        **fields: Unpack[PersonFields],
    ) -> Person:
        """Change what is given.

        Raises:
            InvalidArgument: a field is given that only a create or `toggle` takes, or a password (password_ignored).
        """
        for name in ("is_active", "is_project_manager"):
            if name in fields:
                raise InvalidArgument(f"people.update: `{name}` can't be changed here (is_active: use people.toggle)")
        given = write_fields(
            "people.update", PersonFields, fields, email=email, first_name=first_name, last_name=last_name
        )
        return await self._changed(calls.update_person(id, given), calls.get_person(id))

    async def toggle(self, id: Id) -> Person:
        """Archive an active person or the other way round; never repeated after a lost answer."""
        return await self._changed(calls.toggle_person(id), calls.get_person(id))

    async def reset_password(self, id: Id) -> None:
        """Mail the person a link to set a password. Not in the present documentation; may be gone."""
        await self._exchange.send(calls.reset_password(id))

    async def delete(self, id: Id) -> Gone:
        """Remove a person who has no hours."""
        return await self._exchange.send(calls.delete_person(id))


def _new_person(email: str, first: str, last: str, fields: Mapping[str, Any]) -> Call[Created[Person]]:
    given = write_fields("people.create", PersonFields, fields, email=email, first_name=first, last_name=last)
    return calls.create_person(given)
