"""Readers of lists of entries by other libraries, each with classes of its own kind.

Notes:
- Each class has the fields of an entry of API v1 in their types: dates, aware times, decimals.
- A library is imported only by its own reader, so that the others run where it isn't installed.
"""

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["PEERS"]

FIELDS: dict[str, Any] = {
    "id": int,
    "notes": str,
    "project_id": int,
    "task_id": int,
    "user_id": int,
    "spent_at": date,
    "is_billed": bool,
    "is_closed": bool,
    "hours": Decimal,
    "created_at": datetime,
    "updated_at": datetime,
    "adjustment_record": bool,
    "timer_started_at": datetime | None,
    "billable": bool,
    "billable_rate": Decimal | None,
    "cost_rate": Decimal | None,
}


@dataclass
class Entry:
    """An entry as dacite, lxml and the others fill it in."""

    __annotations__ = FIELDS


def by_msgspec(path):
    """Read JSON into structs of msgspec; numbers are read as decimals."""
    return len(_decoder_of_msgspec().decode(path.read_bytes()))


@cache
def _decoder_of_msgspec():
    import msgspec

    entry = msgspec.defstruct("Entry", list(FIELDS.items()))
    return msgspec.json.Decoder(list[msgspec.defstruct("Wrapped", [("day_entry", entry)])])


def by_pydantic(path):
    """Read JSON into models of pydantic."""
    return len(_adapter_of_pydantic().validate_json(path.read_bytes()))


@cache
def _adapter_of_pydantic():
    import pydantic

    entry = pydantic.create_model("Entry", **{name: (kind, ...) for name, kind in FIELDS.items()})
    return pydantic.TypeAdapter(list[pydantic.create_model("Wrapped", day_entry=(entry, ...))])


def by_dacite(path):
    """Read JSON by the standard library, and make dataclasses of it by dacite."""
    import dacite

    hooks = {
        date: date.fromisoformat,
        datetime: datetime.fromisoformat,
        datetime | None: lambda text: text and datetime.fromisoformat(text),
        Decimal: lambda number: Decimal(str(number)),
        Decimal | None: lambda number: None if number is None else Decimal(str(number)),
    }
    config = dacite.Config(type_hooks=hooks)
    trees = json.loads(path.read_bytes())
    return sum(1 for tree in trees if dacite.from_dict(Entry, tree["day_entry"], config))


def by_lxml(path):
    """Read XML by lxml's iterparse, and make dataclasses of it by hand."""
    from lxml import etree

    makers = {
        "integer": int,
        "boolean": "true".__eq__,
        "decimal": Decimal,
        "date": date.fromisoformat,
        "datetime": datetime.fromisoformat,
    }
    count = 0
    for _, element in etree.iterparse(str(path), tag="day-entry"):
        values = {
            each.tag.replace("-", "_"): None if each.get("nil") else makers.get(each.get("type"), str)(each.text)
            for each in element
        }
        count += _made(values)
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return count


def _made(values):
    entry = object.__new__(Entry)
    entry.__dict__.update(values)
    return int(entry.id >= 0)


def by_xsdata(path):
    """Read XML into dataclasses of xsdata by its own parser."""
    parser, entries = _parser_of_xsdata()
    return len(parser.parse(Path(path), entries).day_entry)


@cache
def _parser_of_xsdata():
    from xsdata.formats.dataclass.parsers import XmlParser
    from xsdata.formats.dataclass.parsers.config import ParserConfig

    config = ParserConfig(fail_on_unknown_properties=False, fail_on_unknown_attributes=False)
    return XmlParser(config=config), _entries_of_xsdata()


def _entries_of_xsdata():
    """Return the class of a list for xsdata; empty elements are optional there."""
    from xsdata.models.datatype import XmlDate, XmlDateTime

    kinds = {date: XmlDate, datetime: XmlDateTime, datetime | None: XmlDateTime, Decimal | None: Decimal}

    def element(name):
        return field(default=None, metadata={"name": name.replace("_", "-"), "type": "Element"})

    fields = {name: element(name) for name in FIELDS}
    hints = {name: kinds.get(kind, kind) | str | None for name, kind in FIELDS.items()}
    entry = dataclass(type("Entry", (), {"__annotations__": hints, **fields}))
    many = field(default_factory=list, metadata={"name": "day-entry", "type": "Element"})
    meta = type("Meta", (), {"name": "day-entries"})
    return dataclass(
        type("Entries", (), {"__annotations__": {"day_entry": list[entry]}, "day_entry": many, "Meta": meta})
    )


PEERS = {
    "msgspec, json": ("msgspec", "entries.json", by_msgspec),
    "pydantic, json": ("pydantic", "entries.json", by_pydantic),
    "json and dacite": ("dacite", "entries.json", by_dacite),
    "lxml, xml": ("lxml", "entries.xml", by_lxml),
    "xsdata, xml": ("xsdata", "entries.xml", by_xsdata),
}
"""The distribution, the file and the reader of each contestant."""
