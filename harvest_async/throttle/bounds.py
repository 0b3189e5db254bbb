"""A user's limits for the numbers of an account's window.

Invariants:
- All users of an account have the same numbers, or none: those who disagree are refused with both values.
- The numbers of a user are a ceiling, within which the server's numbers hold.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from harvest_async.clock import SECOND
from harvest_async.errors import InvalidArgument

__all__ = ["DEFAULT_CALLS", "DEFAULT_GUARD", "DEFAULT_PERIOD", "UNBOUNDED", "Agreed", "Bounds"]

DEFAULT_CALLS: Final = 100
DEFAULT_PERIOD: Final = 15 * SECOND
"""The limit until the server reports another."""

DEFAULT_GUARD: Final = 2 * SECOND
"""The longest time that a request is assumed to travel."""

Agreed: TypeAlias = tuple[int | None, int | None]
"""The ceiling of calls and the least period, in nanoseconds, of those who use an account."""


class Bounds(NamedTuple):
    """A user's limits for the numbers of a window. Spans in nanoseconds.

    Attributes:
        calls: the ceiling of calls; None leaves it to the server.
        period: the least period; None leaves it to the server.
        guard: the longest time that a request may travel.
    """

    calls: int | None = None
    period: int | None = None
    guard: int = DEFAULT_GUARD

    def limit(self, reported: tuple[int, int] | None) -> tuple[int, int]:
        """Return the calls and the period, in nanoseconds, that hold.

        Args:
            reported: those that the server reports; None as long as it has reported none.
        """
        server_calls, server_period = reported or (self.calls or DEFAULT_CALLS, self.period or DEFAULT_PERIOD)
        calls = server_calls if self.calls is None else min(self.calls, server_calls)
        period = server_period if self.period is None else max(self.period, server_period)
        return calls, period

    def agree(self, agreed: Agreed) -> Agreed:
        """Return what all users agree on if this one joins those who have agreed already.

        Raises:
            InvalidArgument: they have other numbers.
        """
        ours = self.calls, self.period
        for name, unit, own, others in zip(("calls", "period"), (1, SECOND), ours, agreed, strict=True):
            if own is not None and others is not None and own != others:
                raise InvalidArgument(
                    f"Throttle({name}={own / unit:g}): another throttle of the account has {name}={others / unit:g}, "
                    "and its calls are counted by the same ledger: give both the same numbers"
                )
        return ours[0] or agreed[0], ours[1] or agreed[1]


UNBOUNDED: Final = Bounds()
