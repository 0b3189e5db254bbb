"""The rules for clients, contacts, projects, tasks, people and the two kinds of categories.

Tables list what a record needs, what must be unique and which records depend on it. A rule that forbids a change raises
`Refusal` with the HTTP status and the reason.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.staff import Staff
from harvest_async.sandbox.world import World
from harvest_async.sandbox.zones import ZONES

__all__ = ["Rules"]

_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    "client": ("name",),
    "contact": ("client_id", "first_name", "last_name"),
    "project": ("name", "client_id"),
    "task": ("name",),
    "user": ("email", "first_name", "last_name"),
    "expense_category": ("name",),
    "invoice_item_category": ("name",),
    "estimate_item_category": ("name",),
    "role": ("name",),
}
_UNIQUE: Final = {
    "client": "name",
    "task": "name",
    "user": "email",
    "expense_category": "name",
    "invoice_item_category": "name",
    "estimate_item_category": "name",
    "role": "name",
}
_ACTIVE: Final = {"client": "active", "project": "active", "user": "is_active"}
_PLANNED: Final = {"people": "user", "projects": "project"}

_DEPENDENTS: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    # the records that prevent the deletion of a record of a kind, and the hint that says so
    "client": (
        ("project", "client_id", "The client has projects."),
        ("invoice", "client_id", "The client has invoices."),
        ("estimate", "client_id", "The client has estimates."),
    ),
    "project": (
        ("entry", "project_id", "The project has hours."),
        ("expense", "project_id", "The project has expenses."),
    ),
    "task": (("entry", "task_id", "The task has hours."),),
    "user": (("entry", "user_id", "The user has hours."), ("expense", "user_id", "The user has expenses.")),
    "expense_category": (("expense", "expense_category_id", "The category has expenses."),),
}

_DELETED_WITH: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    # the records that are deleted with a record of a kind
    "client": (("contact", "client_id"),),
    "project": (("task_assignment", "project_id"), ("user_assignment", "project_id")),
    "task": (("task_assignment", "task_id"),),
    "user": (("user_assignment", "user_id"), ("billable_rate", "user_id"), ("cost_rate", "user_id")),
}


class Rules:
    """Create, change and delete these records; `plan` limits the number of active people and projects."""

    def __init__(self, world: World, staff: Staff, plan: Mapping[str, int]) -> None:
        self._world = world
        self._staff = staff
        self._plan = {_PLANNED[name]: limit for name, limit in plan.items()}

    def create(self, kind: str, given: Record, now: datetime, required: Iterable[str] | None = None) -> Record:
        """Create a record with the given values; `required` replaces the fields that it must have."""
        values = dict(given)
        for name in _REQUIRED[kind] if required is None else required:
            if not str(values.get(name) or "").strip():
                raise Refusal(400, f"{name} is missing.")
        self._check(kind, values, None)
        if values.get(_ACTIVE.get(kind, ""), True):
            self._check_plan(kind)
        if kind == "client" and "currency_names" in self._world.quirks:
            values.setdefault("currency", "United States Dollars - USD")
        if kind == "client":
            values["statement_key"] = secrets.token_hex(16)
        record = self._world.add(kind, values, now)
        if kind == "project":
            self._staff.fill(record, now)
        return record

    def update(
        self, kind: str, record: Record, values: Record, now: datetime, required: Iterable[str] | None = None
    ) -> Record:
        """Set the given values; `required` replaces the fields that must not be blank."""
        for name in _REQUIRED[kind] if required is None else required:
            if name in values and not str(values[name] or "").strip():
                raise Refusal(400, f"{name} is missing.")
        self._check(kind, values, record)
        if kind == "user" and values.get("is_admin") is False and record["is_active"]:
            self.check_last_administrator(record)
        return self._world.change(kind, record, values, now)

    def toggle(self, kind: str, record: Record, now: datetime) -> Record:
        """Archive an active record, or activate an archived one."""
        if kind == "client" and record["active"]:
            self.check_archiving(record)
        flag = _ACTIVE[kind]
        if record[flag] and kind == "user":
            self.check_last_administrator(record)
        if not record[flag]:
            self._check_plan(kind, hints=kind == "project")
        return self._world.change(kind, record, {flag: not record[flag]}, now)

    def check_archiving(self, client: Record) -> None:
        """Refuse to archive a client that has active projects."""
        if any(project["active"] for project in self._world.having("project", client_id=client["id"])):
            raise Refusal(400, "The client has active projects.", hints=True)

    def activate(self, task: Record, now: datetime) -> Record:
        """Activate a task."""
        return self._world.change("task", task, {"deactivated": False}, now)

    def delete(self, kind: str, record: Record, now: datetime, *, archives: bool = True) -> None:
        """Delete a record; refuse it if other records depend on it, or archive a task if `archives` is on."""
        if kind == "user" and record["is_active"]:
            self.check_last_administrator(record)
        for table, column, hint in _DEPENDENTS.get(kind, ()):
            if self._world.has(table, **{column: record["id"]}):
                if kind == "task" and archives and "task_delete_status" not in self._world.quirks:
                    self._world.change("task", record, {"deactivated": True}, now)
                    return
                raise Refusal(400, hint, hints=not archives)
        if record.get("use_as_expense") or record.get("use_as_service"):
            raise Refusal(400, "The category is a default.")
        for table, column in _DELETED_WITH.get(kind, ()):
            for each in self._world.having(table, **{column: record["id"]}):
                self._world.drop(table, each)
                if table.endswith("_assignment") and kind in {"task", "user"}:
                    self._staff.count(table, each["project_id"])
        self._world.drop(kind, record)

    # Internals

    def _check(self, kind: str, values: Record, own: Record | None) -> None:
        unique = _UNIQUE.get(kind)
        if unique and any(record is not own for record in self._world.having(kind, **{unique: values.get(unique)})):
            raise Refusal(400, f"{unique} is taken.")
        if values.get("timezone", "UTC") not in ZONES:
            raise Refusal(400, "timezone is invalid.")
        if "client_id" in values and values["client_id"] not in self._world.tables["client"]:
            raise Refusal(400, "There is no such client.")

    def check_last_administrator(self, person: Record) -> None:
        """Refuse to leave an account without an active administrator, since nobody could add one again."""
        others = (each for each in self._world.all("user") if each is not person)
        if person["is_admin"] and not any(each["is_admin"] and each["is_active"] for each in others):
            raise Refusal(400, "The last administrator can't be archived, removed or made a regular user.")

    def _check_plan(self, kind: str, *, hints: bool = False) -> None:
        """Refuse more active records than the plan allows."""
        limit = self._plan.get(kind)
        if limit is not None and sum(record[_ACTIVE[kind]] for record in self._world.all(kind)) >= limit:
            named = "projects" if kind == "project" else "people"
            raise Refusal(400, f"The plan allows no more active {named}.", hints=hints)
