"""The cursors of lists: signed positions, each valid for one list and its filters."""

from __future__ import annotations

import base64
import json
import secrets
from hashlib import blake2b
from typing import Final, NamedTuple

from harvest_async.sandbox.refusal import Refusal

__all__ = ["Cursors", "Position"]

_SIGNATURE: Final = 12
_INVALID: Final = "Cursor is invalid"


class Position(NamedTuple):
    """A place in a list whose ids fall.

    Attributes:
        where: `first`, `last`, `after` or `before`.
        id: the id after or before which the page is.
    """

    where: str
    id: int = 0


class Cursors:
    """Write and read cursors; those of another sandbox are forged."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)

    def write(self, name: str, position: Position) -> str:
        """Return the cursor of a position in a list."""
        content = json.dumps([*position]).encode()
        return base64.urlsafe_b64encode(self._sign(name, content) + content).decode().rstrip("=")

    def read(self, name: str, text: str) -> Position:
        """Return the position that a cursor of this list names.

        Raises:
            Refusal: it is forged or belongs to another list.
        """
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError:
            raise Refusal(422, _INVALID) from None
        signature, content = data[:_SIGNATURE], data[_SIGNATURE:]
        if not secrets.compare_digest(signature, self._sign(name, content)):
            raise Refusal(422, _INVALID)
        where, number = json.loads(content)
        return Position(where, number)

    def _sign(self, name: str, content: bytes) -> bytes:
        return blake2b(
            name.encode("utf-8", "replace") + b"\0" + content, key=self._key, digest_size=_SIGNATURE
        ).digest()
