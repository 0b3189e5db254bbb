"""Records with fields that msgspec can't read: both decoders of JSON return equal records of the same classes."""

import json
from datetime import time
from enum import StrEnum

import pytest
from attrs import field, frozen

from harvest_async.codec.marks import last_mark, mark_like
from harvest_async.codec.shape import shape_all
from harvest_async.codec.speed import fast_reader
from harvest_async.codec.twins import twin


class Colour(StrEnum):
    """A field with known values."""

    RED = "red"
    BLUE = "blue"


@frozen(kw_only=True)
class Leaf:
    """A record inside another."""

    colour: Colour | str | None = None
    fell_at: time | None = None
    extra: dict[str, object] = field(factory=dict)


@frozen(kw_only=True)
class Tree:
    """A record with one of them, and a list of them."""

    id: int = 0
    colour: Colour | str | None = Colour.BLUE
    first: Leaf | None = None
    leaves: list[Leaf] = field(factory=list)
    extra: dict[str, object] = field(factory=dict)


@frozen(kw_only=True)
class Stone:
    """A record that msgspec can create itself."""

    id: int = 0
    extra: dict[str, object] = field(factory=dict)


def both(*trees, kind=Tree):
    """Return the records as each of the decoders reads them."""
    return fast_reader(kind, None)(json.dumps(trees).encode()), shape_all(trees, kind)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"colour": "red"},
        {"colour": "violet"},
        {"colour": "violet", "first": {"colour": "red", "fell_at": "8:00am"}},
        {"first": None, "leaves": [{"colour": "blue"}, {"colour": None}, {"colour": "", "fell_at": "16:45"}]},
        {"leaves": [{"fell_at": ""}, {"fell_at": None}]},
    ],
)
def test_values_and_times_are_restored_at_any_depth(fields):
    """Return the enumeration's member for a known value, the text for another one, and the time of day."""
    fast, slow = both({"id": 1, **fields}, {"id": 2, "colour": "red"})

    assert slow == fast
    assert repr(slow) == repr(fast)


def test_records_are_of_their_own_class():
    """Return records whose classes are those of the model, so that they are accepted where one is."""
    (tree,) = fast_reader(Tree, None)(b'[{"id": 1, "first": {}, "leaves": [{}]}]')

    assert [Tree, Leaf, Leaf] == [type(tree), type(tree.first), type(tree.leaves[0])]
    assert tree.colour is Colour.BLUE


def test_a_time_that_can_not_be_read_is_left_to_the_other_decoder():
    """Raises ValueError, so that the other decoder describes the fault."""
    with pytest.raises(ValueError, match="a time of day like 8:00am"):
        fast_reader(Tree, None)(b'[{"id": 1, "first": {"fell_at": "noon"}}]')


def test_only_classes_that_need_it_have_a_twin():
    """Keeps the class of records that msgspec can read, and of those without such records inside."""
    assert twin(Stone) is Stone
    assert twin(Tree) is not Tree


@pytest.mark.parametrize(
    ("record", "first"),
    [
        (b'{"id": 1, "client_key": "a}, {", "lines": [{"id": 6, "kind": "x"}, {"id": 7, "kind": "y"}]}', True),
        (b'{"id":"1,2","client_key":null,"lines":[{"id":6},{"id":7}],"more":[{},{}]}', True),
        (b'{"id": 1, "kind": "x", "lines": [{"id": 6, "kind": "x"}, {"id": 7, "kind": "y"}]}', False),
        (b'{"id": {}, "lines": [{"id": 6}, {"id": 7}]}', False),
    ],
)
def test_records_end_where_one_begins_like_the_first(record, first):
    """Finds the end of the last complete record, though it has objects of its own, if their first two names differ."""
    held = bytearray(record + b", " + record + b",\n" + record)

    assert first is (last_mark(held, mark_like(held)) == len(held) - len(record))
