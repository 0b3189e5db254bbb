"""How a throttle was set up, as a value.

Rules of this room: checked numbers only; `Throttle` checks them.
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Settings"]


@frozen
class Settings:
    """How a `Throttle` was set up. Spans in nanoseconds.

    Attributes:
        name: the account, for the log.
        calls: the user's ceiling; None leaves it to the server.
        period: the user's ceiling; None leaves it to the server.
        pace: how the bulk lane goes.
        reserve: leases that an even pace leaves to the interactive lane.
        guard: the longest that a request may travel.
        max_block: how long a call may be held up by a shut gate; None for ever.
    """

    name: str
    calls: int | None
    period: int | None
    pace: Literal["even", "burst"]
    reserve: int
    guard: int
    max_block: int | None
