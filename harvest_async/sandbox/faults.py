"""What a test can make go wrong.

Rules of this room: pure; `KINDS` is the whole table. A fault applies to the calls that it matches, after the
first `after` of them, `times` times.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Final

from attrs import define, field

__all__ = ["KINDS", "Fault", "Faults", "make_fault"]

KINDS: Final = {
    "latency_in": "the call takes `seconds` to arrive; it is stamped, counted and judged after that",
    "latency_out": "the answer takes `seconds` to come back",
    "drop_before": "the connection breaks before the call is carried out",
    "drop_after": "the call is carried out and the connection breaks",
    "late_commit": "the connection breaks at once, and `seconds` later the call is carried out",
    "error_500": "answers 500; `commit` true carries the call out first",
    "error_502": "answers 502; `commit` true carries the call out first",
    "error_504": "answers 504; `commit` true carries the call out first",
    "html_error": "answers 200 with an HTML page; `commit` true carries the call out first",
    "cut_body": "the answer's body breaks off in the middle",
    "throttle": "refuses the call; `retry_after` is seconds, date, missing or a text of its own; shuts the account for "
    "`seconds`, where they are given",
    "bare_503": "answers 503 without a word of a throttle",
    "redirect": "answers 302 to `location`",
    "raw": "answers `status` with `headers` and `body`; `commit` true carries the call out first",
    "gzip_bomb": "answers a small body that unfolds to `megabytes`",
}


_LONGEST: Final = 1_000_000_000
_RANGES: Final = {"status": (200, 599), "megabytes": (1, 4096)}
_UNSENDABLE: Final = re.compile("[\0-\x08\x0a-\x1f\x7f\ud800-\udfff]")


@define
class Fault:
    """One thing that goes wrong."""

    kind: str
    method: str = "*"
    path: str = "*"
    times: int | None = 1
    after: int = 0
    seconds: tuple[float, float] | None = None
    details: dict[str, Any] = field(factory=dict)
    seen: int = 0

    def applies(self, method: str, path: str) -> bool:
        """Whether it happens to this call; counts the calls that match."""
        if self.method not in {"*", method} or not fnmatchcase(path, self.path):
            return False
        self.seen += 1
        return self.seen > self.after and (self.times is None or self.seen - self.after <= self.times)


class Faults:
    """The faults that are set, in the order in which they were set."""

    def __init__(self, seed: int = 0) -> None:
        self._faults: list[Fault] = []
        self._chance = random.Random(seed)  # noqa: S311 - latencies, not secrets

    def add(self, fault: Fault) -> None:
        """Set one."""
        self._faults.append(fault)

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        self._faults.clear()

    def of(self, method: str, path: str) -> dict[str, Fault]:
        """What happens to a call, by kind; of two faults of a kind the first."""
        active_faults: dict[str, Fault] = {}
        for fault in self._faults:
            if fault.kind not in active_faults and fault.applies(method, path):
                active_faults[fault.kind] = fault
        return active_faults

    def seconds(self, fault: Fault | None) -> float:
        """How long a fault takes: by chance between its bounds; 0 where there is none."""
        return self._chance.uniform(*fault.seconds) if fault is not None and fault.seconds is not None else 0.0


def make_fault(description: Mapping[str, Any]) -> Fault:
    """Read a fault as it is posted.

    Raises:
        ValueError: it is of no known kind, or badly described.
    """
    given = dict(description)
    kind, match = given.pop("kind", None), given.pop("match", None) or {}
    if not isinstance(kind, str) or kind not in KINDS:
        msg = f"kind: give one of {', '.join(KINDS)}, not {kind!r}"
        raise ValueError(msg)
    if not isinstance(match, Mapping):
        msg = f"match: give an object with method and path, not {match!r}"
        raise ValueError(msg)  # noqa: TRY004 - all that is wrong with a description is a ValueError
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
    """Refuse details that no response can be built from."""
    for name, (low, high) in _RANGES.items():
        value = details.get(name, low)
        if not isinstance(value, int) or not low <= value <= high:
            msg = f"{name}: give a whole number from {low} to {high}, not {value!r}"
            raise ValueError(msg)
    headers = details.get("headers", {})
    if not isinstance(headers, Mapping):
        msg = f"headers: give an object, not {headers!r}"
        raise ValueError(msg)  # noqa: TRY004 - all that is wrong with a description is a ValueError
    lines = {f"headers: {name}": value for name, value in headers.items()}
    lines |= {f"headers: the name {name!r}": name for name in headers}
    for name, value in {**{name: details.get(name, "") for name in ("location", "retry_after")}, **lines}.items():
        if isinstance(value, dict | list) or _UNSENDABLE.search(str(value)):
            msg = f"{name}: give a text without control characters, not {value!r}"
            raise ValueError(msg)
    if "" in headers or any(mark in name for name in headers for mark in " :"):
        msg = "headers: give names without blanks and colons"
        raise ValueError(msg)
    if isinstance(body := details.get("body", ""), dict | list):
        msg = f"body: give a text, not {body!r}"
        raise ValueError(msg)  # noqa: TRY004
    str(body).encode()


def _whole(name: str, value: Any) -> int | None:
    if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
        return value
    msg = f"{name}: give a whole number, not {value!r}"
    raise ValueError(msg)


def _span(value: Any) -> tuple[float, float] | None:
    if value is None:
        return None
    pair: tuple[Any, ...] = tuple(value) if isinstance(value, list | tuple) and len(value) == 2 else (value, value)
    low, high = pair
    if not 0 <= float(low) <= float(high) <= _LONGEST:
        msg = f"seconds: give a number or two up to {_LONGEST}, the lower first, not {value!r}"
        raise ValueError(msg)
    return float(low), float(high)
