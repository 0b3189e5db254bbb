"""Estimate item categories: the kinds of line items of estimates."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from datetime import datetime
from typing import Any, ClassVar, Final, TypeAlias, TypedDict, Unpack

from attrs import field, frozen

from harvest_async.call import DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.record import Record
from harvest_async.client.resource import Listing, Resource
from harvest_async.v2.references import CURSOR, ENDPOINTS, IDENTITY, CursorPaging, Name, accepted_as, since_text

__all__ = ["EstimateItemCategoriesResource", "EstimateItemCategory", "EstimateItemCategoryChanges"]


@accepted_as("estimate_item_category")
@frozen(kw_only=True)
class EstimateItemCategory(Record):
    """A kind of line items of estimates."""

    id: int = field(default=0, metadata=IDENTITY)
    name: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    extra: dict[str, Any] = field(factory=dict)


EstimateItemCategoryId: TypeAlias = int | str | EstimateItemCategory
"""Its id, or the record itself."""


class EstimateItemCategoryChanges(TypedDict, total=False):
    """The fields of a change."""

    name: Name


_ALL: Final = "/estimate_item_categories"
_ONE: Final = "/estimate_item_categories/{estimate_item_category}"
LIST: Final = ENDPOINTS.listing(
    "estimate_item_categories.list",
    "listEstimateItemCategories",
    _ALL,
    EstimateItemCategory,
    {"updated_since": since_text, **CURSOR},
)
GET: Final = ENDPOINTS.get("estimate_item_categories.get", "retrieveEstimateItemCategory", _ONE, EstimateItemCategory)
CREATE: Final = ENDPOINTS.create(
    "estimate_item_categories.create", "createEstimateItemCategory", _ALL, EstimateItemCategory
)
UPDATE: Final = ENDPOINTS.update(
    "estimate_item_categories.update", "updateEstimateItemCategory", _ONE, EstimateItemCategory
)
DELETE: Final = ENDPOINTS.delete("estimate_item_categories.delete", "deleteEstimateItemCategory", _ONE)

FORM: Final = form(
    "estimate_item_categories",
    EstimateItemCategory,
    EstimateItemCategoryChanges,
    EstimateItemCategoryChanges,
    {"name": Name},
)


class EstimateItemCategoriesResource(Resource):
    """Estimate item categories.

    https://help.getharvest.com/api-v2/estimates-api/estimates/estimate-item-categories/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "estimates"

    def list(
        self, *, updated_since: datetime | None = None, **paging: Unpack[CursorPaging]
    ) -> Listing[EstimateItemCategory]:
        """List estimate item categories, the newest first.

        Args:
            updated_since: list only categories that were changed since then; a datetime with a time zone.
            paging: `page` or `cursor`, where the list begins; `per_page`, records on a page.
        """
        return self._list(LIST(updated_since=updated_since, **paging))

    async def get(self, id: EstimateItemCategoryId) -> EstimateItemCategory:
        """Retrieve an estimate item category."""
        return await self._send(GET(id))

    async def create(self, name: str | EstimateItemCategory) -> EstimateItemCategory:
        """Create an estimate item category, from its name or a draft, and return it."""
        return await self._create(CREATE(fields=FORM.creation({}, name)))

    async def update(
        self,
        id: EstimateItemCategoryId,
        changed: EstimateItemCategory | None = None,
        /,
        **fields: Unpack[EstimateItemCategoryChanges],
    ) -> EstimateItemCategory:
        """Rename an estimate item category and return it. If the name is the same, no request is sent."""
        values = FORM.changes(id, changed, fields)
        return await self._updated(id, EstimateItemCategory, values, UPDATE(id, fields=values), GET(id))

    async def delete(self, id: EstimateItemCategoryId) -> DeleteResult:
        """Delete an estimate item category."""
        return await self._send(DELETE(id))
