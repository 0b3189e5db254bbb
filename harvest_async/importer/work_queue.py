"""What is sent next: steps out of the journal, a few at a time.

Rules of this room: a bounded number of steps is in memory. Of steps with equal keys one is on its way at a time, in
the order of the file; those of a key whose last write is in doubt stay in the journal until that is settled.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any, Final

from attrs import frozen

from harvest_async.importer.journal import Journal
from harvest_async.importer.serialization import unpack, unpack_row
from harvest_async.importer.sources import kinds

__all__ = ["Step", "WorkQueue"]

_BATCH: Final = 200
_WAITING: Final = 1_000

_QUERY: Final = """
    select step.id, step.kind, step.action, step.key, step.client, step.project, step.other, step.person, step.record,
    step.attempts, step.content, source.kind, source.content
    from step not indexed left join source on source.id = step.source
    where step.id > ? and step.state = 'planned' and step.kind in (select value from json_each(?))
    order by step.id limit ?
"""


@frozen
class Step:
    """One write that is to be made; the columns of the journal."""

    id: int
    kind: str
    action: str
    key: str
    client: int | None
    project: int | None
    other: int | None
    person: int | None
    record: int | None
    attempts: int
    content: dict[str, Any]
    row: kinds.AnyRow | None

    @property
    def is_row(self) -> bool:
        """Whether it is an entry or an expense of its own."""
        return self.kind in {"entry", "expense"}


class WorkQueue:
    """Gives steps of some kinds, each once, until none is left."""

    def __init__(self, journal: Journal, of_kinds: str, unresolved: set[str]) -> None:
        self._journal = journal
        self._kinds = of_kinds
        self._unresolved = unresolved
        self._ready: deque[Step] = deque()
        self._flying: set[str] = set()
        self._behind: dict[str, deque[Step]] = {}
        self._waiting = 0
        self._last = 0
        self._empty = False
        self._lock = asyncio.Lock()
        self._landed = asyncio.Event()

    async def next(self) -> Step | None:
        """The next step that may be sent; None at the end. Call `mark_done` when it is done."""
        async with self._lock:
            while True:
                if self._ready:
                    step = self._ready.popleft()
                    if self._may_fly(step):
                        return step
                elif not self._empty and self._waiting < _WAITING:
                    await self._refill()
                elif not self._waiting:
                    return None
                else:
                    self._landed.clear()
                    await self._landed.wait()

    def mark_done(self, step: Step, *, again: bool = False) -> None:
        """A step is done; or it was not sent and comes again, first of all."""
        self._flying.discard(step.key)
        behind = self._behind.get(step.key)
        if again:
            self._ready.appendleft(step)
        elif behind and step.key in self._unresolved:
            self._waiting -= len(behind)
            behind.clear()
        elif behind:
            self._waiting -= 1
            self._ready.append(behind.popleft())
        if not behind:
            self._behind.pop(step.key, None)
        self._landed.set()

    def _may_fly(self, step: Step) -> bool:
        if step.key in self._unresolved:
            return False
        if step.key in self._flying:
            self._behind.setdefault(step.key, deque()).append(step)
            self._waiting += 1
            return False
        self._flying.add(step.key)
        return True

    async def _refill(self) -> None:
        found = await self._journal.work(self._journal.rows, _QUERY, (self._last, self._kinds, _BATCH))
        self._empty = len(found) < _BATCH
        self._ready.extend(map(_step, found))
        self._last = found[-1][0] if found else self._last


def _step(columns: tuple[Any, ...]) -> Step:
    *own, content, kind, text = columns
    given: tuple[Any, ...] = (*own, unpack(content), None if kind is None else unpack_row(kind, text))
    return Step(*given)
