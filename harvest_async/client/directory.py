"""The reference lists of an account, cached: what the directories of all API versions share.

Invariants: every list is requested when it is first needed, once, and then only for what changed. Records that one's
own writes touch are requested again before they are returned; records that others delete are noticed by `reload` alone.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar
from urllib.parse import unquote

from harvest_async.call import Call
from harvest_async.client.base_client import BaseClient
from harvest_async.client.cached_list import CachedList, Fetch, Named, Tally
from harvest_async.clock import Clock, SystemClock
from harvest_async.errors import InvalidArgument

__all__ = ["BaseDirectory", "PeopleList", "ProjectList", "changes", "touch_one"]

L = TypeVar("L", bound=CachedList[Any])
T = TypeVar("T")


class ProjectList(Named[T]):
    """The projects."""

    async def by_code(self, code: str) -> T | None:
        """Return the project with a code, ignoring case: the active one of several, None if there is none.

        Raises:
            InvalidArgument: several have it.
            HarvestError: as `all`.
        """
        return await self._one("code", code, _code)


class PeopleList(Named[T]):
    """The people."""

    async def by_email(self, email: str) -> T | None:
        """Return the person with an e-mail address, ignoring case; None if there is none.

        Raises:
            HarvestError: as `all`.
        """
        return await self._one("email", email, _email)


def _code(project: Any) -> str | None:
    code: str | None = project.code
    return code


def _email(person: Any) -> str | None:
    email: str | None = person.email
    return email


def changes(listing: Callable[..., Awaitable[list[T]]]) -> Fetch[T]:
    """Return the function that requests a whole list, or what changed since a time."""

    async def fetch(since: datetime | None) -> list[T]:
        return await listing(updated_since=since)

    return fetch


class BaseDirectory(ABC):
    """An account's reference lists, kept in memory and updated by `updated_since`.

    Args:
        harvest: the client that reads the lists; they show its own writes, and those by its `options()`, at once.
        max_age: seconds after which a list is updated before it is used again: one call for what changed.
        clock: the source of the time; the system's clock by default.

    Raises:
        InvalidArgument: `max_age` is not above 0, or the client is of another API version.
    """

    client_class: type[BaseClient]
    """The class of the clients that this directory works with."""

    def __init__(self, harvest: BaseClient, *, max_age: float = 300.0, clock: Clock | None = None) -> None:
        if not 0 < max_age < 10**9:
            raise InvalidArgument(f"Directory: max_age={max_age!r}: give seconds above 0")
        if not isinstance(harvest, self.client_class):
            raise InvalidArgument(
                f"{type(self).__name__}: give a {self.client_class.__name__}, not a {type(harvest).__name__}: each API "
                "version has a directory of its own"
            )
        self._given: Final = (clock or SystemClock(), max_age)
        self._tally: Final = Tally()
        self._open(harvest)
        harvest.watch(self)

    @property
    def calls(self) -> int:
        """How many calls it has made."""
        return self._tally.calls

    @property
    def saved(self) -> int:
        """How many lookups needed no call."""
        return self._tally.saved

    def reload(self) -> None:
        """Forget everything: each list is requested as a whole when it is next needed."""
        for each in self._tables().values():
            each.forget()

    def wrote(self, call: Call[Any], *, done: bool) -> None:
        """Record that a write to the account has ended; `done` says whether it succeeded. Called by the exchange."""
        root, *rest = [unquote(word) for word in call.path.split("/")[1:]]
        deleted = done and call.method == "DELETE"
        number = int(rest[0]) if rest and rest[0].isdecimal() else None
        if root == "projects" and number is not None and len(rest) > 1:
            self._wrote_below(number, rest[1], rest[2:], deleted=deleted)
        elif (table := self._tables().get(root)) is None:
            return
        elif rest and number is None:
            table.forget()  # named in another way: a person by e-mail
        else:
            table.touch(number, deleted=deleted)

    # Each version's own

    @abstractmethod
    def _open(self, harvest: Any) -> None:
        """Create the lists."""

    @abstractmethod
    def _tables(self) -> Mapping[str, CachedList[Any]]:
        """Return the lists by the first word of their paths."""

    @abstractmethod
    def _wrote_below(self, project: int, kind: str, rest: list[str], *, deleted: bool) -> None:
        """Record a write below a project; a write of the project itself has nothing below it."""

    # Inside

    def _cached(self, kind: Callable[..., L], name: str, fetch: Fetch[Any]) -> L:
        """Return a list that counts its calls here."""
        return kind(name, fetch, *self._given, self._tally)


def touch_one(table: CachedList[Any], rest: list[str], *, deleted: bool) -> None:
    """Record a write of the record that the rest of a path names; an empty rest is a new record."""
    number = int(rest[0]) if rest and rest[0].isdecimal() else None
    table.touch(number, deleted=deleted)
