"""Clients: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harvest_async.call import Call, Created, Gone, Page
from harvest_async.v1.calls import frame
from harvest_async.v1.calls.frame import IDEMPOTENT, SAFE, UNSAFE, Id
from harvest_async.v1.models import Client
from harvest_async.v1.results import Changed, One, Removed

__all__ = ["create_client", "delete_client", "get_client", "list_clients", "toggle_client", "update_client"]

CLIENT = One(Client, "client")


def list_clients(updated_since: datetime | None) -> Call[Page[Client]]:
    """Contract: clients.list."""
    return frame.listing("clients.list", "/clients", CLIENT, updated_since)


def get_client(id: Id) -> Call[Client]:
    """Contract: clients.get."""
    return Call("clients.get", "GET", frame.place("/clients/{}", id), CLIENT, SAFE)


def create_client(fields: Mapping[str, Any]) -> Call[Created[Client]]:
    """Contract: clients.create."""
    return frame.create("clients.create", "/clients", CLIENT, fields)


def update_client(id: Id, fields: Mapping[str, Any]) -> Call[Client | None]:
    """Contract: clients.update."""
    return frame.update("clients.update", frame.place("/clients/{}", id), CLIENT, fields)


def toggle_client(id: Id) -> Call[Client | None]:
    """Contract: clients.toggle: by POST (toggle_verbs)."""
    return Call("clients.toggle", "POST", frame.place("/clients/{}/toggle", id), Changed(CLIENT), UNSAFE)


def delete_client(id: Id) -> Call[Gone]:
    """Contract: clients.delete."""
    return Call("clients.delete", "DELETE", frame.place("/clients/{}", id), Removed(), IDEMPOTENT)
