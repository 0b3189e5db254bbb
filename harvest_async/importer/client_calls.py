"""What the import adapters of all API versions do with a client."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Mapping
from typing import Any, TypeVar

import attrs

from harvest_async.call import Call
from harvest_async.client.base_client import BaseClient
from harvest_async.importer.account import WriteObserver
from harvest_async.importer.account_records import LoggedEntry

__all__ = ["converted", "neutral_fields", "observed", "renamed", "with_time"]

C = TypeVar("C", bound=BaseClient)
R = TypeVar("R")
T = TypeVar("T")


def observed(harvest: C, observer: WriteObserver) -> C:
    """Return a client whose writes are observed."""

    async def before_send(_: Call[Any]) -> None:
        await observer.before_send()

    async def on_unknown(_: Call[Any]) -> None:
        observer.outcome_unknown()

    return harvest.options(before_send=before_send, on_unknown=on_unknown)


async def converted(records: AsyncIterable[R], convert: Callable[[R], T]) -> list[T]:
    """Return all records of a list, converted."""
    return [convert(each) async for each in records]


def renamed(fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Return fields under other names; those without one keep theirs."""
    return {names.get(name, name): value for name, value in fields.items()}


def neutral_fields(record: Any, names: Mapping[str, str]) -> dict[str, Any]:
    """Return all fields of a record but its id, under their neutral names.

    Args:
        record: the record.
        names: the neutral names of the fields that have another one.
    """
    values = attrs.asdict(record, recurse=False)
    return renamed({name: value for name, value in values.items() if name not in {"id", "extra"}}, names)


def with_time(entry: LoggedEntry, known: LoggedEntry) -> LoggedEntry:
    """Return a time entry with the start and end of another reading of it, if it has none."""
    return entry if entry.start is not None else attrs.evolve(entry, start=known.start, end=known.end)
