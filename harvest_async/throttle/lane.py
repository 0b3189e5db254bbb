"""The two priorities of calls."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["PASSES", "Lane"]

PASSES: Final = 9
"""How many interactive calls may pass a waiting bulk call before it goes."""


class Lane(enum.Enum):
    """The priority of a call."""

    INTERACTIVE = "interactive"
    BULK = "bulk"
