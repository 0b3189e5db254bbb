"""The operators' page, the log of calls behind it, and the picture of a window."""

import asyncio
from base64 import b64encode
from contextlib import asynccontextmanager, contextmanager
from types import SimpleNamespace
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI, Request

from harvest_async import BasicAuth, HarvestV1, SqliteLedger, Throttle, Unauthorized
from harvest_async.fastapi import CallLog, add_handlers, harvest_lifespan, operators_pages, use_harvest
from harvest_async.fastapi.pages.texts import count, iso, moment, number, seconds
from harvest_async.fastapi.pages.window_picture import HEIGHT, WIDTH, picture_of
from harvest_async.fastapi.window_history import Sample, WindowHistory
from harvest_async.testing import in_process

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def visited(app):
    """A started app, and a browser of its operator."""
    async with app.router.lifespan_context(app) as state:

        async def with_state(scope, receive, send):
            await app({**scope, "state": dict(state or {})}, receive, send)

        transport = httpx.ASGITransport(with_state)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as browser:
            browser.headers["x-operator"] = "yes"
            yield browser


def watched_app(log, make):
    """An app with a page that lists clients, and one for operators."""
    app = FastAPI(lifespan=harvest_lifespan(make))

    async def operator(request: Request):
        return request.headers.get("x-operator") == "yes"

    app.include_router(operators_pages(log, access=operator), prefix="/operators")

    @app.get("/clients")
    async def clients(harvest: Annotated[Any, Depends(use_harvest)]):
        return [each.name for each in await harvest.clients.list()]

    return app


async def page_with(browser, *parts):
    """Return the operators' page as soon as it has some texts; the window is looked at once a second."""
    for _ in range(300):
        page = await browser.get("/operators")
        if all(part in page.text for part in parts):
            return page
        await asyncio.sleep(0.1)
    raise AssertionError(page.text)


def client_of(sandbox, log, password="sandbox", **options):
    auth = BasicAuth("admin@example.com", password)
    return HarvestV1("sandbox", auth=auth, app="tests", transport=in_process(sandbox), telemetry=log, **options)


async def test_an_operator_sees_the_window_the_gate_and_the_last_calls(harvest_sandbox):
    """The page has a picture of each budget, and each call with its wait and its result."""
    log = CallLog()
    app = watched_app(log, lambda: client_of(harvest_sandbox, log, throttle=Throttle()))
    async with visited(app) as browser:
        await browser.get("/clients")
        page = await page_with(browser, '<svg class="window"', '<span class="phase open">open</span>')

    assert "Budget “general”" in page.text
    assert "clients.list" in page.text
    assert "GET /clients" in page.text
    assert "MemoryLedger, of this process alone" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "sandbox" not in page.text.replace("harvestapp.com/sandbox", "")


async def test_someone_without_the_right_gets_the_app_s_404(harvest_sandbox):
    """The page and its stream are not there for anyone else."""
    log = CallLog()
    app = watched_app(log, lambda: client_of(harvest_sandbox, log))
    async with visited(app) as browser:
        browser.headers["x-operator"] = "no"
        found = [await browser.get(path) for path in ("/operators", "/operators/live", "/nothing")]

    assert {(each.status_code, each.text) for each in found} == {(404, found[-1].text)}


async def test_a_closed_gate_is_shown(harvest_sandbox):
    """A refusal by the server is on the page, with the time until the gate opens."""
    log, throttle = CallLog(), Throttle()
    app = watched_app(log, lambda: client_of(harvest_sandbox, log, throttle=throttle))
    async with visited(app) as browser:
        await browser.get("/clients")
        harvest_sandbox.fault("throttle", seconds=60)
        waiting = asyncio.create_task(browser.get("/clients"))
        page = await page_with(browser, "closed: ", 'class="shut"')
        waiting.cancel()
        await asyncio.wait([waiting])

    assert "opens in" in page.text


async def test_the_page_is_kept_up_to_date(harvest_sandbox):
    """The stream has the page's content as it is now, and ends by itself so that the app can end."""
    log = CallLog()
    log.add("<account>", Throttle())
    app = watched_app(log, lambda: client_of(harvest_sandbox, log))
    async with visited(app) as browser:
        stream = await browser.get("/operators/live")

    events = [line for line in stream.text.splitlines() if line.startswith("event:")]
    assert stream.headers["content-type"].startswith("text/event-stream")
    assert events == ["event: change"] * len(events)
    assert len(events) >= 2
    assert "&lt;account&gt;" in stream.text


async def test_a_ledger_that_can_t_be_read_is_shown(tmp_path, caplog):
    """The page says so, without the path of the file, which is in the log once."""
    path = tmp_path / "private" / "ledger.sqlite3"
    path.parent.mkdir()
    throttle = Throttle(ledger=SqliteLedger(path, account="acme"))
    log = CallLog()
    history = WindowHistory(log)
    account = log.add("acme", throttle)
    history.look()
    throttle.ledger.close()
    path.unlink()
    path.mkdir()
    history.look()
    history.look()
    [general] = history.of(account)

    assert [each.getMessage().count(str(path)) for each in caplog.records if "acme" in each.getMessage()] == [1]
    assert general.ledger == "SqliteLedger, shared with other processes"
    assert "can't be read" in general.error
    assert "private" not in general.error


class Faulty:
    """A throttle whose state can't be taken the first time."""

    budgets = ("general",)
    ledger = SimpleNamespace(shared=False)
    looks = 0

    def snapshot(self, budget):
        self.looks += 1
        if self.looks == 1:
            raise RuntimeError("a fault in the ledger")
        return Throttle().snapshot(budget)


def test_an_unexpected_error_ends_no_history(caplog):
    """The other windows are looked at, and this one the next time."""
    log = CallLog()
    history = WindowHistory(log)
    faulty, fine = log.add("faulty", Faulty()), log.add("fine", Throttle())
    history.look()
    errors = [history.of(each)[0].error for each in (faulty, fine)]
    history.look()

    assert (errors[0].partition(":")[0], errors[1]) == ("RuntimeError", "")
    assert "a fault in the ledger" in caplog.text
    assert [(each.error, len(each.samples)) for log in (faulty, fine) for each in history.of(log)] == [("", 1), ("", 2)]


async def test_failed_calls_are_logged_by_their_error(harvest_sandbox):
    """A call that fails has its status or the error's name; memory is bounded."""
    log = CallLog()
    async with client_of(harvest_sandbox, log, password="wrong", throttle=Throttle()) as harvest:
        with pytest.raises(Unauthorized):
            await harvest.clients.list()
    async with client_of(harvest_sandbox, log, throttle=Throttle()) as harvest:
        for _ in range(40):
            await harvest.clients.list()
    failed, fine = log.accounts

    assert [entry.result for entry in failed.calls][-1] == "Unauthorized"
    assert {entry.result for entry in fine.calls} == {"200"}
    assert len(fine.calls) == 30
    assert all(entry.took > 0 for entry in fine.calls)


async def test_the_accounts_of_a_log_are_bounded(harvest_sandbox):
    """The one that was not called for the longest time is dropped, with its window, until it is called again."""
    log = CallLog()
    async with client_of(harvest_sandbox, log, throttle=Throttle()) as harvest:
        await harvest.clients.list()
        first, history = log.accounts[0], WindowHistory(log)
        history.look()
        for number in range(100):
            log.add(f"account {number}", Throttle())
        names = [account.name for account in log.accounts]
        await harvest.clients.list()

    assert names == [f"account {number}" for number in range(100)]
    assert [account.name for account in log.accounts] == [*names[1:], first.name]
    assert [entry.name for entry in first.calls if entry.name == "clients.list"] == ["clients.list"] * 2


def test_an_account_with_a_call_that_has_just_begun_is_kept():
    """Of too many accounts, one that has waited longer for its next call is dropped."""
    log = CallLog()
    observed = log.account("long", Throttle())
    for place in range(99):
        log.add(f"account {place}", Throttle())
    with observed.call(SimpleNamespace(name="clients.list", method="GET", path="/clients")):
        log.add("account 99", Throttle())
        names = [account.name for account in log.accounts]

    assert names == ["long", *(f"account {place}" for place in range(1, 100))]


class Recording:
    """An observer that notes what it is notified of."""

    def __init__(self):
        self.notes = []

    def account(self, *_):
        return self

    def call(self, call):
        return self._noting(f"call {call.name}")

    def waiting(self):
        return self._noting("wait")

    def sending(self, *_):
        return self._noting("send")

    def __getattr__(self, name):
        return lambda *values, **named: self.notes.append((name, *values, *named.values()))

    @contextmanager
    def _noting(self, what):
        self.notes.append(what)
        yield self


async def test_another_observer_is_notified_too(harvest_sandbox):
    """The log passes everything on, so that telemetry and the page can both be used."""
    other = Recording()
    log = CallLog(also=other)
    async with client_of(harvest_sandbox, log, throttle=Throttle()) as harvest:
        await harvest.clients.list()
        harvest_sandbox.fault("throttle", seconds=0.01)
        await harvest.tasks.list()
    cached = SimpleNamespace(name="x", method="GET", path="/")
    with log.account(harvest.identity, harvest.throttle).call(cached) as call:
        call.cached(confirmed=True)
        call.missed()
        call.unknown()

    assert {"call clients.list", "call tasks.list", "wait", "send", ("responded", 200), ("refused",)} <= set(
        other.notes
    )
    assert other.notes[-3:] == [("cached", True), ("missed",), ("unknown",)]
    assert [entry.refused for entry in log.accounts[0].calls if entry.name == "tasks.list"] == [1]
    assert log.accounts[0].calls[-1].result == "cached"


def test_a_picture_ends_with_the_present():
    """The latest look is at the right, the limit below the top, and closed times are marked."""
    samples = [Sample(100.0 + at, at, 2, 100, at == 5) for at in range(10)]
    picture = picture_of(samples)

    last = [point.split(",") for point in picture.used.split(" ")][-2]
    assert float(last[0]) == WIDTH
    assert 0 < picture.limit < HEIGHT
    assert picture.highest == 11
    assert len(picture.closed) == 1
    assert picture_of([]) is None


def test_numbers_and_times_are_written_for_people():
    """Nouns agree with their numbers, durations have two units at most, and zeros at the end are left out."""
    assert [count(1, "row"), count(2_000, "row"), count(0, "entry", "entries")] == ["1 row", "2,000 rows", "0 entries"]
    assert [seconds(0.44), seconds(12), seconds(200), seconds(7_500)] == ["0.4 s", "12 s", "3 min 20 s", "2 h 5 min"]
    assert [number("1500.50"), number(20), number("0")] == ["1,500.5", "20", "0"]
    assert (moment(0), iso(0)) == ("1970-01-01 00:00:00 UTC", "1970-01-01T00:00:00+00:00")


def test_a_ledger_is_a_file_of_its_own(tmp_path):
    """The ledger of a throttle is the one that it was given."""
    ledger = SqliteLedger(tmp_path / "ledger", account="acme")

    assert Throttle(ledger=ledger).ledger is ledger


async def test_no_page_and_no_problem_has_a_credential(harvest_sandbox):
    """Refused credentials are in neither the operators' page nor the problem document that a visitor gets."""
    log, password = CallLog(), "hush-0perat0r"
    app = watched_app(log, lambda: client_of(harvest_sandbox, log, password=password, throttle=Throttle()))
    add_handlers(app)
    async with visited(app) as browser:
        problem = await browser.get("/clients")
        page = await browser.get("/operators")

    encoded = b64encode(f"admin@example.com:{password}".encode()).decode()
    assert (problem.status_code, page.status_code) == (502, 200)
    assert "GET /" in page.text
    assert [each for each in (problem.text, page.text) if password in each or encoded in each] == []
