"""Records that are converted into those of the other API version and back: equal but for what is listed as lost."""

from decimal import Decimal

import pytest
from attrs import asdict, evolve, fields, has
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from harvest_async import migrate
from harvest_async.v1 import models as v1
from harvest_async.v2.clients import Client
from harvest_async.v2.company import Company
from harvest_async.v2.contacts import Contact
from harvest_async.v2.entry_refs import MessageRecipient
from harvest_async.v2.expense_categories import ExpenseCategory
from harvest_async.v2.expenses import Expense
from harvest_async.v2.invoice_item_categories import InvoiceItemCategory
from harvest_async.v2.invoice_messages import InvoiceMessage
from harvest_async.v2.invoice_payments import InvoicePayment
from harvest_async.v2.invoice_records import Invoice
from harvest_async.v2.projects import Project
from harvest_async.v2.task_assignments import TaskAssignment
from harvest_async.v2.tasks import Task
from harvest_async.v2.time_entry_records import TimeEntry
from harvest_async.v2.user_assignments import UserAssignment
from harvest_async.v2.users import User
from tests.support.record_strategies import PLAIN, TEXTS, of_type, records_of

EXAMPLES = 25

LINES = st.lists(
    st.builds(
        v1.LineItem,
        kind=TEXTS.map(str.strip),
        description=TEXTS,
        quantity=PLAIN[Decimal],
        unit_price=PLAIN[Decimal],
        amount=st.none() | PLAIN[Decimal],
        taxed=st.booleans(),
        taxed2=st.booleans(),
        project_id=st.none() | st.integers(1, 99),
    ),
    max_size=3,
).map(v1.write_lines)
TERMS = st.sampled_from(["NET 30", "NET 7", "upon receipt"])
RECIPIENTS = st.sampled_from(
    ["Jane Doe <jane@example.com>", '"Doe, Jane" <jane@example.com>, max@example.com', '"Ünal \\"U\\"" <u@example.com>']
)
TWICE = {"estimate": None}
NO_CACHE = {"cache_version": None}

ONLY_V1 = {
    v1.Client: {
        **NO_CACHE,
        "currency_symbol": None,
        "address": None,
        "highrise_id": None,
        "default_invoice_timeframe": None,
        "default_invoice_kind": None,
        "last_invoice_kind": None,
    },
    v1.Contact: {},
    v1.Project: {
        **NO_CACHE,
        **TWICE,
        "estimate_by": None,
        "hint_earliest_record_at": None,
        "hint_latest_record_at": None,
        "basecamp_id": None,
        "highrise_deal_id": None,
        "active_task_assignments_count": None,
        "active_user_assignments_count": None,
    },
    v1.Task: NO_CACHE,
    v1.Person: {
        "department": None,
        "wants_newsletter": None,
        "identity_account_id": None,
        "identity_user_id": None,
    },
    v1.Me: {"timezone_identifier": None, "timezone_utc_offset": None, "timestamp_timers": None},
    v1.TaskAssignment: TWICE,
    v1.UserAssignment: TWICE,
    v1.DayEntry: {"hours_with_timer": None, "hours_for_previously_running_timer": None},
    v1.ReportEntry: {"hours_with_timer": None, "adjustment_record": None},
    v1.Expense: {"company_id": None, "has_receipt": True, "receipt_url": "https://example.com/receipt"},
    v1.ExpenseCategory: NO_CACHE,
    v1.Invoice: {
        "kind": None,
        "projects_to_invoice": None,
        "import_hours": None,
        "import_expenses": None,
        "expense_summary_type": None,
        "expense_period_start": None,
        "expense_period_end": None,
    },
    v1.InvoiceItemCategory: {},
    v1.InvoiceMessage: {"invoice_id": None, "recipients": None},
    v1.InvoicePayment: {"invoice_id": None},
    v1.Company: {},
}
"""The fields of v1 that v2 has no form for, with the values that lose nothing."""

SPECIAL = {
    v1.Invoice: {"csv_line_items": LINES, "due_at_human_format": TERMS},
    v1.InvoiceMessage: {"full_recipient_list": RECIPIENTS},
}
"""Fields of v1 whose texts have a form."""

V2 = (
    Client, Company, Contact, Expense, ExpenseCategory, Invoice, InvoiceItemCategory, InvoiceMessage, InvoicePayment,
    Project, Task, TaskAssignment, TimeEntry, User, UserAssignment,
)  # fmt: skip

GAINED = {"has_receipt", "timezone_identifier", "is_running", "payment_term"}
"""Fields that may have a value after the way there and back, although they had none."""


def there_and_back(record):
    """Return the conversion of a record of v1, and the record of v1 that is made from the result."""
    converted = migrate.to_v2(record, lossy=True)
    into = type(record) if isinstance(record, v1.ReportEntry | v1.Me) else None
    return converted, migrate.to_v1(converted.record, lossy=True, into=into).record


def plain(record):
    """Return the fields of a record; blank texts are None, and lines and recipients are read."""
    values = {each.name: getattr(record, each.name) for each in fields(type(record))}
    values = {name: None if value == "" else _without_nothing(value) for name, value in values.items()}
    if values.get("csv_line_items"):
        values["csv_line_items"] = v1.read_lines(values["csv_line_items"])
    return values


def names(lost):
    """Return the names of the fields that something was lost of."""
    return {each.path.partition(".")[0].partition("[")[0] for each in lost}


@pytest.mark.parametrize("model", ONLY_V1, ids=lambda model: model.__name__)
def test_v1_to_v2_and_back_is_equal_where_nothing_is_lost(model):
    """Gets the same record back, and lists nothing, if v2 has a form for all of its values."""
    fixed = {name: st.just(value) for name, value in ONLY_V1[model].items()}

    @settings(max_examples=EXAMPLES)
    @given(records_of(model, **fixed, **SPECIAL.get(model, {})))
    def check(record):
        if model is v1.Invoice:
            in_part = record.amount and record.due_amount and 0 < record.due_amount < record.amount
            assume(not (record.state == "open" and in_part) and not (record.state == "partial" and not in_part))
        converted, back = there_and_back(record)
        assert converted.lost == ()
        had, found = plain(record), plain(back)
        gained = {name for name, value in had.items() if value is None and found[name] is not None}
        assert gained <= GAINED
        assert {name: found[name] for name in had if name not in gained} == {
            name: value for name, value in had.items() if name not in gained
        }

    check()


@pytest.mark.parametrize("model", ONLY_V1, ids=lambda model: model.__name__)
def test_all_that_v1_loses_is_listed(model):
    """Lists each field that differs after the way to v2 and back, with its value."""

    @settings(max_examples=EXAMPLES)
    @given(records_of(model, **({"csv_line_items": LINES} if model is v1.Invoice else {})))
    def check(record):
        converted, back = there_and_back(record)
        had, found = plain(record), plain(back)
        assume("currency" not in had or had["currency"] is None or had["currency"].code)
        differing = {name for name, value in had.items() if value is not None and value != found[name]}
        assert differing - {"full_recipient_list"} <= names(converted.lost)
        for each in converted.lost:
            if "." not in each.path:
                assert each.value == getattr(record, each.path)

    check()


@pytest.mark.parametrize("model", V2, ids=lambda model: model.__name__)
def test_all_that_v2_loses_is_listed(model):
    """Lists each field that differs after the way to v1 and back."""

    @settings(max_examples=EXAMPLES)
    @given(records_of(model))
    def check(record):
        converted = migrate.to_v1(record, lossy=True)
        back = migrate.to_v2(converted.record, lossy=True).record
        lost = names(converted.lost)
        for each in fields(model):
            had, found = getattr(record, each.name), getattr(back, each.name)
            if had not in (None, [], "") and each.name not in lost and each.name not in GAINED:
                assert _without_nothing(had) == _without_nothing(found), each.name

    check()


def _without_nothing(value):
    """Return a value, a nested record without values as None; a recipient is named by the address if not otherwise."""
    if isinstance(value, MessageRecipient):
        value = evolve(value, name=value.name or value.email)
    if isinstance(value, list):
        return [each for each in map(_without_nothing, value) if each is not None]
    return None if has(type(value)) and not any(asdict(value).values()) else value


def test_unknown_fields_are_kept():
    """Keeps the fields that the library does not know, both ways."""
    record = v1.Task(id=7, name="Design", extra={"colour": "red"})

    converted, back = there_and_back(record)

    assert converted.record == Task(id=7, name="Design", extra={"colour": "red"})
    assert back == record


@given(of_type(v1.Client), st.booleans())
def test_a_lossy_conversion_changes_nothing_else(client, is_active):
    """Gives the same record whether losses are accepted one by one or all."""
    changed = evolve(client, active=is_active)
    converted = migrate.to_v2(changed, lossy=True)

    assert migrate.to_v2(changed, lossy=[each.path for each in converted.lost]) == converted
