"""Options of a client's calls, checked before anything is sent."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from attrs import evolve, field, fields_dict, frozen

from harvest_async.call import Call
from harvest_async.errors import InvalidArgument
from harvest_async.exchange.shared import BeforeSend
from harvest_async.messages import Headers, redact_headers
from harvest_async.retry import ATTEMPTS, USUAL, Budget, Limits
from harvest_async.throttle.queue import Lane

__all__ = ["LONGEST", "PLAIN", "OnUnknown", "Options", "change", "check_options", "check_timeout"]

OnUnknown = Callable[[Call[Any]], Awaitable[None]]

LONGEST: Final = 86_400.0
"""The longest timeout, in seconds: a day."""
LONGEST_WAIT: Final = 1e9
"""The longest `max_wait`, in seconds: more than thirty years."""
MOST_ATTEMPTS: Final = 100
MOST_RETRIES: Final = 1_000_000
MOST_SHOWN: Final = 80

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(r"[ -~]*")
_RESERVED: Final = {
    "authorization": "give the client's auth argument instead",
    "user-agent": "give the client's app argument instead",
    "accept": "give the client's format argument instead",
    **dict.fromkeys(("accept-encoding", "content-*", "host", "if-*", "range"), "it is set for each call"),
    **dict.fromkeys(("connection", "expect", "keep-alive", "proxy-*", "te", "trailer"), "it belongs to the connection"),
    **dict.fromkeys(("transfer-encoding", "upgrade"), "it belongs to the connection"),
    **dict.fromkeys(("cookie", "harvest-account-id"), "it says whose account it is"),
    **dict.fromkeys(("x-http-method*", "x-method*"), "it changes what the call does"),
}
"""Names of header fields that options can't set, with the reason; `*` matches any ending."""


@frozen
class Options:
    """How calls are made, apart from what they are.

    Attributes:
        lane: the line at the gate; None is interactive, or bulk inside `bulk()`.
        max_wait: how long a call may wait at the gate, in seconds; None for as long as it takes.
        bounded_while: whether `max_wait` holds for a call that begins now; None for always.
        limits: how long and how often a call is tried.
        headers: header fields that are sent with each call, beside the client's own.
        on_unknown: is given a call that was cancelled after it was sent.
        before_send: is awaited with each call that has its lease and is about to leave; what it raises comes out.
    """

    lane: Lane | None = None
    max_wait: float | None = None
    bounded_while: Callable[[], bool] | None = None
    limits: Limits = USUAL
    headers: Headers = field(default=(), repr=lambda headers: repr(redact_headers(headers)))
    on_unknown: OnUnknown | None = None
    before_send: BeforeSend | None = None


PLAIN: Final = Options()


def change(options: Options, changes: Mapping[str, Any]) -> Options:
    """Return options with changes, which are named as `HarvestV1.options` names them.

    Raises:
        InvalidArgument: a value can't be used.
    """
    rest = dict(changes)
    limits, headers = options.limits, options.headers
    if "timeout" in rest:
        timeout = rest.pop("timeout")
        limits = evolve(limits, timeout=None if timeout is None else check_timeout(timeout))
    if "attempts" in rest:
        attempts = rest.pop("attempts")
        count = ATTEMPTS if attempts is None else _count("attempts", attempts, 1, MOST_ATTEMPTS)
        limits = evolve(limits, attempts=count)
    if "retry_budget" in rest:
        retries = rest.pop("retry_budget")
        budget = None if retries is None else Budget(_count("retry_budget", retries, 0, MOST_RETRIES))
        limits = evolve(limits, budget=budget)
    if "headers" in rest:
        given = rest.pop("headers")
        headers = () if given is None else _merged(headers, given)
    if "max_wait" in rest:
        rest.setdefault("bounded_while", None)
    changed = evolve(options, limits=limits, headers=headers, **rest)
    if not (changed.max_wait is None or (_is_number(changed.max_wait) and 0 <= changed.max_wait <= LONGEST_WAIT)):
        raise InvalidArgument(f"max_wait={_shown(changed.max_wait)}: give 0 or more seconds, or None")
    return changed


def check_options(given: Mapping[str, Any]) -> None:
    """Check the options of a client, as `HarvestV1.options` names them.

    Raises:
        InvalidArgument: a value can't be used, or there is no such option.
    """
    known = {*fields_dict(Options), "timeout", "attempts", "retry_budget"} - {"bounded_while", "limits"}
    if unknown := sorted(given.keys() - known):
        raise InvalidArgument(f"Unknown option {unknown[0]!r}. Choose from: {', '.join(sorted(known))}.")
    change(PLAIN, {name: value for name, value in given.items() if name != "lane"})


def check_timeout(value: object) -> float:
    """Return a timeout in seconds.

    Raises:
        InvalidArgument: it is no number, not above 0, or longer than a day.
    """
    if not (isinstance(value, int | float) and _is_number(value) and 0 < value <= LONGEST):
        raise InvalidArgument(f"timeout={_shown(value)}: give seconds above 0, at most {LONGEST:.0f}")
    return float(value)


def _count(name: str, value: object, least: int, most: int) -> int:
    if not (isinstance(value, int) and _is_number(value) and least <= value <= most):
        raise InvalidArgument(f"{name}={_shown(value)}: give a whole number from {least} to {most}")
    return value


def _shown(value: object) -> str:
    """Return a value as an error shows it."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole numbers of thousands of digits
        return "a number of too many digits"
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _merged(headers: Headers, given: object) -> Headers:
    """Return header fields with others set, or taken out where their value is None."""
    if not isinstance(given, Mapping):
        raise InvalidArgument("headers: give a mapping of names to values")
    fields = {name.lower(): (name, value) for name, value in headers}
    seen = set[str]()
    for name, value in given.items():
        key = _checked_name(name)
        if key in seen:
            raise InvalidArgument(f"headers: {name} is given twice")
        seen.add(key)
        fields.pop(key, None)
        if value is not None:
            fields[key] = (name, _checked_value(name, value))
    return tuple(fields.values())


def _checked_name(name: object) -> str:
    """Return the name of a header field in lower case, if options may set it."""
    if not (isinstance(name, str) and _TOKEN.fullmatch(name)):
        raise InvalidArgument(f"headers: {name!r} is no name of a header field")
    key = name.lower()
    plain = key.replace("_", "-")  # some servers take one for the other
    for reserved, reason in _RESERVED.items():
        if plain == reserved or (reserved.endswith("*") and plain.startswith(reserved[:-1])):
            raise InvalidArgument(f"headers: {name} can't be set here: {reason}")
    return key


def _checked_value(name: str, value: object) -> str:
    """Return the value of a header field; an error does not show it, since it may be a credential."""
    if not isinstance(value, str):
        raise InvalidArgument(f"headers: the value of {name} is a {type(value).__name__}: give a str, or None")
    if not _VALUE.fullmatch(value):
        raise InvalidArgument(f"headers: the value of {name} has a character that is not printable ASCII")
    return value.strip()
