"""What the server says about its throttle: refusals, the time to wait, its own status.

Rules of this room: pure. It reads header values and JSON; it knows no request and no loop. Facts: contract,
conventions.throttle.
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
"""The wait where the server gives none, or none that can be read (contract: fallback_wait_seconds)."""

SHORTEST: Final = 1 * SECOND
"""The wait where the server says 0."""

LONGEST: Final = 3_600 * SECOND
"""The longest wait that is believed."""

REFUSALS: Final = frozenset({429, 503})
"""Statuses that may mean a throttled account (contract: throttle_status_503): v1 answers 503, v2 429."""

_WORDS: Final = b"throttled"
"""What the body of a refusal says, whatever its format (contract: throttle.json_body)."""

_CALLS: Final = range(1, 10_001)
_SECONDS: Final = range(1, 3_601)
_LOOKED_AT: Final = 4_096
_LONGEST_DATE: Final = 128
_LARGEST: Final = 10**12
"""Numbers of a status beyond this are read as this: they can't be believed, and are short to show."""


@frozen
class RateLimitStatus:
    """The server's own numbers (contract: rate_limit_status_fields).

    Attributes:
        calls: calls allowed in a period; None where it can't be believed (outside 1..10,000).
        period: nanoseconds; None where it can't be believed (outside 1..3,600 s).
        count: calls counted in the period up to the answer, whoever sent them, its own call among them.
        text: the numbers as a person reads them.
    """

    calls: int | None
    period: int | None
    count: int
    text: str

    @property
    def sound(self) -> bool:
        """Whether both limits can be believed."""
        return self.calls is not None and self.period is not None


def is_throttle_text(content: bytes) -> bool:
    """Whether a refusal's body says that the account is throttled."""
    return _WORDS in content[:_LOOKED_AT].lower()


def is_refusal(status: int, retry_after: str | None, content: bytes) -> bool:
    """Tell a throttle answer from a plain outage: by its `Retry-After` or its body (contract: other_503)."""
    if status == 429:  # noqa: PLR2004 - Too Many Requests means nothing else
        return True
    return status in REFUSALS and (retry_after is not None or is_throttle_text(content))


def read_retry_after(value: str | None, date: str | None, today: datetime) -> int:
    """How long a refusal asks us to wait, in nanoseconds, from the moment its answer came.

    Args:
        value: the `Retry-After` header: whole seconds or an HTTP date (RFC 2616, 14.37).
        date: the answer's own `Date`, against which an HTTP date is read.
        today: our own wall clock, for an answer without `Date`.

    Returns:
        Missing, unreadable or past is 16 s, 0 is 1 s, more than an hour is an hour.
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(max(int(text.lstrip("0")[:9] or "0") * SECOND, SHORTEST), LONGEST)
    moment = _read_date(text)
    if moment is None:
        return FALLBACK
    wait = moment - (_read_date(date or "") or today)
    return FALLBACK if wait <= timedelta() else min(round(wait.total_seconds() * SECOND), LONGEST)


def _read_date(text: str) -> datetime | None:
    """Read an HTTP date; None for anything else, whatever it is."""
    if len(text) > _LONGEST_DATE:
        return None
    try:
        moment = parsedate_to_datetime(text)
    except Exception:  # noqa: BLE001 - it raises OverflowError and others for numbers that are too large
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def read_status(content: bytes) -> RateLimitStatus | None:
    """Read the body of `GET /account/rate_limit_status` in JSON; None where it is anything else."""
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
