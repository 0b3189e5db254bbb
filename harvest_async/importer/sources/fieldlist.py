"""The fields that columns can be mapped to, with their types, for each kind of row."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import frozen

from harvest_async.importer.sources.columns import Kind, plain

__all__ = ["FieldInfo", "deciding", "field_named", "fields_of", "unknown_field"]

_TYPES: Final = {
    "day": "date", "ended_on": "date", "begin": "date and time", "end": "date and time", "started": "time of day",
    "ended": "time of day", "hours": "hours (1.5 or 1:30)", "duration": "duration (1:30:00, 1h 30m, 1.5)",
    "minutes": "minutes", "seconds": "seconds", "total_cost": "number", "units": "number", "billable": "yes or no",
    "email": "e-mail address",
}  # fmt: skip
_WORDS: Final = {
    "text": "text", "number": "number", "flag": "yes or no", "integer": "whole number", "date": "date",
    "moment": "date and time", "capacity": "seconds of a week",
}  # fmt: skip


@frozen
class FieldInfo:
    """A field that a column can be mapped to.

    Attributes:
        name: the name after `=` in `--map`.
        type: the type of its cells.
        needed: the fields of which one is required, itself included; empty if it is optional.
        spellings: the column names that are recognised as it.
    """

    name: str
    type: str
    needed: tuple[str, ...]
    spellings: tuple[str, ...]


def fields_of(kind: Kind) -> list[FieldInfo]:
    """Return the fields of a kind of row, required ones first."""
    spellings: dict[str, list[str]] = {}
    for spelling, name in kind.names().items():
        spellings.setdefault(name, []).append(spelling)
    found = [
        FieldInfo(name, _type(kind, name), next((group for group in kind.needed if name in group), ()), tuple(others))
        for name, others in spellings.items()
    ]
    return sorted(found, key=lambda each: not each.needed)


def _type(kind: Kind, name: str) -> str:
    if name in kind.fields:
        return _WORDS[kind.fields[name]]
    if name.endswith("_id"):
        return "number of a record in a file beside this one"
    return _TYPES.get(name, "text")


def field_named(kinds: Sequence[Kind], text: str) -> str | None:
    """Return the field with a name or spelling; None if no kind has it."""
    own = plain(text).replace(" ", "_")
    if any(own in kind.titles or own in kind.fields for kind in kinds):
        return own
    return next((name for kind in kinds if (name := kind.names().get(plain(text)))), None)


def unknown_field(column: str, text: str, kinds: Sequence[Kind]) -> str:
    """Return the message for an unknown field, which lists the known ones."""
    names = dict.fromkeys(name for kind in kinds for name in (*kind.titles, *kind.fields))
    scope = f" of {kinds[0].name}" if len(kinds) == 1 else ""
    return (
        f"--map {column}={text}: Unknown field {text!r}. Choose from the fields{scope}: {', '.join(names)}. "
        "--fields lists them with their types"
    )


def deciding(kinds: Sequence[Kind]) -> str:
    """Return a list of the fields that only one of several kinds has, for each kind."""
    every = {kind.name: {*kind.titles, *kind.fields} for kind in kinds}
    parts = []
    for kind in kinds:
        others = set().union(*(names for name, names in every.items() if name != kind.name))
        own = [name for name in (*kind.titles, *kind.fields) if name not in others]
        parts.append(f"{kind.name}: {', '.join(own) or 'none'}")
    return "; ".join(parts)
