"""Projects: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harvest_async.call import Call, Created, Gone, Page
from harvest_async.v1.calls import frame
from harvest_async.v1.calls.frame import IDEMPOTENT, SAFE, UNSAFE, Id
from harvest_async.v1.models import Project
from harvest_async.v1.results import Changed, One, Removed

__all__ = ["create_project", "delete_project", "get_project", "list_projects", "toggle_project", "update_project"]

PROJECT = One(Project, "project")


def list_projects(client: int | None, updated_since: datetime | None) -> Call[Page[Project]]:
    """Contract: projects.list."""
    return frame.listing("projects.list", "/projects", PROJECT, updated_since, frame.given(client=client))


def get_project(id: Id) -> Call[Project]:
    """Contract: projects.get."""
    return Call("projects.get", "GET", frame.place("/projects/{}", id), PROJECT, SAFE)


def create_project(fields: Mapping[str, Any]) -> Call[Created[Project]]:
    """Contract: projects.create."""
    return frame.create("projects.create", "/projects", PROJECT, fields)


def update_project(id: Id, fields: Mapping[str, Any]) -> Call[Project | None]:
    """Contract: projects.update: with `client_id` in it (project_update_client_id)."""
    return frame.update("projects.update", frame.place("/projects/{}", id), PROJECT, fields)


def toggle_project(id: Id) -> Call[Project | None]:
    """Contract: projects.toggle: by PUT (toggle_verbs)."""
    return Call("projects.toggle", "PUT", frame.place("/projects/{}/toggle", id), Changed(PROJECT), UNSAFE)


def delete_project(id: Id) -> Call[Gone]:
    """Contract: projects.delete."""
    return Call("projects.delete", "DELETE", frame.place("/projects/{}", id), Removed(), IDEMPOTENT)
