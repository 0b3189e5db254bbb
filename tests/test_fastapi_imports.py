"""Imports in the background of an app, against the sandbox."""

import asyncio
import json
import re
import time
from pathlib import Path

import pytest
from fastapi.responses import JSONResponse

from harvest_async import NotSent
from harvest_async.fastapi.imports.folder import ImportFolder
from harvest_async.fastapi.imports.form import in_terms_of_form
from harvest_async.fastapi.imports.record import ImportRecord, Phase, undo_of
from harvest_async.importer import sources as sources_package
from harvest_async.importer.undo import UndoResult
from harvest_async.run_lock import LockHeld, LockLost, MemoryRunLocks, SqliteRunLocks, hold
from harvest_async.sandbox import Sandbox
from tests.support.background import (
    API,
    PAGES,
    by_header,
    do,
    ended,
    field,
    importing_app,
    kind,
    maker,
    rows,
    until,
    upload,
    visited,
    zip_bomb,
)
from tests.support.openapi import check_described

pytestmark = [pytest.mark.anyio, pytest.mark.socket]

PAGE = {"accept": "text/html"}


@pytest.fixture(scope="module")
def server():
    """A sandbox that all tests of this module share; each empties it first."""
    sandbox = Sandbox(10_000, 15)
    with sandbox.serve_in_thread() as address:
        yield sandbox, address
    sandbox.close()


@pytest.fixture
def sandbox(server):
    server[0].reset()
    server[0].clear_faults()
    return server[0]


@pytest.fixture
def address(server, sandbox):
    return server[1]


@pytest.fixture
def app(address, tmp_path):
    return importing_app(tmp_path / "imports", maker(address))


def slow(sandbox, seconds=0.1):
    """Make each write take a while."""
    sandbox.fault("latency_in", match={"method": "POST"}, times=None, seconds=seconds)


def notes(sandbox):
    """The notes of all time entries."""
    return sorted(entry["notes"] for entry in sandbox.world.all("entry"))


def writes(sandbox):
    return [each for each in sandbox.requests() if each.method in {"POST", "PATCH", "PUT"}]


@pytest.mark.parametrize("version", ["v1", "v2"])
async def test_a_file_is_planned_confirmed_run_and_undone(sandbox, address, tmp_path, version):
    """Nothing is created before the plan is confirmed; the report, the rejected rows and the undo follow."""
    content = rows(5) + b"2026-13-01,ACME,Rocket,Design,x,1,Ada,Sandbox\n"
    async with visited(importing_app(tmp_path / "imports", maker(address, version))) as visitor:
        begun = await upload(visitor, content)
        plan = await ended(visitor, begun)
        before = writes(sandbox)
        done = await ended(visitor, await do(visitor, plan, "confirm"))
        rejected = await visitor.get(done["links"]["rejected"])
        created = notes(sandbox)
        undone = await ended(visitor, await do(visitor, done, "undo"))
        after = await visitor.post(undone["links"]["remove"])
        listed = await visitor.get(API)

    assert begun.headers["location"] == plan["links"]["self"]
    assert (plan["phase"], plan["overview"]["log"], plan["overview"]["hours"]) == ("planned", 5, "7.50")
    assert [(each["line"], each["column"]) for each in plan["problems"]] == [(7, "Date")]
    assert before == []
    assert (done["phase"], done["report"]["created"], done["report"]["rejected"]) == ("done", 5, 1)
    assert created == [f"n{n}" for n in range(5)]
    assert [line.split(",")[0] for line in rejected.text.splitlines()] == ["Date", "2026-13-01"]
    assert (undone["phase"], notes(sandbox), undone["undone"]["left"]) == ("undone", [], [])
    assert (after.status_code, listed.json()) == (202, [])


REFUSED = (
    # name, content, status, kind
    ("time.xlsx", b"Date,Hours\n", 415, "not-what-it-says"),
    ("time.xls", b"Date,Hours\n", 415, "not-what-it-says"),
    ("time.csv", b"PK\x03\x04" + b"x" * 100, 415, "not-what-it-says"),
    ("time.csv", b"%PDF-1.7", 415, "not-what-it-says"),
    ("time.csv", b"Date,Hours\n\0\0\0", 415, "not-what-it-says"),
    ("time.exe", b"MZ", 415, "unknown-type"),
    ("time", b"Date", 415, "unknown-type"),
    ("time.csv", b"", 422, "empty-file"),
    ("time.csv", b"Date,Hours\n", 422, "unreadable-file"),
    ("time.csv", b"one,two\n1,2\n", 422, "unreadable-file"),
    ("time.xlsx", b"PK\x03\x04" + b"x" * 100, 422, "unreadable-file"),
    ("time.xlsx", zip_bomb(), 422, "unreadable-file"),
    ("time.json", b"{", 422, "unreadable-file"),
)


async def test_a_file_that_is_not_what_it_says_is_refused(app, sandbox, tmp_path):
    """Each kind of bad file gets a problem document that names it, and leaves nothing behind; a browser gets a page."""
    found, texts = [], []
    async with visited(app) as visitor:
        for name, content, *_ in REFUSED:
            response = await upload(visitor, content, name)
            found.append((response.status_code, kind(response)))
            texts.append(response.json()["detail"])
        page = await visitor.post(PAGES, files={"file": ("bomb.xlsx", zip_bomb())}, headers=PAGE)

    assert found == [(status, name) for *_, status, name in REFUSED]
    assert not any("--" in text for text in texts)
    assert "100 times its size" in texts[11]
    assert (page.status_code, "100 times its size" in page.text) == (422, True)
    assert list((tmp_path / "imports").iterdir()) == []
    assert sandbox.requests() == []


async def test_a_file_that_is_too_large_is_refused(address, tmp_path):
    """The limit holds for what is announced, and for what is sent without an announcement."""
    app = importing_app(tmp_path / "imports", maker(address), largest=1_000_000)
    sent = 0

    async def body():
        nonlocal sent
        yield b'--x\r\ncontent-disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
        for _ in range(100):
            sent += 1
            yield b"x" * 100_000

    async with visited(app) as visitor:
        announced = await upload(visitor, b"x" * 2_000_000)
        headers = {"content-type": "multipart/form-data; boundary=x"}
        streamed = await visitor.post(API, content=body(), headers=headers)
        page = await visitor.post(PAGES, files={"file": ("a.csv", b"x" * 2_000_000)}, headers=PAGE)

    assert [(each.status_code, kind(each)) for each in (announced, streamed)] == [(413, "too-large")] * 2
    assert sent < 30
    assert (page.status_code, "at most 0.953674 MiB" in page.text) == (413, True)


@pytest.mark.parametrize("length", [b"\xb2", b"9" * 5_000])
async def test_a_length_that_is_no_number_is_not_trusted(app, length):
    """What a header announces is not what limits a file: the response is one of our own."""
    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"content-length", length)]
    async with visited(app) as visitor:
        response = await visitor.post(API, content=b"--x--", headers=headers)

    assert response.status_code in {413, 422}


NAMES = {
    "../../etc/passwd.csv": "passwd.csv",
    "..\\..\\win.csv": "win.csv",
    "\u202evsc.csv": "_vsc.csv",
    "d\u00e9j\u00e0 vu.csv": "d\u00e9j\u00e0 vu.csv",
}


async def test_the_name_of_a_file_is_only_shown(app, tmp_path):
    """It leads to no other folder, and has no character that changes how the text around it is read."""
    async with visited(app) as visitor:
        found = [await ended(visitor, await upload(visitor, rows(1), name)) for name in NAMES]

    assert [each["file"] for each in found] == list(NAMES.values())
    assert {path.name for path in (tmp_path / "imports").glob("*/upload*")} == {"upload.csv"}


async def test_a_request_without_a_file_is_refused(app):
    """A form without a file, and a request that is no form, get a problem document."""
    async with visited(app) as visitor:
        found = [
            await visitor.post(API, data={"file": "text"}, files={"other": ("a.csv", b"x")}),
            await visitor.post(API, json={}),
            await visitor.post(API),
        ]

    assert [(each.status_code, kind(each)) for each in found] == [(422, "no-file"), (415, "no-form"), (415, "no-form")]


@pytest.mark.parametrize(
    "fields",
    [
        {"create_people": "2"},
        {"long_days": "2"},
        {"format": "x"},
        {"round_to": "x"},
        {"date_order": "y"},
        {"map": "nothing"},
        {"decimal": "-"},
    ],
    ids=str,
)
async def test_a_bad_option_is_named_as_the_form_has_it(app, fields):
    """The message has the label of the field, not an option of the command line."""
    async with visited(app) as visitor:
        response = await upload(visitor, rows(1), **fields)

    assert (response.status_code, kind(response)) == (422, "bad-option")
    assert "--" not in response.text


@pytest.mark.parametrize(
    ("fields", "detail"),
    [
        ({"date_order": "y"}, "Order of dates: unknown choice 'y'. Choose from: dmy, mdy, ymd."),
        ({"create_people": "2"}, "Create missing people: unknown choice '2'. Choose from: true, false."),
    ],
    ids=["choices", "box"],
)
async def test_an_unknown_choice_lists_the_choices(app, fields, detail):
    """A program learns from the refusal what the field takes."""
    async with visited(app) as visitor:
        response = await upload(visitor, rows(1), **fields)

    assert response.json()["detail"] == detail


def test_messages_name_the_fields_of_the_form():
    """Options of the command line become labels; limits that a visitor can't raise are left out."""
    text = "two orders fit: use --date-order; it has too many rows: split it, or raise the limit with --max-rows"

    assert in_terms_of_form(text) == "two orders fit: use the field “Order of dates”; it has too many rows: split it"
    unknown = "Unknown field 'x'. Choose from the fields: day, hours. --fields lists them with their types"
    assert in_terms_of_form(unknown) == "Unknown field 'x'. Choose from the fields: day, hours"
    assert in_terms_of_form("--api v1") == "the option api of the command line v1"


async def test_a_long_cell_is_shown_in_part(app):
    """The document of an import stays small, whichever message has the text of a cell or a column."""
    long = b"x" * 100_000
    columns = b"Date,Client,Project,Task,Notes,Hours,First Name,Last Name,y" + long + b"\n"
    async with visited(app) as visitor:
        refused = await upload(visitor, long + b",Hours\n1,2\n")
        plan = await ended(visitor, await upload(visitor, columns + long + b",ACME,Rocket,Design,x,1,Ada,Sandbox,y\n"))
        failed = await ended(visitor, await upload(visitor, rows(1), file_zone="z" * 50_000, zone="UTC"))

    assert (refused.status_code, failed["phase"], plan["problem_count"]) == (422, "failed", 1)
    assert plan["problems"][0]["text"] == f"{'x' * 1_000} … {'x' * 1_000}"
    assert max(len(refused.text), len(json.dumps(plan)), len(json.dumps(failed))) < 10_000


async def test_a_long_name_of_a_record_is_shown_in_part(app):
    """The plan, which each event of a stream repeats, stays small, and so does what remains after an undo."""
    async with visited(app) as visitor:
        plan = await ended(
            visitor, await upload(visitor, b"Client,Details\n" + b"x" * 100_000 + b",y\n", "clients.csv")
        )
    undone = undo_of(UndoResult(0, ["x" * 100_000], 0))

    assert plan["overview"]["names"] == {"clients": [f"{'x' * 1_000} … {'x' * 1_000}"]}
    assert undone["left"] == plan["overview"]["names"]["clients"]


def test_each_option_that_a_message_proposes_is_on_the_form():
    """No message of the importer proposes an option that a visitor does not have."""
    sources = Path(sources_package.__file__).parent.glob("*.py")
    proposed = {option for path in sources for option in re.findall(r"--[a-z][a-z-]+", path.read_text("utf-8"))}
    proposed -= {
        "--mapping",
        "--fields",
        "--max-rows",
        "--max-cells",
        "--max-unpacked",
    }  # left out, or not in a message

    assert len(proposed) > 10
    assert [option for option in sorted(proposed) if "command line" in in_terms_of_form(option)] == []


async def test_the_form_decides_how_a_file_is_read(app):
    """Its fields are options of the importer: format, delimiter, encoding, and what to do with long days."""
    content = rows(2).decode().replace("n1", "h\u00e9").replace(",", "|").replace("1.5", "30").encode("cp1252")
    fields = {"format": "harvest", "delimiter": "|", "encoding": "cp1252", "long_days": "true", "date_order": "ymd"}
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, content, **fields))
        strict = await ended(visitor, await upload(visitor, content, **fields | {"long_days": "off"}))

    assert plan["overview"]["hours"] == "60.00"
    assert [row[3] for row in plan["overview"]["first"]] == ["n0", "h\u00e9"]
    assert (plan["found"]["delimiter"], plan["found"]["encoding"]) == ("pipe", "cp1252")
    assert (strict["overview"]["log"], strict["problem_count"]) == (0, 2)


@pytest.mark.parametrize(("value", "created"), [("1", 1), ("true", 1), ("false", 0), ("0", 0), ("", 0)])
async def test_people_are_created_only_if_that_is_chosen(app, value, created):
    """A program may send the field with a value that means no: nobody gets an e-mail then."""
    content = rows(1).replace(b"Ada,Sandbox", b"Bob,Builder")
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, content, create_people=value, email_domain="example.com"))

    assert plan["overview"]["create"].get("people", 0) == created


async def test_options_fill_what_a_file_lacks(app, sandbox):
    """A file without clients and tasks is imported with those of the form."""
    content = b"Date,Project,Notes,Hours,First Name,Last Name\n2026-01-05,Rocket,x,1,Ada,Sandbox\n"
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, content, client="ACME", task="Design", create_people="1"))

    assert plan["overview"]["names"]["clients"] == ["ACME"]


async def test_two_imports_of_one_account_are_refused(app, sandbox):
    """The second gets a 409 with a link to the running one; once that has ended it may begin."""
    async with visited(app) as visitor:
        first = await ended(visitor, await upload(visitor, rows(20)))
        second = await ended(visitor, await upload(visitor, rows(2, 50)))
        slow(sandbox)
        running = await do(visitor, first, "confirm")
        confirmed = await do(visitor, second, "confirm")
        uploaded = await upload(visitor, rows(2, 70))
        page = await visitor.post(second["links"]["confirm"].replace(API, PAGES), headers=PAGE)
        done = await ended(visitor, running)
        sandbox.clear_faults()
        later = await ended(visitor, await do(visitor, second, "confirm"))

    assert [(each.status_code, kind(each)) for each in (confirmed, uploaded)] == [(409, "import-active")] * 2
    assert confirmed.json()["instance"] == uploaded.json()["instance"] == first["links"]["self"]
    assert first["links"]["self"].replace(API, PAGES) in page.text
    assert (page.status_code, done["phase"], later["phase"]) == (409, "done", "done")


async def test_the_run_of_another_program_is_respected(address, tmp_path):
    """A run that holds the account's lock elsewhere, such as the command line's, makes an import wait: 409."""
    locks = MemoryRunLocks()
    app = importing_app(tmp_path / "imports", maker(address), locks=locks)
    async with visited(app) as visitor, hold(locks, f"{address}/sandbox", owner="somebody"):
        response = await upload(visitor, rows(1))

    assert (response.status_code, kind(response)) == (409, "import-active")
    assert "instance" not in response.json()


async def test_a_store_of_locks_that_began_empty_makes_imports_wait(address, tmp_path):
    """While it is unknown whether another run writes, an import gets a 503 that says when to try again."""

    class Empty(MemoryRunLocks):
        async def acquire(self, account, *_):
            raise LockHeld(account, None, 4.2)

    async with visited(importing_app(tmp_path / "imports", maker(address), locks=Empty())) as visitor:
        response = await upload(visitor, rows(1))
        page = await visitor.post(PAGES, files={"file": ("time.csv", rows(1))}, headers=PAGE)

    assert (response.status_code, kind(response), response.headers["retry-after"]) == (503, "import-wait", "5")
    assert (page.status_code, page.headers["retry-after"]) == (503, "5")


async def test_a_forged_post_is_refused(app):
    """Every POST of both routers needs the token, and comes from this site."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1)))
        token = visitor.headers.pop("X-CSRF-Token")
        paths = [API, PAGES, *(plan["links"]["self"].replace(API, base) + "/confirm" for base in (API, PAGES))]
        files = {"file": ("a.csv", rows(1))}
        found = [await visitor.post(path, files=files) for path in paths]
        site = {"Sec-Fetch-Site": "cross-site", "X-CSRF-Token": token}
        found += [await visitor.post(path, files=files, headers=site) for path in paths]
        found += [await visitor.post(path, files=files, headers={"X-CSRF-Token": "x"}) for path in paths]
        still = (await visitor.get(plan["links"]["self"])).json()

    assert {(each.status_code, kind(each)) for each in found} == {(403, "csrf")}
    assert still["phase"] == "planned"


@pytest.mark.parametrize("account", ["none", "401", "403", "other"])
async def test_a_visitor_without_the_right_gets_a_404(app, account):
    """Nothing shows that there is a page: the response is the one to any other path."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1)))
        here = plan["links"]["self"]
        headers = PAGE | {"x-account": account}
        one = [
            here,
            f"{here}/events",
            f"{here}/rejected.csv",
            here.replace(API, PAGES),
            f"{here}/live".replace(API, PAGES),
        ]
        lists = [] if account == "other" else [API, PAGES, f"{API}/csrf"]
        found = [await visitor.get(path, headers=headers) for path in [*one, *lists]]
        found += [await visitor.post(f"{path}/confirm", headers=headers) for path in (here, here.replace(API, PAGES))]
        missing = await visitor.get("/nothing")

    assert {(each.status_code, each.text) for each in found} == {(404, missing.text)}


@pytest.mark.parametrize("number", ["x", "..", "..%2F..%2Fetc", "000000000-0000000000000000"])
async def test_an_unknown_import_is_a_404(app, number):
    """No path leads out of the folder."""
    async with visited(app) as visitor:
        found = [await visitor.get(f"{base}/{number}") for base in (API, PAGES)]

    assert {each.status_code for each in found} <= {404, 200}
    assert ImportFolder(Path(__file__).parent).load(f"../{number}") is None


async def test_an_action_out_of_place_is_refused(app):
    """What is not linked now gets a 409; what is unknown a 404."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1)))
        here = plan["links"]["self"]
        wrong = [await visitor.post(f"{here}/{action}") for action in ("cancel", "resume", "undo")]
        done = await ended(visitor, await do(visitor, plan, "confirm"))
        wrong.append(await visitor.post(f"{here}/confirm"))
        unknown = await visitor.post(f"{here}/explode")

    assert [(each.status_code, kind(each)) for each in wrong] == [(409, "wrong-phase")] * 4
    assert {"cancel", "resume", "undo", "confirm"}.isdisjoint(plan["links"].keys() - {"confirm"})
    assert (unknown.status_code, done["phase"]) == (404, "done")


async def test_an_undo_out_of_place_says_why(app):
    """An import that was undone is not said never to have run."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1)))
        here = plan["links"]["self"]
        early = await visitor.post(f"{here}/undo")
        done = await ended(visitor, await do(visitor, plan, "confirm"))
        await ended(visitor, await do(visitor, done, "undo"))
        again = await visitor.post(f"{here}/undo")

    assert early.json()["detail"].endswith("is planned: nothing of it has run.")
    assert again.json()["detail"].endswith("is undone: it can be undone once.")


async def test_rejected_rows_name_the_fields_of_the_form(app):
    """The reasons in the file of rejected rows are those of the page: a visitor has no command line."""
    content = (
        b"User,Email,Client,Project,Task,Date,Hours\n"
        b"Ada Byron,ada@example.com,ACME,Rocket,Design,2026-11-02,1\nMax,ada@example.com,ACME,Rocket,Design,2026-11-03,1\n"
    )
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, content, create_people="true"))
        rejected = await visitor.get(plan["links"]["rejected"])

    assert "“People by address”" in rejected.text
    assert "--" not in rejected.text


async def test_a_cancelled_import_is_continued(app, sandbox):
    """Cancelling ends it after the calls in progress; it continues where it was, and creates nothing twice."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(150)))
        slow(sandbox)
        running = await do(visitor, plan, "confirm")
        await until(visitor, plan["links"]["self"], lambda now: (now["progress"] or {"done": 0})["done"] >= 5)
        active = await visitor.post(plan["links"]["remove"])
        await visitor.post(f"{plan['links']['self']}/cancel")
        cancelled = await ended(visitor, running)
        sandbox.clear_faults()
        done = await ended(visitor, await do(visitor, cancelled, "resume"))

    assert (active.status_code, kind(active)) == (409, "wrong-phase")
    assert (cancelled["phase"], cancelled["report"]["left"] > 0) == ("cancelled", True)
    assert (done["phase"], done["report"]["created"]) == ("done", 150)
    assert notes(sandbox) == sorted(f"n{n}" for n in range(150))


async def test_cancelled_planning_begins_again(app, sandbox):
    """Planning can be cancelled, too, and is done anew."""
    sandbox.fault("latency_in", match={"method": "GET"}, times=None, seconds=0.4)
    async with visited(app) as visitor:
        begun = await upload(visitor, rows(1))
        await visitor.post(begun.json()["links"]["cancel"])
        cancelled = await ended(visitor, begun)
        sandbox.clear_faults()
        plan = await ended(visitor, await do(visitor, cancelled, "resume"))

    assert (cancelled["phase"], cancelled["overview"], plan["phase"]) == ("cancelled", None, "planned")


async def emptied(folder):
    """Wait until a folder is empty."""
    async with asyncio.timeout(30):
        while True:
            if not any(folder.iterdir()):
                return
            await asyncio.sleep(0.02)


async def test_a_plan_that_nobody_confirms_expires(sandbox, address, tmp_path):
    """It can't be found or confirmed after a day, and is removed with its file later; nothing was created."""
    folder, passed = tmp_path / "imports", [0.0]
    async with visited(importing_app(folder, maker(address), now=lambda: time.time() + passed[0])) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1)))
        passed[0] = 86_000.0
        before = (await visitor.get(API)).json()
        passed[0] = 86_500.0
        after = [(await visitor.get(API)).json(), (await do(visitor, plan, "confirm")).status_code]
        stored = [each.name for each in folder.glob("*/upload.csv")]
        passed[0] = 90_000.0
        await emptied(folder)

    assert [each["phase"] for each in before] == ["planned"]
    assert (after, stored, writes(sandbox)) == ([[], 404], ["upload.csv"], [])


@pytest.mark.parametrize("phase", list(Phase))
def test_only_a_plan_expires(phase):
    """An import that runs, can be resumed or has run is kept; a plan is, too, if that was chosen."""
    record = ImportRecord(id="1", owner="a", file="f", stored="s", phase=phase, created_at=0.0, changed_at=100.0)

    assert record.has_expired(110.0, 10.0) == (phase is Phase.PLANNED)
    assert not record.has_expired(109.0, 10.0)
    assert not record.has_expired(1e12, None)


@pytest.mark.parametrize("phase", ["planning", "running"])
async def test_an_import_survives_the_end_of_the_app(sandbox, address, tmp_path, phase):
    """The next process continues it by itself: each row is created once, and the document says that it was resumed."""
    folder, locks = tmp_path / "imports", tmp_path / "locks.sqlite3"
    async with visited(importing_app(folder, maker(address), locks=SqliteRunLocks(locks))) as visitor:
        if phase == "planning":
            sandbox.fault("latency_in", match={"method": "GET"}, times=None, seconds=0.5)
            begun = await upload(visitor, rows(60))
        else:
            plan = await ended(visitor, await upload(visitor, rows(150)))
            slow(sandbox)
            begun = await do(visitor, plan, "confirm")
            await until(visitor, plan["links"]["self"], lambda now: (now["progress"] or {"done": 0})["done"] >= 3)
    before = len(notes(sandbox))
    sandbox.clear_faults()
    async with visited(importing_app(folder, maker(address), locks=SqliteRunLocks(locks))) as visitor:
        here = begun.json()["links"]["self"]
        wanted = "planned" if phase == "planning" else "done"
        document = await until(visitor, here, lambda now: now["phase"] == wanted)

    assert document["resumed"] == 1
    if phase == "running":
        assert 0 < before < 150
        assert notes(sandbox) == sorted(f"n{n}" for n in range(150))


async def test_a_browser_that_leaves_in_the_middle_changes_nothing(app, sandbox):
    """The stream of a visitor who left ends, and the import goes on."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(150)))
        slow(sandbox)
        running = await do(visitor, plan, "confirm")
        receiver = asyncio.create_task(visitor.get(plan["links"]["events"]))
        await until(visitor, plan["links"]["self"], lambda now: (now["progress"] or {"done": 0})["done"] >= 1)
        receiver.cancel()
        await asyncio.wait([receiver])
        done = await ended(visitor, running)

    assert done["phase"] == "done"


@pytest.mark.parametrize(
    ("path", "media", "begin", "status"),
    [
        (
            API,
            "multipart/form-data; boundary=x",
            b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"',
            400,
        ),
        (f"{PAGES}/{{id}}/confirm", "application/x-www-form-urlencoded", b"csrf_", 403),
    ],
    ids=["upload", "confirmation"],
)
async def test_a_browser_that_leaves_while_it_sends_is_no_error_of_the_app(app, tmp_path, path, media, begin, status):
    """Nothing is raised, begun or stored."""
    messages = [
        {"type": "http.request", "body": begin, "more_body": True},
        {"type": "http.disconnect"},
    ]
    sent = []

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1)))
        request = visitor.build_request("POST", path.format(id=plan["id"]), headers={"content-type": media})
        if status == 403:
            del request.headers["X-CSRF-Token"]
        place = {
            "path": request.url.path,
            "raw_path": request.url.raw_path,
            "query_string": b"",
            "headers": request.headers.raw,
        }
        await app({"type": "http", "method": "POST", **place}, receive, send)
        listed = (await visitor.get(API)).json()

    assert [each["status"] for each in sent if "status" in each] == [status]
    assert [each["phase"] for each in listed] == ["planned"]
    assert len(list((tmp_path / "imports").iterdir())) == 1


async def test_no_cache_keeps_a_response(app):
    """Documents, pages, redirects, files and refusals are for one visitor at one time; an event stream is, too."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1) + b"x,ACME,Rocket,Design,x,1,Ada,Sandbox\n"))
        here = plan["links"]["self"]
        page = here.replace(API, PAGES)
        reads = (
            API,
            f"{API}/csrf",
            here,
            plan["links"]["events"],
            plan["links"]["rejected"],
            PAGES,
            page,
            f"{page}/live",
        )
        found = [await visitor.get(path) for path in reads]
        found += [
            await visitor.post(f"{base}/undo", headers=headers) for base in (here, page) for headers in ({}, PAGE)
        ]
        found.append(await visitor.post(f"{page}/confirm"))

    assert [each.status_code for each in found] == [200] * 8 + [409] * 4 + [303]
    assert {each.headers["cache-control"] for each in found} <= {"no-store", "no-cache"}


async def test_credentials_that_are_refused_while_serving_fail_the_import(address, tmp_path):
    """A refused sign-in of the app is shown at the import; the visitor's own request is no 401."""
    async with visited(importing_app(tmp_path / "imports", maker(address, password="wrong"))) as visitor:
        failed = await ended(visitor, await upload(visitor, rows(1)))
        page = await visitor.get(failed["links"]["self"].replace(API, PAGES), headers=PAGE)

    assert failed["phase"] == "failed"
    assert failed["error"]
    assert (page.status_code, 'role="alert"' in page.text) == (200, True)


async def test_a_file_that_fits_two_readings_is_not_guessed(app, sandbox):
    """A problem of the whole file fails its plan; the message names the field of the form that decides it."""
    content = (Path(__file__).parent / "files" / "clockify-either.csv").read_bytes()
    async with visited(app) as visitor:
        failed = await ended(visitor, await upload(visitor, content))
        fixed = await ended(visitor, await upload(visitor, content, date_order="dmy", create_people="1"))

    assert (failed["phase"], failed["error"]) == ("failed", "The file as a whole can't be imported.")
    assert "the field “Order of dates”" in failed["problems"][0]["reason"]
    assert fixed["phase"] == "planned"
    assert writes(sandbox) == []


async def test_an_account_that_can_t_be_opened_is_a_problem_of_the_request(tmp_path):
    """The upload fails as any call to Harvest does, and leaves nothing behind."""

    def open_client(_):
        raise NotSent("no connection")

    async with visited(importing_app(tmp_path / "imports", open_client)) as visitor:
        response = await upload(visitor, rows(1))
        page = await visitor.post(PAGES, files={"file": ("time.csv", rows(1))}, headers=PAGE)

    assert (response.status_code, kind(response), page.status_code) == (503, "not-sent", 503)
    assert "no connection" in page.text
    assert list((tmp_path / "imports").iterdir()) == []


async def test_a_folder_that_can_t_be_used_is_the_fault_of_the_app(tmp_path, caplog):
    """A full or missing disk gets a 500 problem without a path of the machine, which is in the log."""
    folder = tmp_path / "imports"
    folder.write_text("a file")
    app = importing_app(folder, maker("http://127.0.0.1:1"))
    async with visited(app) as visitor:
        found = [await upload(visitor, rows(1)), await visitor.get(API)]
        page = await visitor.get(PAGES, headers=PAGE)

    assert [(each.status_code, kind(each)) for each in found] == [(500, "storage-error")] * 2
    assert (page.status_code, "The log of this app has the details" in page.text) == (500, True)
    assert not any(str(tmp_path) in each.text for each in (*found, page))
    assert f"a file of this app can't be used: [Errno 17] File exists: '{folder}'" in caplog.text
    for method, response in zip(("post", "get"), found, strict=True):
        check_described(app.openapi(), API, method, [response])


@pytest.mark.parametrize("error", [TimeoutError("late"), ConnectionRefusedError("closed")], ids=["late", "closed"])
async def test_an_error_of_the_app_s_own_network_stays_one(tmp_path, error):
    """The failed connection of a dependency, to a database for example, is not taken for a file that can't be used."""
    app = importing_app(tmp_path, maker("http://127.0.0.1:1"))

    async def failing():
        raise error

    app.add_exception_handler(type(error), lambda *_: JSONResponse("the app's own response", 504))
    async with visited(app) as visitor:
        app.dependency_overrides[by_header] = failing
        found = [await visitor.get(path) for path in (API, PAGES)]

    assert [each.status_code for each in found] == [504, 504]


async def test_a_run_that_loses_its_lock_is_continued(sandbox, address, tmp_path, caplog):
    """The process stops writing at once; the import is taken over, and each row is created once."""

    class Losing(MemoryRunLocks):
        loses = False

        async def renew(self, lock):
            if self.loses:
                self.loses = False
                await self.release(lock, clean=False)
                raise LockLost("another run has taken it")
            return await super().renew(lock)

    locks = Losing()
    async with visited(importing_app(tmp_path / "imports", maker(address), locks=locks, lease=1.5)) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(150)))
        here = plan["links"]["self"]
        slow(sandbox, 0.3)
        await do(visitor, plan, "confirm")
        locks.loses = True
        done = await until(visitor, here, lambda now: now["phase"] in {"done", "failed", "stopped"})

    assert done["phase"] == "done"
    assert done["resumed"] >= 1  # on a busy machine the lease may be lost once more
    assert notes(sandbox) == sorted(f"n{n}" for n in range(150))
    assert "is continued by another process" in caplog.text


async def test_the_page_of_an_import_is_kept_up_to_date(app, sandbox):
    """The stream has the changed part of the page, with the token for its forms, and says when it is over."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, rows(1)))
        stream = await visitor.get(f"{plan['links']['self'].replace(API, PAGES)}/live")

    assert 'name="csrf_token"' in stream.text
    assert "Import now" in stream.text
    assert "event: end\ndata: planned" in stream.text


async def test_an_import_works_without_javascript(app, sandbox):
    """Forms and redirects lead from the upload to the report; no value of the file becomes markup."""
    content = rows(2) + b"2026-13-01,<b>ACME</b>,Rocket,Design,<script>,1,Ada,Sandbox\n"
    async with visited(app) as visitor:
        token = visitor.headers.pop("X-CSRF-Token")
        first = await visitor.get(PAGES, headers=PAGE)
        form = {"csrf_token": field(first, "csrf_token")}
        sent = await visitor.post(PAGES, data=form, files={"file": ("<i>.csv", content)}, headers=PAGE)
        visitor.headers["X-CSRF-Token"] = token
        here = sent.headers["location"]
        await until(visitor, here.replace(PAGES, API), lambda now: now["phase"] == "planned")
        plan = await visitor.get(here, headers=PAGE)
        del visitor.headers["X-CSRF-Token"]
        form = {"csrf_token": field(plan, "csrf_token")}
        confirmed = await visitor.post(f"{here}/confirm", data=form, headers=PAGE)
        assert confirmed.status_code == 303, confirmed.text
        await until(visitor, here.replace(PAGES, API), lambda now: now["phase"] == "done")
        report = await visitor.get(f"{here}?refresh=5", headers=PAGE)
        rejected = await visitor.get(f"{here}/rejected.csv")
        removed = await visitor.post(f"{here}/remove", data=form, headers=PAGE)

    assert [each.status_code for each in (first, sent, plan, confirmed, report, removed)] == [
        200,
        303,
        200,
        303,
        200,
        303,
    ]
    assert "&lt;i&gt;.csv" in report.text
    assert not {"<i>", "<b>ACME", "<script>,"} & set(report.text.split())
    assert "Import now" in plan.text
    assert "Report" in report.text
    assert "-rejected.csv" in rejected.headers["content-disposition"]
    for page in (first, plan, report):
        assert "default-src 'none'" in page.headers["content-security-policy"]
        assert page.headers["cache-control"] == "no-store"
        assert "style=" not in page.text


async def test_the_plan_has_what_it_changes(app):
    """A record that exists is not among those to create, and the report has it, too."""
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, b"Client,Details\nGlobex,one\n", "clients.csv"))
        await ended(visitor, await do(visitor, plan, "confirm"))
        content = b"Client,Details\nGlobex,two\nInitech,x\nHooli,y\n"
        plan = await ended(visitor, await upload(visitor, content, "clients.csv"))
        page = plan["links"]["self"].replace(API, PAGES)
        before = await visitor.get(page, headers=PAGE)
        await ended(visitor, await do(visitor, plan, "confirm"))
        after = await visitor.get(page, headers=PAGE)

    assert "2 to create, 1 to change: Globex, Initech, Hooli<" in before.text
    assert "Also created: clients: 2." in after.text
    assert "Changed: clients: 1." in after.text


async def test_the_plan_has_the_total_of_expenses(app):
    """So has the report."""
    content = b"Date,Client,Project,Category,Notes,Amount,First Name,Last Name\n2026-01-05,ACME,Rocket,Travel,x,12.50,Ada,Sandbox\n"
    async with visited(app) as visitor:
        plan = await ended(visitor, await upload(visitor, content, "expenses.csv", create_people="1"))
        page = plan["links"]["self"].replace(API, PAGES)
        before = await visitor.get(page, headers=PAGE)
        await ended(visitor, await do(visitor, plan, "confirm"))
        after = await visitor.get(page, headers=PAGE)

    assert "<dt>their total</dt><dd>12.5</dd>" in before.text
    assert "Expenses: 12.5 in total." in after.text


async def test_the_assets_of_the_pages_are_served(app):
    """The style sheet and the script come from this app; other files do not."""
    async with visited(app) as visitor:
        found = [await visitor.get(f"{PAGES}/assets/{name}") for name in ("harvest.css", "live.js", "render.py")]

    assert [each.status_code for each in found] == [200, 200, 404]
    assert ["text/css" in found[0].headers["content-type"], "javascript" in found[1].headers["content-type"]] == [
        True
    ] * 2


async def test_the_responses_of_the_json_router_match_their_description(app):
    """OpenAPI has each status and media type that a program gets, with a schema that the document fits."""
    async with visited(app) as visitor:
        described = (await visitor.get("/openapi.json")).json()
        plan = await ended(visitor, await upload(visitor, rows(1) + b"x,ACME,Rocket,Design,x,1,Ada,Sandbox\n"))
        found = {
            ("", "post"): [
                await upload(visitor, rows(1)),
                *[await upload(visitor, content, name) for name, content, *_ in REFUSED],
                await visitor.post(API),
                await visitor.post(API, headers={"X-CSRF-Token": "x"}),
                await visitor.post(API, headers={"x-account": "none"}),
                await visitor.post(API, content=b"x", headers={"content-type": "multipart/form-data"}),
            ],
            ("", "get"): [await visitor.get(API)],
            ("/csrf", "get"): [await visitor.get(f"{API}/csrf")],
            ("/{number}", "get"): [await visitor.get(plan["links"]["self"]), await visitor.get(f"{API}/none")],
            ("/{number}/rejected.csv", "get"): [await visitor.get(plan["links"]["rejected"])],
            ("/{number}/{action}", "post"): [
                await visitor.post(f"{plan['links']['self']}/{action}") for action in ("undo", "unknown", "remove")
            ],
        }

    assert {each.status_code for each in found["", "post"]} == {202, 400, 403, 404, 415, 422}
    for (path, method), responses in found.items():
        check_described(described, f"{API}{path}", method, responses)


async def test_the_json_router_is_described(app):
    """OpenAPI has the form, the actions, the document and the stream, and no page."""
    async with visited(app) as visitor:
        described = (await visitor.get("/openapi.json")).json()

    assert f"{API}/{{number}}/events" in described["paths"]
    assert "multipart/form-data" in described["paths"][API]["post"]["requestBody"]["content"]
    [action] = [
        each["schema"]["enum"]
        for each in described["paths"][f"{API}/{{number}}/{{action}}"]["post"]["parameters"]
        if each["name"] == "action"
    ]
    assert action == ["confirm", "cancel", "resume", "undo", "remove"]
    assert not [path for path in described["paths"] if path.startswith(PAGES)]
