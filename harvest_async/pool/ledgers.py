"""The ledgers of a pool's accounts, from what the program gave: a function, a file, or the address of a server.

All accounts share one open file, or one connection.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from harvest_async.clock import Clock
from harvest_async.errors import InvalidArgument
from harvest_async.throttle.ledgers.memory import Ledger
from harvest_async.throttle.registry import Identity

__all__ = ["LedgerOf", "ledgers"]

LedgerOf: TypeAlias = Callable[[str], Ledger] | str | os.PathLike[str]


def ledgers(given: LedgerOf | None, clock: Clock | None) -> Callable[[Identity], Ledger] | None:
    """Return the function that makes the ledger of an account.

    Args:
        given: a function that takes the account's name; the path of an SQLite file; None for ledgers in memory.
        clock: the clock of the throttles.

    Returns:
        The function; None for ledgers in memory.

    Raises:
        InvalidArgument: it is nothing of that.
    """
    if given is None:
        return None
    if callable(given):
        make = given
        return lambda identity: make(identity.account)
    if isinstance(given, str | os.PathLike):
        return _in_file(Path(given), clock)
    raise InvalidArgument(
        f"ledger: give the path of a file, or a function that takes the account's name, not {type(given).__name__}"
    )


def _in_file(path: Path, clock: Clock | None) -> Callable[[Identity], Ledger]:
    """Return a function that makes ledgers which share one open SQLite file."""
    from harvest_async.throttle.ledgers.file import LedgerFile  # noqa: PLC0415 - SQLite is loaded when it is needed
    from harvest_async.throttle.ledgers.sqlite import SqliteLedger  # noqa: PLC0415

    file = LedgerFile(path)
    return lambda identity: SqliteLedger(path, str(identity), clock=clock, file=file)
