"""Looks at a state on a server from time to time while calls are in flight, so that a loss is noticed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

__all__ = ["Heartbeat"]

_SHORTEST: Final = 0.5
_IDLE: Final = 8
"""After this many beats without calls it ends."""


class Heartbeat:
    """A timer that beats while a gate has calls, and for a while afterwards.

    Args:
        interval: returns the seconds until the next beat.
        is_idle: returns whether no call waits and no response is awaited.
        beat: called at each beat.
        end: called when it ends, since the gate had no calls for a while.
    """

    def __init__(
        self,
        interval: Callable[[], float],
        is_idle: Callable[[], bool],
        beat: Callable[[], None],
        end: Callable[[], None],
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._interval = interval
        self._is_idle = is_idle
        self._beat = beat
        self._end = end
        self._timer: asyncio.TimerHandle | None = None
        self._idle_beats = 0

    @property
    def running(self) -> bool:
        """Whether it beats."""
        return self._timer is not None

    def start(self) -> None:
        """Let it beat."""
        self._timer = self._loop.call_later(max(_SHORTEST, self._interval()), self._beats)

    def _beats(self) -> None:
        self._timer = None
        self._idle_beats = self._idle_beats + 1 if self._is_idle() else 0
        self._beat()
        if self._idle_beats < _IDLE:
            self.start()
        else:
            self._end()
