"""Calls to any path, for `request` of a client."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harvest_async.call import Body, Call
from harvest_async.client.endpoints import IDEMPOTENT, UNSAFE, Query
from harvest_async.client.results import Raw

__all__ = ["raw_call"]


def raw_call(method: str, path: str, query: Query, fields: Mapping[str, Any] | None, *, repeatable: bool) -> Call[Any]:
    """Return a call to any path.

    Args:
        method: the HTTP method.
        path: the escaped path.
        query: the parameters.
        fields: the body. If its only key holds fields itself, that key is the root in JSON and in XML.
        repeatable: whether the call may be sent again after its response was lost.
    """
    body = None
    if fields is not None:
        root, inner = next(iter(fields.items()), (None, None))
        wrapped = len(fields) == 1 and isinstance(inner, Mapping)
        plain = Body(fields, None, "request", underscores=True)
        body = Body(inner, root, str(root)) if wrapped and isinstance(inner, Mapping) else plain
    return Call(f"request {path}", method, path, Raw(), IDEMPOTENT if repeatable else UNSAFE, query, body)
