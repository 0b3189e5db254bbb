"""A value that is never shown."""

from __future__ import annotations

from typing import Any

from harvest_async.redaction import REDACTED

__all__ = ["Secret"]


class Secret:
    """Bytes that are never shown: not by `repr`, nor by a traceback that prints local variables, nor by pickle."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        """Return the bytes; don't keep them in a variable."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a secret is not pickled")
