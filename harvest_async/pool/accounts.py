"""The accounts of a pool: which have a client, which are idle, and what is remembered of the rest.

An account that made no call for a while is dropped in two steps: first its client and its credentials, then its
throttle, as soon as nothing would be lost by that. What remains of it are two numbers.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from attrs import define

from harvest_async.auth.provided import ProvidedAuth
from harvest_async.client.base_client import BaseClient
from harvest_async.clock import SECOND
from harvest_async.pool.metrics import AccountMetrics
from harvest_async.throttle.bounds import DEFAULT_PERIOD
from harvest_async.throttle.budgets import Counts
from harvest_async.throttle.registry import Identity
from harvest_async.throttle.throttle import Throttle

__all__ = ["IDLE", "Accounts", "Entry"]

IDLE: Final = DEFAULT_PERIOD / SECOND
"""Seconds without use after which an account is idle: the period of the general budget."""


@define(eq=False)
class Entry:
    """An account that has a throttle.

    Attributes:
        name: its name.
        identity: the account among those of all services.
        throttle: its throttle.
        is_own: whether the pool made the throttle; else other clients in this process use it, too.
        before: the counts of the throttle when the pool got it.
        auth: its credentials; None while it is idle.
        client: its client; None while it is idle.
        blocks: how many blocks are open.
        last_used: when its last block was closed, in seconds on the event loop's clock.
    """

    name: str
    identity: Identity
    throttle: Throttle
    is_own: bool
    before: Counts
    auth: ProvidedAuth | None = None
    client: BaseClient | None = None
    blocks: int = 0
    last_used: float = 0.0


class Accounts:
    """The accounts of a pool, by name."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._unused: OrderedDict[str, Entry] = OrderedDict()  # those without an open block, the oldest first
        self._totals: dict[str, tuple[int, int]] = {}  # calls and refusals of accounts, as of their last drop

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries.values()))

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str) -> Entry | None:
        """Return an account; None if it has no throttle."""
        return self._entries.get(name)

    def add(self, entry: Entry) -> None:
        """Add an account."""
        self._entries[entry.name] = entry

    def enter(self, entry: Entry) -> None:
        """Note that a block of an account was opened."""
        entry.blocks += 1
        self._unused.pop(entry.name, None)

    def leave(self, entry: Entry, now: float) -> None:
        """Note that a block of an account was closed."""
        entry.blocks -= 1
        if entry.blocks == 0:
            entry.last_used = now
            self._unused[entry.name] = entry

    def drop_idle(self, now: float) -> tuple[list[Identity], float | None]:
        """Drop what is idle.

        Returns:
            The accounts whose throttles were dropped, and the seconds after which to look again; None if no account
            is unused.
        """
        dropped: list[Identity] = []
        while self._unused:
            entry = next(iter(self._unused.values()))
            left = entry.last_used + IDLE - now
            if left > 0:
                return dropped, left
            del self._unused[entry.name]
            if self._drop(entry):
                dropped.append(entry.identity)
            else:
                entry.last_used = now
                self._unused[entry.name] = entry
        return dropped, None

    def metrics(self, names: Iterable[str] | None = None) -> dict[str, AccountMetrics]:
        """Return what is known about accounts: those named, or all that were ever used."""
        chosen = [*self._totals, *(self._entries.keys() - self._totals.keys())] if names is None else names
        return {name: self._metrics(name) for name in chosen}

    def _drop(self, entry: Entry) -> bool:
        """Drop the client of an account that makes no calls, and its throttle if nothing is lost by that."""
        counts = entry.throttle.counts()
        if counts.in_flight or counts.queued:
            return False
        entry.client = entry.auth = None
        if not entry.throttle.resting():
            return False
        metrics = self._metrics(entry.name)
        if metrics.calls:  # a name that is no account leaves nothing
            self._totals[entry.name] = metrics.calls, metrics.refused
        del self._entries[entry.name]
        return True

    def _metrics(self, name: str) -> AccountMetrics:
        calls, refused = self._totals.get(name, (0, 0))
        entry = self._entries.get(name)
        if entry is None:
            return AccountMetrics(name, calls, refused, 0, 0, closed=False, blocks=0)
        counts, before = entry.throttle.counts(), entry.before
        return AccountMetrics(
            name,
            calls + counts.granted - before.granted,
            refused + counts.refused - before.refused,
            counts.in_flight,
            counts.queued,
            counts.closed,
            entry.blocks,
        )
