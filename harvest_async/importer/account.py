"""What an import asks of an account, whatever the API's version.

Rules of this room: a protocol and nothing else. Numbers are the account's ids; kinds are named as in `known`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Protocol

from harvest_async.importer.account_records import BookableTasks, Booked, Known, Link, Paid

__all__ = ["Account", "Readable", "Watch"]


class Watch(Protocol):
    """Looks on while one write is made."""

    async def leaving(self) -> None:
        """The write may leave now and has not yet; what this raises comes out, and nothing is sent."""
        ...

    def cut(self) -> None:
        """The write was cancelled after it may have left."""
        ...


class Readable(Protocol):
    """An account that can be read, which is all that a plan needs."""

    async def timestamps(self) -> bool:
        """Whether time is tracked by start and end."""
        ...

    async def all(self, kind: str) -> Sequence[Known]:
        """All records of a kind, archived ones too."""
        ...

    async def booked(self, kind: str, person: int, first: date, last: date) -> Sequence[Booked]:
        """A person's entries or expenses from one day to another, both included."""
        ...

    async def reach(self, person: int) -> BookableTasks:
        """What a person can book on today."""
        ...

    async def links(self, kind: str, project: int) -> Sequence[Link]:
        """A project's assignments."""
        ...

    async def payments(self, invoice: int) -> Sequence[Paid]:
        """An invoice's payments."""
        ...


class Account(Readable, Protocol):
    """An account that can be filled."""

    @property
    def identity(self) -> str:
        """Which account it is, in a word that no other account has."""
        ...

    async def person(self, email: str) -> Known | None:
        """The person with this address; None where there is none."""
        ...

    async def stands(self, mark: str, record: int, project: int | None) -> bool:
        """Whether a record has a mark by now (see `marks`)."""
        ...

    async def create(self, kind: str, fields: Mapping[str, Any], watch: Watch) -> int | None:
        """Make a record; gives its id, None where the answer does not tell it."""
        ...

    async def update(self, kind: str, record: int, fields: Mapping[str, Any], watch: Watch) -> None:
        """Set fields of a record."""
        ...

    async def delete(self, kind: str, record: int, fields: Mapping[str, Any]) -> str | None:
        """Remove a record, or leave it as it is if other records use it; return why it was left, None if it was not."""
        ...

    async def ask(self) -> None:
        """Send one read, once: whether the server answers."""
        ...

    def bulk(self) -> AbstractContextManager[None]:
        """Put what is called inside into the bulk lane."""
        ...
