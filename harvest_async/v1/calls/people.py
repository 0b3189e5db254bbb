"""People: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harvest_async.call import Call, Created, Gone, Page
from harvest_async.v1.calls import frame
from harvest_async.v1.calls.frame import IDEMPOTENT, SAFE, UNSAFE, Id
from harvest_async.v1.models import Person
from harvest_async.v1.results import Changed, One, Removed

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


def list_people(updated_since: datetime | None) -> Call[Page[Person]]:
    """Contract: people.list."""
    return frame.listing("people.list", "/people", PERSON, updated_since)


def get_person(id: Id) -> Call[Person]:
    """Contract: people.get: an e-mail address will do (person_by_email)."""
    return Call("people.get", "GET", frame.place("/people/{}", id), PERSON, SAFE)


def create_person(fields: Mapping[str, Any]) -> Call[Created[Person]]:
    """Contract: people.create: a real e-mail goes out (create_user_mails)."""
    return frame.create("people.create", "/people", PERSON, fields)


def update_person(id: Id, fields: Mapping[str, Any]) -> Call[Person | None]:
    """Contract: people.update."""
    return frame.update("people.update", frame.place("/people/{}", id), PERSON, fields)


def toggle_person(id: Id) -> Call[Person | None]:
    """Contract: people.toggle: by POST (toggle_verbs)."""
    return Call("people.toggle", "POST", frame.place("/people/{}/toggle", id), Changed(PERSON), UNSAFE)


def delete_person(id: Id) -> Call[Gone]:
    """Contract: people.delete."""
    return Call("people.delete", "DELETE", frame.place("/people/{}", id), Removed(), IDEMPOTENT)


def reset_password(id: Id) -> Call[Person | None]:
    """Contract: people.reset_password: undocumented, and gone in places."""
    return Call("people.reset_password", "POST", frame.place("/people/{}/reset_password", id), Changed(PERSON), UNSAFE)
