"""The form of an upload: its fields, what they mean for the importer, and messages in its terms."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from harvest_async.errors import InvalidArgument
from harvest_async.importer.sources import FORMATS, Fill, Options, mapped

__all__ = ["FIELDS", "FormField", "in_terms_of_form", "is_set", "options_of", "shortened"]


@frozen
class FormField:
    """A field of the form.

    Attributes:
        name: its name.
        label: its label.
        hint: what it does.
        choices: value and text of each choice; empty for a text.
        kind: `text`, `lines` or `box`.
    """

    name: str
    label: str
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    kind: str = "text"


_TEXTS: Final = ("sheet", "file_zone", "zone", "encoding")
_BOXES: Final = ("long_days", "people_by_email")
_ON: Final = frozenset({"1", "true", "on", "yes"})
_OFF: Final = frozenset({"", "0", "false", "off", "no"})
_FILLS: Final = ("client", "project", "task", "person", "category")

FIELDS: Final = (
    FormField("client", "Client", "For rows without one"),
    FormField("project", "Project", "For rows without one"),
    FormField("task", "Task", "For rows without one"),
    FormField("person", "Person", "For rows without one"),
    FormField("create_people", "Create missing people", "Each gets an e-mail and takes a seat", kind="box"),
    FormField("email_domain", "E-mail domain", "For people without an address: example.com"),
    FormField("format", "Format", "", (("", "Detect"), *((each.name, each.title) for each in FORMATS.values()))),
    FormField("encoding", "Encoding", "Of a text file, like cp1252; detected if empty"),
    FormField(
        "delimiter",
        "Delimiter",
        "",
        (("", "Detect"), (",", "Comma"), (";", "Semicolon"), ("tab", "Tab"), ("|", "Vertical bar")),
    ),
    FormField(
        "date_order",
        "Order of dates",
        "",
        (("", "Detect"), ("dmy", "Day, month, year"), ("mdy", "Month, day, year"), ("ymd", "Year, month, day")),
    ),
    FormField("decimal", "Decimal mark", "", (("", "Detect"), (".", "Point: 1.5"), (",", "Comma: 1,5"))),
    FormField("sheet", "Sheet", "Of a workbook; the first with rows"),
    FormField("file_zone", "Time zone of the file", "Like Europe/Paris, together with the next one"),
    FormField("zone", "Time zone of the account", "Like America/New_York"),
    FormField("round_to", "Round hours to minutes", "15 for quarters of an hour"),
    FormField(
        "midnight",
        "Entries across midnight",
        "",
        (("", "Keep them on their first day"), ("split", "Split them into two days")),
    ),
    FormField("long_days", "Allow long days", "More than 24 hours of one person on a day", kind="box"),
    FormField("people_by_email", "People by address", "Identify people by e-mail address alone", kind="box"),
    FormField("map", "Columns", "One per line: Column=field; Column= leaves it out", kind="lines"),
)
"""The fields of the form beside the file."""

_LABELS: Final = {
    **{field.name.replace("_", "-"): field.label for field in FIELDS},
    "yes": "Create missing people",
}
_NOT_HERE: Final = re.compile(r",? or raise the limit with --[\w-]+|\.? --fields lists them with their types")
_OPTION: Final = re.compile(r"--([a-z][a-z-]*)")
_LONGEST: Final = 2_000
"""Characters of a text that is shown, at most: a cell, and so a message with it, may have 131,072."""


def options_of(fields: Mapping[str, str]) -> Options:
    """Return the importer's options that a form describes.

    Raises:
        InvalidArgument: a field has a value that can't be used.
    """
    given = {name: text.strip() for name, text in fields.items() if text.strip()}
    chosen: dict[str, Any] = {name: given[name] for name in _TEXTS if name in given}
    for field in FIELDS:
        value = given.get(field.name, "")
        if field.kind == "box":
            on = is_set(given, field.name)
            chosen |= {field.name: on} if field.name in _BOXES else {}
        elif field.choices and value:
            if value not in dict(field.choices):
                choices = ", ".join(name for name, _ in field.choices if name)
                raise InvalidArgument(f"{field.label}: unknown choice {value[:40]!r}. Choose from: {choices}.")
            chosen[field.name] = "\t" if value == "tab" else value
    if text := given.get("round_to"):
        if not (text.isascii() and text.isdigit()):
            raise InvalidArgument(f"Round hours to minutes: {text[:40]!r} is no whole number")
        chosen["round_to"] = int(text[:6])
    columns = mapped([line.strip() for line in given.get("map", "").splitlines() if line.strip()])
    return Options(fill=Fill(**{name: given.get(name) for name in _FILLS}), columns=columns, **chosen)


def is_set(fields: Mapping[str, str], name: str) -> bool:
    """Return whether a box of the form is checked.

    Raises:
        InvalidArgument: it has another value than one that means yes or no.
    """
    value = fields.get(name, "").strip().lower()
    if value not in _ON | _OFF:
        label = next(field.label for field in FIELDS if field.name == name)
        raise InvalidArgument(f"{label}: unknown choice {value[:40]!r}. Choose from: true, false.")
    return value in _ON


def in_terms_of_form(message: str) -> str:
    """Return a message of the importer with the labels of the form in place of options of the command line."""

    def named(found: re.Match[str]) -> str:
        label = _LABELS.get(found[1])
        return f"the field “{label}”" if label else f"the option {found[1]} of the command line"

    return shortened(_OPTION.sub(named, _NOT_HERE.sub("", message)))


def shortened(text: str) -> str:
    """Return a text without its middle if it is too long to be shown."""
    half = _LONGEST // 2
    return text if len(text) <= _LONGEST else f"{text[:half]} … {text[-half:]}"
