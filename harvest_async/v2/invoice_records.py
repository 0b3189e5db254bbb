"""The records of invoices, and the fields that creates and updates accept."""

# Annotations are evaluated here, not kept as text: the checks are read from them.

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final, Literal, TypeAlias, TypedDict, get_args

from attrs import field, frozen

from harvest_async.client.validation import CheckedBy, flag, order, required_text, several
from harvest_async.errors import InvalidArgument
from harvest_async.v2.clients import ClientField
from harvest_async.v2.documents import Document, LineItem
from harvest_async.v2.entry_refs import Ref, Related
from harvest_async.v2.line_items import InvoiceLines
from harvest_async.v2.nested import ProjectRef
from harvest_async.v2.projects import ProjectField
from harvest_async.v2.references import REFERENCES, Day, Ids, Number, Paging, accepted_as

__all__ = [
    "Invoice",
    "InvoiceChanges",
    "InvoiceFields",
    "InvoiceFilters",
    "InvoiceLineItem",
    "InvoiceState",
    "LineItemsImport",
    "PaymentOption",
]


class InvoiceState(StrEnum):
    """The state of an invoice."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"


class PaymentOption(StrEnum):
    """A way in which an invoice can be paid online; records have their texts."""

    ACH = "ach"
    CREDIT_CARD = "credit_card"
    PAYPAL = "paypal"


@frozen(kw_only=True)
class InvoiceLineItem(LineItem):
    """A line of an invoice. A line without an id is new."""

    project: ProjectRef | None = None


@accepted_as("invoice")
@frozen(kw_only=True)
class Invoice(Document):
    """An invoice. Amounts are in its currency; `tax`, `tax2` and `discount` are percentages."""

    line_items: list[InvoiceLineItem] = field(factory=list)
    estimate: Related | None = None
    retainer: Related | None = None
    due_amount: Decimal | None = None
    state: InvoiceState | str | None = None
    period_start: date | None = None
    period_end: date | None = None
    due_date: date | None = None
    payment_term: str | None = None
    payment_options: list[str] = field(factory=list)
    paid_at: datetime | None = None
    paid_date: date | None = None
    closed_at: datetime | None = None
    recurring_invoice_id: int | None = None

    @property
    def estimate_id(self) -> int | None:
        """The id of the estimate that the invoice was made from."""
        return None if self.estimate is None else self.estimate.id

    @property
    def retainer_id(self) -> int | None:
        """The id of the retainer."""
        return None if self.retainer is None else self.retainer.id


TimeSummary: TypeAlias = Literal["project", "task", "people", "detailed"]
ExpensesSummary: TypeAlias = Literal["project", "category", "people", "detailed"]
PaymentTerm: TypeAlias = Literal["upon receipt", "net 15", "net 30", "net 45", "net 60", "custom"]

TimeImport = TypedDict("TimeImport", {"summary_type": TimeSummary, "from": Day, "to": Day}, total=False)
"""The hours to import, and how they are grouped in lines; without days, all that are unbilled."""

ExpensesImport = TypedDict(
    "ExpensesImport", {"summary_type": ExpensesSummary, "from": Day, "to": Day, "attach_receipt": bool}, total=False
)
"""The expenses to import, and how they are grouped in lines."""


class LineItemsImport(TypedDict, total=False):
    """Where the lines of an invoice come from: the unbilled hours and expenses of projects of its client."""

    project_ids: Ids
    time: TimeImport
    expenses: ExpensesImport


_SUMMARIES: Final = {"time": get_args(TimeSummary), "expenses": get_args(ExpensesSummary)}


def _source(name: str, kind: str, value: Any) -> dict[str, Any]:
    """Check the hours or the expenses that an invoice imports."""
    known = {"summary_type", "from", "to", *(("attach_receipt",) if kind == "expenses" else ())}
    if not isinstance(value, Mapping) or not value.keys() <= known:
        raise InvalidArgument(f"{name}: give a dict of {', '.join(sorted(known))}, not {value!r:.60}")
    choices = _SUMMARIES[kind]
    if value.get("summary_type") not in choices:
        raise InvalidArgument(
            f"{name}: unknown summary_type {value.get('summary_type')!r}. Choose from: {', '.join(choices)}"
        )
    found = {"summary_type": value["summary_type"]}
    if ("from" in value) is not ("to" in value):
        raise InvalidArgument(f"{name}: give from and to, or neither")
    if "from" in value:
        found["from"], found["to"] = order(f"{name}: from", value["from"], "to", value["to"])
    if "attach_receipt" in value:
        found["attach_receipt"] = flag(f"{name}: attach_receipt", value["attach_receipt"])
    return found


def _import(name: str, value: object) -> dict[str, Any]:
    """Check a `LineItemsImport`."""
    if not isinstance(value, Mapping) or not value.keys() <= {"project_ids", *_SUMMARIES}:
        raise InvalidArgument(f"{name}: give a dict of project_ids, time and expenses, not {value!r:.60}")
    projects = several(f"{name}: project_ids", value.get("project_ids") or (), "a list of projects")
    found: dict[str, Any] = {"project_ids": [REFERENCES.reference(f"{name}: project_id", each) for each in projects]}
    if not found["project_ids"]:
        raise InvalidArgument(f"{name}: project_ids is missing: give the projects whose time is invoiced")
    return found | {kind: _source(f"{name}: {kind}", kind, value[kind]) for kind in _SUMMARIES if kind in value}


def _options(name: str, value: object) -> list[str]:
    if isinstance(value, str):
        raise InvalidArgument(f"{name}: give a list like ['credit_card'], not {value!r:.40}")
    return [required_text(name, each) for each in several(name, value, "a list of payment options")]


class _InvoiceFields(TypedDict, total=False):
    retainer_id: Ref[Related] | None
    estimate_id: Ref[Document] | None
    number: str
    purchase_order: str | None
    tax: Number | None
    tax2: Number | None
    discount: Number | None
    subject: str | None
    notes: str | None
    currency: str
    issue_date: Day
    due_date: Day
    payment_term: PaymentTerm | None
    payment_options: Annotated[list[PaymentOption | Literal["ach", "credit_card", "paypal"]], CheckedBy(_options)]
    line_items: InvoiceLines


class InvoiceChanges(_InvoiceFields, total=False):
    """The fields of a change. Lines with an `id` are changed, new ones added, and those with `_destroy` removed."""

    client_id: ClientField


class InvoiceFields(_InvoiceFields, total=False):
    """The optional fields of a new invoice: its own `line_items`, or `line_items_import` from tracked time."""

    line_items_import: Annotated[LineItemsImport, CheckedBy(_import)]


class InvoiceFilters(Paging, total=False):
    """The filters of the list of invoices."""

    client_id: ClientField | None
    project_id: ProjectField | None
    updated_since: datetime | None
    to: Day | None
    state: InvoiceState | Literal["draft", "open", "paid", "closed"] | None
