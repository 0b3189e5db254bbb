"""The log of requests, without credentials.

Headers that sign a request in are redacted, and so are the values of parameters that name a secret; bodies are not
kept. Equal headers are stored once, so that a log of a hundred thousand requests fits into memory.
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
    """A logged request.

    Attributes:
        arrival: nanoseconds on the sandbox's clock.
        method, path, query: the request line; secrets in the query are redacted.
        headers: the headers, with secrets redacted.
        counted: whether the rate limiter counted it.
        refused: whether the rate limiter refused it.
        budget: the budget that counts it.
        status: the status of the response; 0 before it is sent, and if the connection was dropped.
    """

    arrival: int
    method: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    counted: bool
    refused: bool
    status: int = 0
    budget: str = "general"


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
        budget: str = "general",
    ) -> Request:
        """Log a request, given as method, path and query."""
        method, path, query = call
        shown = tuple(_shown_header(*pair) for pair in headers)
        request = Request(arrival, method, redact_text(path), _shown_query(query), shown, counted, refused, 0, budget)
        self._requests.append(request)
        return request

    def record_status(self, index: int, status: int) -> None:
        """Record the status of the response to the request at an index."""
        if index < len(self._requests):
            self._requests[index] = evolve(self._requests[index], status=status)

    def clear(self) -> None:
        """Remove all requests."""
        self._requests.clear()

    def __len__(self) -> int:
        return len(self._requests)

    def all(self) -> list[Request]:
        """Return all requests."""
        return list(self._requests)


def most_in_window(arrivals: Iterable[int], period: int) -> int:
    """Return the most arrivals in any half-open interval of one period."""
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
