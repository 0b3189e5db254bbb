"""What an account has, as plain values.

Rules of this room: pure values. Kinds are named as in the journal: client, contact, project, task, person, category,
task_link, person_link, entry, expense, item_category, invoice, payment; and the marks of `marks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from attrs import field, frozen

__all__ = ["BookableTasks", "Booked", "Known", "Link", "Paid"]


@frozen
class Known:
    """A record that the account has.

    Attributes:
        id: its number.
        name: its name; a person's or a contact's whole name.
        active: False where it is archived.
        client_id: the client of a project or a contact.
        email: the address of a person or a contact.
        code: a project's code.
        automatic: whether new projects have it by themselves.
        fields: everything else, under the contract's names.
    """

    id: int
    name: str
    active: bool = True
    client_id: int | None = None
    email: str = ""
    code: str = ""
    automatic: bool = False
    fields: Mapping[str, Any] = field(factory=dict, repr=False)


@frozen
class Link:
    """A task or a person on a project.

    Attributes:
        id: the assignment's number.
        other: the task's or the person's number.
        active: False where it is archived.
        fields: everything else, under the contract's names.
    """

    id: int
    other: int
    active: bool = True
    fields: Mapping[str, Any] = field(factory=dict, repr=False)


@frozen
class Booked:
    """A time entry or an expense that the account has; `other` is the task or the category.

    `hours` are an entry's, `cost` an expense's; `started` and `ended` are there on accounts that track by them.
    """

    id: int
    project_id: int
    other: int
    day: date
    notes: str
    hours: Decimal = Decimal()
    cost: Decimal = Decimal()
    started: time | None = None
    ended: time | None = None


@frozen
class Paid:
    """A payment that an invoice of the account has."""

    id: int
    amount: Decimal
    moment: datetime
    notes: str


@frozen
class BookableTasks:
    """What a person can book on: the tasks of each project that they are on."""

    tasks: Mapping[int, frozenset[int]]
