"""The kinds of records that both API versions have: how a client of either version writes and reads each.

Fields have neutral names in the model. A kind's `names` maps each to its names in v1 and v2; values that differ are
converted by `to_v1`, `to_v2`, `from_v1` and `from_v2`.
"""

from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 31))
HOURS = st.decimals("0.01", "24", places=2)
MONEY = st.decimals("0.01", "9999", places=2)
TEXT = st.text("abc äöü&<\"'", min_size=1, max_size=12).map(str.strip).filter(bool)
NAMES = "Name {}"
"""Names are unique: the account refuses those that are taken."""

FLAGS = st.booleans()


def same(value):
    return value


def negated(value):
    return not value


def blank_as_none(value):
    return value or None


def currency_code(value):
    return (value or "").rpartition(" - ")[2]


class Field:
    """One field of a kind: its names, its values, and how they are converted."""

    def __init__(self, v1, v2=None, values=TEXT, *, read=same, write=same, changes=True, nested=False):
        self.names = {"v1": v1, "v2": v2 or v1}
        self.values, self.changes, self.nested = values, changes, nested
        self.read = {"v1": read, "v2": same} if not isinstance(read, dict) else read
        self.write = {"v1": write, "v2": same} if not isinstance(write, dict) else write


class Kind:
    """One kind of record.

    Attributes:
        name: its neutral name.
        resources: its resource in v1 and v2.
        fields: its fields by neutral name.
        parents: the kinds that it refers to: the field that has the id, by neutral name of the kind.
        path: the parent that is a part of the path, if any.
        archive: the field that archives it, if any.
        deletable: whether nothing else refers to it.
    """

    def __init__(self, name, resources, fields, *, parents=(), path=None, deletable=True, extra=None):
        self.name, self.resources, self.fields = name, dict(zip(("v1", "v2"), resources, strict=True)), fields
        self.parents, self.path, self.deletable, self.extra = parents, path, deletable, extra or {}


ACTIVE_V1 = Field("deactivated", "is_active", FLAGS, read=negated, write=negated)


def of(kind):
    """Return the field for the id of another record."""
    return Field(f"{kind}_id", values=None, changes=False, nested=True)


KINDS = {
    each.name: each
    for each in (
        Kind(
            "client",
            ("clients", "clients"),
            {
                "name": Field("name", values=NAMES),
                "address": Field("details", "address", read={"v1": blank_as_none, "v2": blank_as_none}),
                "currency": Field("currency", values=st.sampled_from(["EUR", "GBP", "USD"]), read=currency_code),
            },
        ),
        Kind(
            "contact",
            ("contacts", "contacts"),
            {
                "client": of("client"),
                "first_name": Field("first_name"),
                "last_name": Field("last_name"),
                "title": Field("title"),
                "phone": Field("phone_office"),
            },
            parents=("client",),
        ),
        Kind(
            "project",
            ("projects", "projects"),
            {
                "client": of("client"),
                "name": Field("name", values=NAMES),
                "billable": Field("billable", "is_billable", FLAGS),
                "code": Field("code", values=NAMES, changes=False),
                "notes": Field("notes"),
                "starts_on": Field("starts_on", values=DAYS),
            },
            parents=("client",),
            extra={"v2": {"bill_by": "none", "budget_by": "none"}},
        ),
        Kind(
            "task",
            ("tasks", "tasks"),
            {
                "name": Field("name", values=NAMES),
                "billable": Field("billable_by_default", values=FLAGS),
                "rate": Field("default_hourly_rate", values=MONEY),
            },
        ),
        Kind(
            "user",
            ("people", "users"),
            {
                "email": Field("email", values="p{}@example.com", changes=False),
                "first_name": Field("first_name"),
                "last_name": Field("last_name"),
                "contractor": Field("is_contractor", values=FLAGS),
            },
            deletable=False,
        ),
        Kind(
            "task_assignment",
            ("task_assignments", "task_assignments"),
            {
                "task": of("task"),
                "billable": Field("billable", values=FLAGS),
                "active": ACTIVE_V1,
                "budget": Field("budget", values=HOURS),
            },
            parents=("project", "task"),
            path="project",
        ),
        Kind(
            "user_assignment",
            ("user_assignments", "user_assignments"),
            {"user": of("user"), "manager": Field("is_project_manager", values=FLAGS), "active": ACTIVE_V1},
            parents=("project", "user"),
            path="project",
        ),
        Kind(
            "entry",
            ("time", "time_entries"),
            {
                "project": of("project"),
                "task": of("task"),
                "day": Field("spent_at", "spent_date", DAYS),
                "hours": Field("hours", values=HOURS),
                "notes": Field("notes", read={"v1": blank_as_none, "v2": blank_as_none}),
            },
            parents=("task_assignment",),
        ),
        Kind(
            "category",
            ("expense_categories", "expense_categories"),
            {
                "name": Field("name", values=NAMES),
                "unit_name": Field("unit_name"),
                "unit_price": Field("unit_price", values=MONEY),
            },
        ),
        Kind(
            "expense",
            ("expenses", "expenses"),
            {
                "project": of("project"),
                "expense_category": of("expense_category"),
                "day": Field("spent_at", "spent_date", DAYS),
                "cost": Field("total_cost", values=MONEY),
                "notes": Field("notes", read={"v1": blank_as_none, "v2": blank_as_none}),
                "billable": Field("billable", values=FLAGS),
            },
            parents=("project", "category"),
        ),
        Kind(
            "item_category",
            ("invoice_item_categories", "invoice_item_categories"),
            {"name": Field("name", values=NAMES)},
        ),
    )
}

PAID_AT = datetime(2026, 2, 1, 12, tzinfo=UTC)


def number_of(lines):
    """Return the sum of lines as (quantity, price)."""
    return sum((quantity * price for quantity, price in lines), Decimal()).quantize(Decimal("0.01"))
