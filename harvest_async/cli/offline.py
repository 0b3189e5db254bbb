"""Plan an import for an empty account, without sending anything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from harvest_async.importer.account_records import (
    AccountRecord,
    Assignment,
    BookableTasks,
    LoggedEntry,
    RecordedPayment,
)
from harvest_async.importer.journal import Journal
from harvest_async.importer.loading import check_source, load_rows
from harvest_async.importer.planned_row import NewPerson
from harvest_async.importer.planner import PlanOptions, build_plan
from harvest_async.importer.report import Overview, overview
from harvest_async.importer.sources import Source
from harvest_async.progress import Quiet

__all__ = ["EmptyAccount", "plan_offline"]


class EmptyAccount:
    """An account without records (see `importer.account`).

    Attributes:
        reads: the number of reads.
    """

    def __init__(self) -> None:
        self.reads = 0
        self.shared_lists = None
        self.references = None

    def storable(self, kind: str, fields: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG002
        """Return all fields."""
        return fields

    async def timestamps(self) -> bool:
        """Return False: time is tracked by duration."""
        self.reads += 1
        return False

    async def records(self, kind: str) -> Sequence[AccountRecord]:
        """Return no records."""
        self.reads += bool(kind)
        return ()

    async def logged(self, kind: str, person: int, first: date, last: date) -> Sequence[LoggedEntry]:  # noqa: ARG002
        """Return no time entries or expenses."""
        return ()

    async def bookable_tasks(self, person: int) -> BookableTasks:  # noqa: ARG002
        """Return no tasks."""
        return BookableTasks({})

    async def assignments(self, kind: str, project: int) -> Sequence[Assignment]:  # noqa: ARG002
        """Return no assignments."""
        return ()

    async def payments(self, invoice: int) -> Sequence[RecordedPayment]:  # noqa: ARG002
        """Return no payments."""
        return ()


def plan_offline(source: Source, email_domain: str | None) -> tuple[Overview, int]:
    """Plan a file for an empty account; return the plan and the number of reads.

    Raises:
        InvalidArgument: the file as a whole can't be imported.
    """

    async def agree(_: tuple[NewPerson, ...]) -> bool:
        return True

    account = EmptyAccount()
    with Journal() as journal:
        load_rows(journal, source)
        check_source(journal)
        asyncio.run(build_plan(account, journal, PlanOptions(email_domain, agree), Quiet()))
        return overview(journal), account.reads + 1  # the throttle asks the account's status first
