"""The interface through which the importer uses an account, the same for each version of the API.

Ids are those of the account. Kinds of records and their fields have the neutral names of `account_records`.

What only some versions have is optional: `SharedLists` reads what all people logged in one list, and
`ReferencedEntries` creates time entries that keep a reference. An account without them is read person by person, and
its entries are recognised by comparing and counting.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Any, Protocol

from harvest_async.importer.account_records import (
    AccountRecord,
    Assignment,
    BookableTasks,
    CreatedEntry,
    EntryReference,
    LoggedEntry,
    RecordedPayment,
)

__all__ = ["Account", "ReadableAccount", "ReferencedEntries", "SharedLists", "WriteObserver"]


class WriteObserver(Protocol):
    """Callbacks for one write."""

    async def before_send(self) -> None:
        """Run directly before the request is sent; an exception raised here keeps it from being sent."""
        ...

    def outcome_unknown(self) -> None:
        """Run when the write was cancelled after the request may have been sent."""
        ...


class SharedLists(Protocol):
    """Lists over all people and all projects."""

    def logged(self, kind: str, first: date, last: date) -> AsyncIterator[LoggedEntry]:
        """Return the time entries or expenses of all people between two days, both included."""
        ...

    async def assignments(self, kind: str) -> Mapping[int, Sequence[Assignment]]:
        """Return all task or person assignments of the account, by project."""
        ...


class ReferencedEntries(Protocol):
    """Time entries that keep a reference."""

    async def create(
        self, fields: Mapping[str, Any], reference: EntryReference, observer: WriteObserver
    ) -> CreatedEntry:
        """Create a time entry with a reference."""
        ...

    async def find(self, record: int) -> LoggedEntry | None:
        """Return a time entry, or None if it does not exist."""
        ...

    async def having(self, reference: str) -> Sequence[LoggedEntry]:
        """Return the time entries that have a reference with this id."""
        ...

    async def unlink(self, record: int) -> None:
        """Remove the reference of a time entry."""
        ...


class ReadableAccount(Protocol):
    """The reads that a plan needs."""

    @property
    def shared_lists(self) -> SharedLists | None:
        """The lists over all people; None if the API has none."""
        ...

    @property
    def references(self) -> ReferencedEntries | None:
        """Time entries with references; None if the API keeps none."""
        ...

    def storable(self, kind: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the fields of a row as the account stores them; those that the API does not have are left out."""
        ...

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
