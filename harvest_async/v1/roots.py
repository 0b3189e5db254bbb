"""What API v1 has around the fields of a request's body."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from harvest_async.client.results import One

__all__ = ["REQUEST", "Root", "root_of"]


@frozen
class Root:
    """What is around the fields of a request's body.

    Attributes:
        json: the key above the fields; None sends them at the top level.
        xml: the root element.
        underscores: whether XML elements have underscores in their names instead of dashes.
    """

    json: str | None
    xml: str
    underscores: bool = False


REQUEST: Final = Root(None, "request", underscores=True)
"""The root of time tracking, and of fields without a root."""


def root_of(one: One[Any]) -> Root:
    """Return what is around the fields of a record in requests."""
    usual = Root(one.root, one.root.replace("_", "-"))
    return one.written_as if isinstance(one.written_as, Root) else usual
