"""A time sheet in a web app: sign-in by Harvest, a page of projects, a form for time, imports, and an operators' page.

Run it against the sandbox, with four worker processes that share one account: `python -m examples.webapp`.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from examples.webapp.settings import check, shared
from harvest_async import BearerAuth, HarvestError, HarvestV2
from harvest_async.fastapi import (
    MEANINGS,
    BackgroundImports,
    CallLog,
    OAuthApp,
    Session,
    SignedCookies,
    SignIn,
    add_handlers,
    imports_pages,
    imports_router,
    operators_pages,
    sign_in_router,
)
from harvest_async.imports import Rules

HERE = Path(__file__).parent
STATE = Path(os.environ.get("WEBAPP_STATE", "webapp-state"))
check()
ACCOUNT = os.environ["HARVEST_ACCOUNT_ID"]
BASE_URL = os.environ.get("HARVEST_BASE_URL")

log = CallLog()
oauth = OAuthApp.from_env("v2", account=ACCOUNT, base_url=BASE_URL)
cookies = SignedCookies(os.environ["HARVEST_SESSION_KEYS"].split(), secure=oauth.secure)
common = shared(STATE, ACCOUNT, cookies)
oauth.options.update(throttle=common.throttle, telemetry=log)
log.add(f"account {ACCOUNT}", common.throttle)
sign_in = SignIn(oauth, common.sessions, cookies, home="/")
pages = Environment(loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined)


@asynccontextmanager
async def open_client(account: str) -> AsyncIterator[HarvestV2]:
    """Open the app's own client, for imports: they go on after the person who began them has signed out."""
    auth = BearerAuth(os.environ["HARVEST_ACCESS_TOKEN"])
    options: dict[str, Any] = {"base_url": BASE_URL, "throttle": common.throttle, "telemetry": log}
    async with HarvestV2(account, auth=auth, app=oauth.app, **options) as harvest:
        yield harvest


async def administrator(session: Annotated[Session, Depends(sign_in.required)]) -> str | None:
    """Return the account of an administrator of the app's own account; None for anyone else, who gets a 404."""
    return session.account if session.role == "administrator" and session.account == ACCOUNT else None


rules = Rules(max_delay=float(os.environ.get("WEBAPP_MAX_DELAY", "60")))
lease = float(os.environ.get("WEBAPP_LEASE", "10"))
background = BackgroundImports(
    STATE / "imports", open_client, locks=common.locks, cookies=cookies, rules=rules, lease=lease
)

app = FastAPI(title="Time sheet")
add_handlers(app)
app.include_router(sign_in_router(sign_in))
app.include_router(imports_pages(background, access=administrator), prefix="/imports")
app.include_router(imports_router(background, access=administrator), prefix="/api/imports")
app.include_router(operators_pages(log, access=administrator), prefix="/operators")


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Return a page of this app; its forms have the token that protects them."""
    number = sign_in.csrf.number(request)
    text = pages.get_template(template).render(csrf_token=sign_in.csrf.token(number), **values)
    headers = {"Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'"}
    response = HTMLResponse(text, status, headers | {"Cache-Control": "no-store"})
    sign_in.csrf.keep(response, number)
    return response


@app.get("/", include_in_schema=False)
async def home(request: Request, session: Annotated[Session | None, Depends(sign_in.signed_in)]) -> Response:
    """The first page: sign in, or go on to the projects."""
    return page(request, "home.html", session=session)


@app.get("/projects", include_in_schema=False)
async def projects(request: Request, session: Annotated[Session, Depends(sign_in.required)]) -> Response:
    """The projects, each with a form to log time on its tasks."""
    return await _projects(request, session)


@app.post("/time", include_in_schema=False)
async def log_time(
    request: Request,
    session: Annotated[Session, Depends(sign_in.required)],
    assignment: Annotated[str, Form()] = "",
    day: Annotated[str, Form()] = "",
    hours: Annotated[str, Form()] = "",
    notes: Annotated[str, Form()] = "",
) -> Response:
    """Log time on a task of a project, as the signed-in person."""
    await sign_in.csrf.check(request)
    try:
        project, task = map(int, assignment.split("-"))
        fields = {"spent_date": date.fromisoformat(day), "hours": Decimal(hours.replace(",", ".")), "notes": notes}
    except (ValueError, InvalidOperation):
        return await _projects(request, session, 422, error="Choose a task, a day, and hours like 1.5.")
    async with sign_in.client(session) as harvest:
        try:
            await harvest.options(max_wait=2).time_entries.create(project, task, **fields)
        except HarvestError as error:
            if error.names_machine:
                raise  # the text is for the operator: the handler of the app logs it
            status = next(status for kind, status, _ in MEANINGS if isinstance(error, kind))
            return await _projects(request, session, status, error=error.message)
    return RedirectResponse("/projects", 303)


async def _projects(request: Request, session: Session, status: int = 200, error: str = "") -> Response:
    async with sign_in.client(session) as harvest:
        fast = harvest.options(max_wait=2)
        found = [assignment async for assignment in fast.users.my_project_assignments()]
        recent = await fast.time_entries.list(user_id=(await fast.users.me()).id)
    values = {"assignments": found, "entries": recent[:10], "today": datetime.now().astimezone().date()}
    return page(request, "projects.html", status, session=session, error=error, **values)
