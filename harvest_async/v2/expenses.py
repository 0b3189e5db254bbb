"""Expenses and their receipts."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult, ImageResponse, Upload
from harvest_async.client.drafts import form
from harvest_async.client.endpoints import SAFE, Endpoint
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import Raw
from harvest_async.client.uploads import LARGEST, Source, gather
from harvest_async.codec.text import beginning
from harvest_async.errors import DecodeError, InvalidArgument
from harvest_async.exchange import form_data
from harvest_async.v2.clients import ClientField
from harvest_async.v2.entry_refs import InvoiceRef
from harvest_async.v2.expense_categories import CategoryField, ExpenseCategoryRef
from harvest_async.v2.message_fields import check_unlocked
from harvest_async.v2.nested import ClientRef, ProjectRef, UserRef, id_of
from harvest_async.v2.projects import ProjectField, ProjectId
from harvest_async.v2.references import (
    ENDPOINTS,
    IDENTITY,
    PAGES,
    Day,
    Number,
    Paging,
    accepted_as,
    day_text,
    id_text,
    since_text,
    true_false,
)
from harvest_async.v2.user_assignments import UserAssignment
from harvest_async.v2.users import UserField

__all__ = ["Expense", "ExpenseChanges", "ExpenseFields", "ExpensesResource", "Receipt"]


@frozen(kw_only=True)
class Receipt(Record):
    """The receipt of an expense; `file_size` is in bytes. All are None if there is none."""

    url: str | None = None
    file_name: str | None = None
    file_size: int | None = None
    content_type: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@accepted_as("expense")
@frozen(kw_only=True)
class Expense(Record):
    """An expense. `total_cost` is in the account's currency; `units` are those of the category."""

    id: int = field(default=0, metadata=IDENTITY)
    client: ClientRef | None = None
    project: ProjectRef | None = None
    expense_category: ExpenseCategoryRef | None = None
    user: UserRef | None = None
    user_assignment: UserAssignment | None = None
    receipt: Receipt | None = None
    invoice: InvoiceRef | None = None
    notes: str | None = None
    units: Decimal | None = None
    total_cost: Decimal | None = None
    billable: bool | None = None
    is_closed: bool | None = None
    is_locked: bool | None = None
    is_billed: bool | None = None
    locked_reason: str | None = None
    spent_date: date | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)

    @property
    def project_id(self) -> int | None:
        """The id of the project."""
        return id_of(self.project)

    @property
    def expense_category_id(self) -> int | None:
        """The id of the category."""
        return None if self.expense_category is None else self.expense_category.id


ExpenseId: TypeAlias = int | str | Expense
"""Its id, or the record itself."""


class ExpenseFields(TypedDict, total=False):
    """The optional fields of a new expense: either `total_cost` or `units` is needed."""

    user_id: UserField
    units: Number
    total_cost: Number
    notes: str | None
    billable: bool


class ExpenseChanges(TypedDict, total=False):
    """The fields of a change. `delete_receipt=True` deletes the receipt."""

    project_id: ProjectField
    expense_category_id: CategoryField
    spent_date: Day
    units: Number
    total_cost: Number
    notes: str | None
    billable: bool
    delete_receipt: bool


class ExpenseFilters(Paging, total=False):
    """The filters of the list of expenses."""

    user_id: UserField | None
    client_id: ClientField | None
    project_id: ProjectField | None
    is_billed: bool | None
    updated_since: datetime | None
    to: Day | None


RECEIPT: Final = "receipt"
"""The part of the form that is the file."""

_ONE: Final = "/expenses/{expense}"
LIST: Final = ENDPOINTS.listing(
    "expenses.list",
    "listExpenses",
    "/expenses",
    Expense,
    {
        "user_id": id_text,
        "client_id": id_text,
        "project_id": id_text,
        "is_billed": true_false,
        "updated_since": since_text,
        "from": day_text,
        "to": day_text,
        **PAGES,
    },
)
GET: Final = ENDPOINTS.get("expenses.get", "retrieveExpense", _ONE, Expense)
CREATE: Final = ENDPOINTS.create("expenses.create", "createExpense", "/expenses", Expense)
UPDATE: Final = ENDPOINTS.update("expenses.update", "updateExpense", _ONE, Expense)
GET_RECEIPT: Final[Endpoint[Any]] = ENDPOINTS.custom("expenses.get_receipt", "", "GET", f"{_ONE}/receipt", Raw(), SAFE)
DELETE: Final = ENDPOINTS.delete("expenses.delete", "deleteExpense", _ONE)

FORM: Final = form(
    "expenses",
    Expense,
    ExpenseFields,
    ExpenseChanges,
    {"project_id": ProjectField, "expense_category_id": CategoryField, "spent_date": Day},
    receipt="use expenses.attach_receipt, or delete_receipt=True",
)


class ExpensesResource(Resource):
    """Expenses.

    https://help.getharvest.com/api-v2/expenses-api/expenses/expenses/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "expenses"

    def list(self, *, from_: Day | None = None, **filters: Unpack[ExpenseFilters]) -> Listing[Expense]:
        """List expenses, the latest first.

        Args:
            from_: list only expenses of this day and later ones.
            filters: `to`, the last day; `user_id`, `client_id`, `project_id`, ids or records; `is_billed`;
                `updated_since`, a datetime with a time zone; `page` and `per_page`.
        """
        query: dict[str, Any] = {"from": from_, **filters}
        return self._list(LIST(**query))

    async def get(self, id: ExpenseId) -> Expense:
        """Retrieve an expense."""
        return await self._send(GET(id))

    async def create(
        self,
        project_id: ProjectId,
        expense_category_id: CategoryField,
        spent_date: Day,
        *,
        receipt: Source | None = None,
        filename: str | None = None,
        **fields: Unpack[ExpenseFields],
    ) -> Expense:
        """Create an expense and return it.

        Args:
            project_id: the project.
            expense_category_id: the category.
            spent_date: the day.
            receipt: an image or a PDF: its bytes, its path, an open file, or a stream of bytes.
            filename: the name of the receipt's file; None for the name in the path, or `receipt.png`.
            fields: either `total_cost`, in the account's currency, or `units`, if the category has a price for one;
                also `notes`, `billable` and `user_id`, None for the signed-in person.

        Raises:
            InvalidArgument: neither `total_cost` nor `units` was given, or both; or the receipt is neither an
                image nor a PDF.
            OutcomeUnknown: the response was lost, so the expense may or may not have been created.
            CreatedUnread: the expense was created, but the response can't be read.
        """
        values = FORM.creation(fields, project_id, expense_category_id, spent_date)
        if ("total_cost" in values) is ("units" in values):
            raise InvalidArgument("expenses.create: give total_cost, or units of the category's price: one of the two")
        if receipt is None:
            return await self._create(CREATE(fields=values))
        return await self._create(CREATE(upload=await _form(receipt, filename, values)))

    async def update(
        self, id: ExpenseId, changed: Expense | None = None, /, **fields: Unpack[ExpenseChanges]
    ) -> Expense:
        """Change an expense and return it. Only what differs is sent; if nothing differs, no request is sent.

        Raises:
            InvalidArgument: a field is invalid, or the given record is locked.
        """
        values = FORM.changes(id, changed, fields)
        if values:
            check_unlocked("expenses.update", id)
        return await self._updated(id, Expense, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: ExpenseId) -> DeleteResult:
        """Delete an expense that is not locked."""
        check_unlocked("expenses.delete", id)
        return await self._send(DELETE(id))

    async def attach_receipt(self, id: ExpenseId, receipt: Source, *, filename: str | None = None) -> Expense:
        """Attach a receipt to an expense, replacing the one it has, and return the expense.

        Args:
            id: the expense.
            receipt: an image or a PDF: its bytes, its path, an open file, or a stream of bytes.
            filename: the name of the file; None for the name in the path, or `receipt.png`.

        Raises:
            InvalidArgument: the file is neither an image nor a PDF, is too large, or can't be read; nothing was sent.
        """
        check_unlocked("expenses.attach_receipt", id)
        call = UPDATE(id, upload=await _form(receipt, filename, {}))
        return await self._changed(call, GET(id))

    async def get_receipt(self, expense: Expense, *, largest: int = LARGEST) -> ImageResponse:
        """Retrieve the receipt of an expense, from the address in the record.

        Credentials are sent only if the address belongs to this API.

        Args:
            expense: the expense, as it was read.
            largest: the largest size to read, in bytes.

        Raises:
            InvalidArgument: the expense has no receipt.
            DecodeError: the response is larger than `largest` bytes, or is a page instead of a file.
        """
        url = None if expense.receipt is None else expense.receipt.url
        if url is None:
            raise InvalidArgument(f"expenses.get_receipt: expense {expense.id} has no receipt")
        call = GET_RECEIPT(expense, largest=largest)
        if url == f"{self._exchange.base_url}{call.path}":
            response = await self._explained(call, self._exchange.response(call))
        else:
            response = await self._exchange.fetch(url, accept="image/*, application/pdf", largest=largest)
        content = response.content
        if response.buffer is not None:
            with response.buffer as buffer:
                content = b"".join(buffer.chunks(64 * 1024))
        if "html" in response.content_type:
            raise DecodeError(f"expected a receipt, the response is an HTML page: {beginning(content)}")
        return ImageResponse(content, response.content_type)


async def _form(receipt: Source, filename: str | None, values: Mapping[str, Any]) -> Upload:
    """Return a receipt and the fields of an expense as a form."""
    found = await gather(RECEIPT, receipt, filename, documents=True)
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}
    return form_data(RECEIPT, found.name, found.content, found.media_type, texts)
