"""Numbers and times as pages show them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

__all__ = ["FILTERS"]

_MINUTE: Final = 60
_HOUR: Final = 3600


def count(number: int, one: str, several: str | None = None) -> str:
    """Return a number and its noun: `1 row`, `2 rows`."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def seconds(number: float) -> str:
    """Return a duration: `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(number)
    if number < 10:  # noqa: PLR2004 - one digit before the point
        return f"{number:.1f} s"
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"


def moment(timestamp: float) -> str:
    """Return a time in UTC: `2026-01-05 14:30:00 UTC`."""
    return f"{datetime.fromtimestamp(timestamp, UTC):%Y-%m-%d %H:%M:%S} UTC"


def iso(timestamp: float) -> str:
    """Return a time for the attribute `datetime`."""
    return datetime.fromtimestamp(timestamp, UTC).isoformat(timespec="seconds")


def number(value: Any) -> str:
    """Return a number with thousands separators, without zeros at the end."""
    text = f"{Decimal(str(value)):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


FILTERS: Final[Mapping[str, Callable[..., str]]] = {
    "count": count,
    "iso": iso,
    "moment": moment,
    "number": number,
    "seconds": seconds,
}
"""The filters of the templates."""
