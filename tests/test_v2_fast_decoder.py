"""Each record of API v2 by both decoders of JSON lists: that of the extra `speed`, and the one that is always there."""

import importlib
import json
import pkgutil
from datetime import UTC, date, datetime, time
from decimal import Decimal
from types import NoneType
from typing import get_args, get_origin

import pytest
from attrs import NOTHING, fields, fields_dict, has, resolve_types
from hypothesis import given, settings
from hypothesis import strategies as st

from harvest_async import v2
from harvest_async.codec.envelope import Envelope
from harvest_async.codec.shape import shape_all
from harvest_async.codec.speed import fast_reader
from harvest_async.errors import DecodeError
from harvest_async.v2.export_tables import TABLES

MODULES = [importlib.import_module(f"{v2.__name__}.{each.name}") for each in pkgutil.iter_modules(v2.__path__)]
RECORDS = sorted(
    {
        kind
        for module in MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and has(kind) and "extra" in fields_dict(kind)
    }
    | {table.model for table in TABLES.values()},
    key=lambda kind: kind.__name__,
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))
PLAIN = {
    bool: st.booleans(),
    int: st.integers(0, 2**63 - 1),
    str: TEXTS,
    Decimal: st.integers(-(10**9), 10**9).map(lambda number: number / 100),
    date: DAYS.map(date.isoformat),
    datetime: st.datetimes(datetime(1990, 1, 1), timezones=st.just(UTC)).map(datetime.isoformat),
    time: st.sampled_from(["8:00am", "12:30pm", "16:45", "00:00"]),
    dict: st.just({}),
}
ODD = st.none() | st.booleans() | TEXTS | st.integers(-5, 5) | st.sampled_from([" 1 ", "1.50", "", [], {}, [{"id": 1}]])
"""Values that a field may have though its type is another one."""


def value_of(kind):
    """Return a strategy for a field's value in a response, as the API sends it."""
    if get_origin(kind) is list:
        return st.lists(value_of(get_args(kind)[0]), max_size=2)
    kinds = [each for each in get_args(kind) if each is not NoneType] or [kind]
    if has(kinds[0]):
        found = tree_of(kinds[0])
    elif kinds[0] in PLAIN:
        found = PLAIN[kinds[0]]
    else:
        found = st.sampled_from([*kinds[0]]).map(str) | TEXTS  # known and unknown values of an enumeration
    return st.none() | found if NoneType in get_args(kind) else found


def tree_of(model):
    """Return a strategy for the tree of a record; fields may be missing, but not its id and those without a default."""
    kinds = {each.name: each.type for each in fields(resolve_types(model)) if each.name != "extra"}
    defaults = {each.name: each.default for each in fields(model)}
    values = {name: value_of(kind) for name, kind in kinds.items()}
    needed = {name: values.pop(name) for name in [*values] if name == "id" or defaults[name] is NOTHING}
    return st.fixed_dictionaries(needed, optional=values)


def odd_tree_of(model):
    """Return a strategy for trees in which one field has a value of another type, or is unknown."""
    names = [each.name for each in fields(model) if each.name != "extra"]
    odd = st.dictionaries(st.sampled_from([*names, "new_field"]), ODD, max_size=1)
    return st.builds(dict.__or__, tree_of(model), odd)


def read(model, content, fast):
    """Return a text with all values and their types, or the error."""
    reader = Envelope("records", lambda trees: shape_all(trees, model), fast)
    try:
        return repr(reader.feed(content) + reader.close())
    except DecodeError as error:
        return str(error)


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_plain_records_are_read_by_the_fast_decoder(model, data):
    """Reads null, missing fields, and values that an enumeration does not have; all values are of the same types."""
    trees = data.draw(st.lists(tree_of(model), min_size=1, max_size=3))
    content = json.dumps(trees).encode()

    assert repr(shape_all(json.loads(content, parse_float=Decimal), model)) == repr(fast_reader(model, None)(content))


@pytest.mark.parametrize("model", RECORDS, ids=lambda model: model.__name__)
@settings(max_examples=15)
@given(data=st.data())
def test_both_decoders_read_equal_lists(model, data):
    """Returns equal records, or the same error, for unknown fields and for values of other types as well."""
    trees = data.draw(st.lists(odd_tree_of(model), max_size=3))
    content = json.dumps({"records": trees, "links": {}}).encode()

    assert read(model, content, None) == read(model, content, fast_reader(model, None))
