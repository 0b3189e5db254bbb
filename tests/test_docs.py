"""Run every code block of the README and of the pages in docs/, except those of `test_docs_pages`."""

import ast
import asyncio
import inspect
import re
import shlex
import subprocess
import sys
import tomllib
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import httpx
import pytest

import harvest_async
from harvest_async import (
    BasicAuth,
    BearerAuth,
    HarvestError,
    HarvestV1,
    HarvestV2,
    OAuth2,
    ResponseError,
    Throttle,
    exports,
    fleet,
    imports,
    migrate,
    run_lock,
)
from harvest_async.cli import edge
from harvest_async.importer.sources.formats import FORMATS
from harvest_async.sandbox import Sandbox
from harvest_async.telemetry import Telemetry
from harvest_async.testing import harvest_app_client
from harvest_async.v1 import models as v1
from harvest_async.v1.models import LineItem
from tests import test_docs_pages
from tests.support.environment import V1, V2, set_sandbox
from tests.support.signing_in import browser_of, sign_in_by, token_of
from tests.support.valkey import Valkey

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[1]
PUBLIC = {name: getattr(harvest_async, name) for name in harvest_async.__all__}


ALONE = {f"docs/{page}.md" for page in test_docs_pages.PAGES}
PAGES = ("README.md", *sorted({f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")} - ALONE))


def read_blocks():
    """Return the code blocks of all pages as (page, language, code)."""
    for page in PAGES:
        text = (ROOT / page).read_text("utf-8")
        for language, code in re.findall(r"^```(\w*)\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
            yield page, language, code


BLOCKS = tuple(read_blocks())


def block(page, begin):
    """Return the one block of a page that begins with a text."""
    (code,) = (code for where, _, code in BLOCKS if where == page and code.startswith(begin))
    return code


def run(code, **names):
    """Run a block unchanged; return what it defines."""
    exec(compile(code, "docs", "exec"), names)  # noqa: S102
    return names


async def run_inside(code, **names):
    """Run a block that awaits, as in the body of a coroutine; gives what it names."""
    waiting = eval(compile(code, "docs", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)  # noqa: S307
    assert inspect.iscoroutine(waiting)
    await waiting
    return names


@pytest.fixture
def environment(harvest_address, monkeypatch, tmp_path):
    """The variables that the README names, set for the sandbox."""
    set_sandbox(monkeypatch, V1, harvest_address, tmp_path)


def test_every_block_is_run_here():
    """A block that is added to a page has to be run by a test of this file, or by one of its subject."""
    known = {
        ("README.md", "console"): 2,
        ("README.md", "python"): 3,
        ("docs/api-v2.md", "python"): 1,
        ("docs/fastapi.md", "python"): 5,
        ("docs/fleet.md", "console"): 1,
        ("docs/fleet.md", "python"): 3,
        ("docs/ledgers.md", "python"): 1,
        ("docs/many-accounts.md", "python"): 1,
        ("docs/moving-to-v2.md", "python"): 3,
        ("docs/python.md", "python"): 7,
        ("docs/telemetry.md", "python"): 2,
        ("docs/testing.md", "python"): 2,
    }

    assert known == {
        key: sum((page, language) == key for page, language, _ in BLOCKS)
        for key in {(page, language) for page, language, _ in BLOCKS}
    }


def test_every_public_error_has_a_line_of_what_to_do():
    """The table of errors has each class that a public module exports, apart from the bases of others."""
    public = [harvest_async, imports, exports, migrate, fleet, run_lock]
    exported = [getattr(module, name) for module in public for name in module.__all__]
    bases = {HarvestError, harvest_async.RequestError, ResponseError}
    errors = {each for each in exported if isinstance(each, type) and issubclass(each, HarvestError)} - bases
    rows = re.findall(r"^\| (`.+?) \|", (ROOT / "docs" / "errors.md").read_text("utf-8"), flags=re.MULTILINE)
    listed = {name for row in rows for name in re.findall(r"`(?:\w+\.)*(\w+)`", row)}

    assert {each.__name__ for each in errors} - listed == set()


def test_the_page_about_commands_has_every_exit_code():
    """The codes of the page are those with which commands end."""
    codes = {0, edge.SOME_ROWS, edge.BAD_INPUT, edge.NO_SERVER, edge.INTERNAL, edge.INTERRUPTED}
    text = (ROOT / "docs" / "command-line.md").read_text("utf-8").partition("Exit codes: ")[2].partition("\n\n")[0]

    assert {int(each) for each in re.findall(r"\b(\d+)\s", text)} == codes


def test_the_page_about_the_throttle_lists_every_benchmark():
    """A benchmark that is added has to say there which question it is for."""
    text = (ROOT / "docs" / "throttle.md").read_text("utf-8")

    assert [path.stem for path in (ROOT / "benchmarks").glob("bench_*.py") if f"`{path.stem}`" not in text] == []


def test_every_command_of_a_page_has_its_output():
    """Commands are written after `$`, since the tests compare what they print with the lines that follow."""
    pages = {path.name: path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md")}
    shown = [
        (name, code)
        for name, text in pages.items()
        for code in re.findall(r"^```console\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    ]

    assert len(shown) > 10
    assert [name for name, code in shown if not code.startswith("$ ")] == []


def test_every_import_format_has_a_sample_and_its_fields():
    """The page about imports names each format, and every field that an imported kind of record can have."""
    page = (ROOT / "docs" / "bulk-import.md").read_text("utf-8")
    fields = {name for each in FORMATS.values() if each.name != "invoice-messages" for name in each.kind.fields}
    samples = set(re.findall(r'title="([\w-]+)\.\w+"', page))

    assert [name for name in sorted(fields) if f"`{name}`" not in page] == []
    assert [name for name in FORMATS if f"`{name}`" not in page and name not in samples] == []


def test_links_between_pages_lead_somewhere():
    """Every relative link and picture of a page is a file of the repository."""
    for page in (*PAGES, *ALONE, "CONTRIBUTING.md", "SECURITY.md"):
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / page).read_text("utf-8")):
            assert ((ROOT / page).parent / target).resolve().is_file(), f"{page}: {target}"


def test_the_architecture_picture_is_up_to_date():
    """The picture of the layers is what the script draws from the code."""
    command = [sys.executable, str(ROOT / ".ci" / "draw_architecture.py"), "--check"]

    assert subprocess.run(command, check=False).returncode == 0, "run python .ci/draw_architecture.py"


# Try it


def test_the_first_command_installs_what_the_demo_needs():
    """It names extras that are there, and a command that the package has."""
    install, demo = block("README.md", "python -m pip install '.").strip().split(" && ")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]

    ran = subprocess.run([sys.executable, *shlex.split(demo)[1:], "--help"], check=False, capture_output=True)

    assert set(re.fullmatch(r"python -m pip install '\.\[([\w,]+)\]'", install)[1].split(",")) <= set(extras)
    assert ran.returncode == 0, ran.stderr


def test_the_second_command_is_what_the_gate_runs():
    """The gate runs the tests by the very command of the README, and the session is there."""
    command = block("README.md", "python -m pip install nox").strip()

    assert command in (ROOT / ".ci" / "run").read_text("utf-8").splitlines()
    assert re.search(r"^def tests\(", (ROOT / "noxfile.py").read_text("utf-8"), flags=re.MULTILINE)


# Use it


@pytest.mark.socket
@pytest.mark.usefixtures("environment")
def test_the_ten_lines_work(harvest_sandbox):
    """The first program, run as a program with nothing but the environment set."""
    code = block("README.md", "import asyncio\nfrom harvest_async import HarvestV1")

    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], check=False, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("Website None 20")
    assert "calls=100" in ran.stdout
    assert [project["name"] for project in harvest_sandbox.world.projects()] == ["Website"]


@pytest.mark.socket
def test_the_ten_lines_of_v2_work(harvest_address, harvest_sandbox, monkeypatch, tmp_path):
    """Is a program that needs nothing but the variables that the page names."""
    set_sandbox(monkeypatch, V2, harvest_address, tmp_path)
    code = block("README.md", "import asyncio\nfrom harvest_async import HarvestV2")

    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], check=False, capture_output=True, text=True)

    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith("ACME Snapshot(calls=100, period=900.0")
    assert [client["name"] for client in harvest_sandbox.world.clients()] == ["ACME"]


@pytest.mark.parametrize(
    ("page", "begin"), [("docs/python.md", "import asyncio"), ("docs/moving-to-v2.md", "from date")]
)
def test_the_imports_of_a_page_are_all_that_its_examples_import(page, begin):
    """Each name that a page imports is there, and its examples use it."""
    imported = set(run(block(page, begin))) - {"__builtins__"}
    used = "\n".join(code for where, _, code in BLOCKS if where == page and not code.startswith(begin))

    assert len(imported) > 5
    assert [name for name in imported if not re.search(rf"\b{name}\b", used)] == []


async def test_a_client_is_made_in_code():
    """The constructor takes what the README gives it."""
    names = run(block("docs/python.md", "harvest = HarvestV1"), **PUBLIC)

    async with names["harvest"] as harvest:
        assert repr(harvest) == "<HarvestV1 acme>"


async def test_a_project_by_api_v2(harvest_address, harvest_sandbox, monkeypatch, tmp_path):
    """The block logs time, lists it and reports it by API v2."""
    set_sandbox(monkeypatch, V2, harvest_address, tmp_path)

    found = await run_inside(block("docs/api-v2.md", "from datetime"))

    assert [row.total_hours for row in found["report"]] == [Decimal("1.5")]
    assert len(harvest_sandbox.world.entries()) == 1


@pytest.mark.socket
async def test_telemetry(harvest_address, monkeypatch, tmp_path):
    """The block records a call by the global providers, which do nothing unless the program sets them."""
    set_sandbox(monkeypatch, V2, harvest_address, tmp_path)

    found = await run_inside(block("docs/telemetry.md", "from harvest_async import HarvestV2"))

    assert isinstance(found["telemetry"], Telemetry)


@pytest.mark.socket
async def test_both_versions_at_once(harvest_address, harvest_sandbox):
    """The block creates records by either version, and both clients share one throttle."""

    def old(account, **options):
        given = {**options, "auth": BasicAuth("admin@example.com", "sandbox"), "base_url": harvest_address}
        return HarvestV1(account, **given)

    def new(account, **options):
        return HarvestV2(1, **{**options, "auth": BearerAuth("sandbox-token"), "base_url": harvest_address})

    names = {**PUBLIC, "HarvestV1": old, "HarvestV2": new, "date": date, "Decimal": Decimal}

    found = await run_inside(block("docs/moving-to-v2.md", "old = "), **names)

    assert found["old"].throttle is found["new"].throttle
    assert [entry["hours"] for entry in harvest_sandbox.world.entries()] == [Decimal("1.50")]


def test_records_are_converted(capsys):
    """The block converts records both ways, prints the refusal, and accepts it."""
    here = {"Client": v1.Client, "Project": v1.Project, "DayEntry": v1.DayEntry, "migrate": migrate}
    names = run(block("docs/moving-to-v2.md", "client, project"), **PUBLIC, **here, date=date, Decimal=Decimal)

    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("Website ACME 2026-11-02 (")
    assert printed[1].startswith("Client 1: API v2 can't store highrise_id (5): ")
    assert names["again"] == v1.Client(id=1, name="ACME")


async def test_the_bulk_lane(harvest_sandbox, harvest_client):
    """The block of the bulk lane logs a day each."""
    async with harvest_client() as harvest:
        client = await harvest.clients.create(name="ACME")
        project = await harvest.projects.create(name="Website", client_id=client.id)
        task = await harvest.tasks.create(name="Work")
        await harvest.task_assignments.create(project.id, task.id)
        me = (await harvest.account.who_am_i()).user.id
        await harvest.user_assignments.create(project.id, me)
        code = block("docs/python.md", "with harvest.bulk").replace("(7, 8,", f"({project.id}, {task.id},")
        days = [date(2026, 1, 5) + timedelta(days=day) for day in range(3)]

        names = await run_inside(code, harvest=harvest, asyncio=asyncio, days=days)

    assert [entry.spent_at for entry in names["entries"]] == days


async def test_records_and_changes(harvest_client):
    """Records are accepted where ids are wanted, and an update of one field leaves the others."""
    async with harvest_client() as harvest:
        client = await harvest.clients.create("ACME")
        project = await harvest.projects.create("Website", client)
        task = await harvest.tasks.create("Work")
        await harvest.task_assignments.create(project, task)
        await harvest.user_assignments.create(project, (await harvest.account.who_am_i()).user)
        names = {"client": client, "project": project, "task": task, "LineItem": LineItem, "Decimal": Decimal}

        names = await run_inside(block("docs/python.md", "entry ="), harvest=harvest, **names)

        assert (names["entry"].hours, names["entry"].notes) == (Decimal("1.5"), "first draft")
        assert (await harvest.invoices.get(names["invoice"])).amount == 160


@pytest.mark.parametrize(
    ("fault", "details", "shown"),
    [("drop_after", {}, "OutcomeUnknown: POST"), ("raw", {"status": 422}, "curl ")],
)
async def test_errors_are_shown(harvest_sandbox, harvest_client, capsys, fault, details, shown):
    """The block of the errors prints the report of a lost response and the command of a refusal, without password."""
    harvest_sandbox.fault(fault, match={"method": "POST"}, **details)

    async with harvest_client() as harvest:
        await run_inside(block("docs/python.md", "try:"), harvest=harvest, **PUBLIC)

    printed = capsys.readouterr().out
    assert printed.startswith(shown)
    assert "YWRtaW5A" not in printed  # the beginning of the credentials in base64


async def test_the_throttle_alone(harvest_sandbox, harvest_address):
    """Any httpx client goes through the throttle that the README makes."""
    names = run(block("docs/python.md", "throttle = Throttle()"), httpx=httpx, **PUBLIC)

    async with names["client"] as client:
        await client.get(
            f"{harvest_address}/clients", auth=("admin@example.com", "sandbox"), headers={"Accept": "application/json"}
        )

    assert names["throttle"].snapshot().granted == len(harvest_sandbox.requests()) == 2


async def test_a_ledger_on_a_server(harvest_sandbox, harvest_address, tmp_path):
    """A plain client over a throttle whose leases a server stores; the test's server has another port."""
    with Valkey(tmp_path) as server:
        code = block("docs/ledgers.md", "import httpx").replace("redis://127.0.0.1:6379/0", server.url)
        names = run(code)
        async with names["client"] as client:
            await client.get(
                f"{harvest_address}/clients",
                auth=("admin@example.com", "sandbox"),
                headers={"Accept": "application/json"},
            )
        await names["ledger"].aclose()

    assert names["throttle"].snapshot().granted == len(harvest_sandbox.requests()) == 1


# Sign in by OAuth 2.0


@pytest.mark.socket
async def test_the_sign_in(harvest_address, tmp_path):
    """The block takes a person through the sandbox's authorization server, and ends with a client that is signed in."""

    async def send_the_user_to(address):
        async with httpx.AsyncClient() as browser:
            response = await browser.get(address, auth=("admin@example.com", "sandbox"))
        return response.headers["location"]

    here = {
        "OAuth2": lambda _, __, **options: OAuth2(
            "sandbox-client", "sandbox-secret", base_url=harvest_address, **options
        ),
        "HarvestV1": partial(HarvestV1, base_url=harvest_address, throttle=Throttle()),
    }
    names = {"path": tmp_path / "tokens.json", "send_the_user_to": send_the_user_to, "httpx": httpx}

    names = await run_inside(block("docs/python.md", "oauth ="), **{**PUBLIC, **names, **here})

    async with names["harvest"] as harvest:
        assert (await harvest.account.who_am_i()).user.email == "admin@example.com"


# Inside FastAPI


@pytest.mark.usefixtures("environment")
async def test_the_app_of_the_first_page(monkeypatch):
    """Its route lists clients by API v2."""
    monkeypatch.setenv("HARVEST_ACCOUNT_ID", "1")
    monkeypatch.setenv("HARVEST_ACCESS_TOKEN", "sandbox-token")
    app = run(block("README.md", "from fastapi import FastAPI"))["app"]

    async with harvest_app_client(app) as client:
        response = await client.get("/clients")

    assert (response.status_code, response.json()) == (200, [])


async def test_the_app_of_fastapi():
    """Its routes list and create clients, and its description has the record and the problems."""
    app = run(block("docs/fastapi.md", "from fastapi import Depends"))["app"]

    async with harvest_app_client(app) as client:
        made = await client.post("/clients", json={"name": "ACME"})
        response = await client.get("/clients")

    assert [each["name"] for each in response.json()] == [made.json()["name"]] == ["ACME"]
    assert {"200", "503"} <= set(app.openapi()["paths"]["/clients"]["get"]["responses"])


def test_records_become_json(capsys):
    """The block reads a record with a field of the future, and shows it."""
    try:
        run(block("docs/fastapi.md", "from harvest_async import decimals_as"))
    finally:
        harvest_async.decimals_as("number")

    printed = capsys.readouterr().out
    assert '"name":"ACME"' in printed
    assert "{'new_field': Decimal('1.5')}" in printed


async def test_an_app_of_several_accounts():
    """Each client of the block is that of its key, and the visitor's is that of their account."""
    app = run(block("docs/fastapi.md", "from typing"))["app"]

    async with harvest_app_client(app) as client:
        nobody = await client.get("/people")
        response = await client.get("/people", headers={"Signed-In": "17"})

    assert nobody.status_code == 401
    assert response.json() == ["admin@example.com"] * 3


async def test_an_app_with_sign_in_imports_and_pages(harvest_address, monkeypatch, tmp_path):
    """A person signs in and sees projects, imports and calls; others are sent to the sign-in, or have no token."""
    given = {
        "ACCOUNT_ID": "1",
        "ACCESS_TOKEN": "sandbox-token",
        "APP": "docs (docs@example.com)",
        "BASE_URL": harvest_address,
        "CLIENT_ID": "sandbox-client",
        "CLIENT_SECRET": "sandbox-secret",
        "REDIRECT_URI": "http://app/sign-in/callback",
        "SESSION_KEYS": "docs-key-" * 5,
    }
    for name, value in given.items():
        monkeypatch.setenv(f"HARVEST_{name}", value)
    monkeypatch.setenv("STATE", str(tmp_path))
    paths = ("/projects", "/imports", "/api/imports", "/operators")

    async with browser_of(run(block("docs/fastapi.md", "import os"))["app"]) as browser:
        before = [(await browser.get(path, headers={"accept": "text/html"})).status_code for path in paths]
        await sign_in_by(browser)
        after = [(await browser.get(path)).status_code for path in paths]
        forged = await browser.post("/sign-out")
        out = await browser.post("/sign-out", headers=await token_of(browser))

    assert before == [303] * 4
    assert after == [200] * 4
    assert (forged.status_code, out.status_code) == (403, 303)


async def test_the_test_of_an_app():
    """The example of a test passes with the app of the page."""
    app = run(block("docs/fastapi.md", "from fastapi import Depends"))["app"]
    names = run(block("docs/fastapi.md", "import pytest"))

    await names["test_clients"](app)


def test_type_checkers_see_the_blocks_of_fastapi():
    """Each block is a file that type checkers read."""
    files = "".join(path.read_text("utf-8") for path in sorted((ROOT / "tests" / "typing").glob("docs_*.py")))

    assert [code for page, _, code in BLOCKS if page == "docs/fastapi.md" and code not in files] == []


# In your tests


def test_the_test_passes(pytester):
    """The example of a test is collected and passes in a project with nothing else in it."""
    pytester.makeconftest("import pytest\n\n@pytest.fixture\ndef anyio_backend():\n    return 'asyncio'\n")
    pytester.makepyfile(block("docs/testing.md", "import pytest"))

    result = pytester.runpytest_subprocess("-W", "error", "-p", "no:cacheprovider")

    result.assert_outcomes(passed=1)


def test_virtual_time(capsys):
    """The example of virtual time makes its calls at the real limit and prints how it went."""
    run(block("docs/testing.md", "import asyncio"))

    assert capsys.readouterr().out == "150 calls in 15 s, 0 refused\n"


# Many accounts


@pytest.mark.socket
async def test_a_pool_reads_an_account(monkeypatch):
    """The pool reads the company of one account, and counts the call."""

    async def read_token(_account):
        return "sandbox-token"

    registry = harvest_async.Registry()
    with Sandbox(accounts=2).serve_in_thread() as address:
        code = block("docs/many-accounts.md", "from harvest_async import BearerAuth, HarvestPool").replace(
            "123456", "2"
        )
        pool = partial(harvest_async.HarvestPool, base_url=address, registry=registry)
        monkeypatch.setattr(harvest_async, "HarvestPool", pool)
        names = await run_inside(code, read_token=read_token)

    assert names["company"].name == "Sandbox"
    assert (names["metrics"].calls, names["metrics"].refused) == (1, 0)
