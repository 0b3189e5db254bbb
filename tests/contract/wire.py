"""Bodies as the contract draws them, read without the client's help: by `json` and by `ElementTree`."""

import json
from datetime import UTC, date, datetime, time
from decimal import Decimal
from xml.etree import ElementTree

from tests.contract import ROOTS, fields

TEXT_IDS = {"project_id", "task_id"}  # contract: ids_as_strings


def read_sent(content, format, root):
    """What a request carries: {name on the wire: value as text, bool, number or None}, and the root it has."""
    if format == "json":
        tree = json.loads(content, parse_float=Decimal)
        return (root, tree) if root is None else (next(iter(tree)), next(iter(tree.values())))
    element = ElementTree.fromstring(content)
    return element.tag, {child.tag: _xml_value(child) for child in element}


def read_records(content, format, part, *, many):
    """The records of an answer: a list of {name: value}, each value of the contract's type.

    Fails on a name that the contract does not know, or a value that is not of its type.
    """
    return [_record(tree, format, part) for tree in _trees(content, format, part, many=many)]


def _trees(content, format, part, *, many):
    single_json, list_json, single_xml, list_xml = ROOTS[part]
    if format == "json":
        tree = json.loads(content, parse_float=Decimal)
        elements = tree if many else [tree]
        root = list_json if many else single_json
        return [element if root is None else _only(element, root) for element in elements]
    element = ElementTree.fromstring(content)
    assert element.tag == (list_xml if many else single_xml)

    if many:
        assert {child.tag for child in element} <= {single_xml}

    return list(element) if many else [element]


def _only(tree, root):
    assert list(tree) == [root]

    return tree[root]


def _record(tree, format, part):
    known = fields()[part]
    if format == "json":
        return {name: json_value(value, known[name]) for name, value in tree.items()}
    by_tag = {each.xml: each for each in known.values()}
    return {by_tag[child.tag].name: xml_value(child, by_tag[child.tag]) for child in tree}


def json_value(value, field):
    """A value in JSON, checked against its field's type."""
    if value is None:
        assert field.nullable, f"{field.name} is null"
        return None
    if field.type in _KINDS and not (field.type == "integer" and field.name in TEXT_IDS):
        assert isinstance(value, _KINDS[field.type]), f"{field.name}: {value!r}"
        assert isinstance(value, bool) is (field.type == "boolean"), f"{field.name}: {value!r}"
    return typed(value if isinstance(value, str) else str(value), field.type)


def xml_value(element, field):
    """A value in XML, checked against its field's type."""
    if element.get("nil") == "true":
        assert field.nullable, f"{field.name} is null"
        return None
    return typed(element.text or "", field.type)


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
    return date.fromisoformat(text) if text[:4].isdigit() else datetime.strptime(text, "%a, %d %b %Y").date()


def _moment(text):
    form = "%Y-%m-%dT%H:%M:%S%z" if text[:4].isdigit() else "%a, %d %b %Y %H:%M:%S %z"
    return datetime.strptime(text.replace("Z", "+00:00"), form).astimezone(UTC)


def _time(text):
    return datetime.strptime(text.upper(), "%I:%M%p").time()


def _xml_value(element):
    if element.get("nil") == "true":
        return None
    return element.text or ""


_KINDS = {"integer": int, "boolean": bool, "decimal": (int, Decimal, str), "string": str, "csv": str, "date": str}
_READERS = {
    "integer": int,
    "decimal": Decimal,
    "boolean": _boolean,
    "date": _day,
    "datetime": _moment,
    "time_of_day": _time,
}

__all__ = ["date", "datetime", "json_value", "read_records", "read_sent", "time", "typed", "xml_value"]
