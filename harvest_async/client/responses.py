"""Facts about responses that all API versions have in common: ids in addresses, HTML pages, messages of errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from harvest_async.codec import json
from harvest_async.errors import DecodeError
from harvest_async.messages import Response, redact_message

__all__ = ["explain", "is_page", "is_plausible", "number_in"]

_NUMBER: Final = re.compile(r"\d+")
_TAGS: Final = re.compile(r"<[^<>]*+>")
_MESSAGE_KEYS: Final = ("message", "error_description", "error", "errors", "Message")
_LONGEST: Final = 300
_LARGEST_ID: Final = 2**63 - 1
_MOST_DIGITS: Final = 19
_LARGEST_REFUSAL: Final = 64 * 1024
"""Bytes of a refusal's body that are read as JSON; the beginning of a longer one is shown as text."""
_CREATED: Final = 201
_NOT_FOUND: Final = 404


def explain(response: Response) -> str:
    """Return the server's own message in a refusal: its `Hint`, and the message in its body."""
    hint = response.header("hint") or ""
    message = _message(response)
    return " - ".join(part for part in (hint, message if message != hint else "") if part)


def is_page(response: Response) -> bool:
    """Return whether a response is an HTML page from another server, which says nothing about a write's result.

    A response with status 201 or a `Location` reports a created record even if its body is a page.
    """
    is_created = response.status == _CREATED or response.header("location")
    return (
        not is_created
        and response.status != _NOT_FOUND
        and "html" in response.content_type
        and bool(response.content.strip())
    )


def is_plausible(id: int | None) -> bool:
    """Return whether a number can be an id: decoders accept any number of digits."""
    return id is not None and 0 < id <= _LARGEST_ID


def number_in(location: str) -> int | None:
    """Return the id at the end of a `Location`; None if there is none."""
    numbers = _NUMBER.findall(_path_of(location))
    number = int(numbers[-1]) if numbers and len(numbers[-1]) <= _MOST_DIGITS else None
    return number if number is not None and number <= _LARGEST_ID else None


def _path_of(location: str) -> str:
    """Return the path of a `Location`; empty if it is not an address."""
    try:
        return urlsplit(location).path
    except ValueError:
        return ""


def _message(response: Response) -> str:
    """Return the message in an error's body."""
    if not response.content.strip() or "html" in response.content_type:
        return "an HTML page" if response.content.strip() else ""
    try:
        return _message_in(json.read(response.content[:_LARGEST_REFUSAL]))
    except (DecodeError, RecursionError):
        text = _TAGS.sub(" ", response.content[:4096].decode("utf-8", errors="replace"))
        return redact_message(" ".join(text.split()), _LONGEST)


def _message_in(tree: Any) -> str:
    if isinstance(tree, Mapping):
        tree = next((tree[name] for name in _MESSAGE_KEYS if tree.get(name)), tree)
    return redact_message(str(tree), _LONGEST)
