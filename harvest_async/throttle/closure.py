"""Why a gate is closed, and for how long where the server names no time."""

from __future__ import annotations

import enum
from typing import Final

from harvest_async.clock import SECOND

__all__ = ["Why", "longer_outage", "longer_pause"]

_PAUSE: Final = 1 * SECOND
_LONGEST_PAUSE: Final = 300 * SECOND
_OUTAGE: Final = 2 * SECOND
_LONGEST_OUTAGE: Final = 30 * SECOND


class Why(enum.Enum):
    """The reason for which the gate is closed."""

    UNKNOWN = "what other programs sent is unknown"
    THROTTLED = "the account is throttled"
    OUTAGE = "the server is out of service"


def longer_pause(last: int) -> int:
    """Return the pause after a failed probe that follows one of `last` nanoseconds; 0 before the first."""
    return min(2 * last or _PAUSE, _LONGEST_PAUSE)


def longer_outage(last: int) -> int:
    """Return how long the gate is closed by an outage that follows one of `last` nanoseconds; 0 before the first."""
    return min(2 * last or _OUTAGE, _LONGEST_OUTAGE)
