"""The values of a plan: records to create or update, rows, and reasons why a row can't be imported."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from attrs import define, field, frozen

__all__ = ["FIRST_ROW", "NewPerson", "PlannedRecord", "PlannedRow", "Rejected"]

FIRST_ROW: Final = 1_000_000_000
"""The number of the first step of a row; steps of records are numbered from 1 on."""


class Rejected(Exception):
    """A row can't be imported.

    Attributes:
        column: the column with the cause; empty if it is not a single one.
        reason: what is wrong and what to do about it.
    """

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column
        self.reason = reason


@frozen
class NewPerson:
    """A person whom the import would create. Each gets an invitation by e-mail and takes a seat of the plan."""

    email: str
    first_name: str
    last_name: str


@define(eq=False)
class PlannedRecord:
    """A record that rows need or describe.

    Attributes:
        number: the number of its step in the journal.
        kind, key: identify it within the plan.
        name: its display name.
        action: `create`, `update`, or empty if nothing has to be done.
        record: its id in the account; None until it is created.
        fields: the fields to write.
        client, project, other: the step numbers of the records that it belongs to.
        source: the row that describes it; None if rows only refer to it.
        automatic: whether the account adds it to new projects by itself.
        unit_price: the price of one unit, for an expense category.
        was: its present fields in the account; for an update, only those that change.
        is_new: False for an assignment that may exist already.
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
    is_new: bool = True


@frozen
class PlannedRow:
    """The step of a row: a time entry or expense, or a record that the row describes (`planned`)."""

    kind: str
    key: str
    planned: PlannedRecord | None = None
    project: int | None = None
    other: int | None = None
    person: int | None = None
