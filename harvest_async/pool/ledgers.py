"""The ledgers of a pool's accounts, from what the program gave: a function, a file, or the address of a server.

All accounts share one open file, or the connections to one server.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias

from attrs import frozen

from harvest_async.clock import Clock
from harvest_async.errors import InvalidArgument
from harvest_async.throttle.ledgers.memory import Ledger
from harvest_async.throttle.ledgers.remote import RemoteLedger
from harvest_async.throttle.registry import Identity

__all__ = ["LedgerOf", "Ledgers", "ledgers"]

AnyLedger: TypeAlias = Ledger | RemoteLedger
LedgerOf: TypeAlias = Callable[[str], AnyLedger] | str | os.PathLike[str]

_SCHEMES: Final = ("redis://", "rediss://", "unix://")


async def _nothing() -> None:
    """Close nothing: the program made the ledgers."""


@frozen
class Ledgers:
    """Makes ledgers.

    Attributes:
        make: returns the ledger of an account.
        aclose: closes what all of them share.
    """

    make: Callable[[Identity], AnyLedger]
    aclose: Callable[[], Awaitable[None]] = _nothing


def ledgers(given: LedgerOf | None, clock: Clock | None) -> Ledgers | None:
    """Return how the ledgers of accounts are made.

    Args:
        given: a function that takes the account's name; the path of an SQLite file; the URL of a Redis or Valkey
            server; None for ledgers in memory.
        clock: the clock of the throttles.

    Returns:
        How they are made; None for ledgers in memory.

    Raises:
        InvalidArgument: it is nothing of that, or the URL can't be used.
        ImportError: redis-py is not installed.
    """
    if given is None:
        return None
    if callable(given):
        make = given
        return Ledgers(lambda identity: make(identity.account))
    if isinstance(given, str) and given.startswith(_SCHEMES):
        return _on_server(given)
    if isinstance(given, str | os.PathLike):
        return _in_file(Path(given), clock)
    raise InvalidArgument(
        "ledger: give the path of a file, the URL of a Redis server, or a function that takes the account's name, "
        f"not {type(given).__name__}"
    )


def _in_file(path: Path, clock: Clock | None) -> Ledgers:
    """Return how ledgers are made that share one open SQLite file."""
    from harvest_async.throttle.ledgers.file import LedgerFile  # noqa: PLC0415 - SQLite is loaded when it is needed
    from harvest_async.throttle.ledgers.sqlite import SqliteLedger  # noqa: PLC0415

    file = LedgerFile(path)

    async def close() -> None:
        file.close()

    return Ledgers(lambda identity: SqliteLedger(path, str(identity), clock=clock, file=file), close)


def _on_server(url: str) -> Ledgers:
    """Return how ledgers are made on a server; those of one URL share their connections."""
    from harvest_async.throttle.ledgers.redis import RedisLedger  # noqa: PLC0415 - an extra

    any_of_them = RedisLedger(url, "harvest_async")
    return Ledgers(lambda identity: RedisLedger(url, str(identity)), any_of_them.aclose)
