"""Checks of arguments that only API v1 has: time zones, line items, lists of projects."""

from __future__ import annotations

from harvest_async.client.validation import refuse, required_text, several
from harvest_async.errors import InvalidArgument
from harvest_async.v1 import models
from harvest_async.v1.references import REFERENCES

__all__ = ["line_items", "projects", "time_zone"]


def time_zone(name: str, value: object) -> str:
    """Return the account's name of a time zone, given that name or the IANA name."""
    try:
        return models.zone_name(required_text(name, value))
    except ValueError as error:
        raise InvalidArgument(f"{name}: {error}") from None


def line_items(name: str, value: object) -> str:
    """Return line items as a table. A table given as text must have the whole header, or the server drops its rows."""
    rows = list(several(name, value, "LineItem rows"))
    if not isinstance(value, str):
        if wrong := [row for row in rows if not isinstance(row, models.LineItem)]:
            refuse(name, "LineItem rows", wrong[0])
        return models.write_lines(rows)
    try:
        models.read_lines(value)
    except ValueError as error:
        raise InvalidArgument(f"{name}: {error}") from None
    header = ",".join(models.HEADER)
    if value.strip() and value.strip().splitlines()[0].strip() != header:
        raise InvalidArgument(f"{name}: the first line has to be {header}, or the server drops all lines")
    return value.strip()


def projects(name: str, value: object) -> str:
    """Return the ids of projects, joined by commas."""
    given = value.split(",") if isinstance(value, str) else several(name, value, "projects")
    return ",".join(str(REFERENCES.reference("project", each)) for each in given)
