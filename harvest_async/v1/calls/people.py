"""People: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harvest_async.call import Call, Created, DeleteResult, Page
from harvest_async.client import builders as frame
from harvest_async.client.builders import UNSAFE, Id
from harvest_async.client.results import Done, One
from harvest_async.v1.models import Person

__all__ = [
    "create_person",
    "delete_person",
    "get_person",
    "list_people",
    "reset_password",
    "toggle_person",
    "update_person",
]

PERSON = One(Person, "user")  # contract: people_users


def list_people(updated_since: datetime | None = None) -> Call[Page[Person]]:
    """Contract: people.list."""
    return frame.listing("people.list", "/people", PERSON, updated_since)


def get_person(id: Id) -> Call[Person]:
    """Contract: people.get: an e-mail address will do (person_by_email)."""
    return frame.get("people.get", frame.place("/people/{person}", id), PERSON)


def create_person(fields: Mapping[str, Any]) -> Call[Created[Person]]:
    """Contract: people.create: a real e-mail goes out (create_user_mails)."""
    return frame.create("people.create", "/people", PERSON, fields)


def update_person(id: Id, fields: Mapping[str, Any]) -> Call[Person | None]:
    """Contract: people.update."""
    return frame.update("people.update", frame.place("/people/{person}", id), PERSON, fields)


def delete_person(id: Id) -> Call[DeleteResult]:
    """Contract: people.delete."""
    return frame.delete("people.delete", frame.place("/people/{person}", id))


def toggle_person(id: Id) -> Call[Person | None]:
    """Contract: people.toggle: by POST (toggle_verbs)."""
    return frame.toggle("people.toggle", "POST", frame.place("/people/{person}/toggle", id), PERSON)


def reset_password(id: Id) -> Call[None]:
    """Contract: people.reset_password: undocumented, and gone in places."""
    where = frame.place("/people/{person}/reset_password", id)
    return Call("people.reset_password", "POST", where, Done(), UNSAFE)
