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
        fields: the body. If its only key holds fields itself, that key is the root.
        repeatable: whether the call may be sent again after its response was lost.
    """
    body = None if fields is None else Body(fields)
    if fields is not None and len(fields) == 1:
        ((root, inner),) = fields.items()
        if isinstance(inner, Mapping):
            body = Body(inner, str(root))
    return Call(f"request {path}", method, path, Raw(), IDEMPOTENT if repeatable else UNSAFE, query, body)
