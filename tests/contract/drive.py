"""Call every method of `HarvestV2` with every typed argument, and record what arrives at a server on a socket.

Nothing here reads the client's own tables: the methods are found by name, the arguments by their signatures, and what
was sent is compared with the published list alone.
"""

import inspect
import json
import typing
from datetime import UTC, date, datetime, time
from decimal import Decimal
from urllib.parse import parse_qsl

import httpx
from attrs import has

from harvest_async import BearerAuth, HarvestV2, Throttle
from tests.contract.v2 import operations

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
DAY = date(2026, 3, 9)
VALUES = {
    "access_roles": ["manager"],
    "address": "Main Street 1",
    "bill_by": "Project",
    "budget_by": "project",
    "currency": "EUR",
    "cursor": None,
    "email": "new@example.com",
    "ended_time": time(11),
    "event_type": "send",
    "external_reference": {"id": "7", "group_id": "8", "permalink": "https://example.com/7"},
    "external_reference_id": "7",
    "from_": date(2026, 1, 1),
    "is_active": True,
    "line_items": [{"kind": "Service", "unit_price": 5}],
    "page": 1,
    "paid_at": datetime(2026, 3, 9, tzinfo=UTC),
    "payment_options": ["ach"],
    "payment_term": "net 30",
    "per_page": 50,
    "receipt": PNG,
    "recipients": [{"name": "Person", "email": "person.two@example.com"}],
    "roles": ["Kept"],
    "started_time": time(9),
    "state": "open",
    "timezone": "Berlin",
    "updated_since": datetime(2026, 1, 1, tzinfo=UTC),
    "weekly_capacity": 126_000,
}
"""The values of arguments by name; others are made from their types."""

BY_TYPE = {bool: True, date: DAY, datetime: datetime(2026, 3, 9, tzinfo=UTC), time: time(9), int: 1, str: "Text", Decimal: Decimal("1.5")}  # fmt: skip

NEVER_TOGETHER = {
    "expenses.create": [{"units"}, {"total_cost"}],
    "expenses.update": [{"units", "delete_receipt"}, {"total_cost", "delete_receipt"}, {"total_cost"}],
    "invoice_payments.create": [{"paid_at"}, {"paid_date"}],
    "invoices.create": [
        {"line_items", "retainer_id", "due_date"},
        {"line_items_import", "retainer_id", "payment_term"},
        {"line_items_import", "due_date", "estimate_id"},
    ],
    "invoices.update": [{"retainer_id", "due_date"}, {"payment_term", "estimate_id"}],
    "time_entries.create": [{"started_time", "ended_time"}],
    "time_entries.start": [{"started_time"}],
    "time_entries.update": [{"started_time", "ended_time"}],
}
"""The arguments that are left out in each call of a method, since they exclude others or one kind of account."""

BY_TIMES = {
    "time_entries.create": [{"hours"}],
    "time_entries.start": [set()],
    "time_entries.update": [{"hours"}],
}
"""The same for an account that tracks start and end times."""


class Recorder(httpx.AsyncBaseTransport):
    """Sends requests to a socket, and keeps what was sent and received.

    Attributes:
        sent: (method, path, names of the query, names of the body) of each request.
        bodies: the body of each request as JSON; None where it is none.
        received: (method, path, body as JSON) of each response that is a record or a list.
    """

    def __init__(self):
        self._below = httpx.AsyncHTTPTransport()
        self.sent, self.bodies, self.received = [], [], []

    async def handle_async_request(self, request):
        content = await request.aread()
        names, body = set(), None
        if request.headers.get("content-type", "").startswith("multipart"):
            names = {part.partition(b'"')[2].partition(b'"')[0].decode() for part in content.split(b"; name=")[1:]}
        elif content:
            body = json.loads(content)
            names = set(body)
        query = {name for name, _ in parse_qsl(request.url.query.decode(), keep_blank_values=True)}
        path = request.url.path.removeprefix("/v2")
        self.sent.append((request.method, path, query, names))
        self.bodies.append(body)
        response = await self._below.handle_async_request(request)
        content = await response.aread()
        if response.is_success and response.headers.get("content-type", "").startswith("application/json"):
            self.received.append((request.method, path, json.loads(content)))
        return httpx.Response(response.status_code, headers=response.headers, content=content)

    async def aclose(self):
        await self._below.aclose()


def methods(harvest):
    """Return all methods of all resources by name: `clients.list`."""
    found = {}
    for name in sorted(each for each in vars(HarvestV2) if _is_resource(harvest, each)):
        resource = getattr(harvest, name)
        for own in dir(resource):
            if not own.startswith("_") and callable(getattr(resource, own)):
                found[f"{name}.{own}"] = getattr(resource, own)
    return found


def _is_resource(harvest, name):
    return (
        not name.startswith("_")
        and not inspect.isfunction(vars(HarvestV2)[name])
        and hasattr(getattr(harvest, name), "_exchange")
    )


def arguments(name, method, ids, leave_out):
    """Return the positional and named arguments for a call of a method with all that it takes."""
    places, given = [], {}
    hints = typing.get_type_hints(method, include_extras=True)
    for each in inspect.signature(method).parameters.values():
        if each.kind is each.VAR_KEYWORD:
            fields = typing.get_args(hints[each.name])[0]
            given |= {field: value_of(name, field, kind, ids) for field, kind in fields.__annotations__.items()}
        elif each.name == "changed" or each.name in {"largest", "filename", "before"}:
            continue
        elif each.kind is each.KEYWORD_ONLY:
            given[each.name] = value_of(name, each.name, hints.get(each.name), ids)
        else:
            places.append(value_of(name, each.name, hints.get(each.name), ids))
    return places, {field: value for field, value in given.items() if field not in leave_out}


def needed(method, given):
    """Return those of the named arguments without which a method can't be called."""
    wanted = inspect.signature(method).parameters.values()
    return {
        each.name: given[each.name] for each in wanted if each.kind is each.KEYWORD_ONLY and each.default is each.empty
    }


def untyped(tree, record, where=""):
    """Yield the fields of a response's record that did not arrive in an attribute of their own."""
    for name, value in tree.items():
        place = f"{where}{name}"
        if name in record.extra or not hasattr(record, name):
            yield place
            continue
        own = getattr(record, name)
        if own is None and value is not None:
            yield place
        pairs = zip(value, own, strict=True) if isinstance(value, list) and own else [(value, own)]
        for each, inner in pairs:
            if isinstance(each, dict):
                yield from untyped(each, inner, f"{place}.") if has(type(inner)) else [place]


def value_of(name, field, kind, ids):
    """Return the value of an argument: a known one, an id of the account, or one of its type."""
    resource = name.partition(".")[0]
    if field in VALUES:
        return VALUES[field]
    if field == "id":
        return ids[ID_OF.get(name, ID_OF.get(resource, f"{resource.removesuffix('s')}_id"))]
    plain = field.removesuffix("_id").removesuffix("_ids")
    if f"{plain}_id" in ids:
        own = ids[f"{plain}_id"]
        return [own] if field.endswith("_ids") else own
    if field == "teammate_ids":
        return [1]
    if field == "line_items_import":
        return {"project_ids": [ids["project_id"]], "time": {"summary_type": "task"}}
    return _of_type(kind)


def _of_type(kind):
    for each in _plain_types(kind):
        if each in BY_TYPE:
            return BY_TYPE[each]
    return "Text"


def _plain_types(kind):
    """Yield the plain types in an annotation; numbers first, since texts are accepted for them too."""
    found = []
    stack = [kind]
    while stack:
        each = stack.pop(0)
        arguments_ = typing.get_args(each)
        if arguments_:
            stack += arguments_
        elif isinstance(each, type):
            found.append(each)
    return sorted(found, key=lambda each: list(BY_TYPE).index(each) if each in BY_TYPE else 99)


ID_OF = {
    "estimate_item_categories": "estimate_item_category_id",
    "estimate_messages": "message_id",
    "expense_categories": "expense_category_id",
    "invoice_item_categories": "invoice_item_category_id",
    "invoice_messages": "message_id",
    "invoice_payments": "payment_id",
    "time_entries": "time_entry_id",
    "users.billable_rate": "billable_rate_id",
    "users.cost_rate": "cost_rate_id",
}


def client_at(address, recorder):
    """Return a client that leads to a server, through a recorder."""
    return HarvestV2(
        1,
        auth=BearerAuth("sandbox-token"),
        app="tests (tests@example.com)",
        base_url=address,
        transport=recorder,
        throttle=Throttle(calls=5_000),
    )


def operation_of(method, path):
    """Return the operation of the published list that a request belongs to; None if there is none."""
    words = path.strip("/").split("/")
    for each in operations().values():
        places = each.path.strip("/").split("/")
        if each.method != method or len(places) != len(words):
            continue
        if all(
            place == word or (place.startswith("{") and word.isdecimal())
            for place, word in zip(places, words, strict=True)
        ):
            return each
    return None
