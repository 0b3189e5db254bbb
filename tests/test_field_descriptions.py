"""What OpenAPI says of the records' fields: the docstrings, and the file of each API version."""

import subprocess
import sys

import pytest
from attrs import field, fields_dict, frozen

from harvest_async.client.field_descriptions import COMMON, described_fields, description_of, descriptions_in
from harvest_async.v1.models import Client
from tests.test_record_forms import ADAPTERS, EVERY_TYPE, TYPES

FOLDERS = sorted({kind.__module__.split(".")[1] for kind in TYPES})
EVERY_FOLDER = pytest.mark.parametrize("folder", FOLDERS)


def own_fields(kind):
    """The names of a class's fields, without that of unknown fields."""
    return set(fields_dict(kind)) - {"extra"}


def classes_of(folder):
    """The classes of records in a part of the library, by name; several may have one name."""
    found = {}
    for kind in TYPES:
        if kind.__module__.split(".")[1] == folder:
            found.setdefault(kind.__name__, []).append(kind)
    return found


@EVERY_TYPE
def test_every_field_has_a_description(kind):
    """Each field of each record, also as a draft in a request: a sentence that ends with a full stop."""
    described = described_fields(kind)

    assert set(described) == own_fields(kind)
    assert [text for text in described.values() if not (text[0].isupper() and text.endswith("."))] == []
    assert description_of(kind).endswith(".")


@EVERY_TYPE
@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_the_schema_of_a_record_has_the_descriptions(kind, mode):
    """In requests and in responses, for records in records too."""
    schema = ADAPTERS[kind].json_schema(mode=mode)
    name = schema.get("$ref", "").rpartition("/")[2]
    properties = (schema["$defs"][name] if name else schema)["properties"]

    assert {name: each["description"] for name, each in properties.items()} == described_fields(kind)


@EVERY_FOLDER
def test_no_description_is_of_a_missing_field(folder):
    """Each table has the name of a class, and each text in it that of a field; those in `common` are used."""
    classes, tables = classes_of(folder), dict(descriptions_in(f"harvest_async.{folder}.any"))
    common = tables.pop(COMMON, {})
    known = {name: set().union(*map(own_fields, kinds)) for name, kinds in classes.items()}
    unknown = {(kind, name) for kind, table in tables.items() for name in set(table) - known.get(kind, set())}

    assert unknown == set()
    used = {text for kinds in classes.values() for kind in kinds for text in described_fields(kind).values()}
    assert [name for name, text in common.items() if text not in used] == []


@EVERY_FOLDER
def test_no_text_in_a_table_repeats_that_of_common(folder):
    """A text that is the same in `common` is not given again."""
    tables = dict(descriptions_in(f"harvest_async.{folder}.any"))
    common = tables.pop(COMMON, {})

    assert [(kind, name) for kind, table in tables.items() for name in table if table[name] == common.get(name)] == []


def test_a_field_is_described_once():
    """A docstring that describes a field leaves nothing to the file of its version."""
    twice = [
        (kind.__name__, name)
        for kind in TYPES
        for name in descriptions_in(kind.__module__).get(kind.__name__, {})
        if f"    {name}: " in (kind.__doc__ or "")
    ]

    assert twice == []


def test_a_subclass_has_the_descriptions_of_its_base():
    """A record class of an app: what its own docstring says comes before what the library says."""

    @frozen(kw_only=True)
    class Customer(Client):
        """A client with a number.

        Attributes:
            number: the number in the app's own lists.
            name: the name on letters.
        """

        number: int | None = None
        rest: dict = field(factory=dict)

    described = described_fields(Customer)

    assert (described["number"], described["name"]) == ("The number in the app's own lists.", "The name on letters.")
    assert described["currency"] == described_fields(Client)["currency"]
    assert "rest" not in described


def test_the_files_are_read_only_for_a_schema():
    """Neither importing the models nor writing a record as JSON reads them."""
    program = (
        "import sys; from harvest_async.v1.models import Client; Client.from_dict({'name': 'ACME'}).to_json();"
        "import harvest_async.v2.clients; print('harvest_async.client.field_descriptions' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"
