"""The stored form of an account's state on a server: what is kept of a state, and how it is read again.

Invariants:
- The form has a number. One that a later version of this package has written is refused and left as it is.
- The times stay those of the process that has stored them, beside how far they are behind the server's clock.
- A line of JSON has all but the leases of ended calls, of which there are most: these follow as pairs of integers of
  64 bits. A state is encoded for each step, so that this decides how much work a step is.
- Format 1, which is still read, has all of it in the JSON, and times of the server's clock.
"""

from __future__ import annotations

import json
import struct
from typing import Any, Final

from harvest_async.errors import StorageError
from harvest_async.throttle.state import AccountState

__all__ = ["FORMAT", "decode", "encode"]

FORMAT: Final = 2
"""The number of the stored format."""
_FIRST: Final = 1

_encode: Final = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


def encode(state: AccountState, offset: int, epoch: str = "") -> bytes:
    """Return what is stored of a state.

    Args:
        state: the state.
        offset: how far the server's clock is ahead of the state's times, in nanoseconds.
        epoch: the name of the last recovery.
    """
    head = _encode({"format": FORMAT, "offset": offset, "epoch": epoch, "state": state.dump(past=False)})
    return head.encode() + b"\n" + state.window.pack_past()


def decode(stored: bytes, offset: int) -> tuple[AccountState, str] | None:
    """Return a stored state and the name of the last recovery; None if it can't be read.

    Args:
        stored: what `encode` has returned.
        offset: how far the server's clock is ahead of the times that the state is to have, in nanoseconds.

    Raises:
        StorageError: a later version of the package has written it; the message has no subject.
    """
    try:
        head, _, past = stored.partition(b"\n")
        values: dict[str, Any] = json.loads(head)
        number = values["format"]
        if number in {_FIRST, FORMAT}:
            return _load(values, past, offset), str(values.get("epoch", ""))
    except (ValueError, LookupError, TypeError, AttributeError, struct.error):
        return None
    raise StorageError(
        f"has format {number}, which a later version of harvest-async has written, and this version reads format "
        f"{FORMAT}: upgrade harvest-async, or choose another database"
    )


def _load(values: dict[str, Any], past: bytes, offset: int) -> AccountState:
    is_current = values["format"] == FORMAT
    if is_current:
        numbers = iter(struct.unpack(f"<{len(past) // 8}q", past))
        values["state"]["window"]["past"] = zip(numbers, numbers, strict=True)
    state = AccountState.load(values["state"])
    state.shift((values["offset"] if is_current else 0) - offset)
    return state
