"""Convert records of API v1 into those of v2, and back, with lists of what is lost and what is missing.

    entry = migrate.to_v2(day_entry, related=[client, project, task, person]).record
    print(entry.client.name, entry.spent_date)

    converted = migrate.to_v1(client, lossy=True)
    print(converted.record, [str(each) for each in converted.lost], converted.missing)

Both versions have the same ids: a record is the same record by either. Nothing is sent. A conversion that would lose
values is refused, unless `lossy` accepts that; values that the server computes, or that are fields of other records,
are listed but never refused. Fields that this library does not know (`extra`) are kept.

A related record, of either version, gives what a record of the other version has of it, such as the name of the client
of a project. `migrate.relate(...)` makes an index of many records, for use with many conversions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, overload

from harvest_async.migrate.conversion import Converted, Loss, convert, neutral_of
from harvest_async.migrate.related import Related

if TYPE_CHECKING:
    from harvest_async.v1 import models as v1
    from harvest_async.v2.clients import Client
    from harvest_async.v2.company import Company
    from harvest_async.v2.contacts import Contact
    from harvest_async.v2.expense_categories import ExpenseCategory
    from harvest_async.v2.expenses import Expense
    from harvest_async.v2.invoice_item_categories import InvoiceItemCategory
    from harvest_async.v2.invoice_messages import InvoiceMessage
    from harvest_async.v2.invoice_payments import InvoicePayment
    from harvest_async.v2.invoice_records import Invoice
    from harvest_async.v2.projects import Project
    from harvest_async.v2.task_assignments import TaskAssignment
    from harvest_async.v2.tasks import Task
    from harvest_async.v2.time_entry_records import TimeEntry
    from harvest_async.v2.user_assignments import UserAssignment
    from harvest_async.v2.users import User

T = TypeVar("T")
_Related: TypeAlias = Related | Iterable[Any]
_Lossy: TypeAlias = bool | Iterable[str]

__all__ = ["Converted", "Loss", "Related", "relate", "to_v1", "to_v2"]


def relate(records: Iterable[Any]) -> Related:
    """Return an index of records, of any API version, for the argument `related` of many conversions.

    Raises:
        InvalidArgument: one is no record that API versions have in common.
    """
    return Related(neutral_of(record) for record in records)


@overload
def to_v2(record: v1.Client, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[Client]: ...
@overload
def to_v2(record: v1.Company, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[Company]: ...
@overload
def to_v2(record: v1.Contact, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[Contact]: ...
@overload
def to_v2(
    record: v1.ExpenseCategory, *, related: _Related = ..., lossy: _Lossy = ...
) -> Converted[ExpenseCategory]: ...
@overload
def to_v2(record: v1.Expense, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[Expense]: ...
@overload
def to_v2(
    record: v1.InvoiceItemCategory, *, related: _Related = ..., lossy: _Lossy = ...
) -> Converted[InvoiceItemCategory]: ...
@overload
def to_v2(record: v1.InvoiceMessage, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[InvoiceMessage]: ...
@overload
def to_v2(record: v1.InvoicePayment, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[InvoicePayment]: ...
@overload
def to_v2(record: v1.Invoice, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[Invoice]: ...
@overload
def to_v2(record: v1.Project, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[Project]: ...
@overload
def to_v2(record: v1.TaskAssignment, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[TaskAssignment]: ...
@overload
def to_v2(record: v1.Task, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[Task]: ...
@overload
def to_v2(
    record: v1.DayEntry | v1.ReportEntry, *, related: _Related = ..., lossy: _Lossy = ...
) -> Converted[TimeEntry]: ...
@overload
def to_v2(record: v1.UserAssignment, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[UserAssignment]: ...
@overload
def to_v2(record: v1.Person | v1.Me, *, related: _Related = ..., lossy: _Lossy = ...) -> Converted[User]: ...
def to_v2(record: Any, *, related: Related | Iterable[Any] = (), lossy: bool | Iterable[str] = False) -> Converted[Any]:
    """Convert a record of API v1 into the record of v2.

    Args:
        record: a client, contact, project, task, person (also that of `who_am_i`), assignment, time entry of a
            timesheet or a report, expense, invoice, payment, message, category or company.
        related: records that it refers to, or an index of them by `relate`.
        lossy: whether values that v2 can't store may be lost; or the paths of those that may.

    Returns:
        The record, the values that are lost, and the fields that are missing in it.

    Raises:
        InvalidArgument: values would be lost, which the message lists; or the object is no such record.
        DecodeError: the table of lines of an invoice can't be read.
    """
    return convert(record, "v1", "v2", related=_index(related), accepted=lossy, model=None)


@overload
def to_v1(
    record: Client, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.Client]: ...
@overload
def to_v1(
    record: Company, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.Company]: ...
@overload
def to_v1(
    record: Contact, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.Contact]: ...
@overload
def to_v1(
    record: ExpenseCategory, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.ExpenseCategory]: ...
@overload
def to_v1(
    record: Expense, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.Expense]: ...
@overload
def to_v1(
    record: InvoiceItemCategory, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.InvoiceItemCategory]: ...
@overload
def to_v1(
    record: InvoiceMessage, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.InvoiceMessage]: ...
@overload
def to_v1(
    record: InvoicePayment, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.InvoicePayment]: ...
@overload
def to_v1(
    record: Invoice, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.Invoice]: ...
@overload
def to_v1(
    record: Project, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.Project]: ...
@overload
def to_v1(
    record: TaskAssignment, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.TaskAssignment]: ...
@overload
def to_v1(record: Task, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None) -> Converted[v1.Task]: ...
@overload
def to_v1(
    record: TimeEntry, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.DayEntry]: ...
@overload
def to_v1(
    record: UserAssignment, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None
) -> Converted[v1.UserAssignment]: ...
@overload
def to_v1(record: User, *, related: _Related = ..., lossy: _Lossy = ..., into: None = None) -> Converted[v1.Person]: ...
@overload
def to_v1(record: TimeEntry | User, *, related: _Related = ..., lossy: _Lossy = ..., into: type[T]) -> Converted[T]: ...
def to_v1(
    record: Any,
    *,
    related: Related | Iterable[Any] = (),
    lossy: bool | Iterable[str] = False,
    into: type[Any] | None = None,
) -> Converted[Any]:
    """Convert a record of API v2 into the record of v1.

    Args:
        record: a client, contact, project, task, user, assignment, time entry, expense, invoice, payment, message,
            category or company.
        related: records that it refers to, or an index of them by `relate`.
        lossy: whether values that v1 can't store may be lost; or the paths of those that may.
        into: the class, where v1 has two: `ReportEntry` for a time entry, which is a `DayEntry` by default; `Me` for
            a user, which is a `Person` by default.

    Returns:
        The record, the values that are lost, and the fields that are missing in it.

    Raises:
        InvalidArgument: values would be lost, which the message lists; or the object is no such record.
    """
    return convert(record, "v2", "v1", related=_index(related), accepted=lossy, model=into)


def _index(related: Related | Iterable[Any]) -> Related:
    return related if isinstance(related, Related) else relate(related)
