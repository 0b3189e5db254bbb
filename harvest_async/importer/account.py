"""The interface through which the importer uses an account, whatever the version of the API.

Ids are those of the account. Kinds of records and their fields have the neutral names of `account_records`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Protocol

from harvest_async.importer.account_records import (
    AccountRecord,
    Assignment,
    BookableTasks,
    LoggedEntry,
    RecordedPayment,
)

__all__ = ["Account", "ReadableAccount", "WriteObserver"]


class WriteObserver(Protocol):
    """Callbacks for one write."""

    async def before_send(self) -> None:
        """Run directly before the request is sent; an exception raised here keeps it from being sent."""
        ...

    def outcome_unknown(self) -> None:
        """Run when the write was cancelled after the request may have been sent."""
        ...


class ReadableAccount(Protocol):
    """The reads that a plan needs."""

    async def timestamps(self) -> bool:
        """Return whether the account tracks time by start and end."""
        ...

    async def records(self, kind: str) -> Sequence[AccountRecord]:
        """Return all records of a kind, archived ones included."""
        ...

    async def logged(self, kind: str, person: int, first: date, last: date) -> Sequence[LoggedEntry]:
        """Return a person's time entries or expenses between two days, both included."""
        ...

    async def bookable_tasks(self, person: int) -> BookableTasks:
        """Return the tasks on which a person can log time today."""
        ...

    async def assignments(self, kind: str, project: int) -> Sequence[Assignment]:
        """Return the task or person assignments of a project."""
        ...

    async def payments(self, invoice: int) -> Sequence[RecordedPayment]:
        """Return the payments of an invoice."""
        ...


class Account(ReadableAccount, Protocol):
    """An account into which rows can be imported."""

    @property
    def identity(self) -> str:
        """A string that identifies the account among all accounts."""
        ...

    async def check_role(self) -> None:
        """Check that the signed-in person may import and undo.

        Raises:
            InvalidArgument: they may not.
            HarvestError: the account can't be read.
        """
        ...

    async def find_person(self, email: str) -> AccountRecord | None:
        """Return the person with an e-mail address, or None."""
        ...

    async def has_final_state(self, state: str, record: int, project: int | None) -> bool:
        """Return whether a record has a final state (see `final_states`)."""
        ...

    async def create(self, kind: str, fields: Mapping[str, Any], observer: WriteObserver) -> int | None:
        """Create a record; return its id, or None if the response doesn't contain it."""
        ...

    async def update(self, kind: str, record: int, fields: Mapping[str, Any], observer: WriteObserver) -> None:
        """Set fields of a record."""
        ...

    async def delete(self, kind: str, record: int, fields: Mapping[str, Any]) -> str | None:
        """Delete a record unless other records use it; return the reason if it was kept, else None."""
        ...

    async def ping(self) -> None:
        """Send one read without retries, to see whether the server responds."""
        ...

    def bulk(self) -> AbstractContextManager[None]:
        """Return a context in which calls use the bulk lane."""
        ...
