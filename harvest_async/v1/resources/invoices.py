"""Invoices and their item categories."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Final, Unpack, overload

from harvest_async.call import Created, DeleteResult
from harvest_async.client.drafts import form
from harvest_async.client.endpoints import digits
from harvest_async.client.resource import Listing, Resource
from harvest_async.client.results import One
from harvest_async.client.validation import check_of, order
from harvest_async.errors import CreatedUnread, FieldsIgnored, HarvestError, InvalidArgument, NotFound
from harvest_async.v1.fields import (
    ClientRef,
    Day,
    InvoiceChanges,
    InvoiceFields,
    InvoiceItemCategoryChanges,
    Name,
    Ref,
)
from harvest_async.v1.models import (
    Client,
    Invoice,
    InvoiceItemCategory,
    InvoiceKind,
    InvoiceStatus,
    read_lines,
)
from harvest_async.v1.references import ENDPOINTS, REFERENCES, SINCE
from harvest_async.v1.roots import Root

__all__ = ["InvoiceItemCategories", "Invoices"]

_PAGE: Final = 50
"""The number of invoices on a full page."""

_status: Final = check_of(InvoiceStatus | str)


INVOICE: Final = One(Invoice, "invoice")
LIST_INVOICES: Final = ENDPOINTS.listing(
    "invoices.list",
    "/invoices",
    INVOICE,
    page_size=_PAGE,
    parameters={"from": digits, "to": digits, "status": _status, "client": REFERENCES.segment, **SINCE},
    note="In pages, without line items.",
)
GET_INVOICE: Final = ENDPOINTS.get("invoices.get", "/invoices/{invoice}", INVOICE)
CREATE_INVOICE: Final = ENDPOINTS.create("invoices.create", "/invoices", INVOICE)
UPDATE_INVOICE: Final = ENDPOINTS.update("invoices.update", "/invoices/{invoice}", INVOICE)
DELETE_INVOICE: Final = ENDPOINTS.delete("invoices.delete", "/invoices/{invoice}")

CATEGORY: Final = One(
    InvoiceItemCategory, "invoice_category", written_as=Root("invoice_item_category", "invoice-item-category")
)
LIST_INVOICE_ITEM_CATEGORIES: Final = ENDPOINTS.listing(
    "invoice_item_categories.list", "/invoice_item_categories", CATEGORY
)
CREATE_INVOICE_ITEM_CATEGORY: Final = ENDPOINTS.create(
    "invoice_item_categories.create",
    "/invoice_item_categories",
    CATEGORY,
    note="The Location header is not a path of the API.",
)
UPDATE_INVOICE_ITEM_CATEGORY: Final = ENDPOINTS.update(
    "invoice_item_categories.update", "/invoice_item_categories/{category}", CATEGORY
)
DELETE_INVOICE_ITEM_CATEGORY: Final = ENDPOINTS.delete(
    "invoice_item_categories.delete", "/invoice_item_categories/{category}"
)

INVOICE_FORM: Final = form(
    "invoices",
    Invoice,
    InvoiceFields,
    InvoiceChanges,
    {"client_id": ClientRef, "kind": InvoiceKind | str},
    optional=frozenset({"kind"}),
    state="use invoice_messages.mark_as_sent, mark_as_closed, re_open and mark_as_draft, or invoice_payments.create",
    kind="set it when the invoice is created",
)
CATEGORY_FORM: Final = form(
    "invoice_item_categories",
    InvoiceItemCategory,
    InvoiceItemCategoryChanges,
    InvoiceItemCategoryChanges,
    {"name": Name},
)


class Invoices(Resource):
    """Invoices. Their state is changed by `invoice_messages` and `invoice_payments`.

    https://help.getharvest.com/api-v1/invoices-api/invoices/show-invoices/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(
        self,
        *,
        status: InvoiceStatus | str | None = None,
        client: Ref[Client] | None = None,
        from_: Day | None = None,
        to: Day | None = None,
        updated_since: datetime | None = None,
    ) -> Listing[Invoice]:
        """List invoices, the newest first, without their line items. The pages are read one after another.

        Args:
            status: list only invoices with this status; not the same values as `state`: an `unpaid` invoice, for
                example, is in the state `open` or `partial`.
            client: list only invoices of this client.
            from_: the first day of issue; only together with `to`.
            to: the last day of issue.
            updated_since: list only invoices that were changed since then; a datetime with a time zone.
        """
        query: dict[str, Any] = {
            **_issued(from_, to),
            "status": status,
            "client": client,
            "updated_since": updated_since,
        }
        return self._list(LIST_INVOICES(**query))

    async def get(self, id: Ref[Invoice]) -> Invoice:
        """Retrieve an invoice with its line items."""
        return await self._send(GET_INVOICE(id))

    @overload
    async def create(self, draft: Invoice, /) -> Invoice: ...
    @overload
    async def create(
        self, client_id: Ref[Client], kind: InvoiceKind | str | None = None, **fields: Unpack[InvoiceFields]
    ) -> Invoice: ...
    async def create(
        self, client_id: Invoice | Ref[Client] | None = None, kind: InvoiceKind | str | None = None, **fields: Any
    ) -> Invoice:
        """Create an invoice and return it.

        Args:
            client_id: the client, or a draft in place of all arguments.
            kind: `free_form` (the server's default) takes its lines from `csv_line_items`. The other kinds collect the
                hours and expenses of `projects_to_invoice`, and mark them as invoiced.
            fields: other fields: `subject`, `issued_at`, `tax` and `discount` (percent) ...

        Raises:
            InvalidArgument: a field is missing or invalid; nothing was sent.
            FieldsIgnored: the invoice was created, but the server dropped its line items.
            OutcomeUnknown: the response was lost, so the invoice may or may not have been created.
        """
        values = INVOICE_FORM.creation(fields, client_id, kind)
        record = await self._create(CREATE_INVOICE(fields=values), GET_INVOICE)
        return _with_lines("invoices.create", values, record)

    @overload
    async def create_id(self, draft: Invoice, /) -> Created[Invoice]: ...
    @overload
    async def create_id(
        self, client_id: Ref[Client], kind: InvoiceKind | str | None = None, **fields: Unpack[InvoiceFields]
    ) -> Created[Invoice]: ...
    async def create_id(
        self, client_id: Invoice | Ref[Client] | None = None, kind: InvoiceKind | str | None = None, **fields: Any
    ) -> Created[Invoice]:
        """Create an invoice in one call: return its id, and the record only if the response has it."""
        return await self._send(CREATE_INVOICE(fields=INVOICE_FORM.creation(fields, client_id, kind)))

    @overload
    async def update(self, id: Ref[Invoice], changed: Invoice) -> Invoice: ...
    @overload
    async def update(self, id: Ref[Invoice], **fields: Unpack[InvoiceChanges]) -> Invoice: ...
    async def update(self, id: Ref[Invoice], changed: Invoice | None = None, **fields: Any) -> Invoice:
        """Change an invoice and return it: the given fields, or those that differ in `changed`.

        If no field differs, no request is sent. `csv_line_items` replaces all lines. The invoice is read afterwards.

        Raises:
            InvalidArgument: `state` was given or differs, which the server would ignore.
            FieldsIgnored: the invoice was changed, but the server dropped its line items.
        """
        values = INVOICE_FORM.changes(id, changed, fields)
        if not values:
            return id if isinstance(id, Invoice) else await self.get(id)
        await self._send(UPDATE_INVOICE(id, fields=values))
        return _with_lines("invoices.update", values, await self.get(id))

    async def delete(self, id: Ref[Invoice]) -> DeleteResult:
        """Delete an invoice."""
        return await self._send(DELETE_INVOICE(id))


class InvoiceItemCategories(Resource):
    """Invoice item categories: the kinds of line items.

    https://help.getharvest.com/api-v1/invoices-api/invoices/invoice-messages-payments/
    """

    __slots__ = ()

    module: ClassVar[str | None] = "invoices"

    def list(self) -> Listing[InvoiceItemCategory]:
        """List all categories."""
        return self._list(LIST_INVOICE_ITEM_CATEGORIES())

    async def get(self, id: Ref[InvoiceItemCategory]) -> InvoiceItemCategory:
        """Retrieve a category. The API has no call for a single one, so it is searched in the list.

        Raises:
            NotFound: there is no category with this id.
        """
        wanted = REFERENCES.reference("category", id)
        async for category in self.list():
            if category.id == wanted:
                return category
        raise NotFound(f"invoice_item_categories.get: the list has no category with id {wanted}")

    @overload
    async def create(self, draft: InvoiceItemCategory, /) -> InvoiceItemCategory: ...
    @overload
    async def create(self, name: str) -> InvoiceItemCategory: ...
    async def create(self, name: InvoiceItemCategory | str) -> InvoiceItemCategory:
        """Create a category and return it.

        Raises:
            CreatedUnread: the category was created, but reading the list failed; the error has its id.
        """
        created = await self.create_id(name)
        if created.record is not None:
            return created.record
        try:
            return await self.get(created.id or 0)
        except HarvestError as error:
            raise CreatedUnread(
                f"invoice_item_categories.create: created with id {created.id}, but reading it failed: {error}",
                id=created.id,
                location=created.location,
                request=error.request,
                response=error.response,
            ) from error

    @overload
    async def create_id(self, draft: InvoiceItemCategory, /) -> Created[InvoiceItemCategory]: ...
    @overload
    async def create_id(self, name: str) -> Created[InvoiceItemCategory]: ...
    async def create_id(self, name: InvoiceItemCategory | str) -> Created[InvoiceItemCategory]:
        """Create a category in one call: return its id, and the record only if the response has it."""
        return await self._send(CREATE_INVOICE_ITEM_CATEGORY(fields=CATEGORY_FORM.creation({}, name)))

    @overload
    async def update(self, id: Ref[InvoiceItemCategory], changed: InvoiceItemCategory) -> InvoiceItemCategory: ...
    @overload
    async def update(
        self, id: Ref[InvoiceItemCategory], **fields: Unpack[InvoiceItemCategoryChanges]
    ) -> InvoiceItemCategory: ...
    async def update(
        self, id: Ref[InvoiceItemCategory], changed: InvoiceItemCategory | None = None, **fields: Any
    ) -> InvoiceItemCategory:
        """Rename a category, and return it. If the name is the same, no request is sent."""
        values = CATEGORY_FORM.changes(id, changed, fields)
        if not values:
            return id if isinstance(id, InvoiceItemCategory) else await self.get(id)
        record = await self._send(UPDATE_INVOICE_ITEM_CATEGORY(id, fields=values))
        return await self.get(id) if record is None else record

    async def delete(self, id: Ref[InvoiceItemCategory]) -> DeleteResult:
        """Delete a category; the two default ones cannot be deleted."""
        return await self._send(DELETE_INVOICE_ITEM_CATEGORY(id))


def _issued(from_: Day | None, to: Day | None) -> dict[str, object]:
    """Return the parameters of the days of issue, which must be given together."""
    if from_ is None and to is None:
        return {}
    if from_ is None or to is None:
        raise InvalidArgument("invoices.list: give from_ and to, or neither")
    begin, end = order("from_", from_, "to", to)
    return {"from": begin, "to": end}


def _with_lines(what: str, sent: Mapping[str, Any], invoice: Invoice) -> Invoice:
    """Return an invoice after checking that it has all line items that were sent."""
    count = len(read_lines(sent.get("csv_line_items") or ""))
    if count and len(invoice.lines or ()) != count:
        raise FieldsIgnored(f"{what}: done, but the server dropped lines", record=invoice, names=["csv_line_items"])
    return invoice
