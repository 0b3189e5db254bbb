"""An account and its rules: what may be made, changed and removed, and what happens then.

Rules of this room: pure. The moment and who asks are arguments; every change is handed to `keep`, so that a store can
write it down. A refusal is raised as `Refusal` with the status and the `Hint` that the contract names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from harvest_async.sandbox.reading import Refusal, read_values
from harvest_async.sandbox.records import FIELDS, KINDS, Record, Tables, new_record

__all__ = ["World"]

_REQUIRED: Final = {
    "client": ("name",),
    "project": ("name", "client_id"),
    "task": ("name",),
    "user": ("email", "first_name", "last_name"),
}
_UNIQUE: Final = {"client": "name", "task": "name", "user": "email"}
_HIDDEN: Final = {"project": {"hint_earliest_record_at", "hint_latest_record_at", "over_budget_notified_at"}}
_FIRST_ID: Final = {
    "client": 1001,
    "project": 2001,
    "task": 3001,
    "user": 1,
    "task_assignment": 5001,
    "user_assignment": 6001,
    "entry": 70001,
}
_ACTIVE: Final = {"client": "active", "project": "active", "user": "is_active"}


class World:
    """One account.

    Attributes:
        tables: the records of each kind, by id.
        passwords: by e-mail.
        tokens: whose a token is, as an e-mail.
        timestamps: whether time is tracked by start and end.
        keep: is given kind, id and record (None when it is gone) after every change.
    """

    def __init__(self, *, timestamps: bool = False) -> None:
        self.tables: Tables = {kind: {} for kind in KINDS}
        self.passwords = {"admin@example.com": "sandbox", "user@example.com": "sandbox"}
        self.tokens = {"sandbox-token": "admin@example.com"}
        self.timestamps = timestamps
        self.keep: Callable[[str, int, Record | None], None] = _keep_nothing
        self._next = dict(_FIRST_ID)

    def seed(self, now: datetime) -> None:
        """The two people that every new account has."""
        for email, first, is_admin in (("admin@example.com", "Ada", True), ("user@example.com", "Uli", False)):
            fields = {"email": email, "first_name": first, "last_name": "Sandbox", "is_admin": is_admin}
            self.add("user", fields, now)

    def restore(self, tables: Tables) -> None:
        """Go on with stored records."""
        self.tables = tables
        for kind, records in tables.items():
            self._next[kind] = max([_FIRST_ID[kind] - 1, *records]) + 1

    # For whoever looks on

    def people(self) -> list[Record]:
        """All people."""
        return list(self.tables["user"].values())

    def clients(self) -> list[Record]:
        """All clients."""
        return list(self.tables["client"].values())

    def projects(self) -> list[Record]:
        """All projects."""
        return list(self.tables["project"].values())

    def tasks(self) -> list[Record]:
        """All tasks."""
        return list(self.tables["task"].values())

    def entries(self) -> list[Record]:
        """All time entries."""
        return list(self.tables["entry"].values())

    def assignments(self, kind: str, project_id: int) -> list[Record]:
        """The `task_assignment` or `user_assignment` records of a project."""
        return [record for record in self.tables[kind].values() if record["project_id"] == project_id]

    # Records of any kind

    def find(self, kind: str, number: int) -> Record:
        """A record, or 404."""
        record = self.tables[kind].get(number)
        if record is None:
            raise Refusal(404)
        return record

    def person(self, key: str) -> Record:
        """A person by id or e-mail address (contract: person_by_email), or 404."""
        if key.isdecimal():
            return self.find("user", int(key))
        for person in self.tables["user"].values():
            if person["email"].lower() == key.lower():
                return person
        raise Refusal(404)

    def add(self, kind: str, fields: Record, now: datetime) -> Record:
        """Put a record in, without asking any rule."""
        number = self._next[kind]
        self._next[kind] += 1
        record = self.tables[kind][number] = new_record(kind, number, now, fields)
        self.keep(kind, number, record)
        return record

    def change(self, kind: str, record: Record, fields: Record, now: datetime) -> Record:
        """Set fields, without asking any rule."""
        record.update(fields, updated_at=now)
        self.keep(kind, record["id"], record)
        return record

    def drop(self, kind: str, record: Record) -> None:
        """Take a record out, without asking any rule."""
        del self.tables[kind][record["id"]]
        self.keep(kind, record["id"], None)

    # Clients, projects, tasks, people

    def create(self, kind: str, fields: Record, now: datetime) -> Record:
        """Make a record (contract: clients.create, projects.create, tasks.create, people.create)."""
        values = read_values(kind, fields, _writable(kind))
        for name in _REQUIRED[kind]:
            if not values.get(name):
                raise Refusal(400, f"{name} is missing.")
        self._check(kind, values, None)
        record = self.add(kind, values, now)
        if kind == "project":
            self._staff(record, now)
        return record

    def update(self, kind: str, record: Record, fields: Record, now: datetime) -> Record:
        """Set what is given (contract: clients.update, projects.update, tasks.update, people.update)."""
        values = read_values(kind, fields, _writable(kind) - {_ACTIVE.get(kind), "deactivated"} | _also(kind))
        if kind == "project" and not values.get("client_id"):
            raise Refusal(400, "client_id is missing.")
        for name in _REQUIRED[kind]:
            if name in values and not values[name]:
                raise Refusal(400, f"{name} is missing.")
        self._check(kind, values, record)
        return self.change(kind, record, values, now)

    def toggle(self, kind: str, record: Record, now: datetime) -> Record:
        """Archive or bring back (contract: clients.toggle, projects.toggle, people.toggle)."""
        if kind == "client" and record["active"]:
            for project in self.tables["project"].values():
                if project["client_id"] == record["id"] and project["active"]:
                    raise Refusal(400, "The client has active projects.")
        flag = _ACTIVE[kind]
        return self.change(kind, record, {flag: not record[flag]}, now)

    def activate(self, task: Record, now: datetime) -> Record:
        """Bring a task back (contract: tasks.activate)."""
        return self.change("task", task, {"deactivated": False}, now)

    def delete(self, kind: str, record: Record, now: datetime) -> None:
        """Remove; refused or archived where something hangs on it (contract: the deletes of these resources)."""
        number = record["id"]
        if kind == "client" and any(project["client_id"] == number for project in self.tables["project"].values()):
            raise Refusal(400, "The client has projects.")
        if kind in {"project", "user", "task"} and self.has_hours(**{f"{kind}_id": number}):
            if kind != "task":
                raise Refusal(400, f"The {kind} has hours.")
            self.change("task", record, {"deactivated": True}, now)
            return
        for table in ("task_assignment", "user_assignment"):
            for assignment in list(self.tables[table].values()):
                if assignment.get(f"{kind}_id") == number:
                    self.drop(table, assignment)
        self.drop(kind, record)

    def has_hours(self, **ids: int) -> bool:
        """Whether an entry with these ids exists."""
        return any(all(entry[name] == number for name, number in ids.items()) for entry in self.entries())

    # Assignments

    def assign(self, kind: str, project: Record, number: int, now: datetime) -> Record:
        """Put a task or a person on a project; whoever is on it already is brought back."""
        assigned = kind.removesuffix("_assignment")
        if number not in self.tables[assigned]:
            raise Refusal(404, f"There is no such {assigned}.")
        for record in self.assignments(kind, project["id"]):
            if record[f"{assigned}_id"] == number:
                return self.change(kind, record, {"deactivated": False}, now)
        return self.add(kind, {"project_id": project["id"], f"{assigned}_id": number}, now)

    def assignment(self, kind: str, project: Record, number: int) -> Record:
        """An assignment of this project, or 404."""
        record = self.find(kind, number)
        if record["project_id"] != project["id"]:
            raise Refusal(404)
        return record

    def change_assignment(self, kind: str, record: Record, fields: Record, now: datetime) -> Record:
        """Set what is given (contract: task_assignments.update, user_assignments.update)."""
        own = {"deactivated", "hourly_rate", "budget"}
        own |= {"billable"} if kind == "task_assignment" else {"is_project_manager"}
        return self.change(kind, record, read_values(kind, fields, own), now)

    def unassign(self, kind: str, record: Record, now: datetime) -> str | None:
        """Take off a project; archived, with a hint, where there are hours (contract: delete_means_archive)."""
        assigned = kind.removesuffix("_assignment")
        if kind == "task_assignment" and len(self.assignments(kind, record["project_id"])) == 1:
            raise Refusal(400, "A project needs at least one task.")  # contract: one_task_per_project
        ids = {"project_id": record["project_id"], f"{assigned}_id": record[f"{assigned}_id"]}
        if self.has_hours(**ids):
            self.change(kind, record, {"deactivated": True}, now)
            return f"The {assigned} has hours on this project and was archived."
        self.drop(kind, record)
        return None

    def is_assigned(self, kind: str, project_id: int, number: int) -> bool:
        """Whether a task or a person can be booked on a project."""
        name = f"{kind.removesuffix('_assignment')}_id"
        return any(
            record[name] == number and not record["deactivated"] for record in self.assignments(kind, project_id)
        )

    # Inside

    def _check(self, kind: str, values: Record, own: Record | None) -> None:
        unique = _UNIQUE.get(kind)
        if unique and values.get(unique) is not None:
            for record in self._others(kind, own):
                if record[unique].strip().lower() == values[unique].strip().lower():
                    raise Refusal(400, f"{unique} is taken.")
        if (
            kind == "project"
            and values.get("client_id") is not None
            and values["client_id"] not in self.tables["client"]
        ):
            raise Refusal(400, "There is no such client.")

    def _others(self, kind: str, own: Record | None) -> Iterator[Record]:
        return (record for record in self.tables[kind].values() if record is not own)

    def _staff(self, project: Record, now: datetime) -> None:
        """What a new project has by itself: the default tasks and whoever is on all projects (tasks.is_default)."""
        for task in self.tasks():
            if task["is_default"] and not task["deactivated"]:
                self.assign("task_assignment", project, task["id"], now)
        for person in self.people():
            if person["has_access_to_all_future_projects"]:
                self.assign("user_assignment", project, person["id"], now)


def _writable(kind: str) -> set[Any]:
    return set(FIELDS[kind]) - _HIDDEN.get(kind, set()) - {"cache_version", "deactivated"}


def _also(kind: str) -> set[str]:
    return {"active"} if kind == "client" else set()


def _keep_nothing(kind: str, number: int, record: Record | None) -> None:
    """A world without a store."""
