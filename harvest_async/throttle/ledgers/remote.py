"""The protocol of ledgers on another machine, each step on which is a network round trip.

Invariants: a store decides nothing but whether the version that a step was planned on is still the stored one. Every
rule is in `state`; `remote_access` plans a step and has it stored. What needs no plan is stored as an entry beside the
state, see `remote_entries`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from fractions import Fraction
from typing import NamedTuple, Protocol, TypeVar

from attrs import frozen

from harvest_async.errors import StorageError
from harvest_async.throttle.remote_entries import Entry
from harvest_async.throttle.state import AccountState

__all__ = ["Commit", "LedgerDown", "Notice", "RemoteLedger", "Reply", "Store"]

T = TypeVar("T")


class LedgerDown(StorageError):
    """The ledger's server can't be reached or does not serve at present; a later attempt may work."""


class Notice:
    """What a step reports to the other processes of the account."""

    NONE = b""
    CLOSED = b"c"
    CHANGED = b"o"
    LOST = b"l"


@frozen
class Commit:
    """A new state to be stored, and entries that are stored if the state is not.

    Attributes:
        token: the new version: its number, a colon, and what no other step has. The same if the commit is sent again.
            Empty if there are entries only.
        state: the state.
        keep: milliseconds for which all of it has to be kept.
        notice: what the others are notified of; see `Notice`.
        entries: what is stored beside the state, by name and with the server's time, if the new state is not stored.
        obsolete: the names of entries that the new state has, or that nobody needs: they are removed if it is stored.
    """

    token: bytes
    state: bytes
    keep: int
    notice: bytes
    entries: tuple[Entry, ...] = ()
    obsolete: tuple[bytes, ...] = ()

    def has_entry(self, name: bytes) -> bool:
        """Return whether one of its entries has a name."""
        return any(entry.name == name for entry in self.entries)


class Reply(NamedTuple):
    """The response of a store.

    Attributes:
        stored: whether the commit is stored, or nothing else was since the expected version.
        time: the server's time in nanoseconds.
        token: the stored version; empty where nothing is stored. Only if `stored` is False, as the rest.
        state: the stored state; empty where nothing is stored.
        written: the server's time in nanoseconds when it was stored.
        own: the version that this user stored last, as far as the store knows; empty where it does not.
        server: the name of the server that responded, which it has until it is started again; empty if it has none.
        entries: the texts of all entries, whether the commit is stored or not.
    """

    stored: bool
    time: int
    token: bytes = b""
    state: bytes = b""
    written: int = 0
    own: bytes = b""
    server: bytes = b""
    entries: tuple[bytes, ...] = ()


class Store(Protocol):
    """Where the state of one budget of one account is stored, as one user on one event loop sees it."""

    async def exchange(self, expected: bytes, commit: Commit | None, *, again: bool) -> Reply:
        """Store a state if the stored version is the expected one, else its entries.

        Args:
            expected: the version on which the commit was planned; empty where nothing is stored.
            commit: the new state; None only looks.
            again: whether the same commit was sent before. Then it is not stored now, but `stored` says whether it was.

        Raises:
            LedgerDown: the server can't be reached; whether the commit was stored is unknown.
            StorageError: the server refuses it.
        """
        ...

    def listen(self, notified: Callable[[bytes, bytes], None]) -> None:
        """Have `notified` called with the notice and the version of each step of others, from now on.

        After a lost connection it is called without a version: with `Notice.LOST` if another server responds, or the
        same one was started again, else with `Notice.CHANGED`.
        """
        ...

    def idle(self) -> None:
        """Note that nobody waits for notices any more; `listen` may be called again."""
        ...


class RemoteLedger(ABC):
    """The state of one account's budgets on a server.

    Attributes:
        share: the part of a budget that each process may use while the server can't be reached; None for no part.
        known: the state as this process saw it last, in its own time; None before it was read.
    """

    shared = True

    def __init__(self, share: Fraction | None) -> None:
        self.share = share
        self.known: AccountState | None = None

    @property
    @abstractmethod
    def location(self) -> str:
        """The server's address without credentials."""

    @abstractmethod
    def for_budget(self, name: str) -> RemoteLedger:
        """Return the ledger of another budget of the same account; itself for its own budget."""

    @abstractmethod
    def store(self, user: str, flush: Callable[[], Awaitable[None]]) -> Store:
        """Return the store for a user of the running event loop, whose name no other user has.

        `flush` writes what the user has not stored yet; it is called before the event loop ends.
        """

    def read(self, look: Callable[[AccountState], T]) -> T:
        """Call `look` with the state as this process saw it last. Any thread may call it."""
        return look(AccountState() if self.known is None else self.known.copy())
