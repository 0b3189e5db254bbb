"""Rendering of pages, and the files that they need.

Invariants:
- A page loads nothing from elsewhere and runs no script inside it: `Content-Security-Policy` forbids both.
- Every value is escaped by the template.
- A page works without JavaScript.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import HTMLResponse

from harvest_async.errors import HarvestError
from harvest_async.fastapi.csrf import Csrf
from harvest_async.fastapi.pages.texts import FILTERS
from harvest_async.fastapi.problems import problem_response
from harvest_async.fastapi.refusals import RefusingRoute, retry_header
from harvest_async.fastapi.route_names import RouteNames

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["PageRoute", "Pages"]

_CSP: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
"""The header fields of each page."""

_ASSETS: Final = {
    "harvest.css": "text/css; charset=utf-8",
    "icon.svg": "image/svg+xml",
    "live.js": "text/javascript; charset=utf-8",
}
_DAY: Final = "public, max-age=86400"


class Pages(RouteNames):
    """Renders the pages of one router.

    Args:
        name: the name of the router, the beginning of the names of its routes.
        csrf: issues the tokens of forms; None for pages without one.
    """

    def __init__(self, name: str, csrf: Csrf | None) -> None:
        super().__init__(name)
        self._csrf = csrf

    def serve_assets(self, router: APIRouter, prefix: str = "") -> None:
        """Add the route of the style sheet and the script."""

        @router.get(f"{prefix}/assets/{{file}}", name=self.name("asset"), include_in_schema=False)
        async def asset(file: str) -> Response:
            if file not in _ASSETS:
                raise HTTPException(404)
            headers = {"X-Content-Type-Options": "nosniff", "Cache-Control": _DAY}
            return Response(_asset(file), media_type=_ASSETS[file], headers=headers)

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
        """Return a page."""
        number = None if self._csrf is None else self._csrf.number(request)
        token = "" if self._csrf is None or number is None else self._csrf.token(number)
        response = HTMLResponse(self.fragment(request, template, csrf_token=token, **values), status, HEADERS)
        if self._csrf is not None and number is not None:
            self._csrf.keep(response, number)
        return response

    def fragment(self, request: Request, template: str, **values: Any) -> str:
        """Return a template's text, for a part of a page."""

        def path(route: str, **parameters: str) -> str:
            return self.path(request, route, **parameters)

        return _templates().get_template(template).render(path=path, **values)

    def route_class(self) -> type[PageRoute]:
        """Return the class of the router's routes, whose refusals are pages for browsers."""
        return type("Page", (PageRoute,), {"pages": self})


class PageRoute(RefusingRoute):
    """A route whose refusals are pages for a browser, and problem documents for a program."""

    pages: Pages

    def refused(self, request: Request, problem: dict[str, Any]) -> Response:
        """Return the page of a refusal."""
        if not _is_browser(request):
            return super().refused(request, problem)
        page = self.pages.page(request, "refused.html", problem["status"], problem=problem)
        page.headers.update(retry_header(problem))
        return page

    async def failed(self, request: Request, error: HarvestError) -> Response:
        """Return the page of an error of Harvest."""
        response = await problem_response(request, error)
        if not _is_browser(request):
            return response
        return self.refused(request, dict(_read(response)))


def _is_browser(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _read(response: Response) -> Mapping[str, Any]:
    problem: Mapping[str, Any] = json.loads(bytes(response.body))
    return problem


@cache
def _asset(name: str) -> bytes:
    return files("harvest_async.fastapi.pages").joinpath("static", name).read_bytes()


@cache
def _templates() -> Environment:
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 - the extra may be missing
    except ModuleNotFoundError as missing:
        msg = "harvest_async's pages need Jinja: python -m pip install 'harvest-async[fastapi]'"
        raise ImportError(msg) from missing
    loader = PackageLoader("harvest_async.fastapi.pages", "templates")
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.lstrip_blocks = True
    environment.filters |= FILTERS
    return environment
