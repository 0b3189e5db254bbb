"""Handlers for users, their rates, teammates and project assignments."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role, managed
from harvest_async.sandbox.v2.base import Request, Route, V2Services, respond
from harvest_async.sandbox.v2.fields import read_record
from harvest_async.sandbox.v2.filters import matching, since
from harvest_async.sandbox.v2.lists import list_page, plain_page
from harvest_async.sandbox.v2.resources import is_active
from harvest_async.sandbox.v2.shapes import SHAPES, project_assignment

__all__ = ["ROUTES"]

_NEEDED: Final = ("first_name", "last_name", "email")
_ROLES: Final = frozenset({"administrator", "manager", "member"})
_GRANTED: Final = frozenset(
    {
        "project_creator",
        "billable_rates_manager",
        "managed_projects_invoice_drafter",
        "managed_projects_invoice_manager",
        "client_and_task_manager",
        "time_and_expenses_manager",
        "estimates_manager",
    }
)


def list_users(services: V2Services, request: Request) -> Response:
    """Return all users; managers see themselves and the people on their projects."""
    records = services.world.all("user")
    if not request.person["is_admin"]:
        own = managed(request.person, services.world)
        links = [link for number in own for link in services.world.assignments("user_assignment", number)]
        known = {request.person["id"], *(link["user_id"] for link in links)}
        records = [record for record in records if record["id"] in known]
    records = matching(request, since(request, records), is_active=is_active)
    return list_page(services, request, "users", records, partial(_user, services, request))


def me(services: V2Services, request: Request) -> Response:
    """Return the signed-in user."""
    return respond(SHAPES["user"](services.world, request.person))


def get(services: V2Services, request: Request) -> Response:
    """Return a user."""
    return respond(_user(services, request, services.find_person(request, request.id)))


def create(services: V2Services, request: Request) -> Response:
    """Create a user; an invitation is not sent."""
    values = read_record("user", request.body, _NEEDED) | _access(request.body)
    person = services.rules.create("user", values, request.now, required=())
    _set_roles(services, request, person)
    if person["has_access_to_all_future_projects"]:
        for project in services.world.all("project"):
            services.staff.assign("user_assignment", project, person["id"], request.now)
    return respond(SHAPES["user"](services.world, person), 201, f"/users/{person['id']}")


def update(services: V2Services, request: Request) -> Response:
    """Change the given values of a user; rates have endpoints of their own."""
    person = services.world.find("user", request.id)
    values = read_record("user", request.body, [name for name in _NEEDED if name in request.body])
    for name in ("default_hourly_rate", "cost_rate"):
        values.pop(name, None)
    values |= _access(request.body)
    if values.get("is_active") is False and person["is_active"]:
        services.rules.check_last_administrator(person)
    services.rules.update("user", person, values, request.now)
    _set_roles(services, request, person)
    return respond(SHAPES["user"](services.world, person))


def delete(services: V2Services, request: Request) -> Response:
    """Delete a user and return it; one with hours or expenses is refused."""
    person = services.world.find("user", request.id)
    shown = SHAPES["user"](services.world, person)
    services.rules.delete("user", person, request.now, archives=False)
    for role in services.world.all("role"):
        if person["id"] in role["user_ids"]:
            left = tuple(number for number in role["user_ids"] if number != person["id"])
            services.world.change("role", role, {"user_ids": left}, request.now)
    return respond(shown)


# Project assignments and teammates


def list_projects(services: V2Services, request: Request) -> Response:
    """Return the active project assignments of a user."""
    person = services.find_person(request, request.id)
    links = since(request, _links(services, person))
    return list_page(services, request, "project_assignments", links, partial(project_assignment, services.world))


def list_my_projects(services: V2Services, request: Request) -> Response:
    """Return the active project assignments of the signed-in user."""
    newest = sorted(_links(services, request.person), key=lambda link: link["id"], reverse=True)
    return plain_page(request, "project_assignments", newest, partial(project_assignment, services.world))


def list_teammates(services: V2Services, request: Request) -> Response:
    """Return the teammates of a manager."""
    person, people = services.world.find("user", request.id), services.tables("user")
    records = [people[number] for number in person["teammate_ids"] if number in people]
    return list_page(services, request, "teammates", records, _teammate)


def set_teammates(services: V2Services, request: Request) -> Response:
    """Replace the teammates of a manager."""
    person, people = services.world.find("user", request.id), services.tables("user")
    given: Any = request.body.get("teammate_ids")
    if not isinstance(given, list):
        raise Refusal(422, "Teammate ids can't be blank")
    numbers = [read_id(each) for each in given]
    if not all(number in people for number in numbers):
        raise Refusal(422, "Teammate ids is invalid")
    if not person["is_project_manager"]:
        raise Refusal(422, "User is not a manager")
    known = tuple(dict.fromkeys(number for number in numbers if number is not None))
    services.world.change("user", person, {"teammate_ids": known}, request.now)
    return respond({"teammates": [_teammate(people[number]) for number in known]})


# Rates


def list_rates(kind: str, services: V2Services, request: Request) -> Response:
    """Return the rates of a user."""
    rates = services.rates.rates(kind, services.world.find("user", request.id), request.now)
    return list_page(services, request, f"{kind}s", rates, partial(_rate, kind, services))


def get_rate(kind: str, services: V2Services, request: Request) -> Response:
    """Return a rate of a user."""
    rate = services.world.find(kind, request.id)
    if rate["user_id"] != int(request.path_values[0]):
        raise Refusal(404)
    return respond(_rate(kind, services, rate))


def add_rate(kind: str, services: V2Services, request: Request) -> Response:
    """Add a rate; without a start it replaces all others."""
    person = services.world.find("user", request.id)
    values = read_record(kind, request.body, ("amount",))
    if values["amount"] < 0:
        raise Refusal(422, "Amount must be greater than or equal to 0")
    rate = services.rates.add(kind, person, values, request.now)
    return respond(_rate(kind, services, rate), 201, f"/users/{person['id']}/{kind}s/{rate['id']}")


# Internals


def _user(services: V2Services, request: Request, person: Record) -> Record:
    """Return a user; only administrators see cost rates."""
    shown: Record = SHAPES["user"](services.world, person)
    return shown if request.person["is_admin"] else {**shown, "cost_rate": None}


def _teammate(person: Record) -> Record:
    return {name: person[name] for name in ("id", "first_name", "last_name", "email")}


def _rate(kind: str, services: V2Services, rate: Record) -> Record:
    names = ("id", "amount", "start_date", "created_at", "updated_at")
    return {**{name: rate[name] for name in names}, "end_date": services.rates.end_of(kind, rate)}


def _links(services: V2Services, person: Record) -> list[Record]:
    links = services.world.having("user_assignment", user_id=person["id"])
    projects = services.tables("project")
    return [link for link in links if not link["deactivated"] and projects[link["project_id"]]["active"]]


def _access(body: Record) -> Record:
    """Return the rights that a body gives by `access_roles`, or by the flags that it replaces."""
    if body.get("access_roles") is None:
        return {name: body[name] for name in ("is_admin", "is_project_manager") if isinstance(body.get(name), bool)}
    given = body["access_roles"]
    roles = [str(role) for role in given] if isinstance(given, list) else [str(given)]
    if len(_ROLES.intersection(roles)) != 1 or not (_ROLES | _GRANTED).issuperset(roles):
        raise Refusal(422, "Access roles is invalid")
    return {
        "is_admin": "administrator" in roles,
        "is_project_manager": "manager" in roles,
        "granted_roles": tuple(role for role in dict.fromkeys(roles) if role in _GRANTED),
    }


def _set_roles(services: V2Services, request: Request, person: Record) -> None:
    """Give a person the roles that a body names; a new name becomes a role."""
    given = request.body.get("roles")
    if not isinstance(given, list):
        return
    names = {str(name).strip().lower(): str(name).strip() for name in given if str(name).strip()}
    world = services.world
    for role in world.all("role"):
        has = role["name"].strip().lower() in names
        names.pop(role["name"].strip().lower(), None)
        if has != (person["id"] in role["user_ids"]):
            kept = tuple(number for number in role["user_ids"] if number != person["id"])
            world.change("role", role, {"user_ids": (*kept, person["id"]) if has else kept}, request.now)
    for name in names.values():
        world.add("role", {"name": name, "user_ids": (person["id"],)}, request.now)


def _rates(kind: str) -> tuple[Route, ...]:
    path = f"/users/{{id}}/{kind}s"
    return (
        Route("GET", path, Role.ADMIN, partial(list_rates, kind)),
        Route("POST", path, Role.ADMIN, partial(add_rate, kind)),
        Route("GET", f"{path}/{{id}}", Role.ADMIN, partial(get_rate, kind)),
    )


ROUTES: Final = (
    Route("GET", "/users", Role.MANAGER, list_users),
    Route("POST", "/users", Role.ADMIN, create),
    Route("GET", "/users/me", Role.SELF, me),
    Route("GET", "/users/me/project_assignments", Role.SELF, list_my_projects),
    Route("GET", "/users/{id}", Role.SELF, get),
    Route("PATCH", "/users/{id}", Role.ADMIN, update),
    Route("DELETE", "/users/{id}", Role.ADMIN, delete),
    Route("GET", "/users/{id}/project_assignments", Role.SELF, list_projects),
    Route("GET", "/users/{id}/teammates", Role.ADMIN, list_teammates),
    Route("PATCH", "/users/{id}/teammates", Role.ADMIN, set_teammates),
    *_rates("billable_rate"),
    *_rates("cost_rate"),
)
