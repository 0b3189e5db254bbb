"""The stored form of an account's state on a server: what is kept of a state, and how it is read again.

Invariants:
- The form has a number. One that a later version of this package has written is refused and left as it is.
- The times stay those of the process that has stored them, beside how far they are behind the server's clock.
- A state is encoded for each step. So a line of JSON has the values that few steps change, which is not made anew as
  long as they are the same; integers of 64 bits follow with what most steps change: the leases and the processes.
- Format 2, which is still read, has all but the leases of ended calls in the JSON; format 1 has these, too, and times
  of the server's clock.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any, Final

from harvest_async.errors import StorageError
from harvest_async.throttle.account_values import STEADY
from harvest_async.throttle.closure import Why
from harvest_async.throttle.state import AccountState

__all__ = ["FORMAT", "decode", "encode"]

FORMAT: Final = 3
"""The number of the stored format."""
_FIRST: Final = 1
_SECOND: Final = 2

_NUMBERS_OF_PROCESS: Final = 8
"""See `ProcessQueue.dump_numbers`."""


def encode(state: AccountState, offset: int, epoch: str = "") -> bytes:
    """Return what is stored of a state.

    Args:
        state: the state.
        offset: how far the server's clock is ahead of the state's times, in nanoseconds.
        epoch: the name of the last recovery.
    """
    window, processes = state.window, state.processes
    head = _head(epoch, state.dump_steady(), window.dump_steady(), processes.names)
    numbers = offset, state.last_lease, state.bulk_at, *processes.dump_numbers(), *window.dump_leases()
    return head + struct.pack(f"<{len(numbers)}q", *numbers)


@lru_cache(maxsize=64)
def _head(epoch: str, steady: tuple[object, ...], window: tuple[object, ...], names: tuple[str, ...]) -> bytes:
    """Return the line of JSON."""
    values: dict[str, Any] = dict(zip(STEADY, steady, strict=True))
    values["window"] = dict(zip(("numbers", "foreign", "latest_lost_arrival"), window, strict=True))
    values["processes"] = names
    head = {"format": FORMAT, "epoch": epoch, "state": values}
    return json.dumps(head, separators=(",", ":"), default=_name_of).encode() + b"\n"


def _name_of(why: Why) -> str:
    return why.name


def decode(stored: bytes, offset: int) -> tuple[AccountState, str] | None:
    """Return a stored state and the name of the last recovery; None if it can't be read.

    Args:
        stored: what `encode` has returned.
        offset: how far the server's clock is ahead of the times that the state is to have, in nanoseconds.

    Raises:
        StorageError: a later version of the package has written it; the message has no subject.
    """
    try:
        head, _, numbers = stored.partition(b"\n")
        values: dict[str, Any] = json.loads(head)
        number = values["format"]
        if number in {_FIRST, _SECOND, FORMAT}:
            return _load(values, numbers, offset), str(values.get("epoch", ""))
    except (ValueError, LookupError, TypeError, AttributeError, struct.error):
        return None
    raise StorageError(
        f"has format {number}, which a later version of harvest-async has written, and this version reads format "
        f"{FORMAT}: upgrade harvest-async, or choose another database"
    )


def _load(values: dict[str, Any], packed: bytes, offset: int) -> AccountState:
    stored, number = values["state"], values["format"]
    numbers = iter(struct.unpack(f"<{len(packed) // 8}q", packed))
    if number == FORMAT:
        [stored_offset] = islice(numbers, 1)
        _add_numbers(stored, numbers)
    else:
        stored_offset = values["offset"] if number == _SECOND else 0
    if number != _FIRST:
        stored["window"]["past"] = zip(numbers, numbers, strict=True)
    state = AccountState.load(stored)
    state.shift(stored_offset - offset)
    return state


def _add_numbers(stored: dict[str, Any], numbers: Iterator[int]) -> None:
    """Add what most steps change, without the leases of ended calls."""
    stored["_last_lease"], stored["bulk_at"], *latest = islice(numbers, 5)
    known = {name: tuple(islice(numbers, _NUMBERS_OF_PROCESS)) for name in stored["processes"]}
    stored["processes"] = {"latest": latest, "known": known}
    [count] = islice(numbers, 1)
    leases = islice(numbers, 3 * count)
    stored["window"]["open"] = list(zip(leases, leases, leases, strict=True))
