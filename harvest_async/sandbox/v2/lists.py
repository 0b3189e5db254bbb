"""Lists: an envelope with the records of a page, numbers of pages and links.

Links are absolute on the requested host and keep the filters. A list with a cursor has numbers of pages when it is
requested by `page`, and inside of a cursor only on its first and last page.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.records import Record, read_id
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.v2.base import Request, V2Services, respond
from harvest_async.sandbox.v2.cursors import Position

__all__ = ["list_page", "plain_page"]

_MOST: Final = 2_000
_PAGING: Final = frozenset({"page", "per_page", "cursor", "ref", "access_token", "account_id"})


class _Cut(NamedTuple):
    """A page cut out of a list: where it begins, how many records it has, and how many the list has."""

    start: int
    size: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))

    @property
    def number(self) -> int:
        return -(-self.start // self.size) + 1

    @property
    def is_first(self) -> bool:
        return self.start == 0

    @property
    def is_last(self) -> bool:
        return self.start + self.size >= self.total


def list_page(
    services: V2Services, request: Request, key: str, records: Sequence[Record], show: Callable[[Record], Any]
) -> Response:
    """Return a page of a list with a cursor, the newest record first."""
    ordered = sorted(records, key=lambda record: record["id"], reverse=True)
    name, size, text = f"{request.path}?{urlencode(_filters(request))}", _size(request), request.parameter("cursor")
    if text:
        cut = _at(ordered, services.cursors.read(name, text), size)
    else:
        cut = _Cut((_number(request) - 1) * size, size, len(ordered))
    shown = ordered[cut.start : cut.start + size]

    def link(where: str, number: int = 0) -> str:
        cursor = services.cursors.write(name, Position(where, number))
        return _link(request, {"cursor": cursor, "per_page": size, "ref": where})

    links = {
        "first": link("first"),
        "next": None if cut.is_last else link("after", shown[-1]["id"]),
        "previous": None if cut.is_first or not ordered else _previous(link, shown),
        "last": link("last"),
    }
    numbers = not text or cut.is_first or cut.is_last
    return _envelope(key, [show(record) for record in shown], cut, links, numbers=numbers)


def plain_page(
    request: Request, key: str, records: Sequence[Any], show: Callable[[Any], Any] | None = None
) -> Response:
    """Return a page of a list that is paged by numbers alone, in the given order."""
    size, number = _size(request), _number(request)
    cut = _Cut((number - 1) * size, size, len(records))
    shown = records[cut.start : cut.start + size]

    def link(page: int) -> str:
        return _link(request, {"page": page, "per_page": size})

    links = {
        "first": link(1),
        "next": None if cut.is_last else link(number + 1),
        "previous": None if cut.is_first else link(number - 1),
        "last": link(cut.pages),
    }
    return _envelope(key, list(shown) if show is None else [show(each) for each in shown], cut, links)


def _previous(link: Callable[[str, int], str], shown: Sequence[Record]) -> str:
    return link("before", shown[0]["id"]) if shown else link("last", 0)


def _at(ordered: Sequence[Record], position: Position, size: int) -> _Cut:
    """Return the page at a position."""
    total = len(ordered)
    if position.where == "after":
        start = next((at for at, record in enumerate(ordered) if record["id"] < position.id), total)
    elif position.where == "before":
        end = next((at for at, record in enumerate(ordered) if record["id"] <= position.id), total)
        start = max(0, end - size)
    else:
        start = max(0, total - 1) // size * size if position.where == "last" else 0
    return _Cut(start, size, total)


def _envelope(key: str, shown: list[Any], cut: _Cut, links: dict[str, str | None], *, numbers: bool = True) -> Response:
    tree = {
        key: shown,
        "per_page": cut.size,
        "total_pages": cut.pages,
        "total_entries": cut.total,
        "next_page": cut.number + 1 if numbers and not cut.is_last else None,
        "previous_page": cut.number - 1 if numbers and not cut.is_first else None,
        "page": cut.number if numbers else None,
        "links": links,
    }
    return respond(tree)


def _filters(request: Request) -> list[tuple[str, str]]:
    return [(name, value) for name, value in request.query if name not in _PAGING]


def _link(request: Request, paging: dict[str, Any]) -> str:
    return f"{request.address}?{urlencode([*_filters(request), *paging.items()])}"


def _size(request: Request) -> int:
    given = request.parameter("per_page")
    size = read_id(given) if given else _MOST
    if size is None or not 1 <= size <= _MOST:
        raise Refusal(422, f"per_page must be between 1 and {_MOST}")
    return size


def _number(request: Request) -> int:
    given = request.parameter("page")
    number = read_id(given) if given else 1
    if number is None or number < 1:
        raise Refusal(422, "page must be a positive number")
    return number
