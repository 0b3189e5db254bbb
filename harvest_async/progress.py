"""The interface through which an import or export reports its progress."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Quiet"]


class Progress(Protocol):
    """Receives the progress of an import or export."""

    def begin(self, what: str, calls: int) -> None:
        """Begin a part that takes a number of calls."""
        ...

    def step(self) -> None:
        """Count one finished call of the part."""
        ...

    def state(self, what: str | None) -> None:
        """Show an unusual state, such as an outage of the server; None ends it."""
        ...


class Quiet:
    """Ignores all progress."""

    def begin(self, what: str, calls: int) -> None:
        """Do nothing."""

    def step(self) -> None:
        """Do nothing."""

    def state(self, what: str | None) -> None:
        """Do nothing."""
