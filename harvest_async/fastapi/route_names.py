"""Names of routes that no other router of an app has, to find their paths wherever the router is included."""

from __future__ import annotations

import itertools

from fastapi import Request

__all__ = ["RouteNames"]

_numbers = itertools.count(1)


class RouteNames:
    """The names of one router's routes.

    Args:
        router: what the router is called in them.
    """

    def __init__(self, router: str) -> None:
        self._prefix = f"harvest-{router}-{next(_numbers)}"

    def name(self, route: str) -> str:
        """Return the name of a route, for its decorator."""
        return f"{self._prefix}-{route}"

    def path(self, request: Request, route: str, **parameters: str) -> str:
        """Return the path of a route."""
        return request.url_for(self.name(route), **parameters).path
