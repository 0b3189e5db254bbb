"""Metadata of fields that says how they are read (see `codec.shape`)."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["IDENTITY", "REFERENCE", "also"]

IDENTITY: Final = {"identity": True}
"""A record's own id: 0 in a draft, and None in a record that the server sent without one."""


def also(*names: str) -> dict[str, Any]:
    """Return the metadata of a field that the server may also send under other names."""
    return {"also": names}


def _read_reference(value: Any) -> int | None:
    text = str(value).strip()
    if not text or value is None:
        return None
    return int(text) or None


REFERENCE: Final = {"read": _read_reference}
"""An id that the server sends as 0 if there is none."""
