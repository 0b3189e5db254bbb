"""API v1, an endpoint a function: arguments -> `Call`.

Rules of this room: pure. What may be repeated stands at each endpoint and is the contract's `retry_safe`, never a
conclusion from the HTTP method. Paths, roots and names are the contract's; arguments are checked in `checks`.
"""

from harvest_async.v1.calls.account import rate_limit_status, who_am_i
from harvest_async.v1.calls.anything import raw
from harvest_async.v1.calls.assignments import (
    create_task_assignment,
    create_task_assignment_with_task,
    create_user_assignment,
    delete_task_assignment,
    delete_user_assignment,
    get_task_assignment,
    get_user_assignment,
    list_task_assignments,
    list_user_assignments,
    update_task_assignment,
    update_user_assignment,
)
from harvest_async.v1.calls.clients import (
    create_client,
    delete_client,
    get_client,
    list_clients,
    toggle_client,
    update_client,
)
from harvest_async.v1.calls.frame import Id, Query
from harvest_async.v1.calls.people import (
    create_person,
    delete_person,
    get_person,
    list_people,
    reset_password,
    toggle_person,
    update_person,
)
from harvest_async.v1.calls.projects import (
    create_project,
    delete_project,
    get_project,
    list_projects,
    toggle_project,
    update_project,
)
from harvest_async.v1.calls.reports import project_entries, user_entries
from harvest_async.v1.calls.tasks import activate_task, create_task, delete_task, get_task, list_tasks, update_task
from harvest_async.v1.calls.time import create_entry, daily, delete_entry, show_entry, toggle_timer, update_entry

__all__ = [
    "Id",
    "Query",
    "activate_task",
    "create_client",
    "create_entry",
    "create_person",
    "create_project",
    "create_task",
    "create_task_assignment",
    "create_task_assignment_with_task",
    "create_user_assignment",
    "daily",
    "delete_client",
    "delete_entry",
    "delete_person",
    "delete_project",
    "delete_task",
    "delete_task_assignment",
    "delete_user_assignment",
    "get_client",
    "get_person",
    "get_project",
    "get_task",
    "get_task_assignment",
    "get_user_assignment",
    "list_clients",
    "list_people",
    "list_projects",
    "list_task_assignments",
    "list_tasks",
    "list_user_assignments",
    "project_entries",
    "rate_limit_status",
    "raw",
    "reset_password",
    "show_entry",
    "toggle_client",
    "toggle_person",
    "toggle_project",
    "toggle_timer",
    "update_client",
    "update_entry",
    "update_person",
    "update_project",
    "update_task",
    "update_task_assignment",
    "update_user_assignment",
    "user_entries",
    "who_am_i",
]
