"""The rules for tasks and people on projects.

A pair of project and task, or of project and person, has at most one assignment: assigning again activates it.
"""

from __future__ import annotations

from datetime import datetime

from harvest_async.sandbox.records import FIELDS, Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World

__all__ = ["Staff"]


class Staff:
    """Read and change assignments; their kind is `task_assignment` or `user_assignment`."""

    def __init__(self, world: World) -> None:
        self._world = world

    def assign(self, kind: str, project: Record, number: int, now: datetime) -> Record:
        """Assign a task or a person to a project; an archived assignment is activated."""
        assigned = kind.removesuffix("_assignment")
        found = self._world.tables[assigned].get(number)
        if found is None:
            raise Refusal(404, f"There is no such {assigned}.")
        for record in self._world.having(kind, project_id=project["id"], **{f"{assigned}_id": number}):
            return self._counted(kind, self._world.change(kind, record, {"deactivated": False}, now))
        fields = {"project_id": project["id"], f"{assigned}_id": number, "hourly_rate": found["default_hourly_rate"]}
        if kind == "task_assignment":
            fields["billable"] = found["billable_by_default"]
        return self._counted(kind, self._world.add(kind, fields, now))

    def find(self, kind: str, project: Record, number: int) -> Record:
        """Return an assignment of this project, or refuse with 404."""
        record = self._world.find(kind, number)
        if record["project_id"] != project["id"]:
            raise Refusal(404)
        return record

    def change(self, kind: str, record: Record, values: Record, now: datetime) -> Record:
        """Set the given values."""
        if kind == "user_assignment" and "user_assignment_location" in self._world.quirks:
            self._world.drop(kind, record)  # the record gets another id
            kept = {name: record[name] for name in FIELDS[kind]}
            return self._counted(kind, self._world.add(kind, kept | values, now))
        return self._counted(kind, self._world.change(kind, record, values, now))

    def unassign(self, kind: str, record: Record, now: datetime) -> str | None:
        """Remove an assignment, or archive it and return a hint if it has hours."""
        assigned = kind.removesuffix("_assignment")
        if kind == "task_assignment" and len(self._world.assignments(kind, record["project_id"])) == 1:
            raise Refusal(400, "A project needs at least one task.")
        ids = {"project_id": record["project_id"], f"{assigned}_id": record[f"{assigned}_id"]}
        if self._world.has("entry", **ids):
            self._counted(kind, self._world.change(kind, record, {"deactivated": True}, now))
            return f"The {assigned} has hours on this project and was archived."
        self._world.drop(kind, record)
        self._counted(kind, record)
        return None

    def fill(self, project: Record, now: datetime) -> None:
        """Assign the default tasks, and the people with access to all projects, to a new project."""
        for task in self._world.having("task", is_default=True):
            if not task["deactivated"]:
                self.assign("task_assignment", project, task["id"], now)
        for person in self._world.having("user", has_access_to_all_future_projects=True):
            self.assign("user_assignment", project, person["id"], now)

    def count(self, kind: str, number: int) -> None:
        """Update the number of active tasks or people in a project."""
        project, links = self._world.tables["project"][number], self._world.assignments(kind, number)
        project[f"active_{kind}s_count"] = sum(not link["deactivated"] for link in links)
        self._world.keep("project", number, project)

    def _counted(self, kind: str, record: Record) -> Record:
        self.count(kind, record["project_id"])
        return record
