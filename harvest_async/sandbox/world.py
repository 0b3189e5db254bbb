"""An account and its rules: what may be made, changed and removed, and what happens then.

Rules of this room: pure. The moment and who asks are arguments; every change goes through `add`, `change` and `drop`,
which keep the index true and hand the record to `keep`, so that a store can write it down. A refusal is raised as
`Refusal` with the status and the `Hint` that the contract names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from harvest_async.sandbox.index import Index
from harvest_async.sandbox.reading import Refusal, read_values
from harvest_async.sandbox.records import FIELDS, KINDS, Record, Tables, new_record
from harvest_async.sandbox.zones import ZONES

__all__ = ["World"]

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
_FIRST_ID: Final = {kind: 1000 * number + 1 for number, kind in enumerate(KINDS, 1)} | {"user": 1, "entry": 70_001}
_ACTIVE: Final = {"client": "active", "project": "active", "user": "is_active"}
_PLANNED: Final = {"people": "user", "projects": "project"}

WRITABLE: Final[dict[str, frozenset[str]]] = {
    # what a create may set (contract: the bodies of these resources)
    "client": frozenset({"name", "highrise_id", "currency", "currency_symbol", "active", "details", "address"}),
    "contact": frozenset(
        {"client_id", "email", "first_name", "last_name", "phone_office", "phone_mobile", "title", "fax"}
    ),
    "project": frozenset(
        {"name", "client_id", "active", "bill_by", "code", "notes", "budget", "budget_by", "billable", "hourly_rate",
         "notify_when_over_budget", "over_budget_notification_percentage", "show_budget_to_all", "starts_on", "ends_on",
         "cost_budget", "cost_budget_include_expenses", "is_fixed_fee", "fee", "estimate", "estimate_by"}
    ),
    "task": frozenset({"name", "billable_by_default", "default_hourly_rate", "is_default"}),
    "user": frozenset(
        {"email", "first_name", "last_name", "timezone", "is_admin", "telephone", "is_contractor", "is_active",
         "is_project_manager", "has_access_to_all_future_projects", "default_hourly_rate", "cost_rate", "department",
         "weekly_capacity", "wants_newsletter"}
    ),
    "expense_category": frozenset({"name", "unit_name", "unit_price"}),
    "invoice_item_category": frozenset({"name"}),
    "task_assignment": frozenset({"billable", "deactivated", "budget", "hourly_rate"}),
    "user_assignment": frozenset({"deactivated", "hourly_rate", "budget", "is_project_manager"}),
}  # fmt: skip
_ONLY_ON_CREATE: Final = {"project": {"active"}, "user": {"is_active"}}


class World:
    """One account.

    Attributes:
        tables: the records of each kind, by id.
        passwords: by e-mail.
        tokens: whose a token is, as an e-mail.
        timestamps: whether time is tracked by start and end.
        quirks: the quirks that the account shows as the documentation's samples have them (see `variants`).
        keep: is given kind, id and record (None when it is gone) after every change.
    """

    def __init__(
        self,
        *,
        timestamps: bool = False,
        quirks: frozenset[str] = frozenset(),
        plan: Mapping[str, int] | None = None,
    ) -> None:
        self.tables: Tables = {kind: {} for kind in KINDS}
        self.passwords = {"admin@example.com": "sandbox", "user@example.com": "sandbox"}
        self.tokens = {"sandbox-token": "admin@example.com"}
        self.timestamps = timestamps
        self.quirks = quirks
        self.keep: Callable[[str, int, Record | None], None] = _keep_nothing
        self._index = Index(self.tables)
        self._next = dict(_FIRST_ID)
        self._plan = {_PLANNED[name]: limit for name, limit in (plan or {}).items()}
        self._renewed: dict[int, date] = {}

    def seed(self, now: datetime) -> None:
        """What every new account has: two people, and the two categories of invoice items."""
        for email, first, is_admin in (("admin@example.com", "Ada", True), ("user@example.com", "Uli", False)):
            fields = {"email": email, "first_name": first, "last_name": "Sandbox", "is_admin": is_admin}
            self.add("user", fields, now)
        self.add("invoice_item_category", {"name": "Service", "use_as_service": True}, now)
        self.add("invoice_item_category", {"name": "Product", "use_as_expense": True}, now)

    def restore(self, tables: Tables) -> None:
        """Go on with stored records."""
        self.tables = tables
        self._index = Index(tables)
        self._renewed.clear()
        for kind, records in tables.items():
            self._next[kind] = max([_FIRST_ID[kind] - 1, *records]) + 1

    # For whoever looks on

    def people(self) -> list[Record]:
        """All people."""
        return self.all("user")

    def clients(self) -> list[Record]:
        """All clients."""
        return self.all("client")

    def projects(self) -> list[Record]:
        """All projects."""
        return self.all("project")

    def tasks(self) -> list[Record]:
        """All tasks."""
        return self.all("task")

    def entries(self) -> list[Record]:
        """All time entries."""
        return self.all("entry")

    def assignments(self, kind: str, project_id: int) -> list[Record]:
        """The `task_assignment` or `user_assignment` records of a project."""
        return self.having(kind, project_id=project_id)

    # Records of any kind

    def all(self, kind: str) -> list[Record]:
        """All records of a kind, the oldest first."""
        return list(self.tables[kind].values())

    def having(self, kind: str, /, **values: Any) -> list[Record]:
        """The records of a kind that have these values (see `index.KEYS`)."""
        return list(self._index.having(kind, values).values())

    def has(self, kind: str, /, **values: Any) -> bool:
        """Whether there are such records."""
        return bool(self._index.having(kind, values))

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
        for person in self.having("user", email=key):
            return person
        raise Refusal(404)

    def add(self, kind: str, fields: Record, now: datetime) -> Record:
        """Put a record in, without asking any rule."""
        number = self._next[kind]
        self._next[kind] += 1
        record = self.tables[kind][number] = new_record(kind, number, now, fields)
        self._index.enter(kind, record)
        self.keep(kind, number, record)
        return record

    def change(self, kind: str, record: Record, fields: Record, now: datetime) -> Record:
        """Set fields, without asking any rule."""
        before = self._index.keys(kind, record)
        record.update(fields, updated_at=now)
        self._index.move(kind, record, before)
        self.keep(kind, record["id"], record)
        return record

    def drop(self, kind: str, record: Record) -> None:
        """Take a record out, without asking any rule."""
        self._index.leave(kind, record)
        del self.tables[kind][record["id"]]
        self.keep(kind, record["id"], None)

    # Clients, contacts, projects, tasks, people, categories

    def create(self, kind: str, fields: Record, now: datetime) -> Record:
        """Make a record (contract: the creates of these resources)."""
        values = _given(kind, read_values(kind, fields, WRITABLE[kind]))
        for name in _REQUIRED[kind]:
            if not str(values.get(name) or "").strip():
                raise Refusal(400, f"{name} is missing.")
        self._check(kind, values, None)
        if values.get(_ACTIVE.get(kind, ""), True):
            self._check_plan(kind)
        if kind == "client" and "currency_names" in self.quirks:
            values.setdefault("currency", "United States Dollars - USD")
        record = self.add(kind, values, now)
        if kind == "project":
            self._staff(record, now)
        return record

    def update(self, kind: str, record: Record, fields: Record, now: datetime) -> Record:
        """Set what is given (contract: the updates of these resources); what may not be set is passed over."""
        self._refuse_read_only(kind, fields)
        values = _given(kind, read_values(kind, fields, WRITABLE[kind] - _ONLY_ON_CREATE.get(kind, set())))
        if kind == "project" and not values.get("client_id"):  # contract: project_update_client_id
            raise Refusal(400, "client_id is missing.")
        for name in _REQUIRED[kind]:
            if name in values and not str(values[name] or "").strip():
                raise Refusal(400, f"{name} is missing.")
        self._check(kind, values, record)
        return self.change(kind, record, values, now)

    def toggle(self, kind: str, record: Record, now: datetime) -> Record:
        """Archive or bring back (contract: clients.toggle, projects.toggle, people.toggle)."""
        if (
            kind == "client"
            and record["active"]
            and any(project["active"] for project in self.having("project", client_id=record["id"]))
        ):
            raise Refusal(400, "The client has active projects.")
        flag = _ACTIVE[kind]
        if not record[flag]:
            self._check_plan(kind)
        return self.change(kind, record, {flag: not record[flag]}, now)

    def activate(self, task: Record, now: datetime) -> Record:
        """Bring a task back (contract: tasks.activate)."""
        return self.change("task", task, {"deactivated": False}, now)

    def delete(self, kind: str, record: Record, now: datetime) -> None:
        """Remove; refused or archived where something hangs on it (contract: the deletes of these resources)."""
        for table, column, hint in _HANGING.get(kind, ()):
            if self.has(table, **{column: record["id"]}):
                if kind == "task" and "task_delete_status" not in self.quirks:
                    self.change("task", record, {"deactivated": True}, now)
                    return
                raise Refusal(400, hint)
        if record.get("use_as_expense") or record.get("use_as_service"):
            raise Refusal(400, "The category is a default.")
        for table, column in _GOING.get(kind, ()):
            for each in self.having(table, **{column: record["id"]}):
                self.drop(table, each)
        self.drop(kind, record)

    def renew_hints(self, number: int, now: datetime) -> None:
        """Tell a project of its earliest and latest record, once a day at most (contract: projects)."""
        if self._renewed.get(number) == now.date():
            return
        self._renewed[number] = now.date()
        days = [each["spent_at"] for kind in ("entry", "expense") for each in self.having(kind, project_id=number)]
        project = self.tables["project"][number]
        project.update(hint_earliest_record_at=min(days), hint_latest_record_at=max(days))
        self.keep("project", number, project)

    # Assignments

    def assign(self, kind: str, project: Record, number: int, now: datetime) -> Record:
        """Put a task or a person on a project; whoever is on it already is brought back."""
        assigned = kind.removesuffix("_assignment")
        found = self.tables[assigned].get(number)
        if found is None:
            raise Refusal(404, f"There is no such {assigned}.")
        for record in self.having(kind, project_id=project["id"], **{f"{assigned}_id": number}):
            return self.change(kind, record, {"deactivated": False}, now)
        fields = {"project_id": project["id"], f"{assigned}_id": number, "hourly_rate": found["default_hourly_rate"]}
        if kind == "task_assignment":
            fields["billable"] = found["billable_by_default"]
        record = self.add(kind, fields, now)
        if kind == "task_assignment":
            self._count_tasks(project)
        return record

    def assignment(self, kind: str, project: Record, number: int) -> Record:
        """An assignment of this project, or 404."""
        record = self.find(kind, number)
        if record["project_id"] != project["id"]:
            raise Refusal(404)
        return record

    def change_assignment(self, kind: str, record: Record, fields: Record, now: datetime) -> Record:
        """Set what is given (contract: task_assignments.update, user_assignments.update)."""
        self._refuse_read_only(kind, fields)
        values = _given(kind, read_values(kind, fields, WRITABLE[kind]))
        if kind == "user_assignment" and "user_assignment_location" in self.quirks:
            self.drop(kind, record)  # contract: user_assignment_location: the server answers with another id
            kept = {name: record[name] for name in FIELDS[kind]}
            return self.add(kind, kept | values, now)
        return self.change(kind, record, values, now)

    def unassign(self, kind: str, record: Record, now: datetime) -> str | None:
        """Take off a project; archived, with a hint, where there are hours (contract: delete_means_archive)."""
        assigned = kind.removesuffix("_assignment")
        if kind == "task_assignment" and len(self.assignments(kind, record["project_id"])) == 1:
            raise Refusal(400, "A project needs at least one task.")  # contract: one_task_per_project
        ids = {"project_id": record["project_id"], f"{assigned}_id": record[f"{assigned}_id"]}
        if self.has("entry", **ids):
            self.change(kind, record, {"deactivated": True}, now)
            return f"The {assigned} has hours on this project and was archived."
        self.drop(kind, record)
        if kind == "task_assignment":
            self._count_tasks(self.tables["project"][record["project_id"]])
        return None

    def is_assigned(self, kind: str, project_id: int, number: int) -> bool:
        """Whether a task or a person can be booked on a project."""
        name = f"{kind.removesuffix('_assignment')}_id"
        found = self.having(kind, project_id=project_id, **{name: number})
        return any(not record["deactivated"] for record in found)

    # Inside

    def _refuse_read_only(self, kind: str, fields: Record) -> None:
        """Contract: read_only_back; that the server refuses is inferred, so it is shown only when asked for."""
        own = fields.keys() & FIELDS[kind].keys() - WRITABLE[kind]
        if own and "read_only_back" in self.quirks:
            raise Refusal(400, f"{min(own)} can't be set.")

    def _check(self, kind: str, values: Record, own: Record | None) -> None:
        unique = _UNIQUE.get(kind)
        if unique and any(record is not own for record in self.having(kind, **{unique: values.get(unique)})):
            raise Refusal(400, f"{unique} is taken.")
        if values.get("timezone", "UTC") not in ZONES:
            raise Refusal(400, "timezone is invalid.")
        if "client_id" in values and values["client_id"] not in self.tables["client"]:
            raise Refusal(400, "There is no such client.")

    def _check_plan(self, kind: str) -> None:
        """Contract: projects.create, projects.toggle, people.create, people.toggle: the plan's limits."""
        limit = self._plan.get(kind)
        if limit is not None and sum(record[_ACTIVE[kind]] for record in self.all(kind)) >= limit:
            raise Refusal(400, f"The plan allows no more active {'projects' if kind == 'project' else 'people'}.")

    def _staff(self, project: Record, now: datetime) -> None:
        """What a new project has by itself: the default tasks and whoever is on all projects (tasks.is_default)."""
        for task in self.having("task", is_default=True):
            if not task["deactivated"]:
                self.assign("task_assignment", project, task["id"], now)
        for person in self.having("user", has_access_to_all_future_projects=True):
            self.assign("user_assignment", project, person["id"], now)

    def _count_tasks(self, project: Record) -> None:
        project["active_task_assignments_count"] = len(self.assignments("task_assignment", project["id"]))
        self.keep("project", project["id"], project)


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


def _given(kind: str, values: Record) -> Record:
    """Where nothing is a value of its own it stays; elsewhere it is as if it had not been sent."""
    fields = FIELDS[kind]
    return {
        name: value
        for name, value in values.items()
        if value is not None or fields[name][1] is None or fields[name][0] in {int, str, Decimal}
    }


def _keep_nothing(kind: str, number: int, record: Record | None) -> None:
    """A world without a store."""
