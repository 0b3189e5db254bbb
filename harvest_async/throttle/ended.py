"""The ends of leases on their way into the account state, and the log of a gate that they open or close."""

from __future__ import annotations

import logging
from typing import Final

from attrs import frozen

from harvest_async.clock import SECOND
from harvest_async.throttle.closure import Why
from harvest_async.throttle.lease import Change, write_end
from harvest_async.throttle.state import AccountState

__all__ = ["End", "Turn", "log_turn"]

logger: Final = logging.getLogger("harvest_async.throttle")

Turn = tuple[Why | None, int]
"""Why a gate that opened or closed is closed now, None if it is open; and until when."""


@frozen
class End:
    """How and when a lease ended.

    Attributes:
        change: writes the end into the account state; see `Change`.
        lease: the lease's number.
        time: when it ended.
        is_plain: whether it is an ordinary end that changes nothing but the window, so that anybody may enter it later.
    """

    change: Change
    lease: int
    time: int
    is_plain: bool = False

    def apply(self, state: AccountState) -> Turn | None:
        """Write the end into the state; return what there is to log, None if the gate did not open or close."""
        return (state.why, state.until) if write_end(state, self.change, self.lease, self.time) else None


def log_turn(name: str, why: Why | None, until: int, now: int) -> None:
    """Log that the gate of an account opened or closed; see `Turn`."""
    if why is None:
        logger.warning("%s: the gate is open again", name)
    else:
        logger.warning("%s: the gate is closed for %.1f s, %s", name, (until - now) / SECOND, why.value)
