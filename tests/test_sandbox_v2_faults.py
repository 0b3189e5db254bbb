"""All faults on API v2, by plain HTTP and through the client."""

import asyncio
import gzip

import httpx
import pytest

from harvest_async import (
    BearerAuth,
    CreatedUnread,
    DecodeError,
    HarvestV2,
    OutcomeUnknown,
    ResponseError,
    Throttle,
)
from harvest_async.sandbox.faults import FORMS, KINDS
from harvest_async.testing import VirtualLoop, in_process
from tests.support.sandbox import new_sandbox
from tests.support.v2_sandbox import V2Caller

MANY = {
    # the kinds that `test_each_fault_is_shown` shows, with their details and the status and type of the response
    "error_500": ({}, 500, "text/plain"),
    "error_502": ({}, 502, "text/plain"),
    "error_504": ({}, 504, "text/plain"),
    "bare_503": ({}, 503, "text/plain"),
    "html_error": ({"status": 404}, 404, "text/html"),
    "redirect": ({"location": "http://127.0.0.2/other"}, 302, "text/html"),
    "raw": ({"status": 418, "headers": {"Content-Type": "text/tea"}, "body": "short"}, 418, "text/tea"),
    "gzip_bomb": ({"megabytes": 1}, 200, "application/json; charset=utf-8"),
    "throttle": ({"form": "html"}, 429, "text/html; charset=utf-8"),
}
DROPPED = {"drop_before": False, "drop_after": True, "cut_body": True}
"""The kinds that drop the connection, and whether the request is executed."""

TIMED = {"latency_in", "latency_out", "late_commit"}
PATHS = ["/v2/clients", "/api/v2/clients"]


def names(sandbox):
    return [client["name"] for client in sandbox.world.tables["client"].values()]


def client_of(sandbox, clock=None):
    given = {"app": "tests (tests@example.com)", "transport": in_process(sandbox), "base_url": "http://127.0.0.1"}
    throttle = (
        Throttle(calls=1_000, pace="burst") if clock is None else Throttle(calls=1_000, pace="burst", clock=clock)
    )
    return HarvestV2(1, auth=BearerAuth("sandbox-token"), throttle=throttle, **given)


def virtually(do):
    """Run a coroutine function of the loop's clock where sleeping takes no time; return its result and the seconds."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        clock = runner.get_loop().clock
        return runner.run(do(clock)), clock.now() / 1e9


def test_every_kind_of_fault_is_tested_here():
    """Compares the tables with the sandbox's."""
    assert MANY.keys() | DROPPED.keys() | TIMED == KINDS.keys()


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("kind", MANY)
def test_each_fault_is_shown(sandbox, kind, path):
    """Responds as the fault says on either path, once, and executes nothing."""
    details, status, media = MANY[kind]
    sandbox.fault(kind, match={"method": "POST", "path": path}, **details)
    call = V2Caller(sandbox, path.removesuffix("/clients"))

    first, second = call.post("/clients", name="A"), call.post("/clients", name="B")

    assert (first.status_code, first.headers["content-type"], second.status_code) == (status, media, 201)
    assert names(sandbox) == ["B"]


@pytest.mark.parametrize("kind", ["error_500", "error_502", "error_504", "html_error"])
def test_a_fault_after_the_commit_executes_the_request(sandbox, kind):
    """Creates the record although the response is an error."""
    sandbox.fault(kind, commit=True)

    V2Caller(sandbox).post("/clients", name="A")

    assert names(sandbox) == ["A"]


def test_a_small_body_decompresses_to_much(sandbox):
    """Has a few kilobytes for a megabyte."""
    sandbox.fault("gzip_bomb", megabytes=1)

    response = V2Caller(sandbox).get("/clients")

    assert len(response.content) == 1 << 20
    assert int(response.headers["content-length"]) == len(gzip.compress(b" " * (1 << 20)))


@pytest.mark.parametrize("kind", DROPPED)
def test_a_connection_drops(sandbox, kind):
    """Drops before the request is executed, after it, or in the middle of the body."""
    sandbox.fault(kind)

    with pytest.raises(httpx.ReadError, match="dropped the connection"):
        V2Caller(sandbox).post("/clients", name="A")

    assert names(sandbox) == (["A"] if DROPPED[kind] else [])


@pytest.mark.parametrize("kind", ["latency_in", "latency_out"])
def test_a_latency_delays_a_request(kind):
    """Counts the request at its arrival, after the latency on the way in."""

    async def do(clock):
        sandbox = new_sandbox(clock=clock)
        sandbox.fault(kind, seconds=3)
        async with client_of(sandbox, clock) as harvest:
            await harvest.clients.list()
        return round(sandbox.requests()[0].arrival / 1e9)

    arrival, seconds = virtually(do)

    assert (arrival, round(seconds)) == ({"latency_in": 3, "latency_out": 0}[kind], 3)


def test_a_request_is_executed_after_the_connection_dropped():
    """Executes it when the seconds have passed; the client reports an unknown outcome."""

    async def do(clock):
        sandbox = new_sandbox(clock=clock)
        sandbox.fault("late_commit", seconds=30)
        async with client_of(sandbox, clock) as harvest:
            with pytest.raises(OutcomeUnknown):
                await harvest.clients.create("Late")
        before = names(sandbox)
        await asyncio.sleep(31)
        return before, names(sandbox)

    assert virtually(do)[0] == ([], ["Late"])


@pytest.mark.parametrize("hint", ["seconds", "date", "missing", "-5", "tomorrow"])
@pytest.mark.parametrize("form", FORMS)
def test_a_refusal_has_each_form_and_each_hint(sandbox, form, hint):
    """Has the body of the form and the `Retry-After` of the hint."""
    sandbox.fault("throttle", form=form, retry_after=hint, seconds=20)

    response = V2Caller(sandbox).get("/clients")

    returned = response.headers.get("retry-after")
    assert (response.status_code, bool(response.content)) == (429, form != "empty")
    assert returned == {"seconds": "20", "missing": None, "date": returned}.get(hint, hint)
    assert (hint == "date") == (returned is not None and returned.endswith("GMT"))


# What the client makes of them


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("error_500", OutcomeUnknown),
        ("error_502", OutcomeUnknown),
        ("error_504", OutcomeUnknown),
        ("bare_503", OutcomeUnknown),
        ("drop_before", OutcomeUnknown),
        ("drop_after", OutcomeUnknown),
        ("redirect", ResponseError),
    ],
)
def test_a_create_is_never_repeated(kind, expected):
    """Raises an error, with one request and at most one record."""

    async def do(clock):
        sandbox = new_sandbox(clock=clock)
        sandbox.fault(kind, match={"method": "POST"})
        async with client_of(sandbox, clock) as harvest:
            with pytest.raises(expected):
                await harvest.clients.create("A")
        return [each.method for each in sandbox.requests()].count("POST"), len(names(sandbox)) <= 1

    assert virtually(do)[0] == (1, True)


@pytest.mark.parametrize(
    "kind", ["error_500", "error_502", "error_504", "bare_503", "drop_before", "drop_after", "throttle"]
)
def test_a_read_is_repeated(kind):
    """Returns the records after a fault; the fault happens once."""

    async def do(clock):
        sandbox = new_sandbox(clock=clock)
        sandbox.fault(kind)
        async with client_of(sandbox, clock) as harvest:
            return len(await harvest.clients.list()), len(sandbox.requests())

    assert virtually(do)[0] == (0, 2)


@pytest.mark.parametrize(("kind", "expected"), [("html_error", CreatedUnread), ("raw", CreatedUnread)])
def test_a_create_with_an_unreadable_response_is_reported(sandbox, kind, expected):
    """Raises CreatedUnread for a page with the status of success."""
    sandbox.fault(kind, commit=True, status=201, body="<html>")

    async def do():
        async with client_of(sandbox) as harvest:
            with pytest.raises(expected):
                await harvest.clients.create("A")

    asyncio.run(do())

    assert names(sandbox) == ["A"]


def test_a_page_instead_of_a_list_is_an_error(sandbox):
    """Raises DecodeError for a sign-in page with status 200."""
    sandbox.fault("html_error")

    async def do():
        async with client_of(sandbox) as harvest:
            await harvest.clients.list()

    with pytest.raises(DecodeError, match="text/html"):
        asyncio.run(do())
