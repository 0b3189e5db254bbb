"""Return the steps to send next from the journal, a few at a time.

Invariants:
- The number of steps in memory is bounded.
- Of steps with equal keys one is sent at a time, in the order of the file. Those of a key with a write of unknown
  outcome stay in the journal until it is reconciled.
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
    step.attempts, step.reference, step.content, source.kind, source.content
    from step not indexed left join source on source.id = step.source
    where step.id > ? and step.state = 'planned' and step.kind in (select value from json_each(?))
    order by step.id limit ?
"""


@frozen
class Step:
    """One write to send; the columns of the journal."""

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
    reference: str | None
    content: dict[str, Any]
    row: kinds.AnyRow | None

    @property
    def is_row(self) -> bool:
        """Whether it is a time entry or an expense."""
        return self.kind in {"entry", "expense"}


class WorkQueue:
    """Return the planned steps of some kinds, each once."""

    def __init__(self, journal: Journal, of_kinds: str, unresolved: set[str]) -> None:
        self._journal = journal
        self._kinds = of_kinds
        self._unresolved = unresolved
        self._ready: deque[Step] = deque()
        self._in_flight: set[str] = set()
        self._blocked: dict[str, deque[Step]] = {}
        self._waiting = 0
        self._last = 0
        self._empty = False
        self._lock = asyncio.Lock()
        self._done = asyncio.Event()

    async def next(self) -> Step | None:
        """Return the next step that may be sent, or None at the end. Call `mark_done` after sending it."""
        async with self._lock:
            while True:
                if self._ready:
                    step = self._ready.popleft()
                    if self._may_send(step):
                        return step
                elif not self._empty and self._waiting < _WAITING:
                    await self._refill()
                elif not self._waiting:
                    return None
                else:
                    self._done.clear()
                    await self._done.wait()

    def mark_done(self, step: Step, *, again: bool = False) -> None:
        """Mark a step as done, or, if it was not sent, return it next (`again`)."""
        self._in_flight.discard(step.key)
        blocked = self._blocked.get(step.key)
        if again:
            self._ready.appendleft(step)
        elif blocked and step.key in self._unresolved:
            self._waiting -= len(blocked)
            blocked.clear()
        elif blocked:
            self._waiting -= 1
            self._ready.append(blocked.popleft())
        if not blocked:
            self._blocked.pop(step.key, None)
        self._done.set()

    def _may_send(self, step: Step) -> bool:
        if step.key in self._unresolved:
            return False
        if step.key in self._in_flight:
            self._blocked.setdefault(step.key, deque()).append(step)
            self._waiting += 1
            return False
        self._in_flight.add(step.key)
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
