"""The records of an account: stored, found and changed without checking any rule.

Every change goes through `add`, `change` and `drop`, which update the index and pass the record to `keep`, so that a
store can write it. The current time is an argument.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Final

from harvest_async.sandbox.index import Index
from harvest_async.sandbox.records import KINDS, Record, Tables, new_record, read_id
from harvest_async.sandbox.refusal import Refusal

__all__ = ["REFRESH_TOKEN", "World"]

REFRESH_TOKEN: Final = "sandbox-refresh"
"""A refresh token of the administrator, which a new account has and a reset issues again."""

_FIRST_ID: Final = {kind: 1000 * number + 1 for number, kind in enumerate(KINDS, 1)} | {"user": 1, "entry": 70_001}

_FRESH_TASKS: Final = {
    "Admin": False,
    "Business Development": False,
    "Design": True,
    "Marketing": True,
    "Programming": True,
}
_FRESH_CATEGORIES: Final = ("Entertainment", "Lodging", "Meals", "Transportation")


class World:
    """The records of one account.

    Attributes:
        tables: the records of each kind, by id.
        passwords: passwords by e-mail.
        timestamps: whether time is tracked by start and end.
        quirks: the quirks that the account shows (see `quirks`).
        rounding: the minutes to which reports and invoices round hours up; 0 for none.
        keep: called with kind, id and record (None if it was deleted) after every change.
    """

    def __init__(self, *, timestamps: bool = False, quirks: frozenset[str] = frozenset(), rounding: int = 0) -> None:
        self.tables: Tables = {kind: {} for kind in KINDS}
        self.passwords = {"admin@example.com": "sandbox", "user@example.com": "sandbox"}
        self.timestamps = self._first_timestamps = timestamps
        self.rounding = rounding
        self.quirks = quirks
        self.keep: Callable[[str, int, Record | None], None] = _keep_nothing
        self._index = Index(self.tables)
        self._next = dict(_FIRST_ID)
        self._renewed: dict[int, date] = {}

    def seed(self, now: datetime, *, fresh: bool = False) -> None:
        """Add the records of a new account: two people and two categories of invoice items.

        Args:
            now: the current time.
            fresh: whether to add the default tasks and expense categories, too.
        """
        for email, first, is_admin in (("admin@example.com", "Ada", True), ("user@example.com", "Uli", False)):
            fields = {"email": email, "first_name": first, "last_name": "Sandbox", "is_admin": is_admin}
            self.add("user", fields, now)
        refresh = {"kind": "refresh", "secret": REFRESH_TOKEN, "email": "admin@example.com", "client": "sandbox-client"}
        self.add("grant", refresh, now)
        self.add("invoice_item_category", {"name": "Service", "use_as_service": True}, now)
        self.add("invoice_item_category", {"name": "Product", "use_as_expense": True}, now)

        for name, is_billable in _FRESH_TASKS.items() if fresh else ():
            self.add("task", {"name": name, "billable_by_default": is_billable, "is_default": True}, now)
        for name in _FRESH_CATEGORIES if fresh else ():
            self.add("expense_category", {"name": name}, now)

    def restore(self, tables: Tables) -> None:
        """Continue with stored records."""
        self.tables = tables
        self._index = Index(tables)
        self._renewed.clear()
        for kind, records in tables.items():
            self._next[kind] = max([_FIRST_ID[kind] - 1, *records]) + 1
        self.timestamps = self.company()["wants_timestamp_timers"]

    # Settings of the account

    def company(self) -> Record:
        """Return the settings that requests can change."""
        defaults = {"wants_timestamp_timers": self._first_timestamps, "weekly_capacity": 126_000}
        return next(iter(self.tables["company"].values()), defaults)

    def set_company(self, fields: Record, now: datetime) -> None:
        """Change settings of the account."""
        if not self.tables["company"]:
            self.add("company", self.company(), now)
        (record,) = self.tables["company"].values()
        self.timestamps = self.change("company", record, fields, now)["wants_timestamp_timers"]

    # Lists for inspection

    def people(self) -> list[Record]:
        """Return all people."""
        return self.all("user")

    def clients(self) -> list[Record]:
        """Return all clients."""
        return self.all("client")

    def projects(self) -> list[Record]:
        """Return all projects."""
        return self.all("project")

    def tasks(self) -> list[Record]:
        """Return all tasks."""
        return self.all("task")

    def entries(self) -> list[Record]:
        """Return all time entries."""
        return self.all("entry")

    def assignments(self, kind: str, project_id: int) -> list[Record]:
        """Return the `task_assignment` or `user_assignment` records of a project."""
        return self.having(kind, project_id=project_id)

    # Records of any kind

    def all(self, kind: str) -> list[Record]:
        """Return all records of a kind, the oldest first."""
        return list(self.tables[kind].values())

    def having(self, kind: str, /, **values: Any) -> list[Record]:
        """Return the records of a kind that have these values (see `index.KEYS`)."""
        return list(self._index.having(kind, values).values())

    def has(self, kind: str, /, **values: Any) -> bool:
        """Return whether there are such records."""
        return bool(self._index.having(kind, values))

    def find(self, kind: str, number: int) -> Record:
        """Return a record, or refuse with 404."""
        record = self.tables[kind].get(number)
        if record is None:
            raise Refusal(404)
        return record

    def person(self, key: str) -> Record:
        """Return a person by id or e-mail address, or refuse with 404."""
        if (number := read_id(key)) is not None:
            return self.find("user", number)
        for person in self.having("user", email=key):
            return person
        raise Refusal(404)

    def add(self, kind: str, fields: Record, now: datetime) -> Record:
        """Add a record without checking any rule."""
        number = self._next[kind]
        self._next[kind] += 1
        record = self.tables[kind][number] = new_record(kind, number, now, fields)
        self._index.enter(kind, record)
        self.keep(kind, number, record)
        return record

    def change(self, kind: str, record: Record, fields: Record, now: datetime) -> Record:
        """Set fields without checking any rule."""
        before = self._index.keys(kind, record)
        record.update(fields, updated_at=now)
        self._index.move(kind, record, before)
        self.keep(kind, record["id"], record)
        return record

    def drop(self, kind: str, record: Record) -> None:
        """Remove a record without checking any rule."""
        self._index.leave(kind, record)
        del self.tables[kind][record["id"]]
        self.keep(kind, record["id"], None)

    # Between records

    def is_assigned(self, kind: str, project_id: int, number: int) -> bool:
        """Return whether a task or a person is assigned to a project and active there."""
        name = f"{kind.removesuffix('_assignment')}_id"
        found = self.having(kind, project_id=project_id, **{name: number})
        return any(not record["deactivated"] for record in found)

    def renew_hints(self, number: int, now: datetime) -> None:
        """Update the dates of a project's earliest and latest record, at most once a day."""
        if self._renewed.get(number) == now.date():
            return
        self._renewed[number] = now.date()
        days = [each["spent_at"] for kind in ("entry", "expense") for each in self.having(kind, project_id=number)]
        project = self.tables["project"][number]
        project.update(hint_earliest_record_at=min(days), hint_latest_record_at=max(days))
        self.keep("project", number, project)


def _keep_nothing(kind: str, number: int, record: Record | None) -> None:
    """Store nothing."""
