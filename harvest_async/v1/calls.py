"""API v1, an endpoint a function: arguments -> `Call`.

Rules of this room: pure. What may be repeated stands at each endpoint and is the contract's `retry_safe`, never a
conclusion from the HTTP method. Paths, roots and names are the contract's; arguments are checked in `checks`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, TypeVar

from harvest_async.call import Body, Call, Created, Gone, Page, Repeat, path
from harvest_async.v1 import checks
from harvest_async.v1.models import (
    Client,
    Daily,
    DayEntry,
    Person,
    Project,
    RateLimitStatus,
    ReportEntry,
    Task,
    TaskAssignment,
    UserAssignment,
    WhoAmI,
)
from harvest_async.v1.results import Bare, Changed, Entry, Made, Many, One, Raw, Removed

T = TypeVar("T")

Id = int | str
Query = tuple[tuple[str, str], ...]

SAFE, IDEMPOTENT, UNSAFE = Repeat.SAFE, Repeat.IDEMPOTENT, Repeat.UNSAFE

CLIENT = One(Client, "client")
PROJECT = One(Project, "project")
TASK = One(Task, "task")
PERSON = One(Person, "user")  # contract: people_users
TASK_ASSIGNMENT = One(TaskAssignment, "task_assignment")
USER_ASSIGNMENT = One(UserAssignment, "user_assignment")
REPORT = Many(ReportEntry, "day_entry")


# Account


def who_am_i() -> Call[WhoAmI]:
    """Contract: account.who_am_i."""
    return Call("account.who_am_i", "GET", "/account/who_am_i", Bare(WhoAmI), SAFE)


def rate_limit_status() -> Call[RateLimitStatus]:
    """Contract: account.rate_limit_status."""
    return Call("account.rate_limit_status", "GET", "/account/rate_limit_status", Bare(RateLimitStatus), SAFE)


# Time tracking


def daily(day: date | None, of_user: Id | None, *, slim: bool) -> Call[Daily]:
    """Contract: time_tracking.daily, time_tracking.daily_for_date: the day of the year comes first."""
    query = (*_of(of_user), *((("slim", "1"),) if slim else ()))
    if day is None:
        return Call("time_tracking.daily", "GET", "/daily", Bare(Daily), SAFE, query)
    where = path("/daily/{}/{}", day.timetuple().tm_yday, day.year)
    return Call("time_tracking.daily_for_date", "GET", where, Bare(Daily), SAFE, query)


def show_entry(id: Id, of_user: Id | None) -> Call[DayEntry]:
    """Contract: time_tracking.show."""
    return Call("time_tracking.show", "GET", _path("/daily/show/{}", id), Entry(), SAFE, _of(of_user))


def toggle_timer(id: Id, of_user: Id | None) -> Call[DayEntry]:
    """Contract: time_tracking.toggle_timer: a GET that changes state (toggle_is_get)."""
    return Call("time_tracking.toggle_timer", "GET", _path("/daily/timer/{}", id), Entry(), UNSAFE, _of(of_user))


def create_entry(fields: Mapping[str, Any], of_user: Id | None) -> Call[Created[DayEntry]]:
    """Contract: time_tracking.create."""
    result, body = Made(Entry()), _request(fields)
    return Call("time_tracking.create", "POST", "/daily/add", result, UNSAFE, _of(of_user), body)


def update_entry(id: Id, fields: Mapping[str, Any], of_user: Id | None) -> Call[DayEntry | None]:
    """Contract: time_tracking.update: by POST (update_verb), and whole (update_overwrites)."""
    where = _path("/daily/update/{}", id)
    return Call("time_tracking.update", "POST", where, Changed(Entry()), IDEMPOTENT, _of(of_user), _request(fields))


def delete_entry(id: Id, of_user: Id | None) -> Call[Gone]:
    """Contract: time_tracking.delete."""
    return Call("time_tracking.delete", "DELETE", _path("/daily/delete/{}", id), Removed(), IDEMPOTENT, _of(of_user))


# Clients


def list_clients(updated_since: datetime | None) -> Call[Page[Client]]:
    """Contract: clients.list."""
    return _list("clients.list", "/clients", CLIENT, updated_since)


def get_client(id: Id) -> Call[Client]:
    """Contract: clients.get."""
    return Call("clients.get", "GET", _path("/clients/{}", id), CLIENT, SAFE)


def create_client(fields: Mapping[str, Any]) -> Call[Created[Client]]:
    """Contract: clients.create."""
    return _create("clients.create", "/clients", CLIENT, fields)


def update_client(id: Id, fields: Mapping[str, Any]) -> Call[Client | None]:
    """Contract: clients.update."""
    return _update("clients.update", _path("/clients/{}", id), CLIENT, fields)


def toggle_client(id: Id) -> Call[Client | None]:
    """Contract: clients.toggle: by POST (toggle_verbs)."""
    return Call("clients.toggle", "POST", _path("/clients/{}/toggle", id), Changed(CLIENT), UNSAFE)


def delete_client(id: Id) -> Call[Gone]:
    """Contract: clients.delete."""
    return Call("clients.delete", "DELETE", _path("/clients/{}", id), Removed(), IDEMPOTENT)


# Projects


def list_projects(client: int | None, updated_since: datetime | None) -> Call[Page[Project]]:
    """Contract: projects.list."""
    return _list("projects.list", "/projects", PROJECT, updated_since, _given(client=client))


def get_project(id: Id) -> Call[Project]:
    """Contract: projects.get."""
    return Call("projects.get", "GET", _path("/projects/{}", id), PROJECT, SAFE)


def create_project(fields: Mapping[str, Any]) -> Call[Created[Project]]:
    """Contract: projects.create."""
    return _create("projects.create", "/projects", PROJECT, fields)


def update_project(id: Id, fields: Mapping[str, Any]) -> Call[Project | None]:
    """Contract: projects.update: with `client_id` in it (project_update_client_id)."""
    return _update("projects.update", _path("/projects/{}", id), PROJECT, fields)


def toggle_project(id: Id) -> Call[Project | None]:
    """Contract: projects.toggle: by PUT (toggle_verbs)."""
    return Call("projects.toggle", "PUT", _path("/projects/{}/toggle", id), Changed(PROJECT), UNSAFE)


def delete_project(id: Id) -> Call[Gone]:
    """Contract: projects.delete."""
    return Call("projects.delete", "DELETE", _path("/projects/{}", id), Removed(), IDEMPOTENT)


# Tasks


def list_tasks(updated_since: datetime | None) -> Call[Page[Task]]:
    """Contract: tasks.list."""
    return _list("tasks.list", "/tasks", TASK, updated_since)


def get_task(id: Id) -> Call[Task]:
    """Contract: tasks.get."""
    return Call("tasks.get", "GET", _path("/tasks/{}", id), TASK, SAFE)


def create_task(fields: Mapping[str, Any]) -> Call[Created[Task]]:
    """Contract: tasks.create."""
    return _create("tasks.create", "/tasks", TASK, fields)


def update_task(id: Id, fields: Mapping[str, Any]) -> Call[Task | None]:
    """Contract: tasks.update."""
    return _update("tasks.update", _path("/tasks/{}", id), TASK, fields)


def activate_task(id: Id) -> Call[Task | None]:
    """Contract: tasks.activate."""
    return Call("tasks.activate", "POST", _path("/tasks/{}/activate", id), Changed(TASK), IDEMPOTENT)


def delete_task(id: Id) -> Call[Gone]:
    """Contract: tasks.delete_or_archive: the answer does not tell which of the two happened."""
    return Call("tasks.delete_or_archive", "DELETE", _path("/tasks/{}", id), Removed(told=False), IDEMPOTENT)


# People


def list_people(updated_since: datetime | None) -> Call[Page[Person]]:
    """Contract: people.list."""
    return _list("people.list", "/people", PERSON, updated_since)


def get_person(id: Id) -> Call[Person]:
    """Contract: people.get: an e-mail address will do (person_by_email)."""
    return Call("people.get", "GET", _path("/people/{}", id), PERSON, SAFE)


def create_person(fields: Mapping[str, Any]) -> Call[Created[Person]]:
    """Contract: people.create: a real e-mail goes out (create_user_mails)."""
    return _create("people.create", "/people", PERSON, fields)


def update_person(id: Id, fields: Mapping[str, Any]) -> Call[Person | None]:
    """Contract: people.update."""
    return _update("people.update", _path("/people/{}", id), PERSON, fields)


def toggle_person(id: Id) -> Call[Person | None]:
    """Contract: people.toggle: by POST (toggle_verbs)."""
    return Call("people.toggle", "POST", _path("/people/{}/toggle", id), Changed(PERSON), UNSAFE)


def delete_person(id: Id) -> Call[Gone]:
    """Contract: people.delete."""
    return Call("people.delete", "DELETE", _path("/people/{}", id), Removed(), IDEMPOTENT)


def reset_password(id: Id) -> Call[Person | None]:
    """Contract: people.reset_password: undocumented, and gone in places."""
    return Call("people.reset_password", "POST", _path("/people/{}/reset_password", id), Changed(PERSON), UNSAFE)


# Assignments


def list_task_assignments(project: Id, updated_since: datetime | None) -> Call[Page[TaskAssignment]]:
    """Contract: task_assignments.list."""
    where = _path("/projects/{}/task_assignments", project)
    return _list("task_assignments.list", where, TASK_ASSIGNMENT, updated_since)


def get_task_assignment(project: Id, id: Id) -> Call[TaskAssignment]:
    """Contract: task_assignments.get."""
    return Call(
        "task_assignments.get", "GET", _path("/projects/{}/task_assignments/{}", project, id), TASK_ASSIGNMENT, SAFE
    )


def create_task_assignment(project: Id, task_id: int) -> Call[Created[TaskAssignment]]:
    """Contract: task_assignments.create: the body is a task with nothing but its id (assignment_create_root)."""
    where = _path("/projects/{}/task_assignments", project)
    body = Body({"id": task_id}, "task", "task")
    return Call("task_assignments.create", "POST", where, Made(TASK_ASSIGNMENT), UNSAFE, body=body)


def create_task_assignment_with_task(project: Id, name: str) -> Call[Created[TaskAssignment]]:
    """Contract: task_assignments.create_with_new_task."""
    where = _path("/projects/{}/task_assignments/add_with_create_new_task", project)
    body = Body({"name": name}, "task", "task")
    return Call("task_assignments.create_with_new_task", "POST", where, Made(TASK_ASSIGNMENT), UNSAFE, body=body)


def update_task_assignment(project: Id, id: Id, fields: Mapping[str, Any]) -> Call[TaskAssignment | None]:
    """Contract: task_assignments.update."""
    where = _path("/projects/{}/task_assignments/{}", project, id)
    return _update("task_assignments.update", where, TASK_ASSIGNMENT, fields)


def delete_task_assignment(project: Id, id: Id) -> Call[Gone]:
    """Contract: task_assignments.delete: a `Hint` tells of an archiving."""
    where = _path("/projects/{}/task_assignments/{}", project, id)
    return Call("task_assignments.delete", "DELETE", where, Removed(hints=True), IDEMPOTENT)


def list_user_assignments(project: Id, updated_since: datetime | None) -> Call[Page[UserAssignment]]:
    """Contract: user_assignments.list."""
    where = _path("/projects/{}/user_assignments", project)
    return _list("user_assignments.list", where, USER_ASSIGNMENT, updated_since)


def get_user_assignment(project: Id, id: Id) -> Call[UserAssignment]:
    """Contract: user_assignments.get."""
    return Call(
        "user_assignments.get", "GET", _path("/projects/{}/user_assignments/{}", project, id), USER_ASSIGNMENT, SAFE
    )


def create_user_assignment(project: Id, user_id: int) -> Call[Created[UserAssignment]]:
    """Contract: user_assignments.create: the body is a user with nothing but its id (assignment_create_root)."""
    where = _path("/projects/{}/user_assignments", project)
    body = Body({"id": user_id}, "user", "user")
    return Call("user_assignments.create", "POST", where, Made(USER_ASSIGNMENT), UNSAFE, body=body)


def update_user_assignment(project: Id, id: Id, fields: Mapping[str, Any]) -> Call[UserAssignment | None]:
    """Contract: user_assignments.update."""
    where = _path("/projects/{}/user_assignments/{}", project, id)
    return _update("user_assignments.update", where, USER_ASSIGNMENT, fields)


def delete_user_assignment(project: Id, id: Id) -> Call[Gone]:
    """Contract: user_assignments.delete: a `Hint` tells of an archiving."""
    where = _path("/projects/{}/user_assignments/{}", project, id)
    return Call("user_assignments.delete", "DELETE", where, Removed(hints=True), IDEMPOTENT)


# Reports


def project_entries(id: Id, query: Query) -> Call[Page[ReportEntry]]:
    """Contract: reports.project_entries."""
    return Call("reports.project_entries", "GET", _path("/projects/{}/entries", id), REPORT, SAFE, query)


def user_entries(id: Id, query: Query) -> Call[Page[ReportEntry]]:
    """Contract: reports.user_entries."""
    return Call("reports.user_entries", "GET", _path("/people/{}/entries", id), REPORT, SAFE, query)


# Anything


def raw(method: str, where: str, query: Query, fields: Mapping[str, Any] | None, *, repeatable: bool) -> Call[Any]:
    """Any call; the fields' only key, where it holds fields itself, is the root in both formats."""
    body = None
    if fields is not None:
        root, inner = next(iter(fields.items()), (None, None))
        wrapped = len(fields) == 1 and isinstance(inner, Mapping)
        body = Body(inner, root, str(root)) if wrapped and isinstance(inner, Mapping) else _request(fields)
    repeat = IDEMPOTENT if repeatable else UNSAFE
    return Call(f"request {where}", method, where, Raw(), repeat, query, body)


def _request(fields: Mapping[str, Any]) -> Body:
    """Time tracking's body: without a root in JSON (daily_request_unwrapped), with underscores in XML."""
    return Body(fields, None, "request", underscores=True)


def _path(template: str, *ids: Id) -> str:
    return path(template, *(checks.segment("id", each) for each in ids))


def _of(user: Id | None) -> Query:
    """Contract: of_user, as a query parameter (of_user_in_body)."""
    return () if user is None else (("of_user", checks.segment("of_user", user)),)


def _given(**parameters: Any) -> Query:
    return tuple((name, str(value)) for name, value in parameters.items() if value is not None)


def _list(name: str, where: str, one: One[T], updated_since: datetime | None, query: Query = ()) -> Call[Page[T]]:
    if updated_since is not None:
        query = (*query, ("updated_since", checks.since(updated_since)))
    return Call(name, "GET", where, Many(one.model, one.root), SAFE, query)


def _create(name: str, where: str, one: One[T], fields: Mapping[str, Any]) -> Call[Created[T]]:
    return Call(name, "POST", where, Made(one), UNSAFE, body=_body(one, fields))


def _update(name: str, where: str, one: One[T], fields: Mapping[str, Any]) -> Call[T | None]:
    return Call(name, "PUT", where, Changed(one), IDEMPOTENT, body=_body(one, fields))


def _body(one: One[Any], fields: Mapping[str, Any]) -> Body:
    return Body(fields, one.root, one.root.replace("_", "-"))
