"""Store planned records as steps of the journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from harvest_async.importer.journal import Journal
from harvest_async.importer.planned_row import PlannedRecord
from harvest_async.importer.serialization import pack

__all__ = ["insert_records", "replace_records"]

_INSERT: Final = (
    "insert into step (id, kind, action, key, source, client, project, other, content, state, record) "
    "values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_REPLACE: Final = _INSERT.replace("insert", "insert or replace", 1)


def insert_records(journal: Journal, records: Iterable[PlannedRecord]) -> None:
    """Store new steps; call it inside `Journal.together`."""
    journal.write_many(_INSERT, map(_columns, records))


def replace_records(journal: Journal, records: Iterable[PlannedRecord]) -> None:
    """Store steps that may be stored already; call it inside `Journal.together`."""
    journal.write_many(_REPLACE, map(_columns, records))


def _columns(planned: PlannedRecord) -> tuple[Any, ...]:
    was = planned.was if planned.action == "update" else {}
    content = pack({"name": planned.name, "fields": planned.fields, "was": was, "is_new": planned.is_new})
    return (
        planned.number, planned.kind, planned.action, planned.key, planned.source, planned.client, planned.project,
        planned.other, content, "planned" if planned.action else "existing", planned.record,
    )  # fmt: skip
