"""Background imports as pages."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from harvest_async.fastapi.imports.actions import act, allowed, found, rejected_rows
from harvest_async.fastapi.imports.background import BackgroundImports
from harvest_async.fastapi.imports.form import FIELDS
from harvest_async.fastapi.imports.live import AGAIN, Shown, changes, shown
from harvest_async.fastapi.imports.record import ImportRecord
from harvest_async.fastapi.imports.upload import received
from harvest_async.fastapi.pages.render import PageRoute, Pages
from harvest_async.fastapi.refusals import Access, only_with

__all__ = ["imports_pages"]

_SEE_OTHER = 303


def imports_pages(background: BackgroundImports, *, access: Access[str]) -> APIRouter:
    """Return the router of the import pages, for `app.include_router(..., prefix="/imports")`.

    Args:
        background: the imports.
        access: the app's dependency that returns the key of the account to which a visitor may import; it is given to
            `open_client`. None is a 404.
    """
    pages = Pages("import-pages", background.csrf)
    route_class = type("ImportPage", (_ImportPage,), {"pages": pages})
    router = APIRouter(include_in_schema=False, route_class=route_class, lifespan=background.lifespan)
    pages.serve_assets(router)
    _add_list(router, pages, background, access)
    _add_import(router, pages, background, access)
    _add_stream(router, pages, background, access)
    return router


class _ImportPage(PageRoute):
    """A page whose refusals link to the import that is in the way, and to the list of imports."""

    def refused(self, request: Request, problem: dict[str, Any]) -> Response:
        if (running := problem.pop("running", None)) is not None:
            problem["instance"] = self.pages.path(request, "import", number=running)
        return super().refused(request, problem | {"back": self.pages.path(request, "list")})


def _add_list(router: APIRouter, pages: Pages, background: BackgroundImports, access: Access[str]) -> None:
    permitted = Depends(only_with(access))

    @router.get("", name=pages.name("list"))
    async def listed(request: Request, owner: Annotated[str, permitted]) -> Response:
        megabytes = background.largest / (1 << 20)
        return pages.page(
            request, "imports.html", records=await background.list(owner), fields=FIELDS, megabytes=megabytes
        )

    @router.post("", name=pages.name("upload"))
    async def begin(request: Request, owner: Annotated[str, permitted]) -> Response:
        async with received(request, background.csrf, background.largest) as upload:
            record = await background.upload(upload, owner)
        return RedirectResponse(pages.path(request, "import", number=record.id), _SEE_OTHER)


def _add_import(router: APIRouter, pages: Pages, background: BackgroundImports, access: Access[str]) -> None:
    permitted = Depends(only_with(access))

    async def known(number: str, owner: Annotated[str, permitted]) -> ImportRecord:
        return await found(background, number, owner)

    @router.get("/{number}", name=pages.name("import"))
    async def one(request: Request, record: Annotated[ImportRecord, Depends(known)], refresh: int = 0) -> Response:
        now = await shown(background, record)
        return pages.page(request, "import.html", refresh=min(refresh, 60), **_values(now))

    @router.get("/{number}/rejected.csv", name=pages.name("rejected"))
    async def rejected(record: Annotated[ImportRecord, Depends(known)]) -> FileResponse:
        return rejected_rows(background, record)

    @router.post("/{number}/{action}", name=pages.name("do"))
    async def do(request: Request, number: str, action: str, owner: Annotated[str, permitted]) -> Response:
        await background.csrf.check(request)
        record = await found(background, number, owner)  # as it is now: a form may arrive slowly
        after = await act(background, record, action)
        target = pages.path(request, "list") if after is None else pages.path(request, "import", number=record.id)
        return RedirectResponse(target, _SEE_OTHER)


def _add_stream(router: APIRouter, pages: Pages, background: BackgroundImports, access: Access[str]) -> None:
    permitted = Depends(only_with(access))

    async def known(number: str, owner: Annotated[str, permitted]) -> ImportRecord:
        return await found(background, number, owner)

    @router.get("/{number}/live", name=pages.name("live"), response_class=EventSourceResponse)
    async def live(request: Request, record: Annotated[ImportRecord, Depends(known)]) -> AsyncIterator[ServerSentEvent]:
        token = background.csrf.token(background.csrf.number(request))
        async for now in changes(background, record.id, record.owner):
            text = pages.fragment(request, "import_live.html", csrf_token=token, **_values(now))
            yield ServerSentEvent(raw_data=text, event="change", retry=AGAIN)
            if not now.record.is_active:
                yield ServerSentEvent(raw_data=now.record.phase.value, event="end")


def _values(now: Shown) -> dict[str, Any]:
    """Return the values of the templates of an import."""
    return {"record": now.record, "progress": now.progress, "allowed": allowed(now.record)}
