"""Bodies of requests: JSON, forms and forms with files, as nested objects.

Forms write nested fields with brackets: `external_reference[id]=7`, `user_ids[]=1`, `line_items[0][kind]=Service`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, Final
from urllib.parse import parse_qsl

from harvest_async.sandbox.multipart import Part, read_parts
from harvest_async.sandbox.records import Record
from harvest_async.sandbox.refusal import Refusal

__all__ = ["read_body"]

_KEYS: Final = re.compile(r"\[([^\[\]]*)\]")
_DEEPEST: Final = 5


def read_body(media: str, content: bytes) -> Record:
    """Return the fields of a body; a file is a `Part`.

    Raises:
        Refusal: it can't be read.
    """
    kind = media.partition(";")[0].strip().lower()
    if not content.strip():
        return {}
    if kind == "application/x-www-form-urlencoded":
        return _nested(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
    if kind == "multipart/form-data":
        return _nested((part.name, _value(part)) for part in read_parts(media, content))
    try:
        tree = json.loads(content, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        raise Refusal(400, "The body is not valid JSON.") from None
    if not isinstance(tree, dict):
        raise Refusal(400, "The body must be an object.")
    return tree


def _value(part: Part) -> Any:
    return part if part.filename else part.content.decode("utf-8", "replace")


def _nested(pairs: Iterable[tuple[str, Any]]) -> Record:
    tree: Record = {}
    for name, value in pairs:
        first, _, _ = name.partition("[")
        keys = [first, *_KEYS.findall(name)][:_DEEPEST]
        _put(tree, keys, value)
    return {name: _listed(value) for name, value in tree.items()}


def _put(tree: Record, keys: list[str], value: Any) -> None:
    for key in keys[:-1]:
        inner = tree.setdefault(key, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree[keys[-1] or str(len(tree))] = value


def _listed(value: Any) -> Any:
    """Return an object whose names are numbers as a list."""
    if not isinstance(value, dict):
        return value
    inner = {name: _listed(each) for name, each in value.items()}
    return list(inner.values()) if inner and all(name.isdecimal() for name in inner) else inner
