"""Records in responses of routes that declare no type, which FastAPI's `jsonable_encoder` writes."""

from __future__ import annotations

from typing import Any

from fastapi.encoders import ENCODERS_BY_TYPE, encoders_by_class_tuples

from harvest_async.client.json_form import json_tree
from harvest_async.client.record import Record

__all__ = ["register_records"]


def _encode(record: Any) -> dict[str, Any]:
    return json_tree(record)


def register_records() -> None:
    """Let FastAPI write records as it writes its own types, in every app of this process."""
    ENCODERS_BY_TYPE[Record] = _encode
    encoders_by_class_tuples[_encode] = (Record,)
