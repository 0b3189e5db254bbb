"""Readers for what the server reports about its throttle: refusals, the time to wait, its own status.

They read header values and JSON only. See https://help.getharvest.com/api-v1/general/throttling/.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from attrs import frozen

from harvest_async.clock import SECOND

__all__ = ["FALLBACK", "LONGEST", "REFUSALS", "RateLimitStatus", "is_refusal", "read_retry_after", "read_status"]

FALLBACK: Final = 16 * SECOND
"""The wait where the server gives none, or none that can be read."""

SHORTEST: Final = 1 * SECOND
"""The wait where the server asks for 0 s."""

LONGEST: Final = 3_600 * SECOND
"""The longest wait that is accepted."""

REFUSALS: Final = frozenset({429, 503})
"""Statuses that may mean a throttled account."""

_REFUSAL_TEXT: Final = b"throttled"
"""The word that the body of a refusal has in every format."""

_CALLS: Final = range(1, 10_001)
_SECONDS: Final = range(1, 3_601)
_READ_SIZE: Final = 4_096
_LONGEST_DATE: Final = 128
_LARGEST: Final = 10**12
"""The bound for the numbers of a status: larger ones are implausible, and this one is short to show."""


@frozen
class RateLimitStatus:
    """The server's own numbers.

    Attributes:
        calls: calls allowed in a period; None where it is implausible (outside 1..10,000).
        period: nanoseconds; None where it is implausible (outside 1..3,600 s).
        count: calls that the server counted in the period, by all programs, the status call included.
        text: the numbers as text for people.
    """

    calls: int | None
    period: int | None
    count: int
    text: str

    @property
    def sound(self) -> bool:
        """Whether both limits are plausible."""
        return self.calls is not None and self.period is not None


def is_throttle_text(content: bytes) -> bool:
    """Return whether a refusal's body says that the account is throttled."""
    return _REFUSAL_TEXT in content[:_READ_SIZE].lower()


def is_refusal(status: int, retry_after: str | None, content: bytes) -> bool:
    """Return whether a response is a refusal by the throttle, by its `Retry-After` or its body, and no plain outage."""
    if status == 429:  # noqa: PLR2004 - Too Many Requests means nothing else
        return True
    return status in REFUSALS and (retry_after is not None or is_throttle_text(content))


def read_retry_after(value: str | None, date: str | None, today: datetime, fallback: int = FALLBACK) -> int:
    """Return how long a refusal asks us to wait, in nanoseconds, from the time of its response.

    Args:
        value: the `Retry-After` header: whole seconds or an HTTP date (RFC 2616, 14.37).
        date: the response's own `Date`, against which an HTTP date is read.
        today: our own wall clock, for a response without `Date`.
        fallback: the wait, in nanoseconds, where the header is missing, unreadable or past.

    Returns:
        The wait: 1 s for 0, one hour if it is longer.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(max(int(text.lstrip("0")[:9] or "0") * SECOND, SHORTEST), LONGEST)
    time_ = _read_date(text)
    if time_ is None:
        return fallback
    wait = time_ - (_read_date(date or "") or today)
    return fallback if wait <= timedelta() else min(round(wait.total_seconds() * SECOND), LONGEST)


def _read_date(text: str) -> datetime | None:
    """Read an HTTP date; return None for anything else."""
    if len(text) > _LONGEST_DATE:
        return None
    try:
        parsed = parsedate_to_datetime(text)
    except Exception:  # noqa: BLE001 - it raises OverflowError and others for numbers that are too large
        return None
    return parsed if parsed.tzinfo is not None else parsed.replace(tzinfo=UTC)


def read_status(content: bytes) -> RateLimitStatus | None:
    """Read the body of the status call in JSON; return None for anything else."""
    try:
        tree = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if not isinstance(tree, dict):
        return None
    count, calls, period = (_whole(tree.get(key)) for key in ("count", "max_calls", "timeframe_limit"))
    if count is None or calls is None or period is None:
        return None
    return RateLimitStatus(
        calls=calls if calls in _CALLS else None,
        period=period * SECOND if period in _SECONDS else None,
        count=min(max(count, 0), _CALLS[-1]),
        text=f"{count} of {calls} calls in {period} s",
    )


def _whole(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return max(-_LARGEST, min(value, _LARGEST))
    text = value.strip() if isinstance(value, str) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None  # noqa: PLR2004
