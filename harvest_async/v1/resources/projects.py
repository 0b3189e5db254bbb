"""Projects.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.v1 import calls
from harvest_async.v1.fields import ProjectChanges, ProjectFields, ProjectRef, Ref
from harvest_async.v1.models import Client, Project

__all__ = ["Projects"]

PROJECT = form(
    "projects",
    Project,
    ProjectFields,
    ProjectChanges,
    {"name": "Name", "client_id": "Ref"},
    active="use projects.toggle, activate or archive",
)


class Projects(Resource):
    """Projects."""

    __slots__ = ()

    def list(self, *, client: Ref[Client] | None = None, updated_since: datetime | None = None) -> Listing[Project]:
        """All projects, archived ones too, or those of one client (contract: archived_included)."""
        return self._list(calls.list_projects(client, updated_since))

    async def get(self, id: ProjectRef) -> Project:
        """One project."""
        return await self._send(calls.get_project(id))

    @overload
    async def create(self, draft: Project, /) -> Project: ...
    @overload
    async def create(self, name: str, client_id: Ref[Client], **fields: Unpack[ProjectFields]) -> Project: ...
    async def create(
        self, name: Project | str | None = None, client_id: Ref[Client] | None = None, **fields: Any
    ) -> Project:
        """Make a project for a client, from its fields or from a draft."""
        values = PROJECT.creation(fields, name, client_id)
        return await self._create(calls.create_project(values), calls.get_project)

    @overload
    async def create_id(self, draft: Project, /) -> Created[Project]: ...
    @overload
    async def create_id(
        self, name: str, client_id: Ref[Client], **fields: Unpack[ProjectFields]
    ) -> Created[Project]: ...
    async def create_id(
        self, name: Project | str | None = None, client_id: Ref[Client] | None = None, **fields: Any
    ) -> Created[Project]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_project(PROJECT.creation(fields, name, client_id)))

    @overload
    async def update(self, id: ProjectRef, changed: Project) -> Project: ...
    @overload
    async def update(self, id: ProjectRef, **fields: Unpack[ProjectChanges]) -> Project: ...
    async def update(self, id: ProjectRef, changed: Project | None = None, **fields: Any) -> Project:
        """Change what is given, or what differs between two records; where nothing does, nothing is sent.

        The server wants the client's id every time. Where it is neither given nor known from the record, the project
        is read first (contract: project_update_client_id).
        """
        values = PROJECT.changes(id, changed, fields)
        if values and "client_id" not in values:
            known = id if isinstance(id, Project) and id.client_id else await self.get(id)
            values["client_id"] = known.client_id
        return await self._updated(id, Project, values, calls.update_project(id, values), calls.get_project(id))

    async def toggle(self, id: ProjectRef) -> Project:
        """Archive an active project or the other way round; never repeated after a lost answer."""
        return await self._changed(calls.toggle_project(id), calls.get_project(id))

    async def activate(self, id: ProjectRef) -> Project:
        """Bring an archived project back, if the plan has room for it; an active one is left alone."""
        return await self._switch(calls.get_project(id), calls.toggle_project(id), on=True)

    async def archive(self, id: ProjectRef) -> Project:
        """Archive a project; an archived one is left alone."""
        return await self._switch(calls.get_project(id), calls.toggle_project(id), on=False)

    async def delete(self, id: ProjectRef) -> DeleteResult:
        """Remove a project that has no hours."""
        return await self._send(calls.delete_project(id))
