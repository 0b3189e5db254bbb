"""What a caller is told whom the gate turns away.

Rules of this room: pure. An error says how long the wait is, and whose fault it may be.
"""

from __future__ import annotations

from harvest_async.clock import SECOND
from harvest_async.errors import NotSent, Throttled, WouldWait
from harvest_async.throttle.state import AccountState

__all__ = ["busy_too_long", "throttled", "would_wait"]


def would_wait(wait: int, why: str | None = None) -> WouldWait:
    """The call would wait longer than it may: about `wait` nanoseconds; or it has waited so long, for the reason."""
    seconds = wait / SECOND
    if why is not None:
        return WouldWait(f"nothing was sent within max_wait: {why}; it has been so for {seconds:.1f} s", wait=seconds)
    return WouldWait(
        f"the call would wait {seconds:.1f} s at the gate, longer than max_wait: try again then, or allow more",
        wait=seconds,
    )


def busy_too_long(why: str, waited: int) -> NotSent:
    """The call has waited as long as one attempt may take for a ledger that somebody else is using."""
    return NotSent(f"nothing was sent: {why}; it has been so for {waited / SECOND:.0f} s")


def throttled(book: AccountState, now: int, why: str) -> Throttled:
    """The account stays blocked for longer than the call puts up with."""
    seconds = max(0, book.until - now) / SECOND
    said = f"; the server said: {book.said}" if book.said else ""
    return Throttled(
        f"the account is blocked: {why}{said}. Another program may be using it up; try again in {seconds:.0f} s",
        retry_after=seconds,
        status_text=book.said,
    )
