"""The front desk: a request as a value -> an answer as a value.

Rules of this room: pure. It finds the route, asks for the role and hands the request to a desk; a refusal is an answer,
too. A section whose module is off is answered 404 (contract: modules, invoice_module_off).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote

from harvest_async.sandbox.reading import Refusal
from harvest_async.sandbox.roles import require
from harvest_async.sandbox.v1 import account, assignments, expenses, invoices, reports, timesheet
from harvest_async.sandbox.v1 import resources as sections
from harvest_async.sandbox.v1.base import Query, Reply, Route, Services, with_words
from harvest_async.sandbox.world import World

__all__ = ["DESKS", "MODULES", "Desk", "Query", "Reply"]

MODULES: Final = frozenset({"expenses", "invoices", "estimates", "approval"})

DESKS: Final[tuple[tuple[str, tuple[Route, ...]], ...]] = (
    # the module that a desk belongs to, and its routes; the first route that fits is taken
    ("", account.ROUTES),
    ("", timesheet.ROUTES),
    ("", assignments.ROUTES),
    ("", reports.ROUTES),
    ("", sections.ROUTES),
    ("expenses", sections.CATEGORY_ROUTES),
    ("expenses", expenses.ROUTES),
    ("invoices", sections.ITEM_CATEGORY_ROUTES),
    ("invoices", invoices.ROUTES),
)

_PATTERNS: Final = {"{person}": "([^/]+)"}
_NUMBER: Final = r"(\d{1,18})"


class Desk:
    """Serves requests to an account; `modules` are those that are on, `plan` limits it."""

    def __init__(self, world: World, modules: frozenset[str], plan: Mapping[str, int]) -> None:
        self._office = Services.over(world, modules, plan)

    def serve(self, asked: Query) -> Reply:
        """Carry a request out."""
        try:
            route, words = _find(asked.method, asked.path, self._office.modules)
            require(route.role, asked.person, self._office.world)
            reply = route.handler(self._office, with_words(asked, tuple(map(unquote, words))))
        except Refusal as refusal:
            return self._refused(refusal, asked.format)
        return reply.as_safe() if asked.method == "GET" and route.safe else reply

    def _refused(self, refusal: Refusal, format: str) -> Reply:
        if refusal.message is None:
            return Reply(refusal.status)
        content = self._office.writer.bare({"message": refusal.message}, format)
        return Reply(refusal.status, content, hint=refusal.message if refusal.hints else None)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{\w+\}", lambda found: _PATTERNS.get(found[0], _NUMBER), path))


def _table() -> dict[str, list[tuple[frozenset[str], re.Pattern[str], str, Route]]]:
    """The routes by the first word of their paths."""
    table = defaultdict(list)
    for module, routes in DESKS:
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
