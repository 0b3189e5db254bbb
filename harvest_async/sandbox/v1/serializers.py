"""Responses in JSON and XML.

`ROOTS` has the names below which records are written. Time tracking has underscores in names, dates of its own in XML,
ids as text, and no root in JSON; reports have dashes in names and numeric ids. Quirks change these shapes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any, Final, NamedTuple

from harvest_async.sandbox.records import FIELDS, SHOWN, Record
from harvest_async.sandbox.v1.xml import Style, document, element

__all__ = ["Roots", "Writer"]


class Roots(NamedTuple):
    """The names of the roots of a kind of records."""

    json: str
    json_list: str
    xml: str
    xml_list: str


def _alike(name: str, plural: str) -> Roots:
    return Roots(name, name, name.replace("_", "-"), plural)


ROOTS: Final = {
    "client": _alike("client", "clients"),
    "contact": _alike("contact", "contacts"),
    "project": _alike("project", "projects"),
    "task": _alike("task", "tasks"),
    "user": _alike("user", "users"),
    "task_assignment": _alike("task_assignment", "task-assignments"),
    "user_assignment": _alike("user_assignment", "user-assignments"),
    "expense_category": _alike("expense_category", "expense-categories"),
    "expense": _alike("expense", "expenses"),
    "report_entry": _alike("day_entry", "day-entries"),
    "invoice": Roots("invoice", "invoices", "invoice", "invoices"),
    "invoice_item_category": Roots(
        "invoice_category", "invoice_category", "invoice-item-category", "invoice-item-categories"
    ),
    "message": Roots("message", "message", "invoice-message", "invoice-message"),
    "payment": _alike("payment", "payments"),
}

_SHORT: Final = ("user_id", "project_id", "task_id", "spent_at", "created_at", "updated_at")
_STATUS_TYPES: Final[dict[str, tuple[type, Any]]] = {"last_access_at": (datetime, None)}
_REPORT_TYPES: Final[dict[str, tuple[type, Any]]] = {"billable_rate": (Decimal, None), "cost_rate": (Decimal, None)}
_ZERO_IDS: Final = frozenset({"expense", "report_entry"})


class Writer:
    """Write responses; `quirks` are those to show."""

    def __init__(self, quirks: frozenset[str] = frozenset()) -> None:
        self._quirks = quirks
        self._dashed = Style(quirks, dashes=True)
        self._timesheet = Style(quirks, dashes=False)

    def many(self, kind: str, records: list[Record], format: str) -> bytes:
        """Return a list of records, each below its root."""
        roots, shown = ROOTS[kind], [self._shown(kind, record) for record in records]
        if "list_sample_is_single" in self._quirks and len(shown) == 1:
            return self._one(kind, shown[0], format)
        if kind == "invoice":
            shown = [self._listed(record) for record in shown]
        if format == "json":
            return _json([{roots.json_list: record} for record in shown])
        types = _types(kind)
        if not shown and "nil_classes" in self._quirks:
            return document('<nil-classes type="array"/>')
        inner = "".join(element(roots.xml, record, self._dashed, types) for record in shown)
        other = "message_list_root" in self._quirks and kind == "message"
        return document(self._array("invoice-messages" if other else roots.xml_list, inner))

    def one(self, kind: str, record: Record, format: str) -> bytes:
        """Return a record below its root."""
        return self._one(kind, self._shown(kind, record), format)

    def bare(self, tree: Record, format: str) -> bytes:
        """Return an object without a root in JSON, below `hash` in XML."""
        return _json(tree) if format == "json" else document(element("hash", tree, self._dashed, _STATUS_TYPES))

    def entry(self, entry: Record, format: str, stopped: Decimal | None, *, added: bool = False) -> bytes:
        """Return a time entry: without a root in JSON, below `timer` in XML."""
        if added and "add_reply_short" in self._quirks:
            entry = {name: value for name, value in entry.items() if name not in _SHORT}
        extra = {} if stopped is None else {"hours_for_previously_running_timer": stopped}
        if format == "json":
            nested = "flat_json_timer" in self._quirks
            return _json(
                {"day_entry": _with_text_ids(entry), **extra} if nested else {**_with_text_ids(entry), **extra}
            )
        beside = "".join(element(name, value, self._timesheet) for name, value in extra.items())
        root = "add" if added and "add_reply_root" in self._quirks else "timer"
        return document(f"<{root}>{beside}{self._day_entry(entry)}</{root}>")

    def daily(self, day: date, entries: list[Record], projects: list[Record] | None, format: str) -> bytes:
        """Return a day of a timesheet; without projects it has no list of them."""
        if format == "json":
            tree: Record = {"for_day": day, "day_entries": [_with_text_ids(entry) for entry in entries]}
            return _json(tree if projects is None else {**tree, "projects": projects})
        named = day + timedelta(days=1) if "weekday_mismatch" in self._quirks else day
        listed = "".join(self._day_entry(entry) for entry in entries)
        for_day = f'<for_day type="date">{named:%a}, {day:%d %b} {day.year:04}</for_day>'
        parts = [for_day, self._array("day_entries", listed)]
        if projects is not None:
            parts.append(self._array("projects", "".join(self._project(project) for project in projects)))
        return document(f"<daily>{''.join(parts)}</daily>")

    def throttled(self, wait: int, format: str) -> bytes:
        """Return the body of a refusal by the rate limiter."""
        return self.bare({"message": "This request has been throttled.", "retry_after": wait}, format)

    # Internals

    def _one(self, kind: str, shown: Record, format: str) -> bytes:
        roots = ROOTS[kind]
        if format == "json":
            return _json({roots.json: shown})
        return document(element(roots.xml, shown, self._dashed, _types(kind)))

    def _shown(self, kind: str, record: Record) -> Record:
        """Return the shown fields of a record."""
        if kind in SHOWN:
            record = {name: record[name] for name in SHOWN[kind]}
        if kind in _ZERO_IDS and "invoice_id_zero" in self._quirks and record.get("invoice_id", 0) is None:
            record["invoice_id"] = 0
        if kind in {"expense", "expense_category"} and "missing_ids_in_samples" in self._quirks:
            del record["id"]
        return record

    def _listed(self, invoice: Record) -> Record:
        """Return an invoice as lists have it, without its line items."""
        names = {"tax2_amount": "tax_amount2"} if "tax2_amount_spelling" in self._quirks else {}
        return {names.get(name, name): value for name, value in invoice.items() if name != "csv_line_items"}

    def _array(self, name: str, inner: str) -> str:
        kind = "" if "missing_type_array" in self._quirks else ' type="array"'
        return f"<{name}{kind}>{inner}</{name}>"

    def _day_entry(self, entry: Record) -> str:
        return element("day_entry", _with_text_ids(entry), self._timesheet, FIELDS["entry"])

    def _project(self, project: Record) -> str:
        plain = {name: value for name, value in project.items() if name != "tasks"}
        tasks = "".join(element("task", task, self._timesheet) for task in project["tasks"])
        inner = "".join(element(name, value, self._timesheet) for name, value in plain.items())
        return f"<project>{inner}{self._array('tasks', tasks)}</project>"


def _types(kind: str) -> Mapping[str, tuple[type, Any]]:
    """Return the types of a kind's fields, which null values need."""
    return FIELDS["entry"] | _REPORT_TYPES if kind == "report_entry" else FIELDS.get(kind, {})


def _with_text_ids(entry: Record) -> Record:
    return {**entry, **{name: str(entry[name]) for name in ("project_id", "task_id") if name in entry}}


def _json(tree: Any) -> bytes:
    return json.dumps(tree, default=_plain, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)  # with a decimal point: 3.0
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return value.isoformat()
