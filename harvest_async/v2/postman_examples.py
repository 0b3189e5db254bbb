"""The examples of API v2 in a Postman collection (see `client.examples`)."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterator
from importlib import import_module
from typing import Any, Final

from harvest_async import v2
from harvest_async.call import Call
from harvest_async.client.drafts import Form
from harvest_async.client.endpoints import Endpoint
from harvest_async.client.examples import (
    EXAMPLE_DAY,
    EXAMPLE_MOMENT,
    CollectionFacts,
    Example,
    ExampleValues,
    make_examples,
)
from harvest_async.messages import Request
from harvest_async.v2.dialect import V2Dialect
from harvest_async.v2.service import SERVICE

__all__ = ["COLLECTION"]

_PLACEHOLDER: Final = "http://base-url"

VALUES: Final = ExampleValues(
    parameters={
        "approval_status": "unsubmitted",
        "cursor": None,
        "from": EXAMPLE_DAY,
        "page": 1,
        "per_page": 100,
        "state": "open",
        "to": EXAMPLE_DAY,
        "updated_since": EXAMPLE_MOMENT,
    },
    fields={
        "access_roles": ["member"],
        "bill_by": "Project",
        "budget_by": "project",
        "currency": "EUR",
        "email": "person.one@example.com",
        "event_type": "send",
        "external_reference": {"id": "ticket-7", "group_id": "board-1"},
        "is_active": True,
        "line_items": [{"kind": "Service", "description": "Design, first draft", "quantity": 2, "unit_price": 80}],
        "payment_options": ["ach"],
        "payment_term": "net 30",
        "recipients": [{"name": "Person One", "email": "person.one@example.com"}],
        "timezone": "Berlin",
    },
    has_body=lambda endpoint: endpoint.name.partition(".")[2].startswith(("create", "update")),
    records=frozenset({"client_id", "invoice_id", "project_id", "task_id", "user_id", "estimate_id"}),
    apart=frozenset({"delete_receipt", "ended_time", "line_items_import", "paid_date", "started_time", "units"}),
    same={"teammate_ids": "user", "user_ids": "user"},
    not_ids=frozenset({"external_reference_id"}),
)


def examples() -> Iterator[Example]:
    """Yield one example of each endpoint."""
    modules = (import_module(f"{v2.__name__}.{each.name}") for each in pkgutil.iter_modules(v2.__path__))
    values = {id(value): value for module in modules for value in vars(module).values()}.values()
    endpoints = {each.name: each for each in values if isinstance(each, Endpoint) and each.operation}
    return make_examples(endpoints.values(), (each for each in values if isinstance(each, Form)), VALUES)


def _encode(call: Call[Any], _: str, headers: tuple[tuple[str, str], ...]) -> Request:
    return V2Dialect(SERVICE.base_url).encode(call, _PLACEHOLDER, headers)


COLLECTION: Final = CollectionFacts(
    examples=examples,
    encode=_encode,
    formats=("json",),
    base_url=SERVICE.base_url,
    account="account_id",
    auth={"type": "bearer", "bearer": {"token": "{{access_token}}"}},
    credentials=("access_token",),
    headers=(("User-Agent", "{{app}}"), ("Harvest-Account-Id", "{{account_id}}")),
    about="""Every call of the Harvest API v2.

Set the variables of the collection first: `account_id`, the account's number, `access_token`, and `app`, the name of
your app with a contact. `base_url` may lead to a sandbox, with `/v2` at its end. Ids are variables, too.""",
)
