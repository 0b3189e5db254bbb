"""The references that a run gives its time entries, by which it recognises them later.

Each planned time entry gets an id that depends on the run, the row's key and its ordinal among equal rows. Whether the
server keeps references is known from the first response; until then one time entry is sent at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import date
from hashlib import blake2b
from typing import Final
from uuid import uuid4

from harvest_async.importer.account import Account, ReadableAccount
from harvest_async.importer.account_records import EntryReference, LoggedEntry
from harvest_async.importer.journal import Change, Journal, JournalError
from harvest_async.importer.work_queue import Step

__all__ = [
    "ASKED",
    "KEPT",
    "NOT_KEPT",
    "OFF",
    "RunReferences",
    "check_unsent",
    "find_references",
    "plan_references",
    "read_logged",
    "reference_id",
]

ASKED: Final = "asked"
KEPT: Final = "kept"
NOT_KEPT: Final = "not kept"
OFF: Final = "off"
"""What is known about the references of a run; stored as `references` in the journal."""

_ORDINALS: Final = """
    select id, key, row_number() over (partition by key order by id) from step
    where kind = 'entry' and state = 'planned'
"""
_SET_META: Final = "insert or replace into meta values ('references', ?)"
_NEXT: Final = (
    "select reference from step where kind = 'entry' and state = 'planned' and reference is not null order by id"
)
_FORGET: Final = "update step set reference = null where id = ?"
_FORGET_ALL: Final = "update step set reference = null where reference is not null"


def reference_id(run: str, key: str, ordinal: int) -> str:
    """Return the id of a row's reference, of 40 characters."""
    return blake2b(f"{run}/{key}/{ordinal}".encode(), digest_size=20).hexdigest()


def plan_references(journal: Journal, link: str | None) -> None:
    """Give each planned time entry its reference.

    Args:
        journal: the planned journal.
        link: the permalink of all references; None for none.
    """
    run = uuid4().hex
    ids = [(reference_id(run, key, ordinal), step) for step, key, ordinal in journal.rows(_ORDINALS)]
    journal.together(lambda: journal.write_many("update step set reference = ? where id = ?", ids))
    journal.describe(run=run, references=ASKED, **({"link": link} if link else {}))


class RunReferences:
    """The references of one run.

    Attributes:
        run: the id of the run.
        state: whether the server keeps references: `ASKED`, `KEPT`, `NOT_KEPT` or `OFF`; empty if the API has none.
    """

    def __init__(self, journal: Journal) -> None:
        meta = journal.meta
        self.run = meta.get("run", "")
        self.state = meta.get("references", "")
        self._link = meta.get("link")
        self._lock = asyncio.Lock()

    def of_step(self, step: Step) -> EntryReference | None:
        """Return the reference to send with a step; None if it is sent without one."""
        if step.kind != "entry" or step.reference is None or self.state not in {ASKED, KEPT}:
            return None
        return EntryReference(step.reference, self.run, self._link)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Let one write pass at a time until it is known whether the server keeps references."""
        await self._lock.acquire()
        held = self.state == ASKED
        if not held:
            self._lock.release()
        try:
            yield
        finally:
            if held:
                self._lock.release()

    def confirm(self, step: int, sent: EntryReference, kept: EntryReference | None) -> list[Change]:
        """Compare the reference that a response contains with the one sent; return what to store."""
        is_kept = kept is not None and (kept.id, kept.group_id) == (sent.id, sent.group_id)
        if self.state == ASKED:
            return self.decide(is_kept=is_kept)
        return [] if is_kept else [(_FORGET, (step,))]

    def decide(self, *, is_kept: bool) -> list[Change]:
        """Note whether the server keeps references; return what to store."""
        self.state = KEPT if is_kept else NOT_KEPT
        return [(_SET_META, (self.state,)), *([] if is_kept else [(_FORGET_ALL, ())])]

    def is_ours(self, entry: LoggedEntry, reference: str | None = None) -> bool:
        """Return whether an entry has a reference of this run, or this one if it is given."""
        found = entry.reference
        return found is not None and found.group_id == self.run and reference in {None, found.id}


async def check_unsent(account: ReadableAccount, journal: Journal, references: RunReferences) -> None:
    """Check by its reference that the next time entry to send is not in the account.

    It is there if a copy of the journal was run: the copy does not know what the other one has written.

    Raises:
        JournalError: it is there.
    """
    if account.references is None or references.state not in {ASKED, KEPT}:
        return
    step = await journal.work(journal.one, _NEXT)
    if step is None:
        return
    for each in await account.references.having(step[0]):
        if references.is_ours(each, step[0]):
            raise JournalError(
                f"time entry {each.id} has the reference of a row that this journal has not sent: a copy of the "
                "journal was run. Resume that copy; or plan the file again with a new journal, which recognises what "
                "was written. Nothing was sent"
            )


async def read_logged(
    account: ReadableAccount, kind: str, days: Mapping[int, tuple[date, date]]
) -> AsyncIterator[tuple[int, LoggedEntry]]:
    """Yield the people's time entries or expenses, each with the id of its person.

    Args:
        account: the account to read.
        kind: `entry` or `expense`.
        days: the first and the last day to read, by person.
    """
    if not days:
        return
    if account.shared_lists is None:
        for person, (first, last) in days.items():
            for each in await account.logged(kind, person, first, last):
                yield person, each
        return
    first, last = min(each for each, _ in days.values()), max(each for _, each in days.values())
    async for each in account.shared_lists.logged(kind, first, last):
        if each.person is not None and each.person in days:
            yield each.person, each


async def find_references(
    account: Account, references: RunReferences, days: Mapping[int, tuple[date, date]]
) -> dict[str, list[int]]:
    """Return the ids of the time entries that have references of this run, by the ids of the references."""
    found: dict[str, list[int]] = {}
    async for _, each in read_logged(account, "entry", days):
        if each.reference is not None and references.is_ours(each):
            found.setdefault(each.reference.id, []).append(each.id)
    return found
