"""Records as dicts, as JSON and as types of Pydantic: all record types of both versions."""

import json
import pkgutil
import subprocess
import sys
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from importlib import import_module
from typing import Any, get_args

import jsonschema
import pytest
from attrs import evolve, fields, resolve_types
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from harvest_async import InvalidArgument, decimals_as
from harvest_async.client.record import Record
from harvest_async.v1 import models as v1
from harvest_async.v2.nested import ClientRef
from harvest_async.v2.time_entry_records import TimeEntry
from harvest_async.v2.user_assignments import UserAssignment
from tests.support.record_strategies import records_of

UNKNOWN = st.dictionaries(
    st.sampled_from(["new_field", "extra", "later"]),
    st.none() | st.integers() | st.text("abc") | st.just({"rate": Decimal("1.25"), "ids": [1, 2]}),
)
"""Fields that the library doesn't know."""


def record_types():
    """Yield all classes of records."""
    for name in ("v1.models", "v2"):
        package = import_module(f"harvest_async.{name}")
        for module in pkgutil.iter_modules(package.__path__):
            import_module(f"{package.__name__}.{module.name}")
    found = [Record]
    for kind in found:
        found += [each for each in kind.__subclasses__() if each.__module__.startswith("harvest_async.")]
    return sorted(set(found) - {Record}, key=lambda kind: (kind.__module__, kind.__qualname__))


# attrs makes a class with slots from another one of the same name, which stays among the subclasses for a while
TYPES = [kind for kind in record_types() if getattr(sys.modules[kind.__module__], kind.__name__) is kind]
ADAPTERS = {kind: TypeAdapter(kind) for kind in TYPES}

EVERY_TYPE = pytest.mark.parametrize("kind", TYPES, ids=lambda kind: f"{kind.__module__[14:16]}.{kind.__name__}")


@pytest.fixture
def texts():
    """The form of decimals is text while a test runs."""
    decimals_as("string")
    yield
    decimals_as("number")


def test_every_record_has_the_base():
    """All classes with unknown fields are records, and their instances have no `__dict__`."""
    assert len(TYPES) > 60
    assert not [kind for kind in TYPES if hasattr(kind, "__dict__") and "__dict__" in dir(kind)]


@EVERY_TYPE
@given(data=st.data())
@settings(max_examples=3)
def test_a_record_comes_back_equal(kind, data):
    """From its dict, from its JSON in both forms, and through Pydantic as Python values and as JSON."""
    record = data.draw(records_of(kind, extra=UNKNOWN))
    adapter = ADAPTERS[kind]

    assert kind.from_dict(record.to_dict()) == record
    for form in ("number", "string"):
        assert kind.from_json(record.to_json(decimals=form)) == record
        assert kind.from_dict(json.loads(record.to_json(decimals=form))) == record
    assert adapter.validate_python(adapter.dump_python(record)) == record
    assert adapter.validate_python(json.loads(adapter.dump_json(record))) == record
    assert adapter.validate_json(adapter.dump_json(record)) == record


@EVERY_TYPE
@given(data=st.data())
@settings(max_examples=1)
def test_the_json_of_a_record_is_what_its_schema_says(kind, data):
    """Responses match the schema of responses, and can be sent back as requests."""
    record = data.draw(records_of(kind))
    written = json.loads(ADAPTERS[kind].dump_json(record))

    for mode in ("serialization", "validation"):
        schema = ADAPTERS[kind].json_schema(mode=mode)
        jsonschema.Draft202012Validator(schema).validate(written)


@EVERY_TYPE
def test_a_schema_describes_all_fields(kind):
    """It has the class's name and description, each field, and every description of a field in the docstring."""
    schema = ADAPTERS[kind].json_schema(mode="serialization")
    names = [each.name for each in fields(kind) if each.name != "extra"]
    jsonschema.Draft202012Validator.check_schema(schema)

    assert schema["title"] == kind.__name__
    assert schema["description"]
    assert list(schema["properties"]) == schema["required"] == names
    assert all("anyOf" in each or "type" in each or "$ref" in each for each in schema["properties"].values())


def test_a_schema_has_the_descriptions_of_the_docstring():
    """The lines below `Attributes:` are those of the fields, and no part of the record's own."""
    schema = TypeAdapter(TimeEntry).json_schema()

    hours = schema["$defs"]["TimeEntry"] if "$defs" in schema and "TimeEntry" in schema["$defs"] else schema
    assert hours["properties"]["hours"]["description"] == "The hours; those of a running timer included."
    assert "Attributes" not in hours["description"]


ENTRY = TimeEntry(
    id=7,
    spent_date=date(2026, 1, 5),
    client=ClientRef(id=3, name="ACME"),
    hours=Decimal("1.50"),
    started_time=time(8),
    approval_status="new state",
    created_at=datetime(2026, 1, 5, 9, 0, tzinfo=timezone(timedelta(hours=1))),
    extra={"later": Decimal("0.1")},
)


def given_fields(tree):
    """The fields of a tree that are not None."""
    return {name: value for name, value in tree.items() if value is not None}


def test_a_dict_has_the_values_of_the_record():
    """Decimals, dates and aware times are as they were; records are dicts; unknown fields are among the others."""
    assert given_fields(ENTRY.to_dict()) == {
        "id": 7,
        "spent_date": date(2026, 1, 5),
        "client": {"id": 3, "name": "ACME", "currency": None},
        "hours": Decimal("1.50"),
        "started_time": time(8),
        "approval_status": "new state",
        "created_at": ENTRY.created_at,
        "later": Decimal("0.1"),
    }


def test_json_is_as_the_documentation_shows_it():
    """Numbers are numbers, moments are in UTC, times of day have am or pm."""
    assert given_fields(json.loads(ENTRY.to_json())) == {
        "id": 7,
        "spent_date": "2026-01-05",
        "client": {"id": 3, "name": "ACME", "currency": None},
        "hours": 1.5,
        "started_time": "8:00am",
        "approval_status": "new state",
        "created_at": "2026-01-05T08:00:00Z",
        "later": 0.1,
    }


@pytest.mark.usefixtures("texts")
def test_one_setting_makes_all_decimals_text():
    """In `to_json`, in Pydantic's JSON, and in the schema of responses; requests may have either."""
    adapter = TypeAdapter(v1.Task)
    task = v1.Task(id=1, default_hourly_rate=Decimal("90.00"))
    schemas = {mode: adapter.json_schema(mode=mode)["properties"] for mode in ("serialization", "validation")}
    kinds = {
        mode: [each["type"] for each in schema["default_hourly_rate"]["anyOf"]] for mode, schema in schemas.items()
    }

    assert json.loads(task.to_json())["default_hourly_rate"] == "90.00"
    assert json.loads(adapter.dump_json(task))["default_hourly_rate"] == "90.00"
    assert kinds == {"serialization": ["string", "null"], "validation": ["string", "number", "null"]}
    assert adapter.validate_python({"id": 1, "default_hourly_rate": 90.0}) == task


@pytest.mark.parametrize("form", ["float", None, "numbers"])
def test_an_unknown_form_of_decimals_is_refused(form):
    """The message lists the forms, and the setting stays as it was."""
    with pytest.raises(InvalidArgument, match="Choose from: number, string"):
        decimals_as(form)
    with pytest.raises(InvalidArgument, match="Choose from: number, string"):
        ENTRY.to_json(decimals=form or "")
    assert '"hours":1.5' in ENTRY.to_json()


def test_a_decimal_that_no_float_keeps_stays_exact():
    """It is text in JSON, and is read with all its digits."""
    task = v1.Task(id=1, default_hourly_rate=Decimal("12345678901234567.89"))

    assert v1.Task.from_json(task.to_json()) == task
    assert '"12345678901234567.89"' in task.to_json()


def test_a_record_without_id_is_a_draft():
    """The id is 0 where a record may be new, in records inside, too; an id that is null stays None."""
    assert v1.Client.from_dict({"name": "ACME"}) == v1.Client(name="ACME")
    assert TypeAdapter(v1.Client).validate_python({"name": "ACME"}) == v1.Client(name="ACME")
    inner = {"user_assignment": {"is_active": True}}
    assert TimeEntry.from_dict(inner) == TimeEntry(user_assignment=UserAssignment(is_active=True))
    assert v1.Client.from_dict({"id": None, "name": "ACME"}).id is None


def test_a_dict_may_hold_records_floats_and_other_names():
    """What programs write by hand is read as well as what `to_dict` returns."""
    made = {"client": ClientRef(id=3), "hours": 1.1, "spent_date": date(2026, 1, 5), "rounded_hours": "2"}

    assert TimeEntry.from_dict(made) == TimeEntry(
        client=ClientRef(id=3), hours=Decimal("1.1"), spent_date=date(2026, 1, 5), rounded_hours=Decimal(2)
    )
    for read in (v1.Project.from_dict, TypeAdapter(v1.Project).validate_python):
        assert read({"cost_budget_includes_expenses": True}) == v1.Project(cost_budget_include_expenses=True)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hours": "many"}, r"TimeEntry.from_dict: .*decimal number, got 'many'.*hours"),
        ({"hours": float("nan")}, "decimal number, got nan.*hours"),
        ({"created_at": datetime(2026, 1, 5)}, "a datetime, got .*created_at"),
        ({"client": {"id": "x"}}, r"whole number, got 'x' @ \$.client.id"),
        (["hours"], "give a dict"),
    ],
)
def test_a_value_of_the_wrong_type_is_named(values, message):
    """The message has the place of the field, its value, and what is expected."""
    with pytest.raises(InvalidArgument, match=message):
        TimeEntry.from_dict(values)


@pytest.mark.parametrize("levels", [101, 900])
def test_unknown_fields_that_are_nested_too_deeply_are_refused(levels):
    """Names the limit of a record's values, which responses have, too."""
    text = '{"odd":' + "[" * levels + "]" * levels + "}"

    with pytest.raises(InvalidArgument, match=r"Client\.from_dict: nested deeper than 100 levels"):
        v1.Client.from_json(text)
    with pytest.raises(InvalidArgument, match=r"TimeEntry\.from_dict: nested deeper than 100 levels"):
        TimeEntry.from_dict(json.loads(text))
    with pytest.raises(ValidationError, match="nested deeper than 100 levels"):
        TypeAdapter(TimeEntry).validate_python(json.loads(text))


@pytest.mark.parametrize("text", ["", "<html>", b"\xff", "[1"])
def test_text_that_is_no_json_is_refused(text):
    """The message has the reader's reason."""
    with pytest.raises(InvalidArgument, match=r"Client\.from_json"):
        v1.Client.from_json(text)


@pytest.mark.parametrize("value", [Decimal("NaN"), object(), datetime(2026, 1, 5)])
def test_what_json_has_no_form_for_is_refused(value):
    """An unknown field with such a value can't be written."""
    with pytest.raises(InvalidArgument, match="JSON has no form"):
        evolve(ENTRY, extra={"odd": value}).to_json()


def test_errors_of_pydantic_have_the_place_of_the_field():
    """Each wrong value is an error of its own, in records inside as well."""
    wrong = {"hours": "many", "client": {"id": "x"}, "rounded_hours": Decimal("NaN"), "spent_date": 5}

    with pytest.raises(ValidationError) as caught:
        TypeAdapter(list[TimeEntry]).validate_python([wrong])

    places = {each["loc"] for each in caught.value.errors()}
    assert places == {(0, "hours"), (0, "client", "id"), (0, "rounded_hours"), (0, "spent_date")}


def test_a_list_of_texts_is_a_list():
    """Pydantic refuses a text where the record has a list of texts."""
    from harvest_async.v2.invoice_records import Invoice

    with pytest.raises(ValidationError, match="a list"):
        TypeAdapter(Invoice).validate_python({"payment_options": "ach"})
    assert TypeAdapter(Invoice).validate_python({"payment_options": ["ach"]}).payment_options == ["ach"]


def test_fields_are_left_out_where_pydantic_leaves_them_out():
    """`exclude_none`, `exclude_defaults`, `include` and `exclude` have their meaning, in records inside as well."""
    adapter = TypeAdapter(TimeEntry)
    entry = TimeEntry(id=7, client=ClientRef(id=3), hours=Decimal(1))
    short = {"id": 7, "client": {"id": 3}, "hours": 1}

    assert adapter.dump_python(entry, mode="json", exclude_none=True) == short
    assert adapter.dump_python(entry, mode="json", exclude_defaults=True) == short
    assert adapter.dump_python(entry, mode="json", include={"id": True, "client": {"id"}}) == {
        "id": 7,
        "client": {"id": 3},
    }
    written = adapter.dump_python(entry, exclude={"hours": True, "client": {"name"}})
    assert ("hours" in written, written["client"]) == (False, {"id": 3, "currency": None})


def test_parts_of_lists_in_a_record_are_selected():
    """By their place, or all of them."""
    day = v1.Daily(day_entries=[v1.DayEntry(id=1), v1.DayEntry(id=2)])
    select = TypeAdapter(v1.Daily).dump_python

    assert select(day, include={"day_entries": {"__all__": {"id"}}}) == {"day_entries": [{"id": 1}, {"id": 2}]}
    assert "notes" not in select(day, exclude={"day_entries": {0: {"notes"}}})["day_entries"][0]
    assert "notes" in select(day, exclude={"day_entries": {0: {"notes"}}})["day_entries"][1]


def test_a_record_is_written_where_its_type_is_not_named():
    """Pydantic writes it inside `dict[str, Any]`."""
    assert json.loads(TypeAdapter(dict[str, Any]).dump_json({"client": v1.Client(id=1)}))["client"]["id"] == 1


def test_pydantic_is_imported_only_when_it_asks():
    """Programs that make records and JSON of them pay nothing for it."""
    code = (
        "import sys\nfrom harvest_async.v1.models import Client\nfrom harvest_async.v2.clients import Client as New\n"
        "print(Client.from_json(Client(name='ACME').to_json()).name, New().to_dict()['id'], 'pydantic' in sys.modules)"
    )

    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True)

    assert ran.stdout.split() == ["ACME", "0", "False"]


def test_moments_and_times_keep_what_they_have():
    """Fractions of a second and seconds are written where there are any."""
    entry = TimeEntry(
        created_at=datetime(2026, 1, 5, 9, 0, 0, 250_000, tzinfo=UTC),
        started_time=time(8, 0, 5),
        ended_time=time(16, 5),
    )
    written = json.loads(entry.to_json())

    assert TimeEntry.from_dict(written) == entry
    assert (written["started_time"], written["ended_time"]) == ("08:00:05", "4:05pm")


def test_types_of_fields_are_covered():
    """A field of a new type needs a schema: the leaves are those of the strategies."""
    kinds = {each.type for kind in TYPES for each in fields(resolve_types(kind)) if each.name != "extra"}

    assert all(get_args(kind) or isinstance(kind, type) for kind in kinds)
