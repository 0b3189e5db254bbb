"""The ends of leases of one gate on their way to a ledger's server.

Invariants:
- An end is kept until the server has it: in the stored state, or in an entry beside it.
- An entry can get lost before a state that has it is stored. Then it is written again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harvest_async.throttle.ended import End
from harvest_async.throttle.ledgers.remote import Commit, Reply
from harvest_async.throttle.remote_entries import name_of
from harvest_async.throttle.remote_state import RemoteState

__all__ = ["Ends"]


class Ends:
    """The ends that are not stored, in the order in which they happened.

    Args:
        remote: what is known of the stored state.
    """

    def __init__(self, remote: RemoteState) -> None:
        self._remote = remote
        self._left: list[End] = []
        self._entered: list[End] = []  # what is in entries, as of the last exchange

    def __bool__(self) -> bool:
        return bool(self._left)

    def __iter__(self) -> Iterator[End]:
        return iter(self._left)

    def add(self, ends: Iterable[End]) -> None:
        """Add ends that have just happened."""
        self._left.extend(ends)

    def written(self, ends: Sequence[End], commit: Commit, reply: Reply) -> Sequence[End]:
        """Note the reply to a step with ends; return those that the server has now."""
        if not reply.stored:
            ends = [end for end in ends if commit.has_entry(name_of(end.lease))]
        has = set(map(id, ends))
        self._left = [end for end in self._left if id(end) not in has]
        self._entered.extend(end for end in ends if end.is_plain)
        return ends

    def restore(self) -> bool:
        """Add again what the server has lost, as far as the last exchange shows; return whether that is anything."""
        lost = [end for end in self._entered if self._remote.lacks(end)]
        self._entered = [end for end in self._entered if self._remote.has_entry(end)]
        self._left.extend(lost)
        return bool(lost)
