"""Generation of a mapping file for an input, with its columns and all fields that they can be mapped to.

The generated file can be given to `--mapping` unchanged; the input is then read in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from attrs import fields

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources.columns import Kind
from harvest_async.importer.sources.fieldlist import fields_of
from harvest_async.importer.sources.formats import FORMATS, lay_out
from harvest_async.importer.sources.options import Fill, Options

__all__ = ["mapping_of"]

_DEFAULT: Final = "time"
_OPTIONS: Final = {
    "encoding": "utf-8, cp1252, ...; detected by default",
    "delimiter": "one character; detected by default",
    "date_order": "dmy, mdy or ymd: how 01/02/2026 is read; asked for where the file fits two orders",
    "decimal": '"." or ","; detected by default',
    "sheet": "the sheet of an XLSX file; the first with rows if left out",
    "rounding": "half-up, half-even, up or down: how hours are brought to two decimals",
    "round_to": "minutes to whose multiples hours are rounded first",
    "midnight": "keep or split: how to handle entries that cross midnight",
    "file_zone": "the zone of the file's times, such as Europe/Berlin; with zone",
    "zone": "the zone that times are moved to",
    "people_by_email": "true: the e-mail address alone decides who a person is",
    "long_days": "true: allow a person more than 24 hours on a day",
}


def mapping_of(header: Sequence[str], line: int, options: Options, file: str = "", root: str = "") -> str:
    """Return a mapping file in TOML for a file with this header.

    Args:
        header: the names of its columns.
        line: the line of the header.
        options: the options that were given. If the format is not recognised, the fields of the columns are left
            empty.
        file: the file's name.
        root: the singular name that wraps the records of a JSON file.
    """
    places: Mapping[str, int] = {}
    try:
        layout = lay_out(header, line, options, file, root)
    except InvalidArgument as error:
        chosen, why = FORMATS.get(options.format, FORMATS[_DEFAULT]), error.message
    else:
        chosen, places, why = layout.format, layout.places, ""
    return "\n".join(_lines(chosen.name, chosen.kind, header, places, options, why)) + "\n"


def _lines(
    name: str, kind: Kind, header: Sequence[str], places: Mapping[str, int], options: Options, why: str
) -> Iterator[str]:
    yield "# How a file is read: give it to `harvest-async import FILE --mapping THIS_FILE`."
    yield from (f"# Not recognised yet: {_printable(part)}" for part in why.splitlines())
    yield ""
    yield f"format = {_quoted(name)}"
    yield from _given(options)
    yield ""
    yield '# Each column, and the field that it is read as; "" leaves a column out.'
    yield "[columns]"
    by_place = {place: field for field, place in places.items()}
    for place, title in _distinct(header):
        yield f"{_quoted(title)} = {_quoted(by_place.get(place, ''))}"
    yield ""
    yield f"# The fields of {kind.name} and what their cells hold:"
    for field in fields_of(kind):
        yield f"#   {field.name}: {field.type}{_need(field.needed)}"
    yield ""
    yield "# Values for empty cells."
    yield "[fill]"
    yield from _filled(options.fill)


def _distinct(header: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield the columns with names, each name once."""
    seen: set[str] = set()
    for place, cell in enumerate(header):
        title = " ".join(cell.split())
        if title and title not in seen:
            seen.add(title)
            yield place, title


def _need(group: tuple[str, ...]) -> str:
    return f" (required: {' or '.join(group)})" if group else ""


def _given(options: Options) -> Iterator[str]:
    """Yield the options that were given, and the others as comments."""
    usual = Options()
    for name, what in _OPTIONS.items():
        value = getattr(options, name)
        if value == getattr(usual, name):
            yield f"# {name}: {what}"
        else:
            yield f"{name} = {_quoted(value) if isinstance(value, str) else json.dumps(value)}"


def _filled(fill: Fill) -> Iterator[str]:
    for field in fields(Fill):
        value = getattr(fill, field.name)
        yield f'# {field.name} = ""' if value is None else f"{field.name} = {_quoted(value)}"


def _quoted(text: str) -> str:
    """Return a basic string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _printable(text: str) -> str:
    """Return a text with control characters escaped, for a comment."""
    return "".join(letter if letter.isprintable() else f"\\u{ord(letter):04x}" for letter in text)
