"""Projects: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harvest_async.call import Call, Created, DeleteResult, Page
from harvest_async.client import builders as frame
from harvest_async.client import validation as checks
from harvest_async.client.builders import Id
from harvest_async.client.results import One
from harvest_async.v1.models import Project

__all__ = [
    "create_project",
    "delete_project",
    "get_project",
    "list_projects",
    "toggle_project",
    "update_project",
]

PROJECT = One(Project, "project")


def list_projects(client: Id | None = None, updated_since: datetime | None = None) -> Call[Page[Project]]:
    """Contract: projects.list: the parameter is `client` (client_filter_name)."""
    query = frame.given(client=None if client is None else checks.segment("client", client))
    return frame.listing("projects.list", "/projects", PROJECT, updated_since, query)


def get_project(id: Id) -> Call[Project]:
    """Contract: projects.get."""
    return frame.get("projects.get", frame.place("/projects/{project}", id), PROJECT)


def create_project(fields: Mapping[str, Any]) -> Call[Created[Project]]:
    """Contract: projects.create."""
    return frame.create("projects.create", "/projects", PROJECT, fields)


def update_project(id: Id, fields: Mapping[str, Any]) -> Call[Project | None]:
    """Contract: projects.update: with `client_id` in it (project_update_client_id)."""
    return frame.update("projects.update", frame.place("/projects/{project}", id), PROJECT, fields)


def delete_project(id: Id) -> Call[DeleteResult]:
    """Contract: projects.delete."""
    return frame.delete("projects.delete", frame.place("/projects/{project}", id))


def toggle_project(id: Id) -> Call[Project | None]:
    """Contract: projects.toggle: by PUT (toggle_verbs)."""
    return frame.toggle("projects.toggle", "PUT", frame.place("/projects/{project}/toggle", id), PROJECT)
