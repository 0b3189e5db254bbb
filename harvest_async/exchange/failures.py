"""The errors of calls that failed, and of responses that can't be read."""

from __future__ import annotations

import logging
from typing import Any

from attrs import frozen

from harvest_async.call import Call, Created, Dialect, Repeat
from harvest_async.errors import CreatedUnread, DecodeError, HarvestError, NotSent, OutcomeUnknown, response_error
from harvest_async.exchange.shared import InFlightCall
from harvest_async.messages import Response, redact_message
from harvest_async.retry import Failure, Verdict, verdict

__all__ = ["Failed", "check_repeat", "described", "is_known", "not_named", "not_read_back", "unknown", "unread"]

logger = logging.getLogger("harvest_async")


@frozen
class Failed:
    """An attempt without a successful response.

    Attributes:
        kind: how it failed.
        response: the response; None if none came.
        cause: the exception; None if there was a response.
    """

    kind: Failure
    response: Response | None
    cause: Exception | None

    def error(self, in_flight: InFlightCall, dialect: Dialect) -> HarvestError:
        """Return the error to raise for a call that is not attempted again."""
        reason = self.kind.value if self.cause is None else described(self.cause)
        repeat = in_flight.call.repeat
        if self.kind is Failure.NOT_SENT and (not in_flight.maybe_processed or repeat is Repeat.SAFE):
            error: HarvestError = NotSent(f"{in_flight.shown} was not sent ({reason}): check the network and try again")
        elif self.response is None or verdict(self.kind, repeat) is Verdict.UNKNOWN:
            error = unknown(in_flight, self.response, reason)
        else:
            error = response_error(self.response, in_flight.wire, _explanation(dialect, self.response))
        error.__cause__ = self.cause
        return error


def _explanation(dialect: Dialect, response: Response) -> str:
    """Return the server's own message; empty if it can't be read, since the status alone is a refusal."""
    try:
        return dialect.explain(response)
    except Exception:
        logger.debug("the message of a response with status %d can't be read", response.status, exc_info=True)
        return ""


def unknown(in_flight: InFlightCall, response: Response | None, reason: str) -> OutcomeUnknown:
    """Return the error of a call that was sent and may have been processed."""
    shown, wire = in_flight.shown, in_flight.wire
    if in_flight.call.repeat is Repeat.SAFE:
        message = f"{shown} was sent, and its response was lost each time ({reason}): it only reads, so try it again"
        return OutcomeUnknown(message, request=wire, response=response)
    status = f" with response {response.status}" if response is not None else ""
    return OutcomeUnknown(
        f"{shown} was sent{status} ({reason}), and may or may not have been processed: "
        "read what is there before you send it again",
        request=wire,
        response=response,
    )


def unread(in_flight: InFlightCall, error: DecodeError, response: Response | None) -> HarvestError:
    """Return the error for a success that can't be read; the outcome may be unknown then."""
    error.request, error.response = in_flight.shown_request, response
    if in_flight.call.repeat is not Repeat.UNSAFE:
        return error
    failed = OutcomeUnknown(
        f"the response of {in_flight.shown} can't be read, and the call may or may not have been processed: "
        f"read what is there before you send it again. {error}",
        request=error.request,
        response=response,
    )
    failed.__cause__ = error.__cause__ or error
    return failed


def is_known(in_flight: InFlightCall, error: Exception) -> bool:
    """Return whether an error states the outcome: not sent, refused, or unknown already.

    A hook or a logging handler may raise any class, ours too, after the call was processed.
    """
    if not in_flight.outcome_unknown or error is in_flight.verdict or isinstance(error, OutcomeUnknown):
        return True
    return isinstance(error, HarvestError) and in_flight.call.repeat is Repeat.SAFE


def check_repeat(in_flight: InFlightCall, error: BaseException) -> None:
    """Raise `OutcomeUnknown` if an error ends a repeat whose earlier attempt may have been processed."""
    if isinstance(error, HarvestError) and in_flight.maybe_processed and in_flight.call.repeat is not Repeat.SAFE:
        raise unknown(in_flight, None, f"a repeat failed: {error}") from error


def not_named(in_flight: InFlightCall, created: Created[Any], response: Response) -> CreatedUnread:
    """Return the error for a record that was created without a response that has the record."""
    lacks = "names no record" if created.id is None else f"has no readable record, only its id {created.id}"
    return CreatedUnread(
        f"{in_flight.call.name}: created, but the response {lacks}: look for it, don't create it again",
        id=created.id,
        location=created.location,
        request=in_flight.shown_request,
        response=response,
    )


def not_read_back(call: Call[Any], created: Created[Any], error: Exception) -> CreatedUnread:
    """Return the error for a record that was created but could not be read."""
    ours = isinstance(error, HarvestError)
    reason = error if ours else described(error)
    return CreatedUnread(
        f"{call.name}: created with id {created.id}, but reading the new record failed: {reason}",
        id=created.id,
        location=created.location,
        request=error.request if isinstance(error, HarvestError) else None,
        response=error.response if isinstance(error, HarvestError) else None,
    )


def described(error: Exception) -> str:
    """Return an exception's class and text without credentials, for the message of another one."""
    try:
        text = redact_message(str(error))
    except Exception:  # noqa: BLE001 - the class has to do
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
