"""What is stored of one background import, beside its file and its journal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

from attrs import asdict, field, fields, frozen

from harvest_async.fastapi.imports.form import shortened
from harvest_async.importer.report import Overview, Report
from harvest_async.importer.sources import Problem
from harvest_async.importer.undo import UndoResult

__all__ = ["ACTIVE", "MOST_PROBLEMS", "ImportRecord", "Phase", "overview_of", "report_of", "undo_of"]

MOST_PROBLEMS: Final = 200
"""The most problems of rows that are shown; the file with the rejected rows has all of them."""


class Phase(StrEnum):
    """Where an import is."""

    PLANNING = "planning"
    PLANNED = "planned"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


ACTIVE: Final = frozenset({Phase.PLANNING, Phase.RUNNING, Phase.UNDOING})
"""The phases in which a worker process works on an import; it holds the run lock of the account."""

AFTER_RUN: Final = frozenset({Phase.DONE, Phase.STOPPED, Phase.CANCELLED, Phase.FAILED})


@frozen(kw_only=True)
class ImportRecord:
    """One import.

    Attributes:
        id: identifies it.
        owner: the key of the app for whose account it is.
        file: the name of the uploaded file.
        stored: the name under which the file is stored.
        phase: where it is.
        created_at, changed_at: when it was uploaded and when its phase changed, as timestamps.
        account: the account's identity; empty before it was opened.
        fields: the options of the upload form.
        found: what was detected about the file, as labels and texts.
        overview: what a run would do; None before planning has finished.
        report: what the run did; None before it ended.
        undone: what an undo did; None without one.
        problems: the first problems of rows.
        problem_count: the number of all problems of rows.
        error: why it failed or stopped; empty if it did not.
        resumed: how often another process resumed its present phase.
    """

    id: str
    owner: str
    file: str
    stored: str
    phase: Phase = field(converter=Phase)
    created_at: float
    changed_at: float
    account: str = ""
    fields: Mapping[str, str] = field(factory=dict)
    found: Mapping[str, str] = field(factory=dict)
    overview: Mapping[str, Any] | None = None
    report: Mapping[str, Any] | None = None
    undone: Mapping[str, Any] | None = None
    problems: Sequence[Mapping[str, Any]] = ()
    problem_count: int = 0
    error: str = ""
    resumed: int = 0

    @property
    def is_active(self) -> bool:
        """Whether a worker process works on it."""
        return self.phase in ACTIVE

    @property
    def can_resume(self) -> bool:
        """Whether it ended early and can be continued."""
        return self.phase in {Phase.STOPPED, Phase.CANCELLED, Phase.FAILED}

    def has_expired(self, now: float, lasts: float | None) -> bool:
        """Return whether it is a plan that nobody has confirmed in time; one that runs or can be resumed never expires.

        Args:
            now: the present time, as a timestamp.
            lasts: the seconds for which a plan can be confirmed; None for ever.
        """
        return self.phase is Phase.PLANNED and lasts is not None and now >= self.changed_at + lasts

    @property
    def can_undo(self) -> bool:
        """Whether its run has created records that can be deleted."""
        return self.phase in AFTER_RUN and self.report is not None

    def dump(self) -> bytes:
        """Return it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def load(cls, content: bytes) -> ImportRecord:
        """Return the import that JSON describes; fields of a later version are left out.

        Raises:
            ValueError: it describes none.
        """
        tree = json.loads(content)
        try:
            return cls(**{name: tree[name] for name in (each.name for each in fields(cls)) if name in tree})
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error


def overview_of(overview: Overview, calls: int, seconds: float) -> dict[str, Any]:
    """Return a plan as a JSON value: `calls`, reads included, take `seconds` at the account's limit."""
    return {
        "create": dict(overview.create),
        "update": dict(overview.update),
        "names": {kind: [shortened(name) for name in names] for kind, names in overview.names.items()},
        "log": overview.log,
        "hours": str(overview.hours),
        "expenses": overview.expenses,
        "cost": str(overview.cost),
        "existing": overview.existing,
        "rejected": _rows(overview.rejected),
        "left_out": [f"{kind}: {name}" for kind, name in overview.left_out],
        "first": [list(row) for row in overview.first],
        "writes": overview.writes,
        "calls": calls,
        "seconds": seconds,
    }


def report_of(report: Report) -> dict[str, Any]:
    """Return the result of a run as a JSON value."""
    return {
        "created_records": dict(report.created_records),
        "updated": dict(report.updated),
        "created": report.created,
        "hours": str(report.created_hours),
        "cost": str(report.created_cost),
        "existing": report.existing,
        "rejected": _rows(report.rejected),
        "unknown": [{"line": place.line, "row": place.row} for place in report.unknown],
        "left": report.left,
        "complete": report.complete,
        "stopped": report.stopped,
    }


def undo_of(result: UndoResult) -> dict[str, Any]:
    """Return the result of an undo as a JSON value."""
    removed = result.removed + result.removed_with_project
    return {"removed": removed, "left": [shortened(text) for text in result.left], "unknown": result.unknown}


def _rows(problems: Sequence[Problem]) -> int:
    """Return the number of rows that have problems; a row may have several."""
    return len({(problem.file, problem.row) for problem in problems})
