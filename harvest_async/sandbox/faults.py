"""Faults that a test can inject.

`KINDS` lists them. A fault applies to the requests that it matches: after the first `after` of them, `times` times.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from attrs import define, field

__all__ = ["FORMS", "KINDS", "Fault", "Faults", "make_fault"]

KINDS: Final = {
    "latency_in": "the request takes `seconds` to arrive; it is logged and counted after that",
    "latency_out": "the response takes `seconds` to arrive",
    "drop_before": "the connection drops before the request is executed",
    "drop_after": "the request is executed and the connection drops",
    "late_commit": "the connection drops at once, and `seconds` later the request is executed",
    "error_500": "responds with 500; with `commit` true the request is executed first",
    "error_502": "responds with 502; with `commit` true the request is executed first",
    "error_504": "responds with 504; with `commit` true the request is executed first",
    "html_error": "responds with 200 and an HTML page; with `commit` true the request is executed first",
    "cut_body": "the response ends in the middle of its body",
    "throttle": "refuses the request; `retry_after` is `seconds`, `date`, `missing` or any text; `form` is `message`, "
    "`error`, `html` or `empty`; with `seconds` it begins a lockout of this length",
    "bare_503": "responds with 503 and an empty body",
    "redirect": "redirects to `location` with 302",
    "raw": "responds with `status`, `headers` and `body`; with `commit` true the request is executed first",
    "gzip_bomb": "responds with a small body that decompresses to `megabytes`",
}

FORMS: Final = ("message", "error", "html", "empty")
"""The forms of a refusal by the fault `throttle`; without one it is that of the API version."""

_LONGEST: Final = 1_000_000_000
_RANGES: Final = {"status": (200, 599), "megabytes": (1, 4096)}
_UNSENDABLE: Final = re.compile("[\0-\x08\x0a-\x1f\x7f\ud800-\udfff]")


@define
class Fault:
    """One fault."""

    kind: str
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    after: int = 0
    seconds: tuple[float, float] | None = None
    details: dict[str, Any] = field(factory=dict)
    seen: int = 0

    def applies(self, method: str, path: str) -> bool:
        """Return whether it applies to this request; counts the requests that match."""
        if self.method not in {"*", method} or not fnmatchcase(path, self.path):
            return False
        self.seen += 1
        return self.seen > self.after and (self.times is None or self.seen - self.after <= self.times)


class Faults:
    """The active faults, in the order in which they were added."""

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._random = random.Random(seed)  # noqa: S311 - latencies, not secrets

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Remove all faults."""
        self._faults.clear()

    def of(self, method: str, path: str) -> dict[str, Fault]:
        """Return the faults that apply to a request, by kind; of two faults of a kind the first."""
        active_faults: dict[str, Fault] = {}
        for fault in self._faults:
            if fault.kind not in active_faults and fault.applies(method, path):
                active_faults[fault.kind] = fault
        return active_faults

    def seconds(self, fault: Fault | None) -> float:
        """Return the duration of a fault, random between its bounds; 0 if it has none."""
        return self._random.uniform(*fault.seconds) if fault is not None and fault.seconds is not None else 0.0


def make_fault(description: Mapping[str, Any]) -> Fault:
    """Create a fault from its description.

    Raises:
        ValueError: the kind is unknown or a detail is invalid.
    """
    given = dict(description)
    kind, match = given.pop("kind", None), given.pop("match", None) or {}
    if not isinstance(kind, str) or kind not in KINDS:
        msg = f"Unknown kind {kind!r}. Choose from: {', '.join(KINDS)}."
        raise ValueError(msg)
    if not isinstance(match, Mapping):
        msg = f"match: must be an object with method and path, not {match!r}"
        raise ValueError(msg)  # noqa: TRY004 - an invalid description is always a ValueError
    _check_details(given)
    return Fault(
        kind,
        str(match.get("method", "*")).upper(),
        str(match.get("path", "*")),
        _whole("times", given.pop("times", 1)),
        _whole("after", given.pop("after", 0)) or 0,
        _span(given.pop("seconds", None)),
        given,
    )


def _check_details(details: Mapping[str, Any]) -> None:
    """Refuse details from which no response can be built."""
    if (form := details.get("form")) is not None and form not in FORMS:
        msg = f"form: must be one of {', '.join(FORMS)}, not {form!r}"
        raise ValueError(msg)
    for name, (low, high) in _RANGES.items():
        value = details.get(name, low)
        if not isinstance(value, int) or not low <= value <= high:
            msg = f"{name}: must be a whole number from {low} to {high}, not {value!r}"
            raise ValueError(msg)
    headers = details.get("headers", {})
    if not isinstance(headers, Mapping):
        msg = f"headers: must be an object, not {headers!r}"
        raise ValueError(msg)  # noqa: TRY004 - an invalid description is always a ValueError
    lines = {f"headers: {name}": value for name, value in headers.items()}
    lines |= {f"headers: the name {name!r}": name for name in headers}
    for name, value in {**{name: details.get(name, "") for name in ("location", "retry_after")}, **lines}.items():
        if isinstance(value, dict | list) or _UNSENDABLE.search(str(value)):
            msg = f"{name}: must be a text without control characters, not {value!r}"
            raise ValueError(msg)
    if "" in headers or any(sign in name for name in headers for sign in " :"):
        msg = "headers: names must not be empty and must not contain blanks or colons"
        raise ValueError(msg)
    if isinstance(body := details.get("body", ""), dict | list):
        msg = f"body: must be a text, not {body!r}"
        raise ValueError(msg)  # noqa: TRY004
    str(body).encode()


def _whole(name: str, value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    msg = f"{name}: must be a whole number, not {value!r}"
    raise ValueError(msg)


def _span(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    pair: tuple[Any, ...] = tuple(value) if isinstance(value, list | tuple) and len(value) == 2 else (value, value)
    low, high = pair
    if not 0 <= float(low) <= float(high) <= _LONGEST:
        msg = f"seconds: must be a number, or two with the lower first, of at most {_LONGEST}, not {value!r}"
        raise ValueError(msg)
    return float(low), float(high)
