"""Bodies as the contract draws them, read without the client's help: by `json` and by `ElementTree`.

Reading fails on a name that the contract does not know, and on a value that is not of its field's type.
"""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

from tests.contract import ROOTS, fields

TEXT_IDS = {"project_id", "task_id"}  # contract: ids_as_strings


def read_sent(content, format, root, part):
    """What a request carries below its root: {name: value}, each of its field's type."""
    if format == "json":
        tree = json.loads(content, parse_float=Decimal)
        return _json_record(tree if root is None else _only(tree, root), part)
    element = ET.fromstring(content)
    assert element.tag == root

    return _xml_record(element, part)


def read_records(content, format, part, *, many):
    """Return the records of a response: a list of {name: value}, each value of the contract's type."""
    single_json, list_json, single_xml, list_xml = ROOTS[part]
    if format == "json":
        tree = json.loads(content, parse_float=Decimal)
        root = list_json if many else single_json
        elements = tree if many else [tree]
        return [_json_record(each if root is None else _only(each, root), part) for each in elements]
    element = ET.fromstring(content)
    assert element.tag == (list_xml if many else single_xml)

    if many:
        assert {child.tag for child in element} <= {single_xml}

    return [_xml_record(each, part) for each in (element if many else [element])]


def _only(tree, root):
    assert list(tree) == [root]

    return tree[root]


def _json_record(tree, part):
    known = _known(part)
    return {known[name].name: _json_value(value, known[name], part) for name, value in tree.items()}


def _xml_record(element, part):
    known = _known(part)
    children = list(element)
    if part == "time_tracking.timer" and (inner := element.find("day_entry")) is not None:
        children = [*inner, *(child for child in element if child is not inner)]
    by_tag = {each.xml: each for each in known.values()} | {name.replace("_", "-"): known[name] for name in known}
    return {by_tag[child.tag].name: _xml_value(child, by_tag[child.tag]) for child in children}


def _known(part):
    """A part's fields, by all the names that they have."""
    own = fields()[part]
    return own | {each.also: each for each in own.values() if each.also}


def _json_value(value, field, part):
    kind, _, inner = field.type.partition(":")
    if value is None:
        assert field.nullable, f"{field.name} is null"
        return None
    if kind == "object":
        return _json_record(value, inner)
    if kind == "list":
        return [_json_record(each, inner) for each in value]
    if kind in _KINDS and not (part.startswith("time_tracking") and field.name in TEXT_IDS) and value != "":
        assert isinstance(value, _KINDS[kind]), f"{field.name}: {value!r}"
        assert isinstance(value, bool) is (kind == "boolean"), f"{field.name}: {value!r}"
    return typed(value if isinstance(value, str) else str(value), kind)


def _xml_value(element, field):
    kind, _, inner = field.type.partition(":")
    if element.get("nil") == "true":
        assert field.nullable, f"{field.name} is null"
        return None
    if kind == "object":
        return _xml_record(element, inner)
    if kind == "list":
        return [_xml_record(each, inner) for each in element]
    return typed(element.text or "", kind)


def typed(text, kind):
    """A text of the wire as a value; blank typed texts are None."""
    if kind in {"string", "csv"}:
        return text
    text = text.strip()
    return _READERS[kind](text) if text else None


def _boolean(text):
    assert text.lower() in {"true", "false"}, text

    return text.lower() == "true"


def _day(text):
    return (
        date.fromisoformat(text) if text[:4].isdigit() else datetime.strptime(f"{text} +0000", "%a, %d %b %Y %z").date()
    )


def _moment(text):
    form = "%Y-%m-%dT%H:%M:%S%z" if text[:4].isdigit() else "%a, %d %b %Y %H:%M:%S %z"
    return datetime.strptime(text.replace("Z", "+00:00"), form).astimezone(UTC)


def _time(text):
    return datetime.strptime(f"{text.upper()} +0000", "%I:%M%p %z").time()


_KINDS = {"integer": int, "boolean": bool, "decimal": (int, Decimal, str), "string": str, "csv": str, "date": str}
_READERS = {
    "integer": int,
    "decimal": Decimal,
    "boolean": _boolean,
    "date": _day,
    "datetime": _moment,
    "time_of_day": _time,
}
