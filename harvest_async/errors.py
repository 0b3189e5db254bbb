"""The exceptions of this library. The class says who was wrong, the message what to do next.

    HarvestError
    ├── InvalidArgument    the caller: refused before anything was sent (also a ValueError)
    ├── WouldWait          nobody: the wait would exceed `max_wait`; nothing was sent
    ├── RequestError       the network, or a server that did not respond
    │   ├── NotSent          nothing left this machine; it is safe to call again
    │   ├── OutcomeUnknown   it may or may not have been processed; read before you send it again
    │   └── CreatedUnread    it was created, but could not be read back; never send it again
    ├── ResponseError      a response that is not a success
    │   ├── BadRequest       the caller (400)
    │   ├── Unauthorized     the caller: sign-in (401)
    │   ├── Forbidden        the caller: role (403)
    │   ├── NotFound         the caller: no such record, or the role may not see it (404)
    │   ├── Unprocessable    the caller: validation (422)
    │   ├── Throttled        the account's budget is used up, by any program
    │   └── ServerError      the server (5xx)
    ├── StorageError       this program: a file that it keeps (ledger, cache, tokens) can't be used
    ├── DecodeError        the server: a response that can't be read
    └── FieldsIgnored      the server: a success that left some of the fields as they were

Invariants:
- An error that has a request shows all of it except credentials, in `str`, `repr`, `report()` and `as_curl()`.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any, Final

from harvest_async.messages import Request, Response, redact_body, redact_headers, redact_message, redact_url

__all__ = [
    "BadRequest",
    "CreatedUnread",
    "DecodeError",
    "FieldsIgnored",
    "Forbidden",
    "HarvestError",
    "InvalidArgument",
    "NotFound",
    "NotSent",
    "OutcomeUnknown",
    "RequestError",
    "ResponseError",
    "ServerError",
    "StorageError",
    "Throttled",
    "Unauthorized",
    "Unprocessable",
    "WouldWait",
    "response_error",
]

_SHOWN_RESPONSE: Final = 4_096
"""How much of a response's body a report shows, in bytes; a request's body is shown whole."""


class HarvestError(Exception):
    """The base class of all errors that this library raises.

    Attributes:
        request: the request that was or would have been sent, None if there was none.
        response: the response, None if there was none.
        names_machine: whether the message names files or processes of this machine: it is for the operator of the
            program, and not for a visitor of a web page.
    """

    names_machine: bool = False

    def __init__(self, message: str, *, request: Request | None = None, response: Response | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.request = request
        self.response = response

    def report(self) -> str:
        """Return request and response as text without credentials, as Harvest's support asks for them."""
        parts = [f"{type(self).__name__}: {self}"]
        if self.request is not None:
            parts += ["", *_show_request(self.request)]
        if self.response is not None:
            parts += ["", *_show_answer(self.response)]
        return "\n".join(parts)

    def __reduce__(self) -> tuple[Any, ...]:
        """Copy and pickle like any exception, without the credentials of the request and the response."""
        state = dict(self.__dict__)
        state["request"] = None if self.request is None else self.request.redacted()
        state["response"] = None if self.response is None else self.response.redacted()
        return _revive, (type(self), self.args), state

    def as_curl(self) -> str:
        """Return the request as a curl command; add the credentials before you run it.

        Raises:
            ValueError: the error has no request.
        """
        if self.request is None:
            raise ValueError(f"{type(self).__name__} has no request to show")
        return _as_curl(self.request)


def _revive(kind: type[HarvestError], args: tuple[Any, ...]) -> HarvestError:
    error = kind.__new__(kind, *args)
    error.args = args
    return error


class InvalidArgument(HarvestError, ValueError):
    """An argument can't be used; nothing was sent."""


class WouldWait(HarvestError):
    """The call would wait longer at the gate than `max_wait` allows; nothing was sent.

    Attributes:
        wait: seconds after which the same call is expected to go through.
    """

    def __init__(self, message: str, *, wait: float, request: Request | None = None) -> None:
        super().__init__(message, request=request)
        self.wait = wait


class RequestError(HarvestError):
    """No complete response was received."""


class NotSent(RequestError):
    """Nothing was sent, because no connection could be made: safe to call again."""


class OutcomeUnknown(RequestError):
    """The request was sent and its response lost: it may have been processed, or not. Read before sending again."""


class CreatedUnread(RequestError):
    """The record was created, but reading it back failed. Sending it again would double it.

    Attributes:
        id: the new record's id, None if the response did not have it.
        location: the `Location` header of the response without credentials, None if there was none.
    """

    def __init__(
        self,
        message: str,
        *,
        id: int | None,
        location: str | None,
        request: Request | None = None,
        response: Response | None = None,
    ) -> None:
        super().__init__(message, request=request, response=response)
        self.id = id
        self.location = None if location is None else redact_url(location)


class ResponseError(HarvestError):
    """The server responded, and not with a success.

    Attributes:
        status: the HTTP status.
        hint: what the server's `Hint` header says, None where there is none.
    """

    def __init__(self, message: str, *, request: Request | None = None, response: Response | None = None) -> None:
        super().__init__(message, request=request, response=response)
        self.status = response.status if response is not None else 0
        hint = response.header("hint") if response is not None else None
        self.hint = None if hint is None else redact_message(hint)

    def add(self, cause: str) -> None:
        """Append a cause to the message."""
        self.message = f"{self.message} ({cause})"
        self.args = (self.message,)


class BadRequest(ResponseError):
    """400: the request breaks a rule, or its body can't be read; the message has the server's hint, if there is one."""


class Unauthorized(ResponseError):
    """401: sign-in is missing, wrong or out of date."""


class Forbidden(ResponseError):
    """403: this person's role does not allow it."""


class NotFound(ResponseError):
    """404: no such record, or this person's role may not see it, or the module is switched off."""


class Unprocessable(ResponseError):
    """422: the record does not pass the server's validation."""


class Throttled(ResponseError):
    """The account stayed blocked for longer than the throttle may wait.

    Attributes:
        retry_after: seconds until the gate is expected to open.
        status_text: what the server's own status says, None if it was unavailable.
    """

    def __init__(
        self,
        message: str,
        *,
        retry_after: float,
        status_text: str | None = None,
        request: Request | None = None,
        response: Response | None = None,
    ) -> None:
        super().__init__(message, request=request, response=response)
        self.retry_after = retry_after
        self.status_text = status_text


class ServerError(ResponseError):
    """5xx, redirects and unknown statuses."""


class StorageError(HarvestError):
    """A local file that this program keeps can't be used: a ledger, a cache or a store of tokens.

    The message names the file, so show it to the operator of the program, not to a visitor of a web page.
    """

    names_machine = True


class DecodeError(HarvestError):
    """A success whose body can't be read: not the format asked for, cut off, or of the wrong shape."""


class FieldsIgnored(HarvestError):
    """The call succeeded, and the server left some of the fields as they were; usually because the record is locked.

    Attributes:
        record: the record as it is now.
        names: the fields that were not changed.
    """

    def __init__(self, message: str, *, record: object, names: Sequence[str]) -> None:
        super().__init__(message)
        self.record = record
        self.names = tuple(names)


_BY_STATUS: dict[int, tuple[type[ResponseError], str]] = {
    400: (BadRequest, "refused by a rule of the account, or the body is wrong"),
    401: (Unauthorized, "sign-in failed: check e-mail and password, or the token"),
    403: (Forbidden, "this person's role does not allow it"),
    404: (NotFound, "no such record, or this person's role may not see it, or the module is switched off"),
    406: (BadRequest, "the Accept header is missing or names no format of the API"),
    415: (BadRequest, "the Content-Type header is missing or names no format of the API"),
    422: (Unprocessable, "the record does not pass validation"),
}


def response_error(response: Response, request: Request, said: str = "") -> ResponseError:
    """Return the error for a response that is not a success; `said` is the server's own message."""
    kind, meaning = _BY_STATUS.get(response.status, _by_class(response))
    asked = f"{request.method} {redact_url(request.url)}"
    message = f"{asked} returned {response.status}: {meaning}"
    if said:
        message = f"{message}. The server says: {redact_message(said)}"
    return kind(message, request=request, response=response)


def _by_class(response: Response) -> tuple[type[ResponseError], str]:
    if response.status >= 500:  # noqa: PLR2004 - the class of statuses
        return ServerError, "the server failed"
    if response.status >= 400:  # noqa: PLR2004
        return BadRequest, "refused"
    where = redact_url(response.header("location") or "")
    return (
        ServerError,
        f"a redirect{f' to {where}' if where else ''}, which is never followed: check the address",
    )


def _show_request(wire: Request) -> list[str]:
    head = [f"> {wire.method} {redact_url(wire.url)}"]
    head += [f"> {name}: {value}" for name, value in redact_headers(wire.headers)]
    return head + _show_body(">", wire.content, wire.header("content-type"), None)


def _show_answer(response: Response) -> list[str]:
    head = [f"< {response.status}"]
    head += [f"< {name}: {value}" for name, value in redact_headers(response.headers)]
    return head + _show_body("<", response.content, response.content_type, _SHOWN_RESPONSE)


def _show_body(mark: str, content: bytes, content_type: str | None, limit: int | None) -> list[str]:
    if not content:
        return []
    lines = redact_body(content, content_type or "", limit).split("\n")
    return [mark, *(f"{mark} {line}" for line in lines)]


def _as_curl(wire: Request) -> str:
    words = ["curl", "--globoff", "-X", wire.method, redact_url(wire.url)]
    for name, value in redact_headers(wire.headers):
        if name.lower() not in {"host", "content-length", "connection", "accept-encoding"}:
            words += ["-H", f"{name}: {value}"]
    if wire.content or wire.header("content-length") == "0":
        words += ["--data-raw", redact_body(wire.content, wire.header("content-type") or "")]
    return " ".join(shlex.quote(word) for word in words)
