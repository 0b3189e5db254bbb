"""Whether the server is there: what failures in a row mean for writes.

Rules of this room: pure. After one failure writes go alone until one is answered, so that an outage takes no more of
them than were on their way when it began. After so many failures in a row no write is sent; a read asks, with growing
pauses, whether the server is back. Then one write goes alone: while it fails too the pauses go on growing.
"""

from __future__ import annotations

from typing import Final

__all__ = ["Outage"]

_FAILURES: Final = 3
_FIRST: Final = 1.0
_LONGEST: Final = 60.0


class Outage:
    """Counts failures in a row.

    Attributes:
        begun: whether writes are held back.
    """

    def __init__(self) -> None:
        self.begun = False
        self._on_trial = False
        self._in_a_row = 0
        self._pause = 0.0

    @property
    def alone(self) -> bool:
        """Whether the next write goes alone."""
        return self._on_trial or self._in_a_row > 0

    def failed(self) -> bool:
        """A write failed on the server's side, or its answer was lost. Gives whether this began an outage."""
        self._in_a_row += 1
        if self.begun or (self._in_a_row < _FAILURES and not self._on_trial):
            return False
        self.begun = True
        return True

    def succeeded(self) -> None:
        """A write was answered."""
        self._in_a_row = 0
        if not self.begun:
            self._on_trial, self._pause = False, 0.0

    def pause(self) -> float:
        """Seconds until the server is asked again."""
        self._pause = min(2 * self._pause or _FIRST, _LONGEST)
        return self._pause

    def server_responded(self) -> None:
        """The server answered the read."""
        self.begun, self._on_trial, self._in_a_row = False, True, 0
