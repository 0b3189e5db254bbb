"""Background imports as JSON."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from harvest_async.fastapi.csrf import REFUSED, CsrfToken
from harvest_async.fastapi.imports.actions import ACTIONS, act, allowed, found, rejected_rows
from harvest_async.fastapi.imports.background import BackgroundImports
from harvest_async.fastapi.imports.document import ImportDocument, document_of
from harvest_async.fastapi.imports.form import FIELDS, FormField
from harvest_async.fastapi.imports.live import AGAIN, Shown, changes, shown
from harvest_async.fastapi.imports.record import ImportRecord
from harvest_async.fastapi.imports.upload import received
from harvest_async.fastapi.problem_responses import NOT_FOUND, Responses, harvest_problems, problems_with
from harvest_async.fastapi.refusals import Access, RefusingRoute, only_with
from harvest_async.fastapi.route_names import RouteNames

__all__ = ["imports_router"]


def _type(field: FormField) -> dict[str, Any]:
    """Return the type of a field of the form."""
    if field.kind == "box":
        return {"type": "boolean"}
    return {"type": "string", **({"enum": [value for value, _ in field.choices]} if field.choices else {})}


_FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary"},
        **{field.name: {**_type(field), "description": f"{field.label}. {field.hint}".strip()} for field in FIELDS},
    },
}
_UPLOAD = {"requestBody": {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}}
_ROWS: Responses = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
_TO_ALL: Responses = NOT_FOUND | {500: harvest_problems[500]}
_ACTIVE = (
    ("import-active", 409, "Another import is active"),
    ("import-wait", 503, "Imports can begin shortly"),
)
_TO_UPLOAD = problems_with(
    (
        REFUSED,
        *_ACTIVE,
        ("incomplete", 400, "The upload is incomplete"),
        ("too-large", 413, "The file is too large"),
        ("no-form", 415, "Not a form with a file"),
        ("unknown-type", 415, "Unknown type of file"),
        ("not-what-it-says", 415, "The file is not what its name says"),
        ("no-workbooks", 415, "Workbooks can't be read here"),
        ("no-file", 422, "No file"),
        ("empty-file", 422, "The file is empty"),
        ("unreadable-file", 422, "The file can't be read"),
        ("bad-option", 422, "An option can't be used"),
    )
)
_TO_ACTIONS = problems_with((REFUSED, *_ACTIVE, ("wrong-phase", 409, "Not possible now")))

_Action = Annotated[str, Path(json_schema_extra={"enum": list(ACTIONS)})]
_Left = ImportDocument | None


def imports_router(background: BackgroundImports, *, access: Access[str]) -> APIRouter:
    """Return the router of background imports as JSON, for `app.include_router(..., prefix="/api/imports")`.

    Each POST needs the token that `GET /csrf` returns, in the header field `X-CSRF-Token`.

    Args:
        background: the imports.
        access: the app's dependency that returns the key of the account to which a visitor may import; it is given to
            `open_client`. None is a 404.
    """
    names = RouteNames("imports")
    route_class = type("LinkingRoute", (_LinkingRoute,), {"names": names})
    router = APIRouter(tags=["imports"], route_class=route_class, lifespan=background.lifespan, responses=_TO_ALL)
    _add_reads(router, names, background, access)
    _add_stream(router, names, background, access)
    _add_writes(router, names, background, access)
    return router


class _LinkingRoute(RefusingRoute):
    """A route whose refusals link to the import that is in the way."""

    names: RouteNames

    def refused(self, request: Request, problem: dict[str, Any]) -> Response:
        if (running := problem.pop("running", None)) is not None:
            problem["instance"] = self.names.path(request, "get", number=running)
        return super().refused(request, problem)


def _add_reads(router: APIRouter, names: RouteNames, background: BackgroundImports, access: Access[str]) -> None:
    permitted = Depends(only_with(access))

    @router.get("/csrf", response_model=CsrfToken)
    async def csrf(request: Request, _: Annotated[str, permitted]) -> Response:
        """Return the token for POSTs."""
        number = background.csrf.number(request)
        response = JSONResponse({"csrf_token": background.csrf.token(number)}, headers={"Cache-Control": "no-store"})
        background.csrf.keep(response, number)
        return response

    @router.get("")
    async def list_imports(request: Request, owner: Annotated[str, permitted]) -> list[ImportDocument]:
        """List the imports of the account, the latest first."""
        return [_document(names, request, await shown(background, record)) for record in await background.list(owner)]

    @router.get("/{number}", name=names.name("get"))
    async def get_import(request: Request, number: str, owner: Annotated[str, permitted]) -> ImportDocument:
        """Return an import."""
        return _document(names, request, await shown(background, await found(background, number, owner)))


def _add_stream(router: APIRouter, names: RouteNames, background: BackgroundImports, access: Access[str]) -> None:
    permitted = Depends(only_with(access))

    async def known(number: str, owner: Annotated[str, permitted]) -> ImportRecord:
        return await found(background, number, owner)

    @router.get("/{number}/events", name=names.name("events"), response_class=EventSourceResponse)
    async def events(
        request: Request, record: Annotated[ImportRecord, Depends(known)]
    ) -> AsyncIterator[ServerSentEvent]:
        """Follow an import: an event `change` with the document whenever it has changed, and `end` after the last one.

        A stream without `end` breaks off after a few seconds; open it again, as browsers do.
        """
        async for now in changes(background, record.id, record.owner):
            document = _document(names, request, now)
            yield ServerSentEvent(data=document, event="change", retry=AGAIN)
            if not now.record.is_active:
                yield ServerSentEvent(data=document.phase, event="end")

    @router.get("/{number}/rejected.csv", name=names.name("rejected"), response_class=FileResponse, responses=_ROWS)
    async def rejected(record: Annotated[ImportRecord, Depends(known)]) -> FileResponse:
        """Return the rejected rows as a file that can be corrected and uploaded again."""
        return rejected_rows(background, record)


def _add_writes(router: APIRouter, names: RouteNames, background: BackgroundImports, access: Access[str]) -> None:
    permitted = Depends(only_with(access))

    @router.post("", status_code=202, openapi_extra=_UPLOAD, responses=_TO_UPLOAD)
    async def begin(request: Request, response: Response, owner: Annotated[str, permitted]) -> ImportDocument:
        """Upload a file, and begin to plan its import. Nothing is created before it is confirmed."""
        async with received(request, background.csrf, background.largest) as upload:
            record = await background.upload(upload, owner)
        document = _document(names, request, await shown(background, record))
        response.headers["Location"] = document.links["self"]
        return document

    @router.post("/{number}/{action}", name=names.name("do"), status_code=202, responses=_TO_ACTIONS)
    async def do(
        request: Request, number: str, action: _Action, owner: Annotated[str, permitted]
    ) -> ImportDocument | None:
        """Do one of the actions that the document links: confirm, cancel, resume, undo or remove."""
        await background.csrf.check(request)
        record = await act(background, await found(background, number, owner), action)
        return None if record is None else _document(names, request, await shown(background, record))


def _document(names: RouteNames, request: Request, now: Shown) -> ImportDocument:
    record = now.record

    def path(route: str, **parameters: str) -> str:
        return names.path(request, route, number=record.id, **parameters)

    links = {"self": path("get"), "events": path("events")}
    links |= {action: path("do", action=action) for action in allowed(record)}
    if record.problem_count:
        links["rejected"] = path("rejected")
    return document_of(now, links)
