"""Records as FastAPI's own types: bodies of requests, and responses of routes that declare no type.

Notes:
    FastAPI takes a parameter of a class for a part of the query unless it knows the class as a model, and has no public
    way to add one. Where its function is not found, a request's record needs `Annotated[Client, Body()]`.
"""

from __future__ import annotations

from typing import Any

from fastapi._compat import shared
from fastapi.encoders import ENCODERS_BY_TYPE, encoders_by_class_tuples

from harvest_async.client.json_form import json_tree
from harvest_async.client.record import Record

__all__ = ["register_records"]

_MODELS = "_annotation_is_complex"
"""FastAPI's function that says whether a class is that of a body."""


def _encode(record: Any) -> dict[str, Any]:
    return json_tree(record)


def register_records() -> None:
    """Let FastAPI know records as it knows its own types, in every app of this process. Call it once."""
    ENCODERS_BY_TYPE[Record] = _encode
    encoders_by_class_tuples[_encode] = (Record,)
    is_model = getattr(shared, _MODELS, None)
    if is_model is not None:
        setattr(shared, _MODELS, lambda kind: is_model(kind) or (isinstance(kind, type) and issubclass(kind, Record)))
