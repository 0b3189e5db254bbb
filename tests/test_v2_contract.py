"""The client of API v2 has each operation, parameter, body field and record field of the published list."""

import pkgutil
import re
from importlib import import_module
from typing import get_args

import pytest
from attrs import fields_dict, has, resolve_types

import harvest_async.v2
from harvest_async.client.drafts import Form
from harvest_async.client.endpoints import Endpoint
from tests.contract.v2 import operations, records

MODULES = [import_module(f"harvest_async.v2.{each.name}") for each in pkgutil.iter_modules(harvest_async.v2.__path__)]
ROWS = {
    each.operation: each
    for module in MODULES
    for each in vars(module).values()
    if isinstance(each, Endpoint) and each.operation
}
NAMES = sorted(operations())
BESIDE = {"receipt"}
"""Fields that are files, which the methods of the resource take beside the form."""
FORMS = {
    "createBillableRate": ("user_rates", "BILLABLE_FORM"),
    "createCostRate": ("user_rates", "COST_FORM"),
    "updateUserAssignedTeammates": ("user_rates", "TEAMMATES_FORM"),
}


def form_of(row):
    """Return the form of an endpoint's body."""
    module, name = FORMS.get(row.operation, (row.name.partition(".")[0], "FORM"))
    found = getattr(import_module(f"harvest_async.v2.{module}"), name)
    assert isinstance(found, Form)
    return found


def plain(path):
    """Return a path whose places have no names."""
    return re.sub(r"\{\w+\}", "{}", path)


@pytest.mark.parametrize("name", NAMES)
def test_each_operation_has_a_row_with_its_method_and_path(name):
    """The row names the operation's id and sends to its path."""
    expected = operations()[name]

    row = ROWS[name]

    assert (row.method, plain(row.template)) == (expected.method, plain(expected.path))


def test_no_row_names_an_unknown_operation():
    """Each operation's id is one of the published list."""
    assert ROWS.keys() <= operations().keys()


@pytest.mark.parametrize("name", NAMES)
def test_each_operation_takes_its_parameters(name):
    """No parameter of the query is missing or in excess."""
    assert set(ROWS[name].parameters) == set(operations()[name].query)


@pytest.mark.parametrize("name", [name for name in NAMES if operations()[name].body])
def test_each_write_takes_its_fields(name):
    """No field of the body is missing or in excess."""
    expected, row = operations()[name], ROWS[name]
    form = form_of(row)

    known = form.new if expected.method == "POST" else form.change

    assert set(known) == set(expected.body) - BESIDE


@pytest.mark.parametrize(
    "name", [name for name in NAMES if operations()[name].required and operations()[name].method == "POST"]
)
def test_each_create_needs_its_required_fields(name):
    """A field that must be given is an argument; users also need a last name."""
    assert set(form_of(ROWS[name]).needed) == operations()[name].required


@pytest.mark.parametrize("name", [name for name in NAMES if operations()[name].record != "-"])
def test_each_record_has_its_fields(name):
    """No field of a record is missing or in excess, and no field of a nested record is missing."""
    key, _, record = operations()[name].record.rpartition(":")
    result, expected = ROWS[name].result, records()[record]
    one = getattr(result, "result", result)
    known = resolve_types(one.model) and fields_dict(one.model)
    nested = {
        field: inner.rstrip("}").split(",") for field, _, inner in (each.partition("{") for each in expected) if inner
    }

    assert (one.root, set(known) - {"extra"}) == (key, {each.partition("{")[0] for each in expected})
    assert not [
        (field, each) for field, inner in nested.items() for each in inner if each not in inner_fields(known[field])
    ]


def inner_fields(field):
    """Return the fields of a nested record."""
    return fields_dict(next(each for each in get_args(field.type) if has(each)))
