"""Find the fast reader of a list of records, which the extra `speed` provides."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

__all__ = ["fast_reader"]


def fast_reader(model: type[Any], root: str | None) -> Callable[[bytes], list[Any]] | None:
    """Return the fast function that reads a slice of a list; None without the extra `speed`.

    Args:
        model: the type of the records.
        root: the key above each record; None if the records are the elements themselves.
    """
    make = _fast_readers()
    return None if make is None else make(model, root)


@cache
def _fast_readers() -> Callable[[Any, str | None], Callable[[bytes], list[Any]] | None] | None:
    """Return the function that makes fast readers; None without the extra.

    A failing import is never attempted: a thread that imports a module while the import fails in another thread gets an
    `ImportError` of another kind (see `importlib`), and each attempt searches all of `sys.path`.
    """
    if find_spec("msgspec") is None:
        return None
    from harvest_async.codec import speed  # noqa: PLC0415 - optional dependency

    return speed.fast_reader
