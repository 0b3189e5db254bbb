"""What an hour costs.

Rules of this room: pure. `bill_by` of the project says where the rate is (contract: projects.bill_by); what is not
billable has none.
"""

from __future__ import annotations

from decimal import Decimal

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.world import World

__all__ = ["is_billable", "rate_of"]


def is_billable(entry: Record, world: World) -> bool:
    """Whether an entry's hours can be invoiced: its project's and its task's can."""
    if not world.tables["project"][entry["project_id"]]["billable"]:
        return False
    links = world.having("task_assignment", project_id=entry["project_id"], task_id=entry["task_id"])
    return all(link["billable"] for link in links)


def rate_of(entry: Record, world: World) -> Decimal | None:
    """What an hour of an entry is billed at; None where nothing says so."""
    project = world.tables["project"][entry["project_id"]]
    number = project["id"]
    bill_by = str(project["bill_by"]).lower()
    if bill_by == "project":
        return _decimal(project["hourly_rate"])
    if bill_by == "tasks":
        return _first(world.having("task_assignment", project_id=number, task_id=entry["task_id"]))
    if bill_by == "people":
        return _first(world.having("user_assignment", project_id=number, user_id=entry["user_id"]))
    return None


def _first(links: list[Record]) -> Decimal | None:
    return next((_decimal(link["hourly_rate"]) for link in links), None)


def _decimal(value: Decimal | None) -> Decimal | None:
    return value
