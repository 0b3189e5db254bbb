"""What may be written: the fields that creates and updates take, as the contract lists them.

Rules of this room: pure types. Money is `Decimal` in the account's currency, hours are decimal hours.
None empties a field.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TypedDict

__all__ = [
    "ClientFields",
    "PersonFields",
    "ProjectFields",
    "TaskAssignmentFields",
    "TaskFields",
    "UserAssignmentFields",
]


class ClientFields(TypedDict, total=False):
    """Contract: clients.create, clients.update."""

    active: bool
    currency: str | None
    currency_symbol: str | None
    details: str | None
    highrise_id: int | None


class ProjectFields(TypedDict, total=False):
    """Contract: projects.create, projects.update; `active` can be given on create only."""

    active: bool
    bill_by: str
    billable: bool
    budget: Decimal | None
    budget_by: str
    code: str | None
    cost_budget: Decimal | None
    cost_budget_include_expenses: bool
    ends_on: date | None
    hourly_rate: Decimal | None
    notes: str | None
    notify_when_over_budget: bool
    over_budget_notification_percentage: Decimal | None
    show_budget_to_all: bool
    starts_on: date | None


class TaskFields(TypedDict, total=False):
    """Contract: tasks.create, tasks.update."""

    billable_by_default: bool
    default_hourly_rate: Decimal | None
    is_default: bool


class PersonFields(TypedDict, total=False):
    """Contract: people.create, people.update; `is_active` and `is_project_manager` can be given on create only."""

    cost_rate: Decimal | None
    default_hourly_rate: Decimal | None
    department: str | None
    has_access_to_all_future_projects: bool
    is_active: bool
    is_admin: bool
    is_contractor: bool
    is_project_manager: bool
    telephone: str | None
    timezone: str


class TaskAssignmentFields(TypedDict, total=False):
    """Contract: task_assignments.update."""

    billable: bool
    budget: Decimal | None
    deactivated: bool
    hourly_rate: Decimal | None


class UserAssignmentFields(TypedDict, total=False):
    """Contract: user_assignments.update."""

    budget: Decimal | None
    deactivated: bool
    hourly_rate: Decimal | None
    is_project_manager: bool
