"""The error with which the account's rules refuse a request."""

from __future__ import annotations

__all__ = ["Refusal"]


class Refusal(Exception):
    """Raised where a request must not be executed.

    Attributes:
        status: the HTTP status of the response.
        message: the message in the body; None sends a blank body.
        hints: whether the `Hint` header repeats the message. The documentation has it on few calls.
    """

    def __init__(self, status: int, message: str | None = None, *, hints: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.hints = hints
