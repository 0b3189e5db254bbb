"""Anything at all: an endpoint a function.

Rules of this room: see `calls`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harvest_async.call import Body, Call
from harvest_async.client import builders as frame
from harvest_async.client.builders import IDEMPOTENT, UNSAFE, Query
from harvest_async.client.results import Raw

__all__ = ["raw"]


def raw(method: str, where: str, query: Query, fields: Mapping[str, Any] | None, *, repeatable: bool) -> Call[Any]:
    """Any call; the fields' only key, where it holds fields itself, is the root in both formats."""
    body = None
    if fields is not None:
        root, inner = next(iter(fields.items()), (None, None))
        wrapped = len(fields) == 1 and isinstance(inner, Mapping)
        body = Body(inner, root, str(root)) if wrapped and isinstance(inner, Mapping) else frame.request(fields)
    repeat = IDEMPOTENT if repeatable else UNSAFE
    return Call(f"request {where}", method, where, Raw(), repeat, query, body)
