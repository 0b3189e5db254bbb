"""Projects."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import One
from harvest_async.v1.fields import ClientRef, Name, ProjectChanges, ProjectFields, ProjectRef, Ref
from harvest_async.v1.models import Client, Project
from harvest_async.v1.references import ENDPOINTS, REFERENCES, SINCE

__all__ = ["Projects"]

PROJECT: Final = One(Project, "project")
LIST_PROJECTS: Final = ENDPOINTS.listing(
    "projects.list", "/projects", PROJECT, parameters={"client": REFERENCES.segment, **SINCE}
)
GET_PROJECT: Final = ENDPOINTS.get("projects.get", "/projects/{project}", PROJECT)
CREATE_PROJECT: Final = ENDPOINTS.create("projects.create", "/projects", PROJECT)
UPDATE_PROJECT: Final = ENDPOINTS.update(
    "projects.update", "/projects/{project}", PROJECT, note="The server requires client_id in every update."
)
TOGGLE_PROJECT: Final = ENDPOINTS.toggle("projects.toggle", "PUT", "/projects/{project}/toggle", PROJECT)
DELETE_PROJECT: Final = ENDPOINTS.delete("projects.delete", "/projects/{project}")

PROJECT_FORM: Final = form(
    "projects",
    Project,
    ProjectFields,
    ProjectChanges,
    {"name": Name, "client_id": ClientRef},
    active="use projects.toggle, activate or archive",
)


class Projects(Resource):
    """Projects: the work done for a client, with its budget and rates.

    https://help.getharvest.com/api-v1/projects-api/projects/create-and-show-projects/
    """

    __slots__ = ()

    def list(self, *, client: Ref[Client] | None = None, updated_since: datetime | None = None) -> Listing[Project]:
        """List all projects, archived ones too, or those of one client.

        Args:
            client: the client; None for all.
            updated_since: list only projects that were changed since then; a datetime with a time zone.
        """
        return self._list(LIST_PROJECTS(client=client, updated_since=updated_since))

    async def get(self, id: ProjectRef) -> Project:
        """Retrieve a project."""
        return await self._send(GET_PROJECT(id))

    @overload
    async def create(self, draft: Project, /) -> Project: ...
    @overload
    async def create(self, name: str, client_id: Ref[Client], **fields: Unpack[ProjectFields]) -> Project: ...
    async def create(
        self, name: Project | str | None = None, client_id: Ref[Client] | None = None, **fields: Any
    ) -> Project:
        """Create a project and return it.

        Args:
            name: the project's name, or a draft in place of all arguments.
            client_id: the client.
            fields: other fields: `bill_by`, `hourly_rate`, `budget_by`, `budget` (hours, or money by `budget_by`) ...

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            BadRequest: the account's plan allows no more projects.
        """
        values = PROJECT_FORM.creation(fields, name, client_id)
        return await self._create(CREATE_PROJECT(fields=values), GET_PROJECT)

    @overload
    async def create_id(self, draft: Project, /) -> Created[Project]: ...
    @overload
    async def create_id(
        self, name: str, client_id: Ref[Client], **fields: Unpack[ProjectFields]
    ) -> Created[Project]: ...
    async def create_id(
        self, name: Project | str | None = None, client_id: Ref[Client] | None = None, **fields: Any
    ) -> Created[Project]:
        """Create a project in one call: return its id, and the record only if the response has it."""
        return await self._send(CREATE_PROJECT(fields=PROJECT_FORM.creation(fields, name, client_id)))

    @overload
    async def update(self, id: ProjectRef, changed: Project) -> Project: ...
    @overload
    async def update(self, id: ProjectRef, **fields: Unpack[ProjectChanges]) -> Project: ...
    async def update(self, id: ProjectRef, changed: Project | None = None, **fields: Any) -> Project:
        """Change a project and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent. The server requires the client's id in every update; if it is neither
        given nor known from the record, the project is read first.
        """
        values = PROJECT_FORM.changes(id, changed, fields)
        if values and "client_id" not in values:
            known = id if isinstance(id, Project) and id.client_id else await self.get(id)
            values["client_id"] = known.client_id
        return await self._updated(id, Project, values, UPDATE_PROJECT(id, fields=values), GET_PROJECT(id))

    async def toggle(self, id: ProjectRef) -> Project:
        """Archive an active project, or activate an archived one. Not repeated if the response is lost."""
        return await self._changed(TOGGLE_PROJECT(id), GET_PROJECT(id))

    async def activate(self, id: ProjectRef) -> Project:
        """Activate an archived project if the plan allows one more; an active one is not changed."""
        return await self._switch(GET_PROJECT(id), TOGGLE_PROJECT(id), on=True)

    async def archive(self, id: ProjectRef) -> Project:
        """Archive a project; an archived one is not changed."""
        return await self._switch(GET_PROJECT(id), TOGGLE_PROJECT(id), on=False)

    async def delete(self, id: ProjectRef) -> DeleteResult:
        """Delete a project that has no hours.

        Raises:
            BadRequest: the project has hours; archive it instead.
        """
        return await self._send(DELETE_PROJECT(id))
