"""Clients, projects, tasks, people and assignments as responses show them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from harvest_async.sandbox.currencies import code_of
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.roles import rights
from harvest_async.sandbox.world import World

__all__ = [
    "AVATAR",
    "SHAPES",
    "access_roles",
    "client_of",
    "named",
    "person_of",
    "project_assignment",
    "project_of",
    "task_link",
]

AVATAR: Final = "https://cache.harvestapp.com/assets/profile_images/default.png"


def named(record: Record) -> Record:
    """Return the id and the name of a record."""
    return {"id": record["id"], "name": record["name"]}


def person_of(world: World, number: int | None) -> Record | None:
    """Return the id and the full name of a person."""
    person = world.tables["user"].get(number or 0)
    return None if person is None else {"id": person["id"], "name": f"{person['first_name']} {person['last_name']}"}


def project_of(project: Record) -> Record:
    """Return the id, the name and the code of a project."""
    return {**named(project), "code": project["code"] or None}


def client_of(world: World, project: Record) -> Record:
    """Return the client of a project, with its currency."""
    client = world.tables["client"][project["client_id"]]
    return {**named(client), "currency": code_of(client["currency"])}


def access_roles(person: Record) -> list[str]:
    """Return the access roles of a person."""
    if person["is_admin"]:
        return ["administrator"]
    return ["manager", *person["granted_roles"]] if person["is_project_manager"] else ["member"]


def task_link(link: Record) -> Record:
    """Return the assignment of a task without its task and project."""
    return {
        "id": link["id"],
        "billable": link["billable"],
        "is_active": not link["deactivated"],
        **_times(link),
        "hourly_rate": link["hourly_rate"],
        "budget": link["budget"],
    }


def user_link(world: World, link: Record) -> Record:
    """Return the assignment of a person without the person and the project."""
    return {
        "id": link["id"],
        "is_project_manager": link["is_project_manager"],
        "is_active": not link["deactivated"],
        "use_default_rates": _uses_default(world, link),
        "budget": link["budget"],
        **_times(link),
        "hourly_rate": link["hourly_rate"],
    }


def project_assignment(world: World, link: Record) -> Record:
    """Return the assignment of a person with its project and the tasks there."""
    project = world.tables["project"][link["project_id"]]
    tasks = world.tables["task"]
    return {
        **user_link(world, link),
        "project": {**project_of(project), "is_billable": project["billable"]},
        "client": named(world.tables["client"][project["client_id"]]),
        "task_assignments": [
            {**task_link(each), "task": named(tasks[each["task_id"]])}
            for each in world.assignments("task_assignment", project["id"])
            if not each["deactivated"]
        ],
    }


# Internals


def _times(record: Record) -> Record:
    return {"created_at": record["created_at"], "updated_at": record["updated_at"]}


def _uses_default(world: World, link: Record) -> bool:
    person = world.tables["user"][link["user_id"]]
    return bool(link["use_default_rates"] and link["hourly_rate"] == person["default_hourly_rate"])


def _client(_: World, client: Record) -> Record:
    return {
        **named(client),
        "is_active": client["active"],
        "address": client["details"] or None,
        "statement_key": client["statement_key"],
        **_times(client),
        "currency": code_of(client["currency"]),
    }


def _contact(world: World, contact: Record) -> Record:
    names = ("title", "first_name", "last_name", "email", "phone_office", "phone_mobile", "fax")
    texts = {name: contact[name] or ("" if name == "first_name" else None) for name in names}
    return {
        "id": contact["id"],
        **texts,
        **_times(contact),
        "client": named(world.tables["client"][contact["client_id"]]),
    }


_OF_PROJECT: Final = (
    "is_fixed_fee", "bill_by", "hourly_rate", "budget", "budget_by", "budget_is_monthly", "notify_when_over_budget",
    "over_budget_notification_percentage", "show_budget_to_all", "cost_budget", "cost_budget_include_expenses", "fee",
    "starts_on", "ends_on",
)  # fmt: skip


def _project(world: World, project: Record) -> Record:
    return {
        "id": project["id"],
        "name": project["name"],
        "code": project["code"] or None,
        "is_active": project["active"],
        "is_billable": project["billable"],
        **{name: project[name] for name in _OF_PROJECT},
        "over_budget_notification_date": project["over_budget_notified_at"],
        "notes": project["notes"] or None,
        **_times(project),
        "client": client_of(world, project),
    }


def _task(_: World, task: Record) -> Record:
    names = ("billable_by_default", "default_hourly_rate", "is_default")
    return {
        **named(task),
        **{name: task[name] for name in names},
        "is_active": not task["deactivated"],
        **_times(task),
    }


def _task_assignment(world: World, link: Record) -> Record:
    project, task = world.tables["project"][link["project_id"]], world.tables["task"][link["task_id"]]
    return {**task_link(link), "project": project_of(project), "task": named(task)}


def _user_assignment(world: World, link: Record) -> Record:
    project = world.tables["project"][link["project_id"]]
    return {
        **user_link(world, link),
        "project": project_of(project),
        "user": person_of(world, link["user_id"]),
    }


_OF_USER: Final = (
    "id", "first_name", "last_name", "email", "telephone", "timezone", "weekly_capacity",
    "has_access_to_all_future_projects", "is_contractor", "is_active", "default_hourly_rate", "cost_rate",
)  # fmt: skip


def _user(world: World, person: Record) -> Record:
    roles = [role["name"] for role in world.all("role") if person["id"] in role["user_ids"]]
    flags = {name: person["is_admin"] or value for name, value in rights(person).items() if name[:3] == "can"}
    return {
        **{name: person[name] for name in _OF_USER},
        "is_admin": person["is_admin"],
        "is_project_manager": person["is_project_manager"],
        **flags,
        **_times(person),
        "roles": roles,
        "access_roles": access_roles(person),
        "avatar_url": AVATAR,
    }


def _expense_category(_: World, category: Record) -> Record:
    return {
        **named(category),
        "unit_name": category["unit_name"],
        "unit_price": category["unit_price"],
        "is_active": not category["deactivated"],
        **_times(category),
    }


def _item_category(_: World, category: Record) -> Record:
    return {
        **named(category),
        "use_as_service": category["use_as_service"],
        "use_as_expense": category["use_as_expense"],
        **_times(category),
    }


def _estimate_item_category(_: World, category: Record) -> Record:
    return {**named(category), **_times(category)}


def _role(_: World, role: Record) -> Record:
    return {**named(role), "user_ids": list(role["user_ids"]), **_times(role)}


SHAPES: Final[dict[str, Callable[[World, Record], Any]]] = {
    "client": _client,
    "contact": _contact,
    "project": _project,
    "task": _task,
    "task_assignment": _task_assignment,
    "user_assignment": _user_assignment,
    "user": _user,
    "expense_category": _expense_category,
    "invoice_item_category": _item_category,
    "estimate_item_category": _estimate_item_category,
    "role": _role,
}
