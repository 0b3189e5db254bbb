"""What is told while an import goes on.

Rules of this room: a protocol, and one that says nothing.
"""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "Quiet"]


class Progress(Protocol):
    """Is told how an import goes on."""

    def begin(self, what: str, calls: int) -> None:
        """A part begins that takes so many calls."""
        ...

    def step(self) -> None:
        """A call of the part is done."""
        ...

    def state(self, what: str | None) -> None:
        """Something out of the ordinary goes on (the server is gone, lost calls are waited for); None when it ends."""
        ...


class Quiet:
    """Tells nobody."""

    def begin(self, what: str, calls: int) -> None:
        """Say nothing."""

    def step(self) -> None:
        """Say nothing."""

    def state(self, what: str | None) -> None:
        """Say nothing."""
