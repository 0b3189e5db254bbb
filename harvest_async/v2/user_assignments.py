"""User assignments: the users that are on a project."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from decimal import Decimal
from typing import Any, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.v2.nested import ProjectRef, UserRef, id_of
from harvest_async.v2.projects import ProjectId
from harvest_async.v2.references import (
    CURSOR,
    ENDPOINTS,
    IDENTITY,
    PAGES,
    CursorPaging,
    Number,
    Paging,
    accepted_as,
    id_text,
    since_text,
    true_false,
)
from harvest_async.v2.users import UserField, UserId

__all__ = [
    "UserAssignment",
    "UserAssignmentChanges",
    "UserAssignmentFields",
    "UserAssignmentId",
    "UserAssignmentsResource",
]


@accepted_as("user_assignment")
@frozen(kw_only=True)
class UserAssignment(Record):
    """A user on a project. `hourly_rate` is in the client's currency, `budget` in hours."""

    id: int = field(default=0, metadata=IDENTITY)
    project: ProjectRef | None = None
    user: UserRef | None = None
    is_active: bool | None = None
    is_project_manager: bool | None = None
    use_default_rates: bool | None = None
    hourly_rate: Decimal | None = None
    budget: Decimal | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def project_id(self) -> int | None:
        """The id of the project."""
        return id_of(self.project)

    @property
    def user_id(self) -> int | None:
        """The id of the user."""
        return id_of(self.user)


UserAssignmentId: TypeAlias = int | str | UserAssignment
"""An assignment: its id, or the record."""


class UserAssignmentChanges(TypedDict, total=False):
    """The fields of a change."""

    is_active: bool
    is_project_manager: bool
    use_default_rates: bool
    hourly_rate: Number | None
    budget: Number | None


class UserAssignmentFields(UserAssignmentChanges, total=False):
    """The optional fields of a new assignment."""


FILTERS: Final = {"user_id": id_text, "is_active": true_false, "updated_since": since_text}

LIST: Final = ENDPOINTS.listing(
    "user_assignments.list", "listUserAssignments", "/user_assignments", UserAssignment, {**FILTERS, **CURSOR}
)
LIST_FOR_PROJECT: Final = ENDPOINTS.listing(
    "user_assignments.list_for_project",
    "listUserAssignmentsForSpecificProject",
    "/projects/{project}/user_assignments",
    UserAssignment,
    {**FILTERS, **PAGES},
)
ONE: Final = "/projects/{project}/user_assignments/{user_assignment}"
CREATE: Final = ENDPOINTS.create(
    "user_assignments.create", "createUserAssignment", "/projects/{project}/user_assignments", UserAssignment
)
GET: Final = ENDPOINTS.get("user_assignments.get", "retrieveUserAssignment", ONE, UserAssignment)
UPDATE: Final = ENDPOINTS.update("user_assignments.update", "updateUserAssignment", ONE, UserAssignment)
DELETE: Final = ENDPOINTS.delete("user_assignments.delete", "deleteUserAssignment", ONE)

FORM: Final = form(
    "user_assignments", UserAssignment, UserAssignmentFields, UserAssignmentChanges, {"user_id": UserField}
)


class UserAssignmentsResource(Resource):
    """User assignments: the users that are on a project.

    https://help.getharvest.com/api-v2/projects-api/projects/user-assignments/
    """

    __slots__ = ()

    def list(
        self,
        *,
        user_id: UserId | None = None,
        is_active: bool | None = None,
        updated_since: datetime | None = None,
        **paging: Unpack[CursorPaging],
    ) -> Listing[UserAssignment]:
        """List the assignments of all projects, the newest first.

        Args:
            user_id: list only the assignments of this user.
            is_active: list only active assignments, or only inactive ones; None lists both.
            updated_since: list only assignments that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(user_id=user_id, is_active=is_active, updated_since=updated_since, **paging))

    def list_for_project(
        self,
        project: ProjectId,
        *,
        user_id: UserId | None = None,
        is_active: bool | None = None,
        updated_since: datetime | None = None,
        **paging: Unpack[Paging],
    ) -> Listing[UserAssignment]:
        """List the assignments of one project, the newest first.

        Args:
            project: the project.
            user_id: list only the assignments of this user.
            is_active: list only active assignments, or only inactive ones; None lists both.
            updated_since: list only assignments that were changed since then; a datetime with a time zone.
            paging: `page`, where the list begins; `per_page`, records on a page.
        """
        return self._list(
            LIST_FOR_PROJECT(project, user_id=user_id, is_active=is_active, updated_since=updated_since, **paging)
        )

    async def get(self, project: ProjectId, id: UserAssignmentId) -> UserAssignment:
        """Retrieve an assignment.

        Raises:
            NotFound: there is no such assignment on this project.
        """
        return await self._send(GET(project, id))

    async def create(
        self, project: ProjectId, user_id: UserId, **fields: Unpack[UserAssignmentFields]
    ) -> UserAssignment:
        """Add a user to a project and return the assignment, as the response has it.

        Args:
            project: the project.
            user_id: the user.
            fields: other fields, see `UserAssignmentFields`.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the assignment may or may not have been created.
            CreatedUnread: the assignment was created, but the response can't be read.
        """
        return await self._create(CREATE(project, fields=FORM.creation(fields, user_id)))

    async def update(
        self,
        project: ProjectId,
        id: UserAssignmentId,
        changed: UserAssignment | None = None,
        /,
        **fields: Unpack[UserAssignmentChanges],
    ) -> UserAssignment:
        """Change an assignment and return it. Only what differs is sent; if nothing differs, no request is sent.

        Args:
            project: the project.
            id: the assignment's id, or the assignment as it was read.
            changed: the assignment as it is to be.
            fields: the fields to change, instead of `changed`.
        """
        values = FORM.changes(id, changed, fields)
        update, read = UPDATE(project, id, fields=values), GET(project, id)
        return await self._updated(id, UserAssignment, values, update, read)

    async def delete(self, project: ProjectId, id: UserAssignmentId) -> DeleteResult:
        """Delete an assignment with which no time was tracked.

        Raises:
            Unprocessable: time was tracked; make it inactive instead.
        """
        return await self._send(DELETE(project, id))
