"""The table that decides whether a failed call is sent again, and the budget for retries.

Notes:
- No I/O: this module decides, and the exchange waits and sends.
- A call whose repeat could create something twice is never sent again once it may have been processed.
"""

from __future__ import annotations

import enum
from typing import Final

from attrs import frozen

from harvest_async.call import Repeat

__all__ = ["ATTEMPTS", "USUAL", "Budget", "Failure", "Limits", "Verdict", "backoff", "failure_of", "verdict"]

ATTEMPTS: Final = 5
"""The most attempts for one call; refusals of the throttle don't count."""

_FIRST: Final = 0.5
_LONGEST: Final = 20.0

_BROKEN: Final = 500
"""Statuses from here on may mean anything between 'not begun' and 'done'."""


class Failure(enum.Enum):
    """How an attempt failed."""

    NOT_SENT = "nothing left this machine"
    SILENT = "it was sent, and no complete response came"
    BROKEN = "the server failed, and may have processed it"
    REFUSED = "the server said no"


class Verdict(enum.Enum):
    """How to treat a failed attempt."""

    RETRY = "send it again"
    UNKNOWN = "raise OutcomeUnknown"
    RAISE = "raise the error of the status"


_TABLE: Final = {
    # failure: (repeatable, not repeatable)
    Failure.NOT_SENT: (Verdict.RETRY, Verdict.RETRY),
    Failure.SILENT: (Verdict.RETRY, Verdict.UNKNOWN),
    Failure.BROKEN: (Verdict.RETRY, Verdict.UNKNOWN),
    Failure.REFUSED: (Verdict.RAISE, Verdict.RAISE),
}


def failure_of(status: int) -> Failure | None:
    """Return the failure that a response's status means; None for a success, which is 200 to 299."""
    if status >= _BROKEN:
        return Failure.BROKEN
    return None if 200 <= status < 300 else Failure.REFUSED  # noqa: PLR2004 - the class of statuses


def verdict(failure: Failure, repeat: Repeat) -> Verdict:
    """Return how to treat a failed attempt, as long as attempts and budget last."""
    repeatable, not_repeatable = _TABLE[failure]
    return repeatable if repeat.repeatable else not_repeatable


def backoff(attempt: int, chance: float) -> float:
    """Return the seconds before the next attempt: doubling, capped, spread by a `chance` between 0 and 1."""
    return float(min(_LONGEST, _FIRST * 2.0 ** (attempt - 1)) * (0.5 + chance / 2))


class Budget:
    """Retries that may be made, so that an outage does not become a storm. Successes refill it.

    Args:
        full: how many retries a full budget holds.
        refill: how much of a retry a success earns.

    Attributes:
        full: how many retries a full budget holds.
        left: how many are left.
    """

    __slots__ = ("_refill", "full", "left")

    def __init__(self, full: float = 20.0, refill: float = 0.1) -> None:
        self.full = full
        self._refill = refill
        self.left = full

    def spend(self) -> bool:
        """Take one retry; return False if none is left."""
        if self.left < 1:
            return False
        self.left -= 1
        return True

    def earn(self) -> None:
        """Add the part of a retry that a successful call earns."""
        self.left = min(self.full, self.left + self._refill)


@frozen
class Limits:
    """How long and how often one call is tried.

    Attributes:
        timeout: seconds that one attempt may take up to the headers, and its body after them; None takes the call's
            own, else the client's.
        attempts: how often the call is sent at most; 1 never sends it again.
        budget: the retries that may be made; None takes the client's.
    """

    timeout: float | None = None
    attempts: int = ATTEMPTS
    budget: Budget | None = None


USUAL: Final = Limits()
