"""The examples of API v1 in a Postman collection (see `client.examples`)."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final, Literal

from attrs import evolve

from harvest_async.call import Call
from harvest_async.client.drafts import Form
from harvest_async.client.examples import (
    EXAMPLE_DAY,
    EXAMPLE_MOMENT,
    CollectionFacts,
    Example,
    ExampleValues,
    make_examples,
)
from harvest_async.messages import Request
from harvest_async.v1 import models, resources
from harvest_async.v1.dialect import V1Dialect
from harvest_async.v1.resources.receipts import PART

__all__ = ["COLLECTION", "examples"]

_PLACEHOLDER: Final = "http://base-url"

VALUES: Final = ExampleValues(
    parameters={
        "from": EXAMPLE_DAY,
        "status": models.InvoiceStatus.OPEN,
        "to": EXAMPLE_DAY,
        "updated_since": EXAMPLE_MOMENT,
    },
    has_body=lambda endpoint: endpoint.root is not None,
    records=frozenset({"client", "of_user", "project_id", "user_id"}),
    places={"day_of_year": EXAMPLE_DAY.timetuple().tm_yday, "year": EXAMPLE_DAY.year},
    fields={
        "bill_by": models.BillBy.PROJECT,
        "budget_by": models.BudgetBy.PROJECT,
        "csv_line_items": (
            models.LineItem(
                kind="Service", description="Design, first draft", quantity=Decimal(2), unit_price=Decimal(80)
            ),
        ),
        "currency": "Euro - EUR",
        "currency_symbol": "€",
        "deactivated": False,
        "due_at_human_format": "net 30",
        "email": "person.one@example.com",
        "first_name": "Person",
        "is_admin": False,
        "is_default": False,
        "kind": models.InvoiceKind.FREE_FORM,
        "last_name": "One",
        "recipients": "person.one@example.com",
        "timezone": "Europe/Berlin",
    },
    apart=frozenset(
        {"due_at", "ended_at", "expense_period_end", "expense_period_start", "expense_summary_type", "import_expenses"}
        | {"import_hours", "period_end", "period_start", "projects_to_invoice", "started_at", "units"}
    ),
    same={
        "category": "invoice_item_category",
        "message": "invoice_message",
        "of_user": "person",
        "payment": "invoice_payment",
        "user": "person",
    },
    not_ids=frozenset({"highrise_id"}),
    bodies={
        "task_assignments.create": ("id", "task"),
        "task_assignments.create_with_new_task": ("name", ""),
        "user_assignments.create": ("id", "person"),
    },
    forms={"time_tracking": "time"},
    uploads=frozenset({"receipts.attach"}),
)


def examples() -> Iterator[Example]:
    """Yield one example of each endpoint."""
    values = (value for module in resources.MODULES for value in vars(module).values())
    forms = (value for value in values if isinstance(value, Form))
    for example in make_examples(resources.endpoints().values(), forms, VALUES):
        yield _paged(example)


def _paged(example: Example) -> Example:
    """Return an example with the number of the page, which the client adds by itself."""
    call = example.call
    if getattr(call.result, "page_size", None) is None:
        return example
    return evolve(example, call=evolve(call, query=(*call.query, ("page", "1"))), optional=example.optional | {"page"})


def _encode(call: Call[Any], format: Literal["json", "xml"], headers: tuple[tuple[str, str], ...]) -> Request:
    return V1Dialect(format).encode(call, _PLACEHOLDER, headers)


COLLECTION: Final = CollectionFacts(
    examples=examples,
    encode=_encode,
    formats=("json", "xml"),
    base_url="https://{{account}}.harvestapp.com",
    account="account",
    auth={"type": "basic", "basic": {"username": "{{email}}", "password": "{{password}}"}},
    credentials=("access_token", "email", "password"),
    headers=(("User-Agent", "{{app}}"),),
    about="""Every call of the Harvest API v1, in JSON and in XML.

Set the variables of the collection first: `account`, `email` and `password`, and `app`, the name of your app. To sign
in with a token, choose Bearer Token as the collection's authorization and give it `{{access_token}}`. `format` is
`json` or `xml` where a request has no body; `base_url` may lead to a sandbox. Ids are variables, too.""",
    file_field=PART,
)
