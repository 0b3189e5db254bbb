"""Clients and contacts: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harvest_async.call import Call, Created, DeleteResult, Page
from harvest_async.client import builders as frame
from harvest_async.client.builders import Id
from harvest_async.client.results import One
from harvest_async.v1.models import Client, Contact

__all__ = [
    "create_client",
    "create_contact",
    "delete_client",
    "delete_contact",
    "get_client",
    "get_contact",
    "list_client_contacts",
    "list_clients",
    "list_contacts",
    "toggle_client",
    "update_client",
    "update_contact",
]

CLIENT = One(Client, "client")
CONTACT = One(Contact, "contact")


def list_clients(updated_since: datetime | None = None) -> Call[Page[Client]]:
    """Contract: clients.list."""
    return frame.listing("clients.list", "/clients", CLIENT, updated_since)


def get_client(id: Id) -> Call[Client]:
    """Contract: clients.get."""
    return frame.get("clients.get", frame.place("/clients/{client}", id), CLIENT)


def create_client(fields: Mapping[str, Any]) -> Call[Created[Client]]:
    """Contract: clients.create."""
    return frame.create("clients.create", "/clients", CLIENT, fields)


def update_client(id: Id, fields: Mapping[str, Any]) -> Call[Client | None]:
    """Contract: clients.update."""
    return frame.update("clients.update", frame.place("/clients/{client}", id), CLIENT, fields)


def delete_client(id: Id) -> Call[DeleteResult]:
    """Contract: clients.delete."""
    return frame.delete("clients.delete", frame.place("/clients/{client}", id))


def toggle_client(id: Id) -> Call[Client | None]:
    """Contract: clients.toggle: by POST (toggle_verbs)."""
    return frame.toggle("clients.toggle", "POST", frame.place("/clients/{client}/toggle", id), CLIENT)


def list_contacts(updated_since: datetime | None = None) -> Call[Page[Contact]]:
    """Contract: contacts.list."""
    return frame.listing("contacts.list", "/contacts", CONTACT, updated_since)


def get_contact(id: Id) -> Call[Contact]:
    """Contract: contacts.get."""
    return frame.get("contacts.get", frame.place("/contacts/{contact}", id), CONTACT)


def create_contact(fields: Mapping[str, Any]) -> Call[Created[Contact]]:
    """Contract: contacts.create."""
    return frame.create("contacts.create", "/contacts", CONTACT, fields)


def update_contact(id: Id, fields: Mapping[str, Any]) -> Call[Contact | None]:
    """Contract: contacts.update."""
    return frame.update("contacts.update", frame.place("/contacts/{contact}", id), CONTACT, fields)


def delete_contact(id: Id) -> Call[DeleteResult]:
    """Contract: contacts.delete."""
    return frame.delete("contacts.delete", frame.place("/contacts/{contact}", id))


def list_client_contacts(client: Id, updated_since: datetime | None = None) -> Call[Page[Contact]]:
    """Contract: contacts.list_for_client."""
    where = frame.place("/clients/{client}/contacts", client)
    return frame.listing("contacts.list_for_client", where, CONTACT, updated_since)
