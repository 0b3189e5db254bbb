"""Expenses and their categories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.resource import Listing, Resource, taken
from harvest_async.client.results import One
from harvest_async.client.validation import day as check_day
from harvest_async.errors import InvalidArgument
from harvest_async.v1.fields import (
    CategoryRef,
    Day,
    ExpenseCategoryChanges,
    ExpenseCategoryFields,
    ExpenseChanges,
    ExpenseFields,
    Name,
    PersonRef,
    ProjectRef,
    Ref,
)
from harvest_async.v1.models import Expense, ExpenseCategory
from harvest_async.v1.references import ENDPOINTS, OF_USER, SINCE

__all__ = ["ExpenseCategories", "Expenses"]

CATEGORY: Final = One(ExpenseCategory, "expense_category")
LIST_EXPENSE_CATEGORIES: Final = ENDPOINTS.listing(
    "expense_categories.list", "/expense_categories", CATEGORY, parameters=SINCE
)
GET_EXPENSE_CATEGORY: Final = ENDPOINTS.get(
    "expense_categories.get", "/expense_categories/{expense_category}", CATEGORY
)
CREATE_EXPENSE_CATEGORY: Final = ENDPOINTS.create("expense_categories.create", "/expense_categories", CATEGORY)
UPDATE_EXPENSE_CATEGORY: Final = ENDPOINTS.update(
    "expense_categories.update", "/expense_categories/{expense_category}", CATEGORY
)
DELETE_EXPENSE_CATEGORY: Final = ENDPOINTS.delete("expense_categories.delete", "/expense_categories/{expense_category}")

EXPENSE: Final = One(Expense, "expense")
LIST_EXPENSES: Final = ENDPOINTS.listing("expenses.list", "/expenses", EXPENSE, parameters=OF_USER)
LIST_EXPENSES_FOR_DATE: Final = ENDPOINTS.listing(
    "expenses.list_for_date",
    "/expenses/{day_of_year}/{year}",
    EXPENSE,
    parameters=OF_USER,
    note="The day of the year comes first, from 1 to 366.",
)
GET_EXPENSE: Final = ENDPOINTS.get("expenses.get", "/expenses/{expense}", EXPENSE, parameters=OF_USER)
CREATE_EXPENSE: Final = ENDPOINTS.create(
    "expenses.create", "/expenses", EXPENSE, parameters=OF_USER, note="The Location header may have no id."
)
UPDATE_EXPENSE: Final = ENDPOINTS.update("expenses.update", "/expenses/{expense}", EXPENSE, parameters=OF_USER)
DELETE_EXPENSE: Final = ENDPOINTS.delete("expenses.delete", "/expenses/{expense}", parameters=OF_USER)

CATEGORY_FORM: Final = form(
    "expense_categories", ExpenseCategory, ExpenseCategoryFields, ExpenseCategoryChanges, {"name": Name}
)
EXPENSE_FORM: Final = form(
    "expenses",
    Expense,
    ExpenseFields,
    ExpenseChanges,
    {"project_id": ProjectRef, "expense_category_id": CategoryRef, "spent_at": Day},
    has_receipt="use receipts.attach",
    receipt_url="use receipts.attach",
)

LOCKED: Final = frozenset({"expense_category_id", "project_id", "spent_at"})
"""The fields of a locked expense that the server does not change; it ignores them without an error."""


class ExpenseCategories(Resource):
    """Expense categories. Expenses of a category with a unit are entered as units: kilometres, for example.

    https://help.getharvest.com/api-v1/expenses-api/expenses/expense-categories/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "expenses"

    def list(self, *, updated_since: datetime | None = None) -> Listing[ExpenseCategory]:
        """List all categories, archived ones too.

        Args:
            updated_since: list only categories that were changed since then; a datetime with a time zone.
        """
        return self._list(LIST_EXPENSE_CATEGORIES(updated_since=updated_since))

    async def get(self, id: Ref[ExpenseCategory]) -> ExpenseCategory:
        """Retrieve a category."""
        return await self._send(GET_EXPENSE_CATEGORY(id))

    @overload
    async def create(self, draft: ExpenseCategory, /) -> ExpenseCategory: ...
    @overload
    async def create(self, name: str, **fields: Unpack[ExpenseCategoryFields]) -> ExpenseCategory: ...
    async def create(self, name: ExpenseCategory | str | None = None, **fields: Any) -> ExpenseCategory:
        """Create a category and return it.

        Args:
            name: the category's name, or a draft: `ExpenseCategory(name="Mileage")`.
            fields: `unit_name` and `unit_price` of a category whose expenses are entered as units.
        """
        call = CREATE_EXPENSE_CATEGORY(fields=CATEGORY_FORM.creation(fields, name))
        return await self._create(call, GET_EXPENSE_CATEGORY)

    @overload
    async def create_id(self, draft: ExpenseCategory, /) -> Created[ExpenseCategory]: ...
    @overload
    async def create_id(self, name: str, **fields: Unpack[ExpenseCategoryFields]) -> Created[ExpenseCategory]: ...
    async def create_id(self, name: ExpenseCategory | str | None = None, **fields: Any) -> Created[ExpenseCategory]:
        """Create a category in one call: return its id, and the record only if the response has it."""
        return await self._send(CREATE_EXPENSE_CATEGORY(fields=CATEGORY_FORM.creation(fields, name)))

    @overload
    async def update(self, id: Ref[ExpenseCategory], changed: ExpenseCategory) -> ExpenseCategory: ...
    @overload
    async def update(self, id: Ref[ExpenseCategory], **fields: Unpack[ExpenseCategoryChanges]) -> ExpenseCategory: ...
    async def update(
        self, id: Ref[ExpenseCategory], changed: ExpenseCategory | None = None, **fields: Any
    ) -> ExpenseCategory:
        """Change a category and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent.
        """
        values = CATEGORY_FORM.changes(id, changed, fields)
        call = UPDATE_EXPENSE_CATEGORY(id, fields=values)
        return await self._updated(id, ExpenseCategory, values, call, GET_EXPENSE_CATEGORY(id))

    async def delete(self, id: Ref[ExpenseCategory]) -> DeleteResult:
        """Delete a category that has no expenses."""
        return await self._send(DELETE_EXPENSE_CATEGORY(id))


class Expenses(Resource):
    """Expenses of the signed-in person; with `of_user`, an administrator acts for another person.

    https://help.getharvest.com/api-v1/expenses-api/expenses/add-update-expenses/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "expenses"

    def list(self, *, of_user: PersonRef | None = None) -> Listing[Expense]:
        """List a person's latest expenses. The server chooses the days; for others use `reports.user_expenses`.

        Args:
            of_user: the person; None for the signed-in one.
        """
        return self._list(LIST_EXPENSES(of_user=of_user))

    def list_for_date(self, day: Day, *, of_user: PersonRef | None = None) -> Listing[Expense]:
        """List a person's expenses of the week that contains a day. Not in the public documentation.

        Args:
            day: any day of the week.
            of_user: the person; None for the signed-in one.
        """
        date = check_day("day", day)
        return self._list(LIST_EXPENSES_FOR_DATE(date.timetuple().tm_yday, date.year, of_user=of_user))

    async def get(self, id: Ref[Expense], *, of_user: PersonRef | None = None) -> Expense:
        """Retrieve an expense."""
        return await self._send(GET_EXPENSE(id, of_user=of_user))

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
        """Create an expense and return it.

        Args:
            project_id: the project, or a draft in place of all arguments.
            expense_category_id: the category.
            spent_at: the day.
            of_user: the person; None for the signed-in one.
            fields: either `total_cost`, in the account's currency, or `units`, if the category has a price for one;
                also `notes` and `billable`.

        Raises:
            InvalidArgument: neither `total_cost` nor `units` was given, or both.
            CreatedUnread: the expense was created, but the server did not return its id.
        """
        values = _new_expense(fields, project_id, expense_category_id, spent_at)
        call = CREATE_EXPENSE(fields=values, of_user=of_user)
        return await self._create(call, lambda new: GET_EXPENSE(new, of_user=of_user))

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
        """Create an expense in one call: return its id, and the record only if the response has it."""
        values = _new_expense(fields, project_id, expense_category_id, spent_at)
        return await self._send(CREATE_EXPENSE(fields=values, of_user=of_user))

    @overload
    async def update(self, id: Ref[Expense], changed: Expense, *, of_user: PersonRef | None = None) -> Expense: ...
    @overload
    async def update(
        self, id: Ref[Expense], *, of_user: PersonRef | None = None, **fields: Unpack[ExpenseChanges]
    ) -> Expense: ...
    async def update(
        self, id: Ref[Expense], changed: Expense | None = None, *, of_user: PersonRef | None = None, **fields: Any
    ) -> Expense:
        """Change an expense and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent.

        Raises:
            FieldsIgnored: the expense is locked, and the server did not change some of the fields.
        """
        values = EXPENSE_FORM.changes(id, changed, fields)
        call = UPDATE_EXPENSE(id, fields=values, of_user=of_user)
        record = await self._updated(id, Expense, values, call, GET_EXPENSE(id, of_user=of_user))
        return taken("expenses.update", values, record, LOCKED)

    async def delete(self, id: Ref[Expense], *, of_user: PersonRef | None = None) -> DeleteResult:
        """Delete an expense."""
        return await self._send(DELETE_EXPENSE(id, of_user=of_user))


def _new_expense(fields: Mapping[str, Any], *needed: object) -> dict[str, Any]:
    values = EXPENSE_FORM.creation(fields, *needed)
    if ("total_cost" in values) is ("units" in values):
        raise InvalidArgument("expenses.create: give total_cost, or units of the category's price: one of the two")
    return values
