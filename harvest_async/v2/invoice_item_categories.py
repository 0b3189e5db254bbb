"""Invoice item categories: the kinds of line items of invoices."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from typing import Any, ClassVar, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.v2.references import CURSOR, ENDPOINTS, IDENTITY, CursorPaging, Name, accepted_as, since_text

__all__ = ["InvoiceItemCategoriesResource", "InvoiceItemCategory", "InvoiceItemCategoryChanges"]


@accepted_as("invoice_item_category")
@frozen(kw_only=True)
class InvoiceItemCategory(Record):
    """A kind of line items of invoices. The account uses one for hours and one for expenses that it imports."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    use_as_service: bool | None = None
    use_as_expense: bool | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


InvoiceItemCategoryId: TypeAlias = int | str | InvoiceItemCategory
"""Its id, or the record itself."""


class InvoiceItemCategoryChanges(TypedDict, total=False):
    """The fields of a change."""

    name: Name


_ALL: Final = "/invoice_item_categories"
_ONE: Final = "/invoice_item_categories/{invoice_item_category}"
LIST: Final = ENDPOINTS.listing(
    "invoice_item_categories.list",
    "listInvoiceItemCategories",
    _ALL,
    InvoiceItemCategory,
    {"updated_since": since_text, **CURSOR},
)
GET: Final = ENDPOINTS.get("invoice_item_categories.get", "retrieveInvoiceItemCategory", _ONE, InvoiceItemCategory)
CREATE: Final = ENDPOINTS.create(
    "invoice_item_categories.create", "createInvoiceItemCategory", _ALL, InvoiceItemCategory
)
UPDATE: Final = ENDPOINTS.update(
    "invoice_item_categories.update", "updateInvoiceItemCategory", _ONE, InvoiceItemCategory
)
DELETE: Final = ENDPOINTS.delete("invoice_item_categories.delete", "deleteInvoiceItemCategory", _ONE)

FORM: Final = form(
    "invoice_item_categories",
    InvoiceItemCategory,
    InvoiceItemCategoryChanges,
    InvoiceItemCategoryChanges,
    {"name": Name},
)


class InvoiceItemCategoriesResource(Resource):
    """Invoice item categories.

    https://help.getharvest.com/api-v2/invoices-api/invoices/invoice-item-categories/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(
        self, *, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[InvoiceItemCategory]:
        """List invoice item categories, the newest first.

        Args:
            updated_since: list only categories that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(updated_since=updated_since, **paging))

    async def get(self, id: InvoiceItemCategoryId) -> InvoiceItemCategory:
        """Retrieve an invoice item category."""
        return await self._send(GET(id))

    async def create(self, name: str | InvoiceItemCategory) -> InvoiceItemCategory:
        """Create an invoice item category, from its name or a draft, and return it."""
        return await self._create(CREATE(fields=FORM.creation({}, name)))

    async def update(
        self,
        id: InvoiceItemCategoryId,
        changed: InvoiceItemCategory | None = None,
        /,
        **fields: Unpack[InvoiceItemCategoryChanges],
    ) -> InvoiceItemCategory:
        """Rename an invoice item category and return it. If the name is the same, no request is sent."""
        values = FORM.changes(id, changed, fields)
        return await self._updated(id, InvoiceItemCategory, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: InvoiceItemCategoryId) -> DeleteResult:
        """Delete an invoice item category that is not used as the one for services or for expenses."""
        return await self._send(DELETE(id))
