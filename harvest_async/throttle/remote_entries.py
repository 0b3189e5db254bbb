"""Entries: what processes report to a ledger's server beside the state, which counts even if others were faster.

Invariants:
- There are two kinds: what a process has waiting, one for each process, and that a call has ended, one for each lease.
- An entry is stored without a look at the version of the state. A process that reads the state reads all entries and
  applies them; one that stores a state which has them removes them. To apply one twice is the same as once.
- An end has its age when it was sent, and the server adds the time at which it received the entry: so a machine that
  was asleep, whose clock was stopped, reports no end too early. An entry of before the last recovery may have another
  clock's time: then the call counts as ended when the entry is read, which is later than it was.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

from harvest_async.throttle.processes import Demand, Registration
from harvest_async.throttle.state import AccountState

__all__ = ["Entry", "Scale", "apply", "end_entry", "name_of", "registration_entry"]

_LEASE: Final = b"lease:"
"""Begins the names of entries about leases; a process's name has no colon."""


class Entry(NamedTuple):
    """What is stored: the text begins with the name and has no blanks; the server adds the seconds and microseconds."""

    name: bytes
    text: bytes


class Scale(NamedTuple):
    """How a process converts the server's times to its own.

    Attributes:
        offset: how far the server's clock is ahead of the times of the state, in nanoseconds.
        late: how much further it may be ahead.
        epoch: the name of the last recovery that is stored, after which the clock may have other times.
    """

    offset: int
    late: int
    epoch: str


def registration_entry(registration: Registration, scale: Scale) -> Entry:
    """Return the entry of what a process has waiting."""
    name, times = registration.name.encode(), (registration.since + scale.offset, registration.until + scale.offset)
    text = b"%b,%d,%d,%d,%d,%d,%d" % (name, *times, *registration.interactive, *registration.bulk)
    return Entry(name, text)


def end_entry(lease: int, age: int, epoch: str) -> Entry:
    """Return the entry of a call that ended some nanoseconds ago by an ordinary response."""
    name = name_of(lease)
    return Entry(name, b"%b,%d,%b" % (name, age, epoch.encode()))


def name_of(lease: int) -> bytes:
    """Return the name of the entry about a lease."""
    return _LEASE + b"%d" % lease


def apply(entries: Iterable[bytes], state: AccountState, now: int, scale: Scale) -> frozenset[bytes]:
    """Apply the texts of entries to a state; return the names of those that need not be stored beside it any more."""
    obsolete = set()
    for text in entries:
        name, *values = text.split(b",")
        try:
            if name.startswith(_LEASE):
                _end(int(name.removeprefix(_LEASE)), values, state, now, scale)
            elif _register(name.decode(), values, state, now, scale):
                continue
        except ValueError:  # nobody can read it
            pass
        obsolete.add(name)
    return frozenset(obsolete)


def _end(lease: int, values: list[bytes], state: AccountState, now: int, scale: Scale) -> None:
    age, epoch, seconds, microseconds = values
    received = (int(seconds) * 1_000_000 + int(microseconds) + 1) * 1_000  # the server rounds it down
    latest = now + scale.late
    time = received - int(age) - scale.offset
    state.responded(lease, min(time, latest) if epoch.decode() == scale.epoch else latest)


def _register(name: str, values: list[bytes], state: AccountState, now: int, scale: Scale) -> bool:
    """Register what a process has waiting; return False if it is late."""
    since, until, waiting, ready, bulk_waiting, bulk_ready, *_ = map(int, values)
    if until - scale.offset < now:
        return False
    interactive, bulk = Demand(waiting, ready), Demand(bulk_waiting, bulk_ready)
    state.processes.register(name, interactive, bulk, now, since=since - scale.offset, until=until - scale.offset)
    return True
