"""Records of users: billable rates, cost rates, teammates and project assignments."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias, TypedDict

from attrs import field, frozen

from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.validation import CheckedBy
from harvest_async.v2.nested import ClientRef, ProjectRef, id_of
from harvest_async.v2.references import IDENTITY, Ids, Number, accepted_as, not_in_future
from harvest_async.v2.task_assignments import TaskAssignment

__all__ = [
    "BILLABLE_FORM",
    "COST_FORM",
    "TEAMMATES_FORM",
    "BillableRate",
    "CostRate",
    "ProjectAssignment",
    "RateFields",
    "Teammate",
    "TeammateList",
]

StartDay: TypeAlias = Annotated[date | str, CheckedBy(not_in_future)]


@accepted_as("billable_rate")
@frozen(kw_only=True)
class BillableRate(Record):
    """The amount for which an hour of a user is billed, from `start_date` to `end_date`; both may be open."""

    id: int = field(default=0, metadata=IDENTITY)
    amount: Decimal | None = None
    start_date: date | None = None
    end_date: date | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@accepted_as("cost_rate")
@frozen(kw_only=True)
class CostRate(Record):
    """The amount that an hour of a user costs, from `start_date` to `end_date`; both may be open."""

    id: int = field(default=0, metadata=IDENTITY)
    amount: Decimal | None = None
    start_date: date | None = None
    end_date: date | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


@accepted_as("user")
@frozen(kw_only=True)
class Teammate(Record):
    """A user whose time a manager sees and approves."""

    id: int | None = None
    first_name: str | None = None
    last_name: str | None = None
    email: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TeammateList(Record):
    """The teammates after a change."""

    teammates: list[Teammate]
    extra: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ProjectAssignment(Record):
    """A project that a user is on, with the tasks on which the user can track time."""

    id: int = field(default=0, metadata=IDENTITY)
    project: ProjectRef | None = None
    client: ClientRef | None = None
    task_assignments: list[TaskAssignment] = field(factory=list)
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


class RateFields(TypedDict, total=False):
    """The optional field of a new rate. Without `start_date` the rate replaces all others of the user."""

    start_date: StartDay | None


class TeammateFields(TypedDict):
    """The teammates, which replace all others."""

    teammate_ids: Ids


RATE: Final = {"amount": Number}
BILLABLE_FORM: Final = form("users", BillableRate, RateFields, RateFields, RATE, making="create_billable_rate")
COST_FORM: Final = form("users", CostRate, RateFields, RateFields, RATE, making="create_cost_rate")
TEAMMATES_FORM: Final = form("users", Teammate, RateFields, TeammateFields, {}, making="update_teammates")
