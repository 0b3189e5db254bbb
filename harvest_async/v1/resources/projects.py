"""Projects.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack

from harvest_async.call import Call, Created, Gone
from harvest_async.errors import InvalidArgument
from harvest_async.v1 import calls
from harvest_async.v1.fields import ProjectFields
from harvest_async.v1.models import Project
from harvest_async.v1.section import Id, Listing, Section, write_fields

__all__ = ["Projects"]


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


def _new_project(name: str, client_id: int, fields: Mapping[str, Any]) -> Call[Created[Project]]:
    return calls.create_project(write_fields("projects.create", ProjectFields, fields, name=name, client_id=client_id))
