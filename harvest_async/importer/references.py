"""Resolve the step numbers in a plan to the ids of records of the account.

It holds the records that rows refer to (clients, projects, tasks, people, assignments), never the rows.
"""

from __future__ import annotations

from datetime import time
from typing import Any, Final

from attrs import frozen

from harvest_async.importer.final_states import FINAL_STATES
from harvest_async.importer.journal import Journal
from harvest_async.importer.planned_row import FIRST_ROW
from harvest_async.importer.sources.kinds import ExpenseRow, TimeRow
from harvest_async.importer.work_queue import Step

__all__ = ["Obstacle", "References"]

_ASSIGNED: Final = {"task_assignment": "task", "person_assignment": "person"}
_WORDS: Final = {"task_assignment": "assignment of the task", "person_assignment": "assignment of the person"}


@frozen
class Obstacle:
    """The reason for which a step can't be sent; `final` if it never can."""

    reason: str
    final: bool


@frozen
class _State:
    kind: str
    state: str
    record: int | None
    reason: str | None

    def obstacle(self) -> Obstacle | None:
        what = _WORDS.get(self.kind, self.kind)
        if self.state == "rejected":
            return Obstacle(f"the {what} could not be created: {self.reason}", final=True)
        if self.record is None and self.kind not in _WORDS:
            return Obstacle(f"the outcome of creating the {what} is unknown", final=False)
        if self.state not in {"existing", "created", "updated"} and self.record is None:
            return Obstacle(f"the {what} is not created yet", final=False)
        return None


class References:
    """The records of one journal, in the states that they had when `load` was called."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._records: dict[int, _State] = {}
        self._links: dict[tuple[str, str], _State] = {}
        self._timestamps = False

    def load(self) -> None:
        """Read the states of the records."""
        query = "select id, key, kind, state, record, reason from step where id < ?"
        for number, key, *state in self._journal.rows(query, (FIRST_ROW,)):
            self._records[number] = _State(*state)
            if state[0] in _WORDS:
                self._links[state[0], key] = self._records[number]
        self._timestamps = self._journal.meta.get("timestamps") == "1"

    @property
    def timestamps(self) -> bool:
        """Whether the account tracks time by start and end."""
        return self._timestamps

    @property
    def numbers(self) -> dict[tuple[str, int], int]:
        """The step numbers of the account's records, by kind and id."""
        return {(each.kind, each.record): number for number, each in self._records.items() if each.record is not None}

    def record(self, number: int | None) -> int | None:
        """Return the id of the record of a step."""
        return self._records[number].record if number is not None else None

    def obstacle(self, step: Step) -> Obstacle | None:
        """Return the obstacle that keeps a step from being sent, or None."""
        needs = [self._records.get(each) for each in (step.client, step.project, step.other, step.person) if each]
        if step.is_row:
            needs.append(self._links.get(("task_assignment", f"{step.project}/{step.other}")))
            needs.append(self._links.get(("person_assignment", f"{step.project}/{step.person}")))
        found = [obstacle for need in needs if need is not None and (obstacle := need.obstacle()) is not None]
        return next((each for each in found if each.final), found[0] if found else None)

    def fields(self, step: Step) -> dict[str, Any]:
        """Return the fields that a step writes."""
        if isinstance(step.row, TimeRow) and step.kind == "entry":
            return self._entry(step, step.row)
        if isinstance(step.row, ExpenseRow) and step.kind == "expense":
            return self._expense(step, step.row)
        fields = dict(step.content.get("fields", {}))
        if step.kind in _ASSIGNED:
            own = fields if step.action == "update" else {}
            return {**own, "project": self.record(step.project), _ASSIGNED[step.kind]: self.record(step.other)}
        if step.kind == "payment" or step.kind in FINAL_STATES:
            project = {"project": self.record(step.project)} if step.project else {}
            return {**fields, **project, "record": self.record(step.other)}
        return fields if step.client is None else {**fields, "client": self.record(step.client)}

    def _entry(self, step: Step, row: TimeRow) -> dict[str, Any]:
        size: dict[str, Any] = {"hours": row.hours}
        if self._timestamps:
            size = {"start": _to_the_minute(row.started), "end": _to_the_minute(row.ended)}
        return {
            "person": self.record(step.person),
            "project": self.record(step.project),
            "task": self.record(step.other),
            "day": row.day,
            "notes": row.notes,
            **size,
        }

    def _expense(self, step: Step, row: ExpenseRow) -> dict[str, Any]:
        by_units = row.total_cost is None or row.by_units
        size = {"units": row.units} if by_units else {"total_cost": row.total_cost}
        return {
            "person": self.record(step.person),
            "project": self.record(step.project),
            "category": self.record(step.other),
            "day": row.day,
            "notes": row.notes,
            **size,
            **({} if row.billable is None else {"billable": row.billable}),
        }


def _to_the_minute(clock: time | None) -> time | None:
    """Return a time of day without seconds, which timesheets don't have."""
    return None if clock is None else clock.replace(second=0, microsecond=0)
