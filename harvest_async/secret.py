"""Values that are never shown: not by a traceback with local variables, a log or a debugger."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from harvest_async.redaction import REDACTED

__all__ = ["NotPickled", "Secret", "SecretText", "hide", "hide_user"]

T = TypeVar("T")


class NotPickled:
    """An object with credentials: it can't be pickled, so that they are in no file or message by accident."""

    __slots__ = ()

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError(f"{type(self).__name__} has credentials and can't be pickled: create it where it is used")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self


class Secret(NotPickled):
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


class SecretText(str):
    """A text which is used like any other, and whose `repr` does not show it. `str(text)` returns a plain one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"'{REDACTED}'"

    def __getitem__(self, key: Any) -> Self:
        return type(self)(super().__getitem__(key))


def hide(value: T) -> T | SecretText:
    """Return a text as one that is not shown, and any other value as it is."""
    return SecretText(value) if isinstance(value, str) else value


def hide_user(url: str) -> str:
    """Return an address that is not shown if it may hold credentials, else the address as it is."""
    return SecretText(url) if "@" in url else url
