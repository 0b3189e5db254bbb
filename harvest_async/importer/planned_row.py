"""What a plan is made of: the things that rows need or are about, and why a row can't be imported.

Rules of this room: pure values.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from attrs import define, field, frozen

__all__ = ["NewPerson", "PlannedRecord", "PlannedRow", "Rejected"]


class Rejected(Exception):
    """A row can't be imported.

    Attributes:
        column: where the reason lies.
        reason: what is wrong, and what to do about it.
    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@frozen
class NewPerson:
    """A person who has to be made: it sends an e-mail and takes a seat."""

    email: str
    first_name: str
    last_name: str


@define(eq=False)
class PlannedRecord:
    """A record that rows need or are about.

    Attributes:
        number: its step in the journal.
        kind, key: what it is known by.
        name: what it is called.
        action: `create`, `update`, or empty where nothing has to be done.
        record: its number in the account; None before it is made.
        fields: what is written.
        client, project, other: the steps of the things that it belongs to.
        source: the row that is about it; None where rows only need it.
        automatic: whether new projects have it by themselves.
        unit_price: of a category of expenses.
        was: what the account has of it; of an update the fields that change.
        sure: whether an assignment that is to be made is known not to be there yet.
    """

    number: int
    kind: str
    key: str
    name: str
    action: str
    record: int | None = None
    fields: dict[str, Any] = field(factory=dict)
    client: int | None = None
    project: int | None = None
    other: int | None = None
    source: int | None = None
    automatic: bool = False
    unit_price: Decimal | None = None
    was: dict[str, Any] = field(factory=dict)
    sure: bool = True


@frozen
class PlannedRow:
    """What a row becomes: a step of its own (an entry, an expense), or one about a thing."""

    kind: str
    key: str
    thing: PlannedRecord | None = None
    project: int | None = None
    other: int | None = None
    person: int | None = None
