"""The account, its clients, projects, tasks and people.

Rules of this room: a method makes calls and says in which order; how they are sent, repeated and read is not known
here. Creates give the whole record, `create_id` only what the answer told, without reading it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack

from harvest_async.call import Call, Created, Gone
from harvest_async.errors import InvalidArgument, NotFound
from harvest_async.v1 import calls
from harvest_async.v1.fields import ClientFields, PersonFields, ProjectFields, TaskFields
from harvest_async.v1.models import Client, Person, Project, RateLimitStatus, Task, WhoAmI
from harvest_async.v1.section import Id, Listing, Section, write_fields

__all__ = ["Account", "Clients", "People", "Projects", "Tasks"]


class Account(Section):
    """Who is signed in, and how the account's throttle stands."""

    __slots__ = ()

    async def who_am_i(self) -> WhoAmI:
        """The person and the account; the natural check of credentials."""
        return await self._exchange.send(calls.who_am_i())

    async def rate_limit_status(self) -> RateLimitStatus:
        """The server's own word on its throttle. The call counts as one itself."""
        return await self._exchange.send(calls.rate_limit_status())


class Clients(Section):
    """Clients."""

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Client]:
        """All clients, inactive ones too (contract: archived_included)."""
        return Listing(self._exchange, calls.list_clients(updated_since))

    async def get(self, id: Id) -> Client:
        """One client."""
        return await self._exchange.send(calls.get_client(id))

    async def create(self, name: str, **fields: Unpack[ClientFields]) -> Client:
        """Make a client."""
        call = calls.create_client(write_fields("clients.create", ClientFields, fields, name=name))
        return await self._exchange.create_and_read(call, calls.get_client)

    async def create_id(self, name: str, **fields: Unpack[ClientFields]) -> Created[Client]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._exchange.send(
            calls.create_client(write_fields("clients.create", ClientFields, fields, name=name))
        )

    async def update(self, id: Id, *, name: str | None = None, **fields: Unpack[ClientFields]) -> Client:
        """Change what is given."""
        call = calls.update_client(id, write_fields("clients.update", ClientFields, fields, name=name))
        return await self._changed(call, calls.get_client(id))

    async def toggle(self, id: Id) -> Client:
        """Archive an active client or the other way round; never repeated after a lost answer."""
        return await self._changed(calls.toggle_client(id), calls.get_client(id))

    async def delete(self, id: Id) -> Gone:
        """Remove a client that has neither projects nor invoices."""
        return await self._exchange.send(calls.delete_client(id))


class Projects(Section):
    """Projects."""

    __slots__ = ()

    def list(self, *, client: int | None = None, updated_since: datetime | None = None) -> Listing[Project]:
        """All projects, archived ones too, or those of one client."""
        return Listing(self._exchange, calls.list_projects(client, updated_since))

    async def get(self, id: Id) -> Project:
        """One project."""
        return await self._exchange.send(calls.get_project(id))

    async def create(self, name: str, client_id: int, **fields: Unpack[ProjectFields]) -> Project:
        """Make a project for a client."""
        return await self._exchange.create_and_read(_new_project(name, client_id, fields), calls.get_project)

    async def create_id(self, name: str, client_id: int, **fields: Unpack[ProjectFields]) -> Created[Project]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._exchange.send(_new_project(name, client_id, fields))

    async def update(
        self, id: Id, *, name: str | None = None, client_id: int | None = None, **fields: Unpack[ProjectFields]
    ) -> Project:
        """Change what is given. Without `client_id` the project is read first (contract: project_update_client_id).

        Raises:
            InvalidArgument: `active` is given, which only `toggle` changes.
        """
        if "active" in fields:
            raise InvalidArgument("projects.update: `active` can't be changed here: use projects.toggle")
        client_id = (await self.get(id)).client_id if client_id is None else client_id
        call = calls.update_project(
            id, write_fields("projects.update", ProjectFields, fields, name=name, client_id=client_id)
        )
        return await self._changed(call, calls.get_project(id))

    async def toggle(self, id: Id) -> Project:
        """Archive an active project or the other way round; never repeated after a lost answer."""
        return await self._changed(calls.toggle_project(id), calls.get_project(id))

    async def delete(self, id: Id) -> Gone:
        """Remove a project that has no hours."""
        return await self._exchange.send(calls.delete_project(id))


class Tasks(Section):
    """Tasks."""

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Task]:
        """All tasks, archived ones too."""
        return Listing(self._exchange, calls.list_tasks(updated_since))

    async def get(self, id: Id) -> Task:
        """One task."""
        return await self._exchange.send(calls.get_task(id))

    async def create(self, name: str, **fields: Unpack[TaskFields]) -> Task:
        """Make a task."""
        call = calls.create_task(write_fields("tasks.create", TaskFields, fields, name=name))
        return await self._exchange.create_and_read(call, calls.get_task)

    async def create_id(self, name: str, **fields: Unpack[TaskFields]) -> Created[Task]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._exchange.send(calls.create_task(write_fields("tasks.create", TaskFields, fields, name=name)))

    async def update(self, id: Id, *, name: str | None = None, **fields: Unpack[TaskFields]) -> Task:
        """Change what is given."""
        call = calls.update_task(id, write_fields("tasks.update", TaskFields, fields, name=name))
        return await self._changed(call, calls.get_task(id))

    async def activate(self, id: Id) -> Task:
        """Bring an archived task back."""
        return await self._changed(calls.activate_task(id), calls.get_task(id))

    async def delete(self, id: Id) -> Gone:
        """Remove a task, or archive it if it has hours; a second call finds out which.

        Contract: delete_means_archive.
        """
        await self._exchange.send(calls.delete_task(id))
        try:
            task = await self.get(id)
        except NotFound:
            return Gone.DELETED
        return Gone.ARCHIVED if task.deactivated else Gone.UNTOLD


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


def _new_project(name: str, client_id: int, fields: Mapping[str, Any]) -> Call[Created[Project]]:
    return calls.create_project(write_fields("projects.create", ProjectFields, fields, name=name, client_id=client_id))


def _new_person(email: str, first: str, last: str, fields: Mapping[str, Any]) -> Call[Created[Person]]:
    given = write_fields("people.create", PersonFields, fields, email=email, first_name=first, last_name=last)
    return calls.create_person(given)
