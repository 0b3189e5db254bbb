"""The settings of a throttle as a value; `Throttle` checks them."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from harvest_async.throttle.bounds import Bounds

__all__ = ["Settings"]


@frozen
class Settings:
    """How a `Throttle` was set up. Spans in nanoseconds.

    Attributes:
        name: the account's name in the log.
        bounds: the user's ceiling of calls and period, and the longest time that a request may travel.
        pace: how the bulk lane goes.
        reserve: leases that an even pace leaves to the interactive lane.
        max_block: how long a closed gate may hold a call up; None for no limit.
    """

    name: str
    bounds: Bounds
    pace: Literal["even", "burst"]
    reserve: int
    max_block: int | None
