"""Time entries as responses show them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from harvest_async.sandbox.locks import reason_of
from harvest_async.sandbox.rates import is_billable, rate_of
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.timesheet import clock_of, rounded_up, running_hours
from harvest_async.sandbox.v2.base import V2Services
from harvest_async.sandbox.v2.shapes import client_of, named, person_of, project_of, task_link, user_link
from harvest_async.sandbox.world import World

__all__ = ["invoice_of", "link_of", "sees_rates", "show_entry"]

_ICON: Final = "https://proxy.harvestfiles.com/production_harvestapp_public/uploads/platform_icons/{}.png"


def show_entry(services: V2Services, requester: Record, now: datetime, entry: Record) -> Record:
    """Return a time entry; only those who may see rates get the billable rate, and only administrators the cost."""
    world, project = services.world, services.tables("project")[entry["project_id"]]
    reason, person = reason_of(entry, world), services.tables("user")[entry["user_id"]]
    hours = running_hours(entry, now)
    return {
        "id": entry["id"],
        "spent_date": entry["spent_at"],
        "hours": hours,
        "hours_without_timer": entry["hours"],
        "rounded_hours": rounded_up(hours, world.rounding),
        "notes": entry["notes"],
        "is_locked": reason is not None,
        "locked_reason": reason,
        "is_explicitly_locked": entry["is_period_locked"],
        "approval_status": "approved" if entry["is_closed"] else entry["approval_status"],
        "is_closed": entry["is_closed"],
        "is_billed": entry["is_billed"],
        "timer_started_at": entry["timer_started_at"],
        "started_time": clock_of(entry["started_at"]),
        "ended_time": clock_of(entry["ended_at"]),
        "is_running": entry["timer_started_at"] is not None,
        "billable": is_billable(entry, world),
        "budgeted": project["budget_by"] != "none",
        "billable_rate": rate_of(entry, world) if sees_rates(requester) else None,
        "cost_rate": services.rates.amount_on("cost_rate", person, entry["spent_at"])
        if requester["is_admin"]
        else None,
        "created_at": entry["created_at"],
        "updated_at": entry["updated_at"],
        "user": person_of(world, entry["user_id"]),
        "client": client_of(world, project),
        "project": project_of(project),
        "task": named(services.tables("task")[entry["task_id"]]),
        "user_assignment": link_of(world, entry),
        "task_assignment": _task_link_of(world, entry),
        "invoice": invoice_of(world, entry),
        "external_reference": _reference(entry),
    }


def sees_rates(person: Record) -> bool:
    """Return whether a person may see billable rates and amounts."""
    return bool(person["is_admin"] or "billable_rates_manager" in person["granted_roles"])


def invoice_of(world: World, record: Record) -> Record | None:
    """Return the id and the number of the invoice that bills a record; None if there is none."""
    invoice = world.tables["invoice"].get(record["invoice_id"] or 0)
    return None if invoice is None else {"id": invoice["id"], "number": invoice["number"]}


def link_of(world: World, record: Record) -> Record | None:
    """Return the assignment of a record's person to its project; None if it was deleted."""
    found = world.having("user_assignment", project_id=record["project_id"], user_id=record["user_id"])
    return user_link(world, found[0]) if found else None


def _task_link_of(world: World, entry: Record) -> Record | None:
    found = world.having("task_assignment", project_id=entry["project_id"], task_id=entry["task_id"])
    return task_link(found[0]) if found else None


def _reference(entry: Record) -> dict[str, Any] | None:
    if not entry["has_reference"]:
        return None
    permalink = entry["reference_permalink"]
    service = _service(permalink)
    return {
        "id": entry["reference_id"],
        "group_id": entry["reference_group_id"],
        "account_id": entry["reference_account_id"],
        "permalink": permalink,
        "service": service,
        "service_icon_url": None if service is None else _ICON.format(service),
    }


def _service(permalink: str | None) -> str | None:
    try:
        return urlsplit(permalink or "").hostname
    except ValueError:
        return None
