"""The roles that requests need.

A request whose person has too low a role gets 404, as if the record did not exist, and a manager sees only the projects
that they manage.
"""

from __future__ import annotations

from enum import Enum

from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.world import World

__all__ = ["Role", "admins_only", "managed", "may_see_project", "require", "rights"]


class Role(Enum):
    """The role that a request needs."""

    SELF = "any signed-in person"
    MANAGER = "administrators, and managers within the projects that they manage"
    ADMIN = "administrators"


def require(role: Role, person: Record, world: World) -> None:
    """Refuse with 404 unless the person has the role."""
    if role is Role.SELF or person["is_admin"]:
        return
    if role is Role.ADMIN or not (person["is_project_manager"] or managed(person, world)):
        raise Refusal(404)


def admins_only(person: Record) -> None:
    """Refuse with 404 unless the person is an administrator."""
    if not person["is_admin"]:
        raise Refusal(404)


def managed(person: Record, world: World) -> set[int]:
    """Return the ids of the projects that a person manages."""
    return {
        link["project_id"]
        for link in world.having("user_assignment", user_id=person["id"])
        if link["is_project_manager"] and not link["deactivated"]
    }


def may_see_project(person: Record, project_id: int, world: World) -> bool:
    """Return whether a person may see a project as its manager."""
    return person["is_admin"] or project_id in managed(person, world)


def rights(person: Record) -> Record:
    """Return the rights of a manager."""
    names = ("is_project_manager", "can_see_rates", "can_create_projects", "can_create_invoices")
    return {name: bool(person["is_project_manager"]) for name in names}
