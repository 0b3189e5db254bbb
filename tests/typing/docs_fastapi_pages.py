"""A block of docs/fastapi.md, for type checkers."""

# ruff: noqa: I001
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI
from harvest_async import BearerAuth, HarvestV2
from harvest_async.fastapi import BackgroundImports, CallLog, CookieSessions, OAuthApp, Session, SignedCookies, SignIn
from harvest_async.fastapi import add_handlers, imports_pages, imports_router, operators_pages, sign_in_router
from harvest_async.run_lock import SqliteRunLocks

BASE_URL = os.environ.get("HARVEST_BASE_URL")  # of a sandbox; Harvest's own without it
STATE = os.environ["STATE"]  # a folder that all worker processes share

log = CallLog()
oauth = OAuthApp.from_env("v2", account=os.environ["HARVEST_ACCOUNT_ID"], base_url=BASE_URL)
cookies = SignedCookies(os.environ["HARVEST_SESSION_KEYS"].split(), secure=oauth.secure)
sign_in = SignIn(oauth, CookieSessions(cookies, f"{STATE}/sessions"), cookies)


async def administrator(session: Annotated[Session, Depends(sign_in.required)]) -> str | None:
    return session.account if session.role == "administrator" else None


@asynccontextmanager
async def open_client(account: str) -> AsyncIterator[HarvestV2]:
    auth = BearerAuth(os.environ["HARVEST_ACCESS_TOKEN"])
    async with HarvestV2(account, auth=auth, app=oauth.app, base_url=BASE_URL, telemetry=log) as harvest:
        yield harvest


locks = SqliteRunLocks(f"{STATE}/locks.sqlite3")
background = BackgroundImports(f"{STATE}/imports", open_client, locks=locks, cookies=cookies)

app = FastAPI()
add_handlers(app)
app.include_router(sign_in_router(sign_in))
app.include_router(imports_pages(background, access=administrator), prefix="/imports")
app.include_router(imports_router(background, access=administrator), prefix="/api/imports")
app.include_router(operators_pages(log, access=administrator), prefix="/operators")


@app.get("/projects")
async def projects(session: Annotated[Session, Depends(sign_in.required)]) -> list[str]:
    async with sign_in.client(session) as harvest:
        return [each.project.name async for each in harvest.users.my_project_assignments()]
