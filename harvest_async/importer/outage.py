"""Decide from consecutive failures whether the server is unavailable, and how writes are sent then.

After one failure, one write is sent at a time until one gets a response, so that few writes are affected by an outage.
After three consecutive failures no write is sent; a read with growing pauses finds out whether the server is available
again. Then one write is sent at a time; while it fails, the pauses keep growing.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Outage"]

_FAILURES: Final = 3
_FIRST: Final = 1.0
_LONGEST: Final = 60.0


class Outage:
    """Counts consecutive failures.

    Attributes:
        begun: whether no write is sent.
    """

    def __init__(self) -> None:
        self.begun = False
        self._on_trial = False
        self._consecutive = 0
        self._pause = 0.0

    @property
    def alone(self) -> bool:
        """Whether only one write may be sent at a time."""
        return self._on_trial or self._consecutive > 0

    def failed(self) -> bool:
        """Count a write that failed, or whose response was lost; return whether an outage began."""
        self._consecutive += 1
        if self.begun or (self._consecutive < _FAILURES and not self._on_trial):
            return False
        self.begun = True
        return True

    def succeeded(self) -> None:
        """Count a write that got a response."""
        self._consecutive = 0
        if not self.begun:
            self._on_trial, self._pause = False, 0.0

    def pause(self) -> float:
        """Return the seconds until the next read."""
        self._pause = min(2 * self._pause or _FIRST, _LONGEST)
        return self._pause

    def server_responded(self) -> None:
        """Note that the server responded to the read."""
        self.begun, self._on_trial, self._consecutive = False, True, 0
