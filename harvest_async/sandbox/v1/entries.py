"""Time entries and projects in the shapes that timesheets and reports return."""

from __future__ import annotations

from datetime import datetime

from harvest_async.sandbox.rates import is_billable, rate_of
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.timesheet import running_hours
from harvest_async.sandbox.world import World

__all__ = ["report_entry", "timesheet_entry", "timesheet_projects"]

_REPORTED = ("id", "notes", "project_id", "task_id", "user_id", "spent_at", "is_billed", "is_closed")


def timesheet_entry(world: World, entry: Record, now: datetime) -> Record:
    """Return an entry as timesheets have it: with names, and with the running timer in its hours."""
    tables = world.tables
    project = tables["project"][entry["project_id"]]
    shown = {
        "id": entry["id"],
        "spent_at": entry["spent_at"],
        "user_id": entry["user_id"],
        "client": tables["client"][project["client_id"]]["name"],
        "project_id": entry["project_id"],
        "project": project["name"],
        "task_id": entry["task_id"],
        "task": tables["task"][entry["task_id"]]["name"],
        "hours": entry["hours"],
        "hours_without_timer": entry["hours"],
        "notes": entry["notes"],
        "created_at": entry["created_at"],
        "updated_at": entry["updated_at"],
    }
    if entry["timer_started_at"] is not None:
        shown |= {"timer_started_at": entry["timer_started_at"], "hours": running_hours(entry, now)}
    if world.timestamps:  # the end of a running timer is empty, not null
        shown |= {"started_at": entry["started_at"], "ended_at": entry["ended_at"] or ""}
    return shown


def report_entry(world: World, entry: Record, now: datetime) -> Record:
    """Return an entry as reports have it: with rates and without names."""
    hours, person = running_hours(entry, now), world.tables["user"][entry["user_id"]]
    return {
        **{name: entry[name] for name in _REPORTED},
        "hours": hours,
        "adjustment_record": False,
        "timer_started_at": entry["timer_started_at"],
        "hours_with_timer": hours,
        "started_at": entry["started_at"],
        "ended_at": entry["ended_at"],
        "billable": is_billable(entry, world),
        "billable_rate": rate_of(entry, world),
        "cost_rate": person["cost_rate"],
        "created_at": entry["created_at"],
        "updated_at": entry["updated_at"],
    }


def timesheet_projects(world: World, projects: list[Record]) -> list[Record]:
    """Return projects with their clients and tasks, sorted by client and name."""
    shown = [_project(world, project) for project in projects]
    return sorted(shown, key=lambda project: (project["client"], project["name"], project["id"]))


def _project(world: World, project: Record) -> Record:
    client = world.tables["client"][project["client_id"]]
    return {
        **{name: project[name] for name in ("id", "name", "code", "billable")},
        "client": client["name"],
        "client_id": client["id"],
        "client_currency": client["currency"],
        "client_currency_symbol": client["currency_symbol"],
        "tasks": _tasks(world, project),
    }


def _tasks(world: World, project: Record) -> list[Record]:
    """Return the active tasks of a project, sorted by name."""
    tasks = world.tables["task"]
    shown = [
        {"id": link["task_id"], "name": tasks[link["task_id"]]["name"], "billable": link["billable"]}
        for link in world.assignments("task_assignment", project["id"])
        if not link["deactivated"]
    ]
    return sorted(shown, key=lambda task: (task["name"], task["id"]))
