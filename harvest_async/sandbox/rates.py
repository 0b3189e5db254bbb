"""Billable rates. The field `bill_by` of the project says where the rate is; hours that are not billable have none."""

from __future__ import annotations

from decimal import Decimal

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.world import World

__all__ = ["is_billable", "rate_of"]


def is_billable(entry: Record, world: World) -> bool:
    """Return whether an entry's hours are billable, as its project and its task are."""
    if not world.tables["project"][entry["project_id"]]["billable"]:
        return False
    links = world.having("task_assignment", project_id=entry["project_id"], task_id=entry["task_id"])
    return all(link["billable"] for link in links)


def rate_of(entry: Record, world: World) -> Decimal | None:
    """Return the rate of an entry per hour; None if it has none."""
    project = world.tables["project"][entry["project_id"]]
    number = project["id"]
    bill_by = str(project["bill_by"]).lower()
    if bill_by == "project":
        return _rate(project)
    if bill_by == "tasks":
        return _first(world.having("task_assignment", project_id=number, task_id=entry["task_id"]))
    if bill_by == "people":
        return _first(world.having("user_assignment", project_id=number, user_id=entry["user_id"]))
    return None


def _first(links: list[Record]) -> Decimal | None:
    return next((_rate(link) for link in links), None)


def _rate(record: Record) -> Decimal | None:
    rate: Decimal | None = record["hourly_rate"]
    return rate
