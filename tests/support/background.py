"""An app with background imports against a sandbox, and files for them."""

import asyncio
import io
import json
import re
import zipfile
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI, HTTPException, Request

from harvest_async import BasicAuth, BearerAuth, HarvestV1, HarvestV2, Throttle
from harvest_async.fastapi import BackgroundImports, SignedCookies, add_handlers, imports_pages, imports_router
from harvest_async.importer.rules import Rules
from harvest_async.run_lock import MemoryRunLocks

APP = "http://app"
API, PAGES = "/api/imports", "/imports"
HEADER = "Date,Client,Project,Task,Notes,Hours,First Name,Last Name\n"


def rows(count, start=0):
    """A file of time entries, each of which is like no other."""
    lines = [f"2026-01-{1 + n % 28:02},ACME,Rocket,Design,n{n},1.5,Ada,Sandbox\n" for n in range(start, start + count)]
    return (HEADER + "".join(lines)).encode()


def zip_bomb():
    """An XLSX file of a few kilobytes that unpacks to 50 MiB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("[Content_Types].xml", "<Types/>")
        package.writestr("xl/workbook.xml", b"<workbook>" + b" " * (50 << 20))
        package.writestr("xl/worksheets/sheet1.xml", b"<worksheet>" + b" " * 1024)
    return packed.getvalue()


def maker(address, version="v1", password="sandbox"):
    """A function that opens the client of an account."""

    @asynccontextmanager
    async def open_client(_):
        options = {"app": "tests (tests@example.com)", "base_url": address, "throttle": Throttle(pace="burst")}
        if version == "v1":
            client = HarvestV1("sandbox", auth=BasicAuth("admin@example.com", password), **options)
        else:
            client = HarvestV2(1, auth=BearerAuth("sandbox-token"), **options)
        async with client as harvest:
            yield harvest

    return open_client


async def by_header(request: Request):
    """A visitor may import to the account that a header names; `401` and `403` are raised."""
    account = request.headers.get("x-account", "acme")
    if account in {"401", "403"}:
        raise HTTPException(int(account), "no")
    return account if account != "none" else None


def importing_app(folder, open_client, *, locks=None, **options):
    """An app with both routers."""
    given = {"rules": Rules(max_delay=0.5), "lease": 2.0, "watch": 0.1} | options
    cookies = SignedCookies(["key-" * 10], secure=False)
    background = BackgroundImports(folder, open_client, locks=locks or MemoryRunLocks(), cookies=cookies, **given)
    app = FastAPI()
    add_handlers(app)
    app.include_router(imports_router(background, access=by_header), prefix=API)
    app.include_router(imports_pages(background, access=by_header), prefix=PAGES)
    app.state.background = background
    return app


@asynccontextmanager
async def visited(app, **options):
    """A started app and a program that uses it, with the token for its POSTs."""
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=APP, **options) as visitor:
            token = await visitor.get(f"{API}/csrf")
            visitor.headers["X-CSRF-Token"] = token.json().get("csrf_token", "")
            yield visitor


async def upload(visitor, content, name="time.csv", **fields):
    """Upload a file."""
    return await visitor.post(API, files={"file": (name, content)}, data=fields)


async def ended(visitor, response):
    """Follow an import until no process works on it, and return its document."""
    assert response.status_code == 202, response.text
    here = response.json()["links"]["self"]
    async with asyncio.timeout(30):
        while True:
            async with visitor.stream("GET", f"{here}/events") as stream:
                lines = [line async for line in stream.aiter_lines()]
            if "event: end" in lines:
                return (await visitor.get(here)).json()


async def until(visitor, here, condition):
    """Look at an import until a condition is met, and return its document."""
    async with asyncio.timeout(30):
        while True:
            document = (await visitor.get(here)).json()
            if condition(document):
                return document
            await asyncio.sleep(0.02)


async def do(visitor, document, action):
    """Do an action on an import."""
    return await visitor.post(document["links"][action])


def field(page, name):
    """The value of a hidden field of a page."""
    return re.search(rf'name="{name}" value="([^"]*)"', page.text)[1]


def kind(response):
    """The last part of a problem's type."""
    return json.loads(response.text)["type"].rpartition(":")[2]
