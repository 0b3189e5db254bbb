"""Lists of API v1: records below their roots, and pages that are found by counting records."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Generic, TypeVar, cast

from attrs import evolve

from harvest_async.call import Call, Page
from harvest_async.client.results import Many
from harvest_async.codec import json, xml
from harvest_async.codec.fast import fast_reader
from harvest_async.codec.shape import shape_all
from harvest_async.codec.slices import Shaper, Slices

__all__ = ["PagedReader", "json_elements", "unwrap", "xml_elements"]

T = TypeVar("T")

_OTHER_ROOTS: Final[Mapping[str, tuple[str, ...]]] = {
    "invoice": ("invoices",),
    "invoice_category": ("invoice_item_category",),
    "message": ("invoice_message",),
}
"""Other names that the root of a record has in some responses in JSON."""


class PagedReader(Generic[T]):
    """Reads one page of a list (see `call.ListReader`); a page that is not full is the last one."""

    def __init__(self, call: Call[Page[T]], elements: Slices[T]) -> None:
        self._call = call
        self._elements = elements
        self._size = cast("Many[T]", call.result).page_size
        self._count = 0
        self.is_paged = self._size is not None

    def feed(self, chunk: bytes) -> list[T]:
        """Take a chunk of the body; return the records that are complete.

        Raises:
            DecodeError: the body can't be read.
        """
        return self._counted(self._elements.feed(chunk))

    def close(self) -> list[T]:
        """Return the last records, at the end of the body.

        Raises:
            DecodeError: the body can't be read.
        """
        return self._counted(self._elements.close())

    @property
    def next_call(self) -> Call[Page[T]] | None:
        """The call for the next page; None if this page is not full, or the list has no pages."""
        if self._size is None or self._count < self._size:
            return None
        page = int(dict(self._call.query).get("page", 1)) + 1
        others = tuple((name, value) for name, value in self._call.query if name != "page")
        return evolve(self._call, query=(*others, ("page", str(page))))

    def _counted(self, records: list[T]) -> list[T]:
        self._count += len(records)
        return records


def json_elements(result: Many[T]) -> Slices[T]:
    """Return the reader of a list in JSON."""
    return json.Elements(_shaper(result), fast_reader(result.model, result.root))


def xml_elements(result: Many[T]) -> Slices[T]:
    """Return the reader of a list in XML."""
    return xml.Elements(_shaper(result))


def unwrap(tree: Any, root: str) -> Any:
    """Return a record's tree without the root around it, if there is one."""
    if not isinstance(tree, dict) or "id" in tree:
        return tree
    if root in tree:
        return tree[root]
    name = next((name for name in _OTHER_ROOTS.get(root, ()) if name in tree), None)
    return tree if name is None else tree[name]


def _shaper(result: Many[T]) -> Shaper[T]:
    return lambda trees: shape_all([unwrap(tree, result.root) for tree in trees], result.model)
