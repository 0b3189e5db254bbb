"""What a test can make go wrong in a sandbox, and the pages to look on at; in process."""

import asyncio
import gzip
import json
from email.utils import parsedate_to_datetime

import httpx
import pytest

from harvest_async.sandbox.faults import KINDS, Faults, make_fault
from harvest_async.testing import VirtualLoop, in_process
from tests.support.sandbox import START, Caller, clock_of, new_sandbox, tree_of


@pytest.fixture
def call(sandbox):
    return Caller(sandbox)


ACME = {"client": {"name": "ACME"}}


def names(sandbox):
    return [client["name"] for client in sandbox.world.clients()]


# The table


@pytest.mark.parametrize(
    "description",
    [
        {},
        {"kind": "earthquake"},
        {"kind": "error_500", "times": -1},
        {"kind": "error_500", "times": "twice"},
        {"kind": "error_500", "after": 1.5},
        {"kind": "latency_in", "seconds": -1},
        {"kind": "latency_in", "seconds": [2, 1]},
        {"kind": "latency_in", "seconds": "soon"},
    ],
    ids=str,
)
def test_a_fault_that_is_badly_described_is_refused(sandbox, description):
    """By the call and by the page, and nothing goes wrong then."""
    with pytest.raises(ValueError, match=r".+"):
        make_fault(description)
    response = Caller(sandbox).post("/_sandbox/faults", description)

    assert response.status_code == 400
    assert response.json()["message"]


def test_a_fault_happens_to_what_it_matches():
    """Method and path, with wildcards; after N matching calls, and N times."""
    faults = Faults()
    faults.add(
        make_fault({"kind": "error_500", "match": {"method": "post", "path": "/clients*"}, "after": 1, "times": 2})
    )
    calls = [("GET", "/clients"), ("POST", "/tasks"), *[("POST", "/clients/1/toggle")] * 4]

    assert [bool(faults.of(*each)) for each in calls] == [False, False, False, True, True, False]


def test_of_two_faults_of_a_kind_the_first_happens_first():
    """The second's turn comes when the first is used up; faults of two kinds happen together."""
    faults = Faults()
    for fault in (
        {"kind": "error_500"},
        {"kind": "error_500", "x": 2, "times": None},
        {"kind": "latency_out", "seconds": 1},
    ):
        faults.add(make_fault(fault))
    first, second = faults.of("GET", "/"), faults.of("GET", "/")

    assert list(first) == ["error_500", "latency_out"]
    assert [first["error_500"].details, second["error_500"].details] == [{}, {"x": 2}]
    faults.clear()
    assert faults.of("GET", "/") == {}


def test_a_latency_lies_between_its_bounds():
    """One number is both bounds; no fault takes no time."""
    faults = Faults()
    spread, fixed = (
        make_fault({"kind": "latency_in", "seconds": [1, 2]}),
        make_fault({"kind": "latency_in", "seconds": 3}),
    )
    taken = [faults.seconds(spread) for _ in range(50)]

    assert 1 <= min(taken) < max(taken) <= 2
    assert (faults.seconds(fixed), faults.seconds(None)) == (3, 0)


def test_every_kind_is_shown_below_or_over_a_socket():
    """A new kind needs a test."""
    shown = {
        "latency_in",
        "latency_out",
        "drop_before",
        "drop_after",
        "late_commit",
        "error_500",
        "error_502",
        "error_504",
    }
    shown |= {"html_error", "cut_body", "throttle", "bare_503", "redirect", "raw", "gzip_bomb"}

    assert set(KINDS) == shown


# The kinds


@pytest.mark.parametrize(
    ("kind", "status"), [("error_500", 500), ("error_502", 502), ("error_504", 504), ("bare_503", 503)]
)
def test_errors_have_no_word_to_say(sandbox, call, kind, status):
    """The call is executed only with `commit`; a fault applies once by default."""
    sandbox.fault(kind)
    sandbox.fault(kind, commit=True)
    answers = [call.post("/clients", {"client": {"name": name}}) for name in "ABC"]

    assert [answer.status_code for answer in answers] == [status, status, 201]
    assert [(answer.content, answer.headers.get("retry-after")) for answer in answers[:2]] == [(b"", None)] * 2
    assert names(sandbox) == ["B", "C"]


def test_an_error_page(sandbox, call):
    """HTML with 200, as a sign-in page comes; or with another status."""
    sandbox.fault("html_error")
    sandbox.fault("html_error", status=500)
    answers = [call.get("/clients"), call.get("/clients")]

    assert [(answer.status_code, answer.headers["content-type"]) for answer in answers] == [
        (200, "text/html"),
        (500, "text/html"),
    ]
    assert answers[0].text.startswith("<!DOCTYPE html>")


def test_a_redirect_and_an_answer_of_ones_own(sandbox, call):
    """Status, headers and body as they are given."""
    sandbox.fault("redirect")
    sandbox.fault("raw", after=1, status=418, headers={"X-Tea": 1}, body="short and stout")
    first, second = call.get("/clients"), call.get("/clients")

    assert (first.status_code, first.headers["location"]) == (302, "http://127.0.0.2/elsewhere")
    assert (second.status_code, second.headers["x-tea"], second.text) == (418, "1", "short and stout")


def test_a_small_body_that_unfolds(sandbox):
    """A few kilobytes for a megabyte."""
    sandbox.fault("gzip_bomb", megabytes=1)
    bodies = []

    async def send(message):
        bodies.append(message)

    async def receive():
        return {"type": "http.request", "body": b""}

    scope = {"type": "http", "method": "GET", "path": "/clients", "query_string": b"", "headers": []}
    asyncio.run(sandbox.app(scope, receive, send))

    assert (b"Content-Encoding", b"gzip") in bodies[0]["headers"]
    assert len(bodies[1]["body"]) < 5_000
    assert len(gzip.decompress(bodies[1]["body"])) == 1 << 20


def test_broken_connections(sandbox, call):
    """Before it is executed, after it, and in the middle of the response's body."""
    for kind in ("drop_before", "drop_after", "cut_body"):
        sandbox.fault(kind)
        with pytest.raises(httpx.ReadError, match="dropped the connection"):
            call.post("/clients", {"client": {"name": kind}})

    assert names(sandbox) == ["drop_after", "cut_body"]
    assert [request.status for request in sandbox.requests()] == [0, 0, 0]


def test_a_late_commit():
    """The connection breaks at once; later the call is executed."""
    sandbox = new_sandbox()
    sandbox.fault("late_commit", seconds=30)
    seen = []

    async def act():
        async with httpx.AsyncClient(transport=in_process(sandbox), base_url="http://127.0.0.1") as client:
            with pytest.raises(httpx.ReadError):
                await client.post(
                    "/clients?client[name]=Late",
                    auth=("admin@example.com", "sandbox"),
                    headers={"Accept": "application/json"},
                )
            for _ in range(2):
                seen.append(names(sandbox))
                await asyncio.sleep(31)

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(act())

    assert seen == [[], ["Late"]]


def test_latencies_are_before_the_arrival_and_after_it():
    """A call arrives, is stamped and judged once its delay is over; its response has a delay of its own."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        clock = runner.get_loop().clock
        sandbox = new_sandbox(clock=clock)
        sandbox.fault("latency_in", seconds=3)
        sandbox.fault("latency_out", seconds=4)

        async def act():
            async with httpx.AsyncClient(transport=in_process(sandbox), base_url="http://127.0.0.1") as client:
                await client.get("/clients")

        runner.run(act())

    assert round(sandbox.requests()[0].arrival / 1e9, 3) == 3
    assert round(clock.now() / 1e9, 3) == 7


# Refusals


@pytest.mark.parametrize("form", ["seconds", "date", "missing", "-5", "tomorrow"])
def test_a_refusal_may_tell_the_wait_in_any_form(sandbox, call, form):
    """As seconds, as a date, not at all, or as a text of its own; the account is shut for as long as it says."""
    sandbox.fault("throttle", seconds=20, retry_after=form)
    refused = call.post("/clients", ACME)
    returned = refused.headers.get("retry-after")
    again = call.post("/clients", ACME)

    assert (refused.status_code, refused.json()["retry_after"], again.status_code) == (503, 20, 503)
    if form == "date":
        assert 20 <= (parsedate_to_datetime(returned) - START).total_seconds() <= 21
    else:
        assert returned == {"seconds": "20", "missing": None}.get(form, form)


def test_a_refusal_without_seconds_shuts_nobody_out(sandbox, call):
    """Only the call that it matches is refused, and left undone."""
    sandbox.fault("throttle", match={"method": "POST"})
    answers = [call.post("/clients", {"client": {"name": name}}) for name in "AB"]

    assert [answer.status_code for answer in answers] == [503, 201]
    assert (answers[0].headers["retry-after"], names(sandbox)) == ("1", ["B"])
    assert sandbox.lockouts() == 0


def test_a_lockout_from_a_fault_ends_as_any_other(sandbox, call):
    """Calls made meanwhile prolong it by the account's own length."""
    sandbox.fault("throttle", seconds=5)
    call.get("/clients")
    clock_of(sandbox).advance(5)

    assert (call.get("/clients").status_code, sandbox.lockouts()) == (200, 1)


def test_the_refusal_in_xml(sandbox):
    """The body is in the format that was asked for."""
    sandbox.fault("throttle")

    assert (
        tree_of(Caller(sandbox, format="xml").get("/clients")).findtext("message") == "This request has been throttled."
    )


# The pages


def test_the_list_of_requests(sandbox, call):
    """As they arrived, without credentials; the pages themselves are not in it and are never refused."""
    sandbox.set_limits(calls=1)
    call.get("/clients?x=1", headers={"X-Mine": "1"})
    call.get("/tasks")
    listed = Caller(sandbox, None).get("/_sandbox/requests").json()
    first = listed[0]

    assert [each["refused"] for each in listed] == [False, True]
    assert [first[name] for name in ("arrival", "method", "path", "query", "status", "counted")] == [
        0,
        "GET",
        "/clients",
        "x=1",
        200,
        True,
    ]
    assert (first["headers"]["x-mine"], first["headers"]["authorization"]) == ("1", "[redacted]")


def test_the_page_of_the_throttle(sandbox, call):
    """Figures and numbers; the latter can be tuned."""
    tuned = call.post("/_sandbox/limits", {"calls": 2, "period": 5}).json()
    for _ in range(4):
        call.get("/clients")

    reports = {"max_in_window": 0, "throttled": 0, "lockouts": 0, "calls": 100, "period": 900}
    general = {"max_in_window": 0, "throttled": 0, "lockouts": 0, "requests": 0, "calls": 2, "period": 5}
    assert tuned == general | {"reports": reports}
    assert call.get("/_sandbox/throttle").json() == tuned | {
        "max_in_window": 4,
        "throttled": 2,
        "lockouts": 1,
        "requests": 4,
    }


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("limits", b"{"),
        ("limits", b"[]"),
        ("limits", b'{"period": -1}'),
        ("faults", b"[1]"),
        ("lock", b"{}"),
        ("lock", b'{"kind": "x", "ids": [1]}'),
    ],
)
def test_what_a_page_cannot_read_is_400(call, path, body):
    """With a message."""
    response = call.post(f"/_sandbox/{path}", content=body)

    assert (response.status_code, list(response.json())) == (400, ["message"])


def test_faults_are_set_and_cleared_by_the_page(sandbox, call):
    """As by the calls."""
    made = call.post("/_sandbox/faults", {"kind": "error_500", "times": None, "match": {"path": "/clients"}})
    broken = call.get("/clients").status_code
    call.delete("/_sandbox/faults")
    repaired = call.get("/clients").status_code
    sandbox.fault("error_500")
    sandbox.clear_faults()

    assert (made.status_code, broken, repaired, call.get("/clients").status_code) == (201, 500, 200, 200)


def test_locks_by_the_page(sandbox, call):
    """The same as the call."""
    now = clock_of(sandbox).today()
    number = sandbox.world.add("expense", {}, now)["id"]
    response = call.post("/_sandbox/lock", {"kind": "expense", "ids": [number]})

    assert (response.status_code, sandbox.world.find("expense", number)["is_closed"]) == (200, True)


def test_a_reset_begins_anew(sandbox, call):
    """Records, figures, faults and requests are as at the start; numbers that were tuned stay."""
    sandbox.set_limits(calls=3)
    sandbox.fault("error_500", after=4)
    for _ in range(4):
        call.post("/clients", ACME)
    call.post("/_sandbox/reset")
    answer = call.post("/clients", ACME)

    assert (answer.status_code, answer.headers["location"]) == (201, "/clients/1001")
    assert (sandbox.throttled(), sandbox.lockouts(), len(sandbox.requests()), sandbox.max_in_window()) == (0, 0, 1, 1)
    assert call.get("/account/rate_limit_status").json()["max_calls"] == 3


def test_unknown_pages_are_404(call):
    """They are pages of the sandbox, not calls of the account."""
    assert call.get("/_sandbox/nothing").status_code == 404


# Validators


def test_what_may_be_kept_is_validated(sandbox, call):
    """The same response is a 304 without a body, and counts; a changed one is whole."""
    path = "/clients"
    first = call.get(path)
    same = call.get(path, headers={"If-None-Match": f'"x", {first.headers["etag"]}'})
    call.post("/clients", ACME)
    changed = call.get(path, headers={"If-None-Match": first.headers["etag"]})

    assert (first.status_code, first.headers["vary"], first.headers["cache-control"]) == (
        200,
        "Accept",
        "max-age=0, private, must-revalidate",
    )
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    assert "content-type" not in same.headers
    assert (changed.status_code, len(changed.json())) == (200, 1)
    assert len(sandbox.requests()) == 4


@pytest.mark.parametrize("header", ["*", 'W/"{}"', '"{}"'])
def test_validators_are_compared_weakly(call, header):
    """With and without the mark of a weak one; a star is any."""
    tag = call.get("/tasks").headers["etag"].removeprefix("W/").strip('"')

    assert call.get("/tasks", headers={"If-None-Match": header.format(tag)}).status_code == 304


def test_the_two_formats_have_validators_of_their_own(sandbox, call):
    """A read of one is not returned for the other."""
    tag = call.get("/clients").headers["etag"]

    assert Caller(sandbox, format="xml").get("/clients", headers={"If-None-Match": tag}).status_code == 200


def test_what_may_not_be_kept_has_none(sandbox, call):
    """The status, toggles, writes, refusals and errors."""
    answers = [
        call.get("/account/rate_limit_status"),
        call.get("/people/2/toggle"),
        call.get("/clients/9"),
        call.post("/clients", ACME),
    ]

    assert [answer.headers.get("etag") for answer in answers] == [None] * 4
    assert [answer.headers.get("cache-control") for answer in answers] == ["no-store", "no-store", "no-store", None]


def test_validators_are_a_switch():
    """Off, every response is whole."""
    call = Caller(new_sandbox(validators=False))
    first = call.get("/clients")

    assert ("etag" in first.headers, call.get("/clients", headers={"If-None-Match": "*"}).status_code) == (False, 200)


# The application


def test_a_body_that_never_came_whole_is_no_request(sandbox):
    """The connection broke while it was sent: nothing arrives and no response is sent."""
    sent = []
    messages = [
        {"type": "http.request", "body": json.dumps(ACME).encode(), "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return messages.pop(0)

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/clients", "query_string": b"", "headers": []}
    asyncio.run(sandbox.app(scope, receive, send))

    assert (sent, sandbox.requests(), names(sandbox)) == ([], [], [])
