"""The records of time entries, and the fields that creates and updates accept."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, TypedDict

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.client.validation import CheckedBy, refuse
from harvest_async.errors import InvalidArgument
from harvest_async.v2.clients import ClientField
from harvest_async.v2.entry_refs import Hours, InvoiceRef
from harvest_async.v2.nested import ClientRef, ProjectRef, TaskRef, UserRef, id_of
from harvest_async.v2.projects import ProjectField
from harvest_async.v2.references import IDENTITY, Day, Paging, accepted_as
from harvest_async.v2.task_assignments import TaskAssignment
from harvest_async.v2.tasks import TaskField
from harvest_async.v2.user_assignments import UserAssignment
from harvest_async.v2.users import UserField

__all__ = [
    "ApprovalStatus",
    "ExternalReference",
    "ReferenceFields",
    "StartFields",
    "TimeEntry",
    "TimeEntryChanges",
    "TimeEntryFields",
    "TimeEntryFilters",
]


class ApprovalStatus(StrEnum):
    """Whether the timesheet of an entry was submitted or approved."""

    UNSUBMITTED = "unsubmitted"
    SUBMITTED = "submitted"
    APPROVED = "approved"


@frozen(kw_only=True)
class ExternalReference(Record):
    """A link from a time entry to a record of another program. The server sets the service and its icon."""

    id: str | None = None
    group_id: str | None = None
    account_id: str | None = None
    permalink: str | None = None
    service: str | None = None
    service_icon_url: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@accepted_as("time_entry")
@frozen(kw_only=True)
class TimeEntry(Record):
    """A time entry. Hours are decimal hours, rates are in the account's currency.

    Attributes:
        hours: the hours; those of a running timer included.
        hours_without_timer: the hours before the running timer was started.
        rounded_hours: the hours as the account's rounding shows them.
        timer_started_at: the time at which the running timer was started; None if none runs.
        started_time: the start by the company's clock, in accounts that track start and end times.
        locked_reason: the reason why the entry can't be changed.
    """

    id: int = field(default=0, metadata=IDENTITY)
    spent_date: date | None = None
    user: UserRef | None = None
    user_assignment: UserAssignment | None = None
    client: ClientRef | None = None
    project: ProjectRef | None = None
    task: TaskRef | None = None
    task_assignment: TaskAssignment | None = None
    external_reference: ExternalReference | None = None
    invoice: InvoiceRef | None = None
    hours: Decimal | None = None
    hours_without_timer: Decimal | None = None
    rounded_hours: Decimal | None = None
    notes: str | None = None
    is_locked: bool | None = None
    is_explicitly_locked: bool | None = None
    locked_reason: str | None = None
    approval_status: ApprovalStatus | str | None = None
    is_closed: bool | None = None
    is_billed: bool | None = None
    timer_started_at: datetime | None = None
    started_time: time | None = None
    ended_time: time | None = None
    is_running: bool | None = None
    billable: bool | None = None
    budgeted: bool | None = None
    billable_rate: Decimal | None = None
    cost_rate: Decimal | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def project_id(self) -> int | None:
        """The id of the project."""
        return id_of(self.project)

    @property
    def task_id(self) -> int | None:
        """The id of the task."""
        return id_of(self.task)


class ReferenceFields(TypedDict, total=False):
    """The fields of an external reference that can be set."""

    id: str | None
    group_id: str | None
    account_id: str | None
    permalink: str | None


def _reference(name: str, value: object) -> dict[str, str]:
    """Check an external reference: a record, or its fields, of which the `id` is needed."""
    known = ReferenceFields.__annotations__
    if isinstance(value, ExternalReference):
        value = {each: text for each in known if (text := getattr(value, each)) is not None}
    if not isinstance(value, Mapping) or not value:
        refuse(name, "an ExternalReference, or a dict of id, group_id, account_id and permalink", value)
    for each, text in value.items():
        if each not in known:
            raise InvalidArgument(f"{name}: unknown field {each!r}. Choose from: {', '.join(known)}")
        if text is not None and (not isinstance(text, str) or not text.strip()):
            refuse(f"{name}: {each}", "a text", text)
    if not value.get("id"):
        raise InvalidArgument(f"{name}: id is missing: the server finds entries by it")
    return {each: text for each, text in value.items() if text is not None}


Reference = Annotated[ExternalReference | ReferenceFields, CheckedBy(_reference)]


class StartFields(TypedDict, total=False):
    """The optional fields of a new running timer."""

    user_id: UserField
    started_time: time
    notes: str | None
    external_reference: Reference


class TimeEntryFields(StartFields, total=False):
    """The optional fields of a new time entry: `hours`, or `started_time` and `ended_time`, are needed."""

    ended_time: time
    hours: Hours


class TimeEntryChanges(TypedDict, total=False):
    """The fields of a time entry that can be changed."""

    project_id: ProjectField
    task_id: TaskField
    spent_date: Day
    started_time: time
    ended_time: time
    hours: Hours
    notes: str | None
    external_reference: Reference


class TimeEntryFilters(Paging, total=False):
    """The filters of the list of time entries."""

    user_id: UserField | None
    client_id: ClientField | None
    project_id: ProjectField | None
    task_id: TaskField | None
    external_reference_id: str | None
    is_billed: bool | None
    is_running: bool | None
    updated_since: datetime | None
    to: Day | None
