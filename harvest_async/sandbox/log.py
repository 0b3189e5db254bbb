"""The list of requests that arrived, without a secret in it.

Rules of this room: pure. Headers that sign a call in are left out, and so are the values of parameters that name a
secret; bodies are not kept at all. Equal headers are kept once, so that a hundred thousand requests fit.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from attrs import evolve, frozen

from harvest_async.redaction import REDACTED, is_secret_name, redact_pairs, redact_text, redact_url

__all__ = ["Log", "Request", "most_in_window"]

_ADDRESSES: Final = frozenset({"location", "origin", "referer"})


@frozen
class Request:
    """A request as it arrived.

    Attributes:
        arrival: nanoseconds on the sandbox's clock.
        method, path, query: what was asked for; secrets are taken out of the query.
        headers: with secrets taken out.
        counted: whether the throttle counted it.
        refused: whether the throttle refused it.
        status: what was answered; 0 while it was not, or where the connection was broken.
    """

    arrival: int
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    counted: bool
    refused: bool
    status: int = 0


class Log:
    """Requests in the order of their arrival."""

    def __init__(self) -> None:
        self._requests: list[Request] = []

    def add(
        self,
        arrival: int,
        call: tuple[str, str, str],
        headers: Iterable[tuple[str, str]],
        *,
        counted: bool,
        refused: bool,
    ) -> Request:
        """A call, as method, path and query, has arrived."""
        method, path, query = call
        shown = tuple(_shown_header(*pair) for pair in headers)
        request = Request(arrival, method, redact_text(path), _shown_query(query), shown, counted, refused)
        self._requests.append(request)
        return request

    def answered(self, place: int, status: int) -> None:
        """Note what the call at a place was answered."""
        if place < len(self._requests):
            self._requests[place] = evolve(self._requests[place], status=status)

    def clear(self) -> None:
        """Forget all."""
        self._requests.clear()

    def __len__(self) -> int:
        return len(self._requests)

    def all(self) -> list[Request]:
        """All of them."""
        return list(self._requests)


def most_in_window(arrivals: Iterable[int], period: int) -> int:
    """The most arrivals in any half-open stretch of one period."""
    ordered = sorted(arrivals)
    start = most = 0
    for end, arrival in enumerate(ordered):
        while ordered[start] <= arrival - period:
            start += 1
        most = max(most, end - start + 1)
    return most


@lru_cache(4096)
def _shown_header(name: str, value: str) -> tuple[str, str]:
    if is_secret_name(name):
        return name, REDACTED
    return name, redact_url(value) if name.lower() in _ADDRESSES else redact_text(value)


@lru_cache(1024)
def _shown_query(query: str) -> str:
    return redact_pairs(query)
