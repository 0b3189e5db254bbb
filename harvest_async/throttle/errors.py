"""The errors of calls that the gate turns away: how long the wait is, and what may cause it."""

from __future__ import annotations

from harvest_async.clock import SECOND, rounded_up
from harvest_async.errors import NotSent, Throttled, WouldWait
from harvest_async.throttle.state import AccountState

__all__ = ["busy_too_long", "throttled", "would_wait"]


def would_wait(wait: int, reason: str | None = None) -> WouldWait:
    """Return the error of a call that would wait longer than `max_wait`.

    Args:
        wait: the expected wait in nanoseconds; with a reason, how long it has lasted.
        reason: what keeps the call from being sent; None if it is the limit alone.
    """
    seconds = wait / SECOND
    if reason is not None:
        text = f"nothing was sent within max_wait: {reason}; it has lasted {rounded_up(seconds):.1f} s"
        error = WouldWait(text, wait=seconds)
        error.names_machine = True
        return error
    return WouldWait(
        f"the call would wait {rounded_up(seconds):.1f} s at the gate, longer than max_wait: "
        f"retry in {rounded_up(seconds):.1f} s or raise max_wait",
        wait=seconds,
    )


def busy_too_long(reason: str, waited: int) -> NotSent:
    """Return the error of a call that waited as long as one attempt may take for a ledger in use."""
    error = NotSent(f"nothing was sent: {reason}; it has lasted {waited / SECOND:.0f} s")
    error.names_machine = True
    return error


def throttled(state: AccountState, now: int, reason: str) -> Throttled:
    """Return the error of a call that gives up on a blocked account."""
    seconds = max(0, state.until - now) / SECOND
    said = f"; the server's status: {state.said}" if state.said else ""
    return Throttled(
        f"the account is blocked: {reason}{said}. Another program may be using the account's calls; "
        f"retry in {seconds:.0f} s",
        retry_after=seconds,
        status_text=state.said,
    )
