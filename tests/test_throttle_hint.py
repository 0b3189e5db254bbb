"""What the server says about its throttle is read generously, and believed within bounds."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.clock import SECOND
from harvest_async.throttle.server_status import FALLBACK, LONGEST, is_refusal, read_retry_after, read_status

TODAY = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
DATE = "Mon, 05 Jan 2026 09:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "date", "seconds"),
    [
        ("15", None, 15),
        (" 15 ", None, 15),
        ("0", None, 1),
        ("3600", None, 3600),
        ("3601", None, 3600),
        ("9" * 30, None, 3600),
        (None, None, 16),
        ("", None, 16),
        ("soon", None, 16),
        ("-5", None, 16),
        ("1.5", None, 16),
        ("٣", None, 16),
        ("Mon, 05 Jan 2026 09:00:20 GMT", DATE, 20),
        ("Mon, 05 Jan 2026 09:00:20 GMT", None, 20),
        ("Mon, 05 Jan 2026 08:59:00 GMT", DATE, 16),
        ("Mon, 05 Jan 2026 09:00:00 GMT", DATE, 16),
        ("Mon, 05 Jan 2026 12:00:00 GMT", DATE, 3600),
        ("Mon, 05 Jan 2026 10:00:20 GMT", "Mon, 05 Jan 2026 10:00:00 GMT", 20),
        ("Mon, 05 Jan 2026 09:00:20", "nonsense", 20),
        ("Mon, 99 Jan 2026 09:00:20 GMT", DATE, 16),
    ],
)
def test_retry_after_is_read(value, date, seconds):
    """Seconds, or a date against the response's own date; anything else is 16 s."""
    assert read_retry_after(value, date, TODAY) == seconds * SECOND


@given(st.text(max_size=40), st.one_of(st.none(), st.text(max_size=40)))
def test_any_text_gives_a_wait_within_bounds(value, date):
    """No header makes us wait less than a second or more than an hour."""
    assert SECOND <= read_retry_after(value, date, TODAY) <= LONGEST
    assert FALLBACK == 16 * SECOND


@pytest.mark.parametrize(
    ("status", "hint", "body", "refusal"),
    [
        (503, "15", b"", True),
        (503, None, b'{"message":"This request has been Throttled."}', True),
        (503, None, b"down for maintenance", False),
        (429, None, b"", True),
        (500, "15", b"", False),
        (200, "15", b"throttled", False),
    ],
)
def test_a_refusal_is_distinguished_from_an_outage(status, hint, body, refusal):
    """By its Retry-After or its words; 429 needs neither."""
    assert is_refusal(status, hint, body) is refusal


def test_a_status_is_read():
    """The four numbers, and the words for a person."""
    status = read_status(b'{"count": 7, "max_calls": "100", "timeframe_limit": 15, "lockout_seconds": 15}')

    assert (status.count, status.calls, status.period, status.sound) == (7, 100, 15 * SECOND, True)
    assert status.text == "7 of 100 calls in 15 s"


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"{}", b'{"count": true, "max_calls": 1, "timeframe_limit": 1}', b"[" * 100_000,
     b'{"count": 1, "max_calls": "many", "timeframe_limit": 15}'],
)  # fmt: skip
def test_anything_else_is_no_status(body):
    """A page, a list, half a status: None."""
    assert read_status(body) is None


@pytest.mark.parametrize(
    ("calls", "period", "sound"),
    [(1, 1, True), (10_000, 3_600, True), (0, 15, False), (10_001, 15, False), (100, 0, False), (100, 3_601, False)],
)
def test_numbers_out_of_bounds_are_not_believed(calls, period, sound):
    """Limits outside 1..10,000 calls and 1..3,600 s are left out."""
    body = json.dumps({"count": -4, "max_calls": calls, "timeframe_limit": period}).encode()

    assert read_status(body).sound is sound
    assert read_status(body).count == 0
