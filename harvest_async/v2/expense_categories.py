"""Expense categories."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.validation import CheckedBy
from harvest_async.v2.references import (
    CURSOR,
    ENDPOINTS,
    IDENTITY,
    REFERENCES,
    CursorPaging,
    Name,
    Number,
    accepted_as,
    since_text,
    true_false,
)

__all__ = [
    "CategoryField",
    "ExpenseCategoriesResource",
    "ExpenseCategory",
    "ExpenseCategoryChanges",
    "ExpenseCategoryFields",
    "ExpenseCategoryRef",
]


@accepted_as("expense_category")
@frozen(kw_only=True)
class ExpenseCategory(Record):
    """A category of expenses; if it has a unit, `unit_price` is the cost of one in the account's currency."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    unit_name: str | None = None
    unit_price: Decimal | None = None
    is_active: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


ExpenseCategoryId: TypeAlias = int | str | ExpenseCategory
"""Its id, or the record itself."""


@accepted_as("expense_category")
@frozen(kw_only=True)
class ExpenseCategoryRef(Record):
    """The category of an expense."""

    id: int | None = None
    name: str | None = None
    unit_price: Decimal | None = None
    unit_name: str | None = None
    extra: dict[str, Any] = field(factory=dict)


CategoryField: TypeAlias = Annotated[int | str | ExpenseCategory | ExpenseCategoryRef, CheckedBy(REFERENCES.reference)]
"""A category: its id, or a record of it."""


class ExpenseCategoryFields(TypedDict, total=False):
    """The optional fields of a new expense category."""

    unit_name: str | None
    unit_price: Number | None
    is_active: bool


class ExpenseCategoryChanges(ExpenseCategoryFields, total=False):
    """The fields of a change."""

    name: Name


_ALL: Final = "/expense_categories"
_ONE: Final = "/expense_categories/{expense_category}"
LIST: Final = ENDPOINTS.listing(
    "expense_categories.list",
    "listExpenseCategories",
    _ALL,
    ExpenseCategory,
    {"is_active": true_false, "updated_since": since_text, **CURSOR},
)
GET: Final = ENDPOINTS.get("expense_categories.get", "retrieveExpenseCategory", _ONE, ExpenseCategory)
CREATE: Final = ENDPOINTS.create("expense_categories.create", "createExpenseCategory", _ALL, ExpenseCategory)
UPDATE: Final = ENDPOINTS.update("expense_categories.update", "updateExpenseCategory", _ONE, ExpenseCategory)
DELETE: Final = ENDPOINTS.delete("expense_categories.delete", "deleteExpenseCategory", _ONE)

FORM: Final = form("expense_categories", ExpenseCategory, ExpenseCategoryFields, ExpenseCategoryChanges, {"name": Name})


class ExpenseCategoriesResource(Resource):
    """Expense categories.

    https://help.getharvest.com/api-v2/expenses-api/expenses/expense-categories/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "expenses"

    def list(
        self, *, is_active: bool | None = None, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[ExpenseCategory]:
        """List expense categories, the newest first.

        Args:
            is_active: list only active categories, or only archived ones; None lists both.
            updated_since: list only categories that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(is_active=is_active, updated_since=updated_since, **paging))

    async def get(self, id: ExpenseCategoryId) -> ExpenseCategory:
        """Retrieve an expense category."""
        return await self._send(GET(id))

    async def create(self, name: str | ExpenseCategory, **fields: Unpack[ExpenseCategoryFields]) -> ExpenseCategory:
        """Create an expense category and return it.

        Args:
            name: the category's name, or a draft: `ExpenseCategory(name="Meals")`.
            fields: `unit_name` and `unit_price` of a category whose expenses are entered as units; `is_active`.
        """
        return await self._create(CREATE(fields=FORM.creation(fields, name)))

    async def update(
        self, id: ExpenseCategoryId, changed: ExpenseCategory | None = None, /, **fields: Unpack[ExpenseCategoryChanges]
    ) -> ExpenseCategory:
        """Change an expense category and return it. Only what differs is sent; if nothing differs, nothing is."""
        values = FORM.changes(id, changed, fields)
        return await self._updated(id, ExpenseCategory, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: ExpenseCategoryId) -> DeleteResult:
        """Delete an expense category that has no expenses.

        Raises:
            Unprocessable: it has some; archive it instead.
        """
        return await self._send(DELETE(id))
