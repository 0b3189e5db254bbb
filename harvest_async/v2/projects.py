"""Projects: work for a client, on which time and expenses are tracked."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.validation import CheckedBy
from harvest_async.v2.clients import ClientField, ClientId
from harvest_async.v2.nested import ClientRef, ProjectRef, id_of
from harvest_async.v2.references import (
    CURSOR,
    ENDPOINTS,
    IDENTITY,
    REFERENCES,
    CursorPaging,
    Day,
    Name,
    Number,
    accepted_as,
    id_text,
    since_text,
    true_false,
)

__all__ = [
    "BillBy",
    "BudgetBy",
    "Project",
    "ProjectChanges",
    "ProjectField",
    "ProjectFields",
    "ProjectId",
    "ProjectsResource",
]


@accepted_as("project")
@frozen(kw_only=True)
class Project(Record):
    """A project. Rates, fees and cost budgets are in the client's currency, `budget` is in hours or money."""

    id: int = field(default=0, metadata=IDENTITY)
    client: ClientRef | None = None
    name: str | None = None
    code: str | None = None
    is_active: bool | None = None
    is_billable: bool | None = None
    is_fixed_fee: bool | None = None
    bill_by: str | None = None
    hourly_rate: Decimal | None = None
    budget: Decimal | None = None
    budget_by: str | None = None
    budget_is_monthly: bool | None = None
    notify_when_over_budget: bool | None = None
    over_budget_notification_percentage: Decimal | None = None
    over_budget_notification_date: date | None = None
    show_budget_to_all: bool | None = None
    cost_budget: Decimal | None = None
    cost_budget_include_expenses: bool | None = None
    fee: Decimal | None = None
    notes: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def client_id(self) -> int | None:
        """The id of the client."""
        return id_of(self.client)


ProjectId: TypeAlias = int | str | Project | ProjectRef
"""A project: its id, or a record of it."""

ProjectField: TypeAlias = Annotated[ProjectId, CheckedBy(REFERENCES.reference)]


BillBy: TypeAlias = Literal["Project", "Tasks", "People", "none"]
"""The rates by which a project is billed: its own, those of its tasks, those of its people, or none."""

BudgetBy: TypeAlias = Literal["project", "project_cost", "task", "task_fees", "person", "none"]
"""What a project's budget counts: hours or fees of the project or of each task, hours of each person, or nothing."""


class ProjectFields(TypedDict, total=False):
    """The optional fields of a new project.

    `hourly_rate`, `fee` and `cost_budget` are in the client's currency; `budget` is in hours, or in money if
    `budget_by` counts fees; `over_budget_notification_percentage` is 80 for 80 %.
    """

    code: str | None
    is_active: bool
    is_fixed_fee: bool
    hourly_rate: Number | None
    budget: Number | None
    budget_is_monthly: bool
    notify_when_over_budget: bool
    over_budget_notification_percentage: Number | None
    show_budget_to_all: bool
    cost_budget: Number | None
    cost_budget_include_expenses: bool
    fee: Number | None
    notes: str | None
    starts_on: Day | None
    ends_on: Day | None


class ProjectChanges(ProjectFields, total=False):
    """The fields of a change."""

    client_id: ClientField
    name: Name
    is_billable: bool
    bill_by: BillBy
    budget_by: BudgetBy


LIST: Final = ENDPOINTS.listing(
    "projects.list",
    "listProjects",
    "/projects",
    Project,
    {"is_active": true_false, "client_id": id_text, "updated_since": since_text, **CURSOR},
)
CREATE: Final = ENDPOINTS.create("projects.create", "createProject", "/projects", Project)
GET: Final = ENDPOINTS.get("projects.get", "retrieveProject", "/projects/{project}", Project)
UPDATE: Final = ENDPOINTS.update("projects.update", "updateProject", "/projects/{project}", Project)
DELETE: Final = ENDPOINTS.delete("projects.delete", "deleteProject", "/projects/{project}")

FORM: Final = form(
    "projects",
    Project,
    ProjectFields,
    ProjectChanges,
    {"client_id": ClientField, "name": Name, "is_billable": bool, "bill_by": BillBy, "budget_by": BudgetBy},
)


class ProjectsResource(Resource):
    """Projects: work for a client, on which time and expenses are tracked.

    https://help.getharvest.com/api-v2/projects-api/projects/projects/
    """

    __slots__ = ()

    def list(
        self,
        *,
        is_active: bool | None = None,
        client_id: ClientId | None = None,
        updated_since: datetime | None = None,
        **paging: Unpack[CursorPaging],
    ) -> Listing[Project]:
        """List projects, the newest first; a manager sees only managed ones.

        Args:
            is_active: list only active projects, or only archived ones; None lists both.
            client_id: list only the projects of this client.
            updated_since: list only projects that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(is_active=is_active, client_id=client_id, updated_since=updated_since, **paging))

    async def get(self, id: ProjectId) -> Project:
        """Retrieve a project.

        Raises:
            NotFound: there is no such project, or the person who is signed in may not see it.
        """
        return await self._send(GET(id))

    async def create(
        self,
        client_id: ClientId,
        name: str,
        *,
        is_billable: bool,
        bill_by: BillBy,
        budget_by: BudgetBy,
        **fields: Unpack[ProjectFields],
    ) -> Project:
        """Create a project and return it, as the response has it.

        Args:
            client_id: the client.
            name: the project's name.
            is_billable: whether its hours are billable.
            bill_by: the rates by which it is billed.
            budget_by: what its budget counts.
            fields: other fields, see `ProjectFields`.

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            OutcomeUnknown: the response was lost, so the project may or may not have been created.
            CreatedUnread: the project was created, but the response can't be read.
        """
        values = FORM.creation(fields, client_id, name, is_billable, bill_by, budget_by)
        return await self._create(CREATE(fields=values))

    async def update(
        self, id: ProjectId, changed: Project | None = None, /, **fields: Unpack[ProjectChanges]
    ) -> Project:
        """Change a project and return it. Only what differs is sent; if nothing differs, no request is sent.

        Args:
            id: the project's id, or the project as it was read.
            changed: the project as it is to be.
            fields: the fields to change, instead of `changed`.
        """
        values = FORM.changes(id, changed, fields)
        return await self._updated(id, Project, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: ProjectId) -> DeleteResult:
        """Delete a project together with its time entries and expenses; invoices lose the link to it."""
        return await self._send(DELETE(id))
