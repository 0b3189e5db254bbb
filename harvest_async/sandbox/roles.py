"""Who may ask for what (contract: admin_values, conventions.roles).

Rules of this room: pure. A role is a column of the routing tables: `SELF`, `MANAGER` or `ADMIN`. Whoever's role is too
low is answered 404 (contract: role_as_404), and a manager is told of nothing but what they manage.
"""

from __future__ import annotations

from enum import Enum

from harvest_async.sandbox.reading import Refusal
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.world import World

__all__ = ["Role", "admins_only", "managed", "may_see_project", "require", "rights"]


class Role(Enum):
    """What a call asks of whoever makes it."""

    SELF = "any signed-in person"
    MANAGER = "administrators, and managers within the projects that they manage"
    ADMIN = "administrators"


def require(role: Role, person: Record, world: World) -> None:
    """Let a person in, or answer 404."""
    if role is Role.SELF or person["is_admin"]:
        return
    if role is Role.ADMIN or not (person["is_project_manager"] or managed(person, world)):
        raise Refusal(404)


def admins_only(person: Record) -> None:
    """Let an administrator in, or answer 404."""
    if not person["is_admin"]:
        raise Refusal(404)


def managed(person: Record, world: World) -> set[int]:
    """The projects that a person manages."""
    return {
        link["project_id"]
        for link in world.having("user_assignment", user_id=person["id"])
        if link["is_project_manager"] and not link["deactivated"]
    }


def may_see_project(person: Record, project_id: int, world: World) -> bool:
    """Whether a project is this person's to manage."""
    return person["is_admin"] or project_id in managed(person, world)


def rights(person: Record) -> Record:
    """What `who_am_i` says of a manager."""
    names = ("is_project_manager", "can_see_rates", "can_create_projects", "can_create_invoices")
    return {name: bool(person["is_project_manager"]) for name in names}
