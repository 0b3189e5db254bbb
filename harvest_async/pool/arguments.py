"""Checks of the arguments of a pool."""

from __future__ import annotations

from typing import Final

from harvest_async.errors import InvalidArgument

__all__ = ["check_arguments"]

MOST_CONNECTIONS: Final = 10_000
LONGEST_PATIENCE: Final = 3_600.0
"""The largest numbers that are accepted; the patience in seconds."""


def check_arguments(credentials: object, max_connections: object, patience: object) -> None:
    """Check arguments of `HarvestPool`.

    Raises:
        InvalidArgument: one of them can't be used.
    """
    if not callable(credentials):
        raise InvalidArgument(
            "HarvestPool: credentials: give a coroutine function that takes an account's name and returns its "
            f"credentials, not {type(credentials).__name__}"
        )
    _check_number("max_connections", max_connections, 1, MOST_CONNECTIONS, "a whole number from 1 to 10,000")
    if isinstance(max_connections, float):
        raise InvalidArgument(f"HarvestPool(max_connections={max_connections!r}): give a whole number")
    _check_number("patience", patience, 1e-9, LONGEST_PATIENCE, "seconds above 0, at most 3,600")


def _check_number(name: str, value: object, least: float, most: float, allowed: str) -> None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not (is_number and least <= value <= most):  # type: ignore[operator]
        raise InvalidArgument(f"HarvestPool({name}={str(value)[:80]}): give {allowed}")
