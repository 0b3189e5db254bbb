"""What a field says of how it is read (see `codec.shape`).

Rules of this room: pure; data for `attrs.field(metadata=...)`.
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["IDENTITY", "REFERENCE", "also"]

IDENTITY: Final = {"identity": True}
"""A record's own id: 0 in a draft, and None in a record that the server sent without one."""


def also(*names: str) -> dict[str, Any]:
    """It comes under other names, too."""
    return {"also": names}


def _read_reference(value: Any) -> int | None:
    text = str(value).strip()
    if not text or value is None:
        return None
    return int(text) or None


REFERENCE: Final = {"read": _read_reference}
"""An id that is 0 where there is none (contract: invoice_id_zero)."""
