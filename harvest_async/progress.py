"""Progress of a long operation: the protocol of its observers, and an observer that does nothing."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Quiet"]


class Progress(Protocol):
    """Observes the progress of an import or an export."""

    def begin(self, what: str, calls: int) -> None:
        """Note that a part begins which takes `calls` calls."""
        ...

    def step(self) -> None:
        """Note that one call of the part is done."""
        ...

    def state(self, what: str | None) -> None:
        """Note an unusual state, such as an unreachable server; None when it ends."""
        ...


class Quiet:
    """Reports nothing."""

    def begin(self, what: str, calls: int) -> None:
        """Do nothing."""

    def step(self) -> None:
        """Do nothing."""

    def state(self, what: str | None) -> None:
        """Do nothing."""
