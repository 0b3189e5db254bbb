"""What an error means for a job: try again, give up, or keep the job from the workers.

Notes: which errors are the file's can't be known, since a file may also end the process that reads it. So every failure
that is not known to be temporary or final counts, and the third one quarantines the job.
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import frozen

from harvest_async.errors import (
    Forbidden,
    HarvestError,
    InvalidArgument,
    NotFound,
    RequestError,
    ServerError,
    StorageError,
    Throttled,
    Unauthorized,
    WouldWait,
)
from harvest_async.importer.journal_file import JournalInUse
from harvest_async.importer.rules import Stopped
from harvest_async.messages import redact_message
from harvest_async.run_lock import LockHeld, LockLost

__all__ = ["NoSuchAccount", "Verdict", "message_of", "verdict"]

_LONGEST_PAUSE: Final = 300.0
_FINAL: Final = (Unauthorized, Forbidden, NotFound)
_TEMPORARY: Final = (RequestError, ServerError, Throttled, StorageError, WouldWait, Stopped)


class NoSuchAccount(InvalidArgument):
    """There is no such account, or the program has no credentials for it."""


@frozen
class Verdict:
    """What follows from an error.

    Attributes:
        state: the state of the job.
        retry_after: seconds after which it is tried again; None for never.
    """

    state: Literal["waiting", "retrying", "failed", "quarantined"]
    retry_after: float | None


def verdict(error: BaseException, failures: int, *, deliveries: int, retries: int) -> Verdict:
    """Decide what follows from an error.

    Args:
        error: the error with which a delivery of the job ended.
        failures: the number of failures, this one included.
        deliveries: the number of failures after which a job is quarantined.
        retries: the number of failures after which it has failed, if they are temporary.
    """
    pause = min(2.0 ** min(failures, 20), _LONGEST_PAUSE)
    if isinstance(error, LockHeld):
        return Verdict("waiting", max(0.1, error.retry_after))
    if isinstance(error, (LockLost, JournalInUse)):
        return Verdict("waiting", 1.0)
    if isinstance(error, (NoSuchAccount, *_FINAL)):
        return Verdict("failed", None)
    if isinstance(error, _TEMPORARY):
        return Verdict("retrying", pause) if failures < retries else Verdict("failed", None)
    return Verdict("retrying", pause) if failures < deliveries else Verdict("quarantined", None)


def message_of(error: BaseException) -> str:
    """Return the text of an error for the status of a job, without credentials."""
    text = error.message if isinstance(error, HarvestError) else f"{type(error).__name__}: {error}"
    return redact_message(text, 500)
