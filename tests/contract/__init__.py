"""The contract of API v1 as data, in a form of its own: what tests check the client and the sandbox against.

`endpoints.txt`, `fields.txt` and `quirks.txt` hold the facts, each with its notation in its first lines. This package
reads them, and imports nothing of the client.
"""

import re
from functools import cache
from pathlib import Path

from attrs import evolve, field, frozen

HERE = Path(__file__).parent

# The names below which records are: JSON record, JSON list element, XML record, XML list (None: bare).
ROOTS = {
    "account.who_am_i": (None, None, "hash", None),
    "account.rate_limit_status": (None, None, "hash", None),
    "time_tracking.timer": (None, None, "timer", None),
    "time_tracking.daily": (None, None, "daily", None),
    "clients": ("client", "client", "client", "clients"),
    "contacts": ("contact", "contact", "contact", "contacts"),
    "projects": ("project", "project", "project", "projects"),
    "tasks": ("task", "task", "task", "tasks"),
    "people": ("user", "user", "user", "users"),
    "task_assignments": ("task_assignment", "task_assignment", "task-assignment", "task-assignments"),
    "user_assignments": ("user_assignment", "user_assignment", "user-assignment", "user-assignments"),
    "expense_categories": ("expense_category", "expense_category", "expense-category", "expense-categories"),
    "expenses": ("expense", "expense", "expense", "expenses"),
    "invoices": ("invoice", "invoices", "invoice", "invoices"),
    "invoice_item_categories": (
        "invoice_category", "invoice_category", "invoice-item-category", "invoice-item-categories",
    ),
    "invoice_messages": ("message", "message", "invoice-message", "invoice-message"),
    "invoice_payments": ("payment", "payment", "payment", "payments"),
    "reports.day_entry": ("day_entry", "day_entry", "day-entry", "day-entries"),
}  # fmt: skip


@frozen
class Endpoint:
    """One endpoint."""

    name: str
    method: str
    path: str
    success: int
    location: str | None
    role: str
    repeat: str
    query: dict[str, str] = field(factory=dict)
    body: tuple[str | None, str] | None = None
    required: tuple[str, ...] = ()
    one_of: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()

    @property
    def resource(self):
        return self.name.partition(".")[0]

    def matches(self, method, path):
        """Whether a request is one for this endpoint."""
        return method == self.method and bool(fits(self.path, path))


@frozen
class Field:
    """One field of a record; `xml` is its element's name."""

    name: str
    xml: str
    type: str
    nullable: bool = False
    read_only: bool = False
    words: tuple[str, ...] = ()
    also: str | None = None


def fits(template, path):
    """A path against a template with {places}: the match, or None."""
    return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), path)


@cache
def endpoints():
    """All endpoints by name."""
    found = {}
    for line in _lines("endpoints.txt"):
        if not line.startswith(" "):
            found[line.split()[0]] = current = _head(line)
            continue
        key, _, words = line.strip().partition(": ")
        found[current.name] = current = _with(current, key, words.split())
    return found


def endpoint_of(method, path):
    """The endpoint that a request is for; one with a literal path before one with places."""
    fitting = [each for each in endpoints().values() if each.matches(method, path)]
    assert fitting, f"the contract has no {method} {path}"

    return min(fitting, key=lambda each: each.path.count("{"))


@cache
def fields():
    """The fields of records, by resource or part of it, each by name."""
    found = {}
    for line in _lines("fields.txt"):
        if line.startswith("["):
            name, _, style = line[1:].partition("]")
            part = found[name] = {}
            continue
        made = _field(line, underscores="underscores" in style)
        part[made.name] = made
    found["time_tracking.timer"] |= found["time_tracking.day_entry"]
    return found


@cache
def quirks():
    """Where each quirk is met, by its id."""
    return {name: tuple(where.split()) for name, where in (line.split(": ") for line in _lines("quirks.txt"))}


_PARTS = {
    "account.who_am_i": "account.who_am_i",
    "account.rate_limit_status": "account.rate_limit_status",
    "time_tracking.daily": "time_tracking.daily",
    "time_tracking.daily_for_date": "time_tracking.daily",
    "reports.project_entries": "reports.day_entry",
    "reports.user_entries": "reports.day_entry",
    "reports.user_expenses": "expenses",
    "reports.project_expenses": "expenses",
}
_SENT_PARTS = {
    "task_assignments.create": "tasks",
    "task_assignments.create_with_new_task": "tasks",
    "user_assignments.create": "people",
}


def part_of(endpoint):
    """Return the part of `fields` that an endpoint responds with."""
    resource = "time_tracking.timer" if endpoint.resource == "time_tracking" else endpoint.resource
    return _PARTS.get(endpoint.name, resource)


def sent_part_of(endpoint):
    """Which part of `fields` an endpoint's body is made of."""
    return _SENT_PARTS.get(endpoint.name, part_of(endpoint))


def answers_with_a_record(endpoint):
    """Whether the contract promises a body."""
    return endpoint.name == "time_tracking.create" or (endpoint.method == "GET" and endpoint.resource != "receipts")


def answers_with_a_list(endpoint):
    """Whether that body is a list."""
    return "list" in endpoint.name or endpoint.resource == "reports"


def _lines(name):
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


def _head(line):
    call, _, rest = line.partition(" -> ")
    reply, role, repeat = rest.split("; ")
    name, method, path = call.split()
    success, location = reply.split()
    return Endpoint(name, method, path, int(success), None if location == "-" else location, role, repeat)


def _with(endpoint, key, words):
    if key == "query":
        return evolve(endpoint, query=dict(word.split("=") for word in words))
    if key == "body":
        json_root, xml_root = words
        return evolve(endpoint, body=(None if json_root == "-" else json_root, xml_root))
    return evolve(endpoint, **{key: tuple(words)})


def _field(line, *, underscores):
    reply, _, words = line.partition(" {")
    name, kind, *flags = reply.split()
    known = tuple(words.removesuffix("}").split("|")) if words else ()
    xml = name if underscores else name.replace("_", "-")
    also = next((flag.partition(":")[2] for flag in flags if flag.startswith("also:")), None)
    return Field(name, xml, kind, "null" in flags, "read_only" in flags, known, also)
