"""The records of an account as plain values, with neutral names.

Kinds of records: client, contact, project, task, person, category, task_assignment, person_assignment, entry, expense,
item_category, invoice, payment; and the final states of `final_states`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from attrs import field, frozen

__all__ = [
    "AccountRecord",
    "Assignment",
    "BookableTasks",
    "CreatedEntry",
    "EntryReference",
    "LoggedEntry",
    "RecordedPayment",
]


@frozen
class AccountRecord:
    """A record of the account.

    Attributes:
        id: its id.
        name: its name; for a person or a contact the full name.
        active: False if it is archived.
        client: the id of the client of a project or a contact.
        email: the e-mail address of a person or a contact.
        code: the code of a project.
        automatic: whether the account adds it to new projects by itself.
        fields: all other fields, under the names that rows use.
    """

    id: int
    name: str
    active: bool = True
    client: int | None = None
    email: str = ""
    code: str = ""
    automatic: bool = False
    fields: Mapping[str, Any] = field(factory=dict, repr=False)


@frozen
class Assignment:
    """The assignment of a task or a person to a project.

    Attributes:
        id: its id.
        other: the id of the task or the person.
        active: False if it is archived.
        fields: all other fields, under the names that rows use.
    """

    id: int
    other: int
    active: bool = True
    fields: Mapping[str, Any] = field(factory=dict, repr=False)


@frozen
class EntryReference:
    """The reference of a time entry to a record of another program, here to a row of an import.

    Attributes:
        id: the id of the row, at most 40 characters.
        group_id: the id of the run.
        permalink: the address of a page about the row; None if there is none.
    """

    id: str
    group_id: str
    permalink: str | None = None


@frozen
class CreatedEntry:
    """A time entry that was just created.

    Attributes:
        id: its id; None if the response doesn't contain it.
        reference: the reference that the server kept; None if it kept none.
    """

    id: int | None
    reference: EntryReference | None = None


@frozen
class LoggedEntry:
    """A time entry or an expense of the account.

    Attributes:
        id: its id.
        project: the id of the project.
        other: the id of the task or the expense category.
        day: the day.
        notes: the notes.
        hours: the hours of a time entry.
        cost: the cost of an expense.
        start, end: the times of day, in accounts that track time by start and end.
        person: the id of the person; None in lists of one person.
        reference: the reference of a time entry; None if it has none.
    """

    id: int
    project: int
    other: int
    day: date
    notes: str
    hours: Decimal = Decimal()
    cost: Decimal = Decimal()
    start: time | None = None
    end: time | None = None
    person: int | None = None
    reference: EntryReference | None = None


@frozen
class RecordedPayment:
    """A payment of an invoice of the account."""

    id: int
    amount: Decimal
    paid_at: datetime
    notes: str


@frozen
class BookableTasks:
    """The tasks on which a person can log time, by project."""

    tasks: Mapping[int, frozenset[int]]
