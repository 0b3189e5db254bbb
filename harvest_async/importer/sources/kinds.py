"""What a file can hold: one class for each kind of row, and what can be wrong with a row.

Rules of this room: pure values, nothing is computed. Records are known by what people know them by (names, codes,
e-mail addresses), never by the numbers of another account. `fields` holds what else the file says, under the names of
the contract and in their types; what the file does not say is not in it.
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
    """Why a row, or a whole file, can't be imported.

    Attributes:
        line: the line of the file on which the row begins.
        row: the row's number, the first below the header is 1; 0 where it concerns the whole file: nothing of such a
            file may be sent.
        column: the column's name; empty where it concerns the whole row.
        reason: what is wrong, and what would help.
        text: the offending text as it stands in the file.
        file: the file's name; empty where there is only one.
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
    """Something about a file that is worth knowing and stops nothing.

    Attributes:
        column: the column that it is about; empty where it is about the file.
        text: what it is.
        file: the file's name; empty where there is only one.
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
        line, row: where it stands in the file (see `Problem`).
        client, project, task: names.
        notes: what was done; empty where nothing is said.
        day: the day it belongs to; of an entry over midnight that is kept whole the day on which it began.
        exact: hours as the file has them.
        hours: hours as they are sent: to two decimals.
        person: the person's name; empty where only the e-mail is known.
        email: the person's e-mail address; empty where only the name is known.
        started, ended: times of day; None where the file has none. An entry that is kept over midnight ends at a time
            that is not after its start.
        part: of an entry that was split at midnight, which piece it is, from 1; 0 if it is whole. (row, part) is
            unique in a file.
        project_code: the project's code; empty where the file has none.
        file: the file's name; empty where there is only one.
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
    """Where a row stands: in which line of which file, and its number (see `Problem`)."""

    line: int
    row: int
    file: str = ""


@frozen(kw_only=True)
class ExpenseRow(_Placed):
    """One expense.

    Attributes:
        line, row, file: where it stands (see `Problem`).
        day: the day on which the money was spent.
        client, project, category: names.
        notes: what it was for; empty where nothing is said.
        total_cost: money; None where the units tell it.
        units: how many units of the category; None for plain money.
        by_units: whether the cost, too, is only that of the units.
        billable: None where the file does not say.
        person, email: who spent it (see `TimeRow`).
        project_code: the project's code; empty where the file has none.
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
    """One client, known by its name. `fields`: contract: clients.create."""

    name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ContactRow(_Placed):
    """One contact of a client, known by its e-mail address, else by its name. `fields`: contract: contacts.create."""

    client: str
    first_name: str
    last_name: str
    email: str = ""
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ProjectRow(_Placed):
    """One project, known by its code where there is one, else by its name within the client.

    `fields`: contract: projects.create.
    """

    client: str
    name: str
    code: str = ""
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TaskRow(_Placed):
    """One task, known by its name. `fields`: contract: tasks.create; `deactivated` where the file tells of it."""

    name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class PersonRow(_Placed):
    """One person, known by the e-mail address. `fields`: contract: people.create."""

    email: str
    first_name: str
    last_name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class TaskLinkRow(_Placed):
    """One task on a project. `fields`: contract: task_assignments.update."""

    client: str
    project: str
    task: str
    project_code: str = ""
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class UserLinkRow(_Placed):
    """One person on a project. `fields`: contract: user_assignments.update."""

    client: str
    project: str
    person: str
    email: str = ""
    project_code: str = ""
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class CategoryRow(_Placed):
    """One category of expenses, known by its name. `fields`: contract: expense_categories.create."""

    name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class ItemCategoryRow(_Placed):
    """One category of invoice items, known by its name (contract: invoice_item_categories)."""

    name: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class InvoiceRow(_Placed):
    """One invoice, known by its number. `fields`: contract: invoices.create; `state` where the file tells of it."""

    client: str
    number: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class PaymentRow(_Placed):
    """One payment of an invoice. `fields`: contract: invoice_payments.create."""

    invoice: str
    fields: dict[str, Any] = field(factory=dict)


@frozen(kw_only=True)
class MessageRow(_Placed):
    """One message about an invoice. `fields`: contract: invoice_messages."""

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
