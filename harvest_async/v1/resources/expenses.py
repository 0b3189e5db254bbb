"""Expenses and their categories.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client import validation as checks
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource, taken
from harvest_async.errors import InvalidArgument
from harvest_async.v1 import calls
from harvest_async.v1.fields import (
    Day,
    ExpenseCategoryChanges,
    ExpenseCategoryFields,
    ExpenseChanges,
    ExpenseFields,
    PersonRef,
    ProjectRef,
    Ref,
)
from harvest_async.v1.models import Expense, ExpenseCategory

__all__ = ["ExpenseCategories", "Expenses"]

CATEGORY = form("expense_categories", ExpenseCategory, ExpenseCategoryFields, ExpenseCategoryChanges, {"name": "Name"})
EXPENSE = form(
    "expenses",
    Expense,
    ExpenseFields,
    ExpenseChanges,
    {"project_id": "ProjectRef", "expense_category_id": "Ref", "spent_at": "Day"},
    has_receipt="use receipts.attach",
    receipt_url="use receipts.attach",
)

LOCKED: Final = frozenset({"expense_category_id", "project_id", "spent_at"})
"""What an update of a locked expense leaves as it is (contract: locked_records.read_only_on_locked_expenses)."""


class ExpenseCategories(Resource):
    """What expenses are booked on."""

    __slots__ = ()

    module: ClassVar[str | None] = "expenses"

    def list(self, *, updated_since: datetime | None = None) -> Listing[ExpenseCategory]:
        """All categories, archived ones too."""
        return self._list(calls.list_expense_categories(updated_since))

    async def get(self, id: Ref[ExpenseCategory]) -> ExpenseCategory:
        """One category."""
        return await self._send(calls.get_expense_category(id))

    @overload
    async def create(self, draft: ExpenseCategory, /) -> ExpenseCategory: ...
    @overload
    async def create(self, name: str, **fields: Unpack[ExpenseCategoryFields]) -> ExpenseCategory: ...
    async def create(self, name: ExpenseCategory | str | None = None, **fields: Any) -> ExpenseCategory:
        """Make a category, from its fields or from a draft; with a unit's name and price it is booked by units."""
        call = calls.create_expense_category(CATEGORY.creation(fields, name))
        return await self._create(call, calls.get_expense_category)

    @overload
    async def create_id(self, draft: ExpenseCategory, /) -> Created[ExpenseCategory]: ...
    @overload
    async def create_id(self, name: str, **fields: Unpack[ExpenseCategoryFields]) -> Created[ExpenseCategory]: ...
    async def create_id(self, name: ExpenseCategory | str | None = None, **fields: Any) -> Created[ExpenseCategory]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._send(calls.create_expense_category(CATEGORY.creation(fields, name)))

    @overload
    async def update(self, id: Ref[ExpenseCategory], changed: ExpenseCategory) -> ExpenseCategory: ...
    @overload
    async def update(self, id: Ref[ExpenseCategory], **fields: Unpack[ExpenseCategoryChanges]) -> ExpenseCategory: ...
    async def update(
        self, id: Ref[ExpenseCategory], changed: ExpenseCategory | None = None, **fields: Any
    ) -> ExpenseCategory:
        """Change what is given, or what differs between two records; where nothing does, nothing is sent."""
        values = CATEGORY.changes(id, changed, fields)
        call = calls.update_expense_category(id, values)
        return await self._updated(id, ExpenseCategory, values, call, calls.get_expense_category(id))

    async def delete(self, id: Ref[ExpenseCategory]) -> DeleteResult:
        """Remove a category that no expense is booked on."""
        return await self._send(calls.delete_expense_category(id))


class Expenses(Resource):
    """Expenses. With `of_user` an administrator acts on another person's (contract: of_user)."""

    __slots__ = ()

    module: ClassVar[str | None] = "expenses"

    def list(self, *, of_user: PersonRef | None = None) -> Listing[Expense]:
        """A person's latest expenses; of which days is not documented: `reports.user_expenses` takes any range."""
        return self._list(calls.list_expenses(None, of_user))

    def list_for_date(self, day: Day, *, of_user: PersonRef | None = None) -> Listing[Expense]:
        """A person's expenses of the week of a day (contract: expenses.list_for_date; not documented)."""
        return self._list(calls.list_expenses(checks.day("day", day), of_user))

    async def get(self, id: Ref[Expense], *, of_user: PersonRef | None = None) -> Expense:
        """One expense."""
        return await self._send(calls.get_expense(id, of_user))

    @overload
    async def create(self, draft: Expense, /, *, of_user: PersonRef | None = None) -> Expense: ...
    @overload
    async def create(
        self,
        project_id: ProjectRef,
        expense_category_id: Ref[ExpenseCategory],
        spent_at: Day,
        *,
        of_user: PersonRef | None = None,
        **fields: Unpack[ExpenseFields],
    ) -> Expense: ...
    async def create(
        self,
        project_id: Expense | ProjectRef | None = None,
        expense_category_id: Ref[ExpenseCategory] | None = None,
        spent_at: Day | None = None,
        *,
        of_user: PersonRef | None = None,
        **fields: Any,
    ) -> Expense:
        """Make an expense, from its fields or from a draft: with its `total_cost`, or `units` of the category's price.

        Raises:
            CreatedUnread: it was made, and the server does not say under which id (contract: expense_location).
        """
        call = calls.create_expense(_new_expense(fields, project_id, expense_category_id, spent_at), of_user)
        return await self._create(call, lambda made: calls.get_expense(made, of_user))

    @overload
    async def create_id(self, draft: Expense, /, *, of_user: PersonRef | None = None) -> Created[Expense]: ...
    @overload
    async def create_id(
        self,
        project_id: ProjectRef,
        expense_category_id: Ref[ExpenseCategory],
        spent_at: Day,
        *,
        of_user: PersonRef | None = None,
        **fields: Unpack[ExpenseFields],
    ) -> Created[Expense]: ...
    async def create_id(
        self,
        project_id: Expense | ProjectRef | None = None,
        expense_category_id: Ref[ExpenseCategory] | None = None,
        spent_at: Day | None = None,
        *,
        of_user: PersonRef | None = None,
        **fields: Any,
    ) -> Created[Expense]:
        """As `create`, but gives what the answer told and reads nothing."""
        values = _new_expense(fields, project_id, expense_category_id, spent_at)
        return await self._send(calls.create_expense(values, of_user))

    @overload
    async def update(self, id: Ref[Expense], changed: Expense, *, of_user: PersonRef | None = None) -> Expense: ...
    @overload
    async def update(
        self, id: Ref[Expense], *, of_user: PersonRef | None = None, **fields: Unpack[ExpenseChanges]
    ) -> Expense: ...
    async def update(
        self, id: Ref[Expense], changed: Expense | None = None, *, of_user: PersonRef | None = None, **fields: Any
    ) -> Expense:
        """Change what is given, or what differs between two records; where nothing does, nothing is sent.

        Raises:
            NotTaken: it is locked, and the server left some of the fields as they were (contract: locked_fields).
        """
        values = EXPENSE.changes(id, changed, fields)
        call = calls.update_expense(id, values, of_user)
        record = await self._updated(id, Expense, values, call, calls.get_expense(id, of_user))
        return taken("expenses.update", values, record, LOCKED)

    async def delete(self, id: Ref[Expense], *, of_user: PersonRef | None = None) -> DeleteResult:
        """Remove an expense."""
        return await self._send(calls.delete_expense(id, of_user))


def _new_expense(fields: Mapping[str, Any], *needed: object) -> dict[str, Any]:
    values = EXPENSE.creation(fields, *needed)
    if ("total_cost" in values) is ("units" in values):
        raise InvalidArgument("expenses.create: give total_cost, or units of the category's price: one of the two")
    return values
