"""The small records that others contain: a time entry has its client as `{"id": 1, "name": "ACME"}`."""

from __future__ import annotations

from typing import Any

from attrs import field, frozen

from harvest_async.client.record import Record
from harvest_async.v2.references import accepted_as

__all__ = ["ClientRef", "ProjectRef", "TaskRef", "UserRef", "id_of"]


@accepted_as("client")
@frozen(kw_only=True)
class ClientRef(Record):
    """A client in another record."""

    id: int | None = None
    name: str | None = None
    currency: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@accepted_as("project")
@frozen(kw_only=True)
class ProjectRef(Record):
    """A project in another record."""

    id: int | None = None
    name: str | None = None
    code: str | None = None
    is_billable: bool | None = None
    extra: dict[str, Any] = field(factory=dict)


@accepted_as("task")
@frozen(kw_only=True)
class TaskRef(Record):
    """A task in another record."""

    id: int | None = None
    name: str | None = None
    extra: dict[str, Any] = field(factory=dict)


@accepted_as("user")
@frozen(kw_only=True)
class UserRef(Record):
    """A user in another record."""

    id: int | None = None
    name: str | None = None
    extra: dict[str, Any] = field(factory=dict)


def id_of(nested: ClientRef | ProjectRef | TaskRef | UserRef | None) -> int | None:
    """Return the id of a nested record; None if there is none."""
    return None if nested is None else nested.id
