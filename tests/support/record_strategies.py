"""Hypothesis strategies for records: any values that the types of their fields allow."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from types import NoneType
from typing import get_args, get_origin

from attrs import fields, has, resolve_types
from hypothesis import strategies as st

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=12)

PLAIN = {
    bool: st.booleans(),
    int: st.integers(1, 2**53),
    str: TEXTS,
    Decimal: st.decimals(-(10**6), 10**6, places=2),
    date: st.dates(date(2000, 1, 1), date(2099, 12, 31)),
    datetime: st.datetimes(datetime(2000, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),
    time: st.times().map(lambda each: each.replace(second=0, microsecond=0)),
}
"""Strategies by type."""


def of_type(kind):
    """Return a strategy for the values of a field's type."""
    kinds = [each for each in get_args(kind) if each is not NoneType] or [kind]
    if get_origin(kind) is list:
        return st.lists(of_type(kinds[0]), max_size=3)
    if get_origin(kind) is dict:
        return st.just({})
    (first, *_) = kinds
    if has(first):
        found = records_of(first)
    elif issubclass(first, Enum):
        found = st.sampled_from(first)
    elif first not in PLAIN:
        found = st.sampled_from(["Euro - EUR", "United States Dollar - USD", "XTS"]).map(first)
    else:
        found = PLAIN[first]
    return st.none() | found if NoneType in get_args(kind) else found


def records_of(model, **own):
    """Return a strategy for the records of a class; `own` has strategies of single fields."""
    kinds = {each.name: each.type for each in fields(resolve_types(model))}
    return st.builds(model, **({name: of_type(kind) for name, kind in kinds.items()} | own))
