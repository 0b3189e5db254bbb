"""Clients, contacts, projects, tasks, people and the two kinds of categories: what may be made, changed and removed.

Rules of this room: pure, over a `World`. Facts are in tables: what a record needs, what is unique, what hangs on what.
A refusal is raised as `Refusal` with the status and what is wrong.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from harvest_async.sandbox.reading import Refusal
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.staff import Staff
from harvest_async.sandbox.v1.writable_fields import read_changes, read_new
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
}
_UNIQUE: Final = {
    "client": "name",
    "task": "name",
    "user": "email",
    "expense_category": "name",
    "invoice_item_category": "name",
}
_ACTIVE: Final = {"client": "active", "project": "active", "user": "is_active"}
_PLANNED: Final = {"people": "user", "projects": "project"}

_HANGING: Final[dict[str, tuple[tuple[str, str, str], ...]]] = {
    # what hangs on a record of a kind, so that it can't be removed, and the hint that says so
    "client": (
        ("project", "client_id", "The client has projects."),
        ("invoice", "client_id", "The client has invoices."),
    ),
    "project": (
        ("entry", "project_id", "The project has hours."),
        ("expense", "project_id", "The project has expenses."),
    ),
    "task": (("entry", "task_id", "The task has hours."),),
    "user": (("entry", "user_id", "The user has hours."), ("expense", "user_id", "The user has expenses.")),
    "expense_category": (("expense", "expense_category_id", "The category has expenses."),),
}

_GOING: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    # what goes with a record of a kind
    "client": (("contact", "client_id"),),
    "project": (("task_assignment", "project_id"), ("user_assignment", "project_id")),
    "task": (("task_assignment", "task_id"),),
    "user": (("user_assignment", "user_id"),),
}


class Rules:
    """What can be done to these records in a world; `plan` limits how many people and projects are active."""

    def __init__(self, world: World, staff: Staff, plan: Mapping[str, int]) -> None:
        self._world = world
        self._staff = staff
        self._plan = {_PLANNED[name]: limit for name, limit in plan.items()}

    def create(self, kind: str, fields: Record, now: datetime) -> Record:
        """Make a record (contract: the creates of these resources)."""
        values = read_new(kind, fields)
        for name in _REQUIRED[kind]:
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

    def update(self, kind: str, record: Record, fields: Record, now: datetime) -> Record:
        """Set what is given (contract: the updates of these resources); what may not be set is passed over."""
        values = read_changes(kind, fields, self._world.quirks)
        if kind == "project" and not values.get("client_id"):  # contract: project_update_client_id
            raise Refusal(400, "client_id is missing.")
        for name in _REQUIRED[kind]:
            if name in values and not str(values[name] or "").strip():
                raise Refusal(400, f"{name} is missing.")
        self._check(kind, values, record)
        if kind == "user" and values.get("is_admin") is False and record["is_active"]:
            self._check_administrator(record)
        return self._world.change(kind, record, values, now)

    def toggle(self, kind: str, record: Record, now: datetime) -> Record:
        """Archive or bring back (contract: clients.toggle, projects.toggle, people.toggle)."""
        if (
            kind == "client"
            and record["active"]
            and any(project["active"] for project in self._world.having("project", client_id=record["id"]))
        ):
            raise Refusal(400, "The client has active projects.", hints=True)
        flag = _ACTIVE[kind]
        if record[flag] and kind == "user":
            self._check_administrator(record)
        if not record[flag]:
            self._check_plan(kind, hints=kind == "project")
        return self._world.change(kind, record, {flag: not record[flag]}, now)

    def activate(self, task: Record, now: datetime) -> Record:
        """Bring a task back (contract: tasks.activate)."""
        return self._world.change("task", task, {"deactivated": False}, now)

    def delete(self, kind: str, record: Record, now: datetime) -> None:
        """Remove; refused or archived where something hangs on it (contract: the deletes of these resources)."""
        if kind == "user" and record["is_active"]:
            self._check_administrator(record)
        for table, column, hint in _HANGING.get(kind, ()):
            if self._world.has(table, **{column: record["id"]}):
                if kind == "task" and "task_delete_status" not in self._world.quirks:
                    self._world.change("task", record, {"deactivated": True}, now)
                    return
                raise Refusal(400, hint)
        if record.get("use_as_expense") or record.get("use_as_service"):
            raise Refusal(400, "The category is a default.")
        for table, column in _GOING.get(kind, ()):
            for each in self._world.having(table, **{column: record["id"]}):
                self._world.drop(table, each)
                if kind in {"task", "user"}:
                    self._staff.count(table, each["project_id"])
        self._world.drop(kind, record)

    # Inside

    def _check(self, kind: str, values: Record, own: Record | None) -> None:
        unique = _UNIQUE.get(kind)
        if unique and any(record is not own for record in self._world.having(kind, **{unique: values.get(unique)})):
            raise Refusal(400, f"{unique} is taken.")
        if values.get("timezone", "UTC") not in ZONES:
            raise Refusal(400, "timezone is invalid.")
        if "client_id" in values and values["client_id"] not in self._world.tables["client"]:
            raise Refusal(400, "There is no such client.")

    def _check_administrator(self, person: Record) -> None:
        """Refuse to leave an account without an active administrator: nobody could sign in to change it again."""
        others = (each for each in self._world.all("user") if each is not person)
        if person["is_admin"] and not any(each["is_admin"] and each["is_active"] for each in others):
            raise Refusal(400, "The last administrator can't be archived, removed or made a regular user.")

    def _check_plan(self, kind: str, *, hints: bool = False) -> None:
        """Contract: projects.create, projects.toggle, people.create, people.toggle: the plan's limits."""
        limit = self._plan.get(kind)
        if limit is not None and sum(record[_ACTIVE[kind]] for record in self._world.all(kind)) >= limit:
            named = "projects" if kind == "project" else "people"
            raise Refusal(400, f"The plan allows no more active {named}.", hints=hints)
