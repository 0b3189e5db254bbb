"""The table of endpoints, and the router that finds the handler of a request.

The router checks the role and turns a refusal into a response. A path without an endpoint, and a section whose module
is off, get 404 as an HTML page; a record that does not exist gets it as JSON.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Final

from attrs import evolve

from harvest_async.sandbox.json_text import write_json
from harvest_async.sandbox.messages import Response
from harvest_async.sandbox.refusal import Refusal
from harvest_async.sandbox.roles import Role, managed
from harvest_async.sandbox.v2 import (
    company,
    estimates,
    expenses,
    invoices,
    projects,
    reports,
    resources,
    time_entries,
    users,
)
from harvest_async.sandbox.v2.base import Request, Route, V2Services

__all__ = ["SECTIONS", "Router"]

SECTIONS: Final[tuple[tuple[str, tuple[Route, ...]], ...]] = (
    # the module that a section belongs to, and its routes; the first route that matches is taken
    ("", company.ROUTES),
    ("", resources.ROUTES),
    ("", projects.ROUTES),
    ("", users.ROUTES),
    ("", time_entries.ROUTES),
    ("expenses", resources.CATEGORY_ROUTES),
    ("expenses", expenses.ROUTES),
    ("invoices", invoices.ROUTES),
    ("invoices", resources.ITEM_CATEGORY_ROUTES),
    ("estimates", estimates.ROUTES),
    ("", reports.ROUTES),
    ("estimates", resources.ESTIMATE_CATEGORY_ROUTES),
)

_NOT_AUTHORIZED: Final = "Not authorized!"
_NO_PAGE: Final = Response(
    404,
    b"<!DOCTYPE html><html><head><title>404</title></head><body>The page was not found.</body></html>",
    media="text/html; charset=utf-8",
)
_REASONS: Final = (
    (re.compile(r"(.+) is missing\."), "{} can't be blank"),
    (re.compile(r"(.+) is taken\."), "{} has already been taken"),
    (re.compile(r"(.+) is invalid\."), "{} is invalid"),
)


class Router:
    """Execute requests with an account's services."""

    def __init__(self, services: V2Services) -> None:
        self._services = services

    def serve(self, request: Request) -> Response:
        """Execute a request."""
        try:
            found = _find(request.method, request.path, self._services.modules)
            if found is None:
                return _NO_PAGE
            route, values = found
            self._require(route.role, request)
            response = route.handler(self._services, request.with_path_values(values))
        except Refusal as refusal:
            return refused(refusal)
        return evolve(response, cacheable=request.method == "GET")

    def _require(self, role: Role, request: Request) -> None:
        person = request.person
        if role is Role.SELF or person["is_admin"]:
            return
        manages = person["is_project_manager"] or managed(person, self._services.world)
        if role is Role.ADMIN or not manages:
            raise Refusal(403, _NOT_AUTHORIZED, hints=True)


def refused(refusal: Refusal) -> Response:
    """Return the response to a request that is refused."""
    if refusal.status == 404 and refusal.message is None:
        return Response(404, write_json({"status": 404, "error": "Not Found"}))
    message = _reason(refusal.message or "")
    status = 422 if refusal.status in {400, 404} else refusal.status
    return Response(status, write_json({"message": message}), hint=message if refusal.hints else None)


def _reason(message: str) -> str:
    for pattern, form in _REASONS:
        if match := pattern.fullmatch(message):
            return form.format(match[1].removesuffix("_id").replace("_", " ").capitalize())
    return message.removesuffix(".") if message.endswith(".") and ". " not in message else message


def _table() -> dict[str, list[tuple[re.Pattern[str], str, Route]]]:
    """Return the routes by the first part of their paths."""
    table = defaultdict(list)
    for module, routes in SECTIONS:
        for route in routes:
            pattern = re.compile(route.path.replace("{id}", r"([0-9]{1,40})"))
            table[route.path.split("/")[1]].append((pattern, module, route))
    return dict(table)


_TABLE: Final = _table()


def _find(method: str, path: str, modules: frozenset[str]) -> tuple[Route, tuple[str, ...]] | None:
    for pattern, module, route in _TABLE.get(path.split("/")[1], ()):
        if method == route.method and (match := pattern.fullmatch(path)) and (not module or module in modules):
            return route, match.groups()
    return None
