"""Clients.

Rules of this room: see `resources`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Unpack

from harvest_async.call import Created, Gone
from harvest_async.v1 import calls
from harvest_async.v1.fields import ClientFields
from harvest_async.v1.models import Client
from harvest_async.v1.section import Id, Listing, Section, write_fields

__all__ = ["Clients"]


class Clients(Section):
    """Clients."""

    __slots__ = ()

    def list(self, *, updated_since: datetime | None = None) -> Listing[Client]:
        """All clients, inactive ones too (contract: archived_included)."""
        return Listing(self._exchange, calls.list_clients(updated_since))

    async def get(self, id: Id) -> Client:
        """One client."""
        return await self._exchange.send(calls.get_client(id))

    async def create(self, name: str, **fields: Unpack[ClientFields]) -> Client:
        """Make a client."""
        call = calls.create_client(write_fields("clients.create", ClientFields, fields, name=name))
        return await self._exchange.create_and_read(call, calls.get_client)

    async def create_id(self, name: str, **fields: Unpack[ClientFields]) -> Created[Client]:
        """As `create`, but gives what the answer told and reads nothing."""
        return await self._exchange.send(
            calls.create_client(write_fields("clients.create", ClientFields, fields, name=name))
        )

    async def update(self, id: Id, *, name: str | None = None, **fields: Unpack[ClientFields]) -> Client:
        """Change what is given."""
        call = calls.update_client(id, write_fields("clients.update", ClientFields, fields, name=name))
        return await self._changed(call, calls.get_client(id))

    async def toggle(self, id: Id) -> Client:
        """Archive an active client or the other way round; never repeated after a lost answer."""
        return await self._changed(calls.toggle_client(id), calls.get_client(id))

    async def delete(self, id: Id) -> Gone:
        """Remove a client that has neither projects nor invoices."""
        return await self._exchange.send(calls.delete_client(id))
