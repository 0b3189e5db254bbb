"""Row classes for each kind of record in a file, and the problems and notices about them.

Records are identified by names, codes and e-mail addresses, never by the ids of another account. `fields` holds the
other values of the file under the importer's field names (`columns`) and in their types; empty cells are left out.
"""

from __future__ import annotations

from datetime import date, time
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from attrs import field, frozen

__all__ = [
    "AnyRow",
    "CategoryRow",
    "ClientRow",
    "ContactRow",
    "ExpenseRow",
    "InvoiceRow",
    "ItemCategoryRow",
    "MessageRow",
    "Notice",
    "PaymentRow",
    "PersonRow",
    "Problem",
    "ProjectRow",
    "TaskLinkRow",
    "TaskRow",
    "TimeRow",
    "UserLinkRow",
]


@frozen
class Problem:
    """A reason why a row, or a whole file, can't be imported.

    Attributes:
        line: the line of the file on which the row begins.
        row: the row's number, the first below the header is 1; 0 if it concerns the whole file: nothing of such a
            file may be sent.
        column: the column's name; empty if it concerns the whole row.
        reason: what is wrong, and how to correct it.
        text: the text of the cell in the file.
        file: the file's name; empty if there is only one.
    """

    line: int
    row: int
    column: str
    reason: str
    text: str = ""
    file: str = ""

    def __str__(self) -> str:
        place = f"line {self.line}, row {self.row}" if self.row else f"line {self.line}"
        where = ", ".join(part for part in (self.file, place, self.column) if part)
        return f"{where}: {self.reason}"


@frozen
class Notice:
    """A remark about a file that stops nothing.

    Attributes:
        column: the column that it is about; empty if it is about the file.
        text: the remark.
        file: the file's name; empty if there is only one.
    """

    column: str
    text: str
    file: str = ""

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.column, self.text) if part)


@frozen
class TimeRow:
    """One time entry.

    Attributes:
        line, row: its place in the file (see `Problem`).
        client, project, task: names.
        notes: its text; empty if there is none.
        day: the day it belongs to; for an entry that crosses midnight and is not split, the day on which it began.
        exact: the hours of the file, not rounded.
        hours: the hours that are sent, rounded to two decimals.
        person: the person's name; empty if only the e-mail address is known.
        email: the person's e-mail address; empty if only the name is known.
        started, ended: times of day; None if the file has none. The end of an entry that crosses midnight and is
            not split is not after its start.
        part: of an entry that was split at midnight, which piece it is, from 1; 0 if it is whole. (row, part) is
            unique in a file.
        project_code: the project's code; empty if the file has none.
        file: the file's name; empty if there is only one.
    """

    line: int
    row: int
    client: str
    project: str
    task: str
    notes: str
    day: date
    exact: Fraction
    hours: Decimal
    person: str
    email: str
    started: time | None = None
    ended: time | None = None
    part: int = 0
    project_code: str = ""
    file: str = ""


@frozen(kw_only=True)
class _Placed:
    """The place of a row: its file, line and number (see `Problem`)."""

    line: int
    row: int
    file: str = ""


@frozen(kw_only=True)
class ExpenseRow(_Placed):
    """One expense.

    Attributes:
        line, row, file: its place (see `Problem`).
        day: the day on which the money was spent.
        client, project, category: names.
        notes: its text; empty if there is none.
        total_cost: the amount; None if it follows from the units.
        units: the number of units of the category; None if the expense has only an amount.
        by_units: whether the amount is the price of the units.
        billable: None if the file does not say.
        person, email: the person who spent it (see `TimeRow`).
        project_code: the project's code; empty if the file has none.
    """

    day: date
    client: str
    project: str
    category: str
    notes: str = ""
    total_cost: Decimal | None = None
    units: Decimal | None = None
    by_units: bool = False
    billable: bool | None = None
    person: str = ""
    email: str = ""
    project_code: str = ""


@frozen(kw_only=True)
class ClientRow(_Placed):
    """One client, identified by its name."""

    name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ContactRow(_Placed):
    """One contact of a client, identified by its e-mail address, or else by its name."""

    client: str
    first_name: str
    last_name: str
    email: str = ""
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ProjectRow(_Placed):
    """One project, identified by its code if it has one, or else by its name within the client."""

    client: str
    name: str
    code: str = ""
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TaskRow(_Placed):
    """One task, identified by its name."""

    name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class PersonRow(_Placed):
    """One person, identified by the e-mail address."""

    email: str
    first_name: str
    last_name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TaskLinkRow(_Placed):
    """One task on a project."""

    client: str
    project: str
    task: str
    project_code: str = ""
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class UserLinkRow(_Placed):
    """One person on a project."""

    client: str
    project: str
    person: str
    email: str = ""
    project_code: str = ""
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class CategoryRow(_Placed):
    """One category of expenses, identified by its name."""

    name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ItemCategoryRow(_Placed):
    """One category of invoice items, identified by its name."""

    name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class InvoiceRow(_Placed):
    """One invoice, identified by its number."""

    client: str
    number: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class PaymentRow(_Placed):
    """One payment of an invoice."""

    invoice: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class MessageRow(_Placed):
    """One message about an invoice. Imports send none."""

    invoice: str
    fields: dict[str, Any] = field(factory=dict)


AnyRow: TypeAlias = (
    TimeRow
    | ExpenseRow
    | ClientRow
    | ContactRow
    | ProjectRow
    | TaskRow
    | PersonRow
    | TaskLinkRow
    | UserLinkRow
    | CategoryRow
    | ItemCategoryRow
    | InvoiceRow
    | PaymentRow
    | MessageRow
)
"""A row of any kind."""
