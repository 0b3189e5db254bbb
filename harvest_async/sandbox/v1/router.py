"""The table of endpoints, and the router that finds the handler of a request.

The router checks the role and turns a refusal into a response. A section whose module is off gets 404.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final
from urllib.parse import unquote

from attrs import evolve

from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import require
from harvest_async.sandbox.v1 import account, assignments, expenses, invoices, reports, resources, timesheet
from harvest_async.sandbox.v1.base import Request, Route, V1Services

__all__ = ["SECTIONS", "Router"]

SECTIONS: Final[tuple[tuple[str, tuple[Route, ...]], ...]] = (
    # the module that a section belongs to, and its routes; the first route that matches is taken
    ("", account.ROUTES),
    ("", timesheet.ROUTES),
    ("", assignments.ROUTES),
    ("", reports.ROUTES),
    ("", resources.ROUTES),
    ("expenses", resources.CATEGORY_ROUTES),
    ("expenses", expenses.ROUTES),
    ("invoices", resources.ITEM_CATEGORY_ROUTES),
    ("invoices", invoices.ROUTES),
)

_PATTERNS: Final = {"{person}": "([^/]+)"}
_NUMBER: Final = r"(\d{1,18})"


class Router:
    """Execute requests with an account's services."""

    def __init__(self, services: V1Services) -> None:
        self._services = services

    def serve(self, request: Request) -> Response:
        """Execute a request."""
        try:
            route, values = _find(request.method, request.path, self._services.modules)
            require(route.role, request.person, self._services.world)
            response = route.handler(self._services, request.with_path_values(tuple(map(unquote, values))))
        except Refusal as refusal:
            return self._refused(refusal, request.format)
        return evolve(response, cacheable=request.method == "GET" and route.cacheable)

    def _refused(self, refusal: Refusal, format: str) -> Response:
        if refusal.message is None:
            return Response(refusal.status)
        content = self._services.writer.bare({"message": refusal.message}, format)
        return Response(refusal.status, content, hint=refusal.message if refusal.hints else None)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", lambda found: _PATTERNS.get(found[0], _NUMBER), path))


def _table() -> dict[str, list[tuple[frozenset[str], re.Pattern[str], str, Route]]]:
    """Return the routes by the first part of their paths."""
    table = defaultdict(list)
    for module, routes in SECTIONS:
        for route in routes:
            line = (frozenset(route.methods.split()), _pattern(route.path), module, route)
            table[route.path.split("/")[1]].append(line)
    return dict(table)


_TABLE: Final = _table()


def _find(method: str, path: str, modules: frozenset[str]) -> tuple[Route, tuple[str, ...]]:
    for methods, pattern, module, route in _TABLE.get(path.partition("/")[2].partition("/")[0], ()):
        if method in methods and (match := pattern.fullmatch(path)) and (not module or module in modules):
            return route, match.groups()
    raise Refusal(404)
