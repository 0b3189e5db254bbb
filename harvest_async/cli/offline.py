"""A plan without an account: what a file would do to an empty one.

Rules of this room: nothing is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from typing import Any, NoReturn

from harvest_async.bulk.account import Watch
from harvest_async.bulk.journal import Journal
from harvest_async.bulk.known import Booked, Known, Link, Paid, Reach
from harvest_async.bulk.plan import NewPerson
from harvest_async.bulk.progress import Quiet
from harvest_async.bulk.report import Overview, overview
from harvest_async.bulk.sources import Source
from harvest_async.bulk.survey import Terms, check_whole, draw, take_in

__all__ = ["EmptyAccount", "plan_offline"]


class EmptyAccount:
    """An account that has nothing, and can't be written to (see `bulk.account`).

    Attributes:
        reads: how often it was read.
    """

    identity = "offline"

    def __init__(self) -> None:
        self.reads = 0

    async def timestamps(self) -> bool:
        """Time is tracked by duration, as long as nobody says otherwise."""
        self.reads += 1
        return False

    async def all(self, kind: str) -> Sequence[Known]:
        """It has nothing of any kind."""
        self.reads += bool(kind)
        return ()

    async def person(self, email: str) -> None:
        """Nobody has the address."""
        self.reads += bool(email)

    async def booked(self, kind: str, person: int, first: date, last: date) -> Sequence[Booked]:
        """Nobody has booked anything."""
        return self._never(kind, person, first, last)

    async def reach(self, person: int) -> Reach:
        """Nobody is there who could book."""
        return self._never(person)

    async def links(self, kind: str, project: int) -> Sequence[Link]:
        """There are no projects."""
        return self._never(kind, project)

    async def payments(self, invoice: int) -> Sequence[Paid]:
        """There are no invoices."""
        return self._never(invoice)

    async def stands(self, mark: str, record: int, project: int | None) -> bool:
        """There is nothing that could be marked."""
        return self._never(mark, record, project)

    async def create(self, kind: str, fields: Mapping[str, Any], watch: Watch) -> int | None:
        """It can't be written to."""
        return self._never(kind, fields, watch)

    async def update(self, kind: str, record: int, fields: Mapping[str, Any], watch: Watch) -> None:
        """It can't be written to."""
        self._never(kind, record, fields, watch)

    async def delete(self, kind: str, record: int, fields: Mapping[str, Any]) -> str | None:
        """It can't be written to."""
        return self._never(kind, record, fields)

    async def ask(self) -> None:
        """There is nobody to ask."""

    def bulk(self) -> AbstractContextManager[None]:
        """It has no lanes."""
        return nullcontext()

    def _never(self, *asked: object) -> NoReturn:
        msg = f"an empty account was asked for {asked}"
        raise AssertionError(msg)


def plan_offline(source: Source, email_domain: str | None) -> tuple[Overview, int]:
    """Plan a file against an empty account: what would be done, and how many reads go before it.

    Raises:
        InvalidArgument: the file as a whole can't be imported.
    """

    async def agree(_: tuple[NewPerson, ...]) -> bool:
        return True

    account = EmptyAccount()
    with Journal() as journal:
        take_in(journal, source)
        check_whole(journal)
        asyncio.run(draw(account, journal, Terms(email_domain, agree), Quiet()))
        return overview(journal), account.reads + 1  # the throttle asks the account's status first
