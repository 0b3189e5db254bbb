"""How the server writes what it answers, in both formats.

Rules of this room: pure. The shapes are the contract's, with their differences: time tracking has underscores and its
own ways of writing dates in XML, ids as text, and no root in JSON; reports have dashes and numbers.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape

from harvest_async.sandbox.records import Record

__all__ = ["write_bare", "write_daily", "write_entry", "write_list", "write_one", "write_throttled"]

_DECLARATION: Final = '<?xml version="1.0" encoding="UTF-8"?>\n'
_ROOTS: Final = {"report_entry": "day_entry"}


def write_list(kind: str, records: list[Record], format: str) -> bytes:
    """A list: each element below its root (contract: json.list_wrapping)."""
    root = _ROOTS.get(kind, kind)
    if format == "json":
        return _json([{root: record} for record in records])
    name = _dashes(root)
    inner = "".join(_element(name, record) for record in records)
    listed = f"{name[:-1]}ies" if name.endswith("y") else f"{name}s"
    return _document(f'<{listed} type="array">{inner}</{listed}>')


def write_one(kind: str, record: Record, format: str) -> bytes:
    """One record below its root (contract: json.single_wrapping)."""
    return _json({kind: record}) if format == "json" else _document(_element(_dashes(kind), record))


def write_bare(tree: Record, format: str) -> bytes:
    """An object without a root in JSON, below `hash` in XML (contract: account)."""
    return _json(tree) if format == "json" else _document(_element("hash", tree))


def write_entry(entry: Record, format: str, stopped: Decimal | None) -> bytes:
    """A day entry: flat in JSON, below `timer` in XML (contract: flat_json_timer, ids_as_strings)."""
    extra = {} if stopped is None else {"hours_for_previously_running_timer": stopped}
    if format == "json":
        return _json({**_with_text_ids(entry), **extra})
    beside = "".join(_element(name, value, dashes=False) for name, value in extra.items())
    return _document(f"<timer>{beside}{_day_entry(entry)}</timer>")


def write_daily(day: date, entries: list[Record], projects: list[Record] | None, format: str) -> bytes:
    """A day of a timesheet; projects are missing where there are none (contract: projects_absent)."""
    if format == "json":
        tree: Record = {"for_day": day, "day_entries": [_with_text_ids(entry) for entry in entries]}
        return _json(tree if projects is None else {**tree, "projects": projects})
    listed = "".join(_day_entry(entry) for entry in entries)
    parts = [f'<for_day type="date">{day:%a, %d %b %Y}</for_day>', f'<day_entries type="array">{listed}</day_entries>']
    if projects is not None:
        each = "".join(_project(project) for project in projects)
        parts.append(f'<projects type="array">{each}</projects>')
    return _document(f"<daily>{''.join(parts)}</daily>")


def write_throttled(wait: int, format: str) -> bytes:
    """A refusal of the throttle (contract: throttle.json_body)."""
    return write_bare({"message": "This request has been throttled.", "retry_after": wait}, format)


def _json(tree: Any) -> bytes:
    return json.dumps(tree, default=_plain, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return _moment(value) if isinstance(value, datetime) else value.isoformat()


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _with_text_ids(entry: Record) -> Record:
    return {**entry, "project_id": str(entry["project_id"]), "task_id": str(entry["task_id"])}


def _day_entry(entry: Record) -> str:
    return _element("day_entry", {**_with_text_ids(entry)}, dashes=False, timesheet=True)


def _project(project: Record) -> str:
    tasks = "".join(_element("task", task, dashes=False) for task in project["tasks"])
    inner = "".join(_element(name, value, dashes=False) for name, value in project.items() if name != "tasks")
    return f'<project>{inner}<tasks type="array">{tasks}</tasks></project>'


def _document(text: str) -> bytes:
    return (_DECLARATION + text).encode()


def _dashes(name: str) -> str:
    return name.replace("_", "-")


def _element(name: str, value: Any, *, dashes: bool = True, timesheet: bool = False) -> str:
    name = _dashes(name) if dashes else name
    if isinstance(value, dict):
        inner = "".join(_element(key, child, dashes=dashes, timesheet=timesheet) for key, child in value.items())
        return f"<{name}>{inner}</{name}>"
    if value is None:
        return f'<{name} nil="true"></{name}>'
    kind, text = _typed(value, timesheet=timesheet)
    return f"<{name}{kind}>{escape(text, _BREAKS)}</{name}>"


_BREAKS: Final = {"\r": "&#13;"}


def _typed(value: Any, *, timesheet: bool) -> tuple[str, str]:
    """The type attribute and the text of a value."""
    if isinstance(value, bool):
        return ' type="boolean"', str(value).lower()
    if isinstance(value, int):
        return ' type="integer"', str(value)
    if isinstance(value, Decimal):
        return f' type="{"float" if timesheet else "decimal"}"', f"{value:f}"
    if isinstance(value, datetime):
        text = f"{value.astimezone(UTC):%a, %d %b %Y %H:%M:%S} +0000" if timesheet else _moment(value)
        return ' type="datetime"', text
    return (' type="date"', value.isoformat()) if isinstance(value, date) else ("", value)
