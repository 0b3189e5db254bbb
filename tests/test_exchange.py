"""The exchange: what becomes of a failed call, by phase and by what the endpoint allows."""

import asyncio
import gzip
import logging

import anyio
import httpx
import pytest

from harvest_async import (
    BasicAuth,
    BearerAuth,
    CreatedUnread,
    DecodeError,
    DeleteResult,
    Forbidden,
    HarvestError,
    HarvestV1,
    InvalidArgument,
    NotFound,
    NotSent,
    OutcomeUnknown,
    QueryTokenAuth,
    RequestError,
    ServerError,
    Throttle,
    Throttled,
    Unauthorized,
    WouldWait,
)
from harvest_async.exchange import response_body as body
from tests.test_transport import Answers, Drip

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

STATUS = {"count": 1, "max_calls": 100, "timeframe_limit": 15}


def harvest_of(*answers, status=True, auth=None, **options):
    first = (httpx.Response(200, json=STATUS),) if status else ()
    inner = Answers(*first, *answers)
    clock = asyncio.get_running_loop().clock
    harvest = HarvestV1(
        "acme",
        auth=auth or BasicAuth("me@example.com", "hush-hush"),
        app="tests",
        base_url="https://acme.example.com",
        throttle=options.pop("throttle", None) or Throttle(clock=clock),
        transport=inner,
        **options,
    )
    return harvest, inner


def json_answer(tree, status=200, **headers):
    return httpx.Response(status, json=tree, headers=headers)


CLIENT = {"client": {"id": 7, "name": "ACME"}}
REPEATABLE = ("clients", "get", (7,))
UNSAFE = ("clients", "create_id", ("ACME",))


async def call(harvest, what):
    section, verb, arguments, *named = what
    return await getattr(getattr(harvest, section), verb)(*arguments, **(named[0] if named else {}))


# The table


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("no route"), httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full")]
)
@pytest.mark.parametrize(
    ("what", "good"),
    [(REPEATABLE, json_answer(CLIENT)), (UNSAFE, httpx.Response(201, headers={"location": "/clients/7"}))],
)
async def test_what_was_not_sent_is_sent_again(failure, what, good):
    """Any endpoint is repeated: nothing left this machine."""
    harvest, inner = harvest_of(failure, failure, good)

    assert (await call(harvest, what)).id == 7
    assert len(inner.sent) == 4


async def test_a_call_that_can_not_be_sent_at_all_raises():
    """After five tries the caller hears that nothing was sent."""
    harvest, inner = harvest_of(*[httpx.ConnectError("no route")] * 5)
    with pytest.raises(NotSent, match="was not sent") as caught:
        await call(harvest, UNSAFE)

    assert len(inner.sent) == 6
    assert isinstance(caught.value.__cause__, httpx.ConnectError)


LOST = [httpx.ReadError("lost"), httpx.RemoteProtocolError("cut"), httpx.ReadTimeout("slow"), httpx.WriteError("pipe")]


@pytest.mark.parametrize("failure", [*LOST, httpx.Response(500), httpx.Response(502), httpx.Response(504)])
async def test_a_repeatable_call_is_sent_again_after_a_lost_answer(failure):
    """A repeat leads to the same state, so it is made."""
    harvest, inner = harvest_of(failure, json_answer(CLIENT))

    assert (await call(harvest, REPEATABLE)).name == "ACME"
    assert len(inner.sent) == 3


@pytest.mark.parametrize(
    "failure", [*LOST, httpx.Response(500), httpx.Response(502), httpx.Response(503), httpx.Response(504)]
)
async def test_an_unsafe_call_is_never_sent_again_after_a_lost_answer(failure):
    """It may have been processed: the outcome is unknown."""
    harvest, inner = harvest_of(failure)
    with pytest.raises(OutcomeUnknown, match="read what is there") as caught:
        await call(harvest, UNSAFE)

    assert len(inner.sent) == 2
    assert caught.value.request.method == "POST"


async def test_a_repeatable_call_that_never_gets_an_answer_is_unknown():
    """After five attempts without any response the outcome is unknown, too."""
    harvest, inner = harvest_of(*[httpx.ReadError("lost")] * 5)
    with pytest.raises(OutcomeUnknown, match="only reads, so try it again"):
        await call(harvest, REPEATABLE)

    assert len(inner.sent) == 6


async def test_a_server_that_keeps_failing_raises_its_error():
    """After five attempts its error is raised, with its message."""
    harvest, inner = harvest_of(*[json_answer({"message": "boom"}, 500) for _ in range(5)])
    with pytest.raises(ServerError, match="boom") as caught:
        await call(harvest, REPEATABLE)

    assert (caught.value.status, len(inner.sent)) == (500, 6)


@pytest.mark.parametrize(("status", "kind"), [(401, Unauthorized), (404, NotFound), (302, ServerError)])
async def test_a_refusal_is_never_sent_again(status, kind):
    """The server said no, and would say it again; redirects are not followed."""
    harvest, inner = harvest_of(httpx.Response(status, headers={"location": "http://elsewhere.example/"}))
    with pytest.raises(kind):
        await call(harvest, REPEATABLE)

    assert len(inner.sent) == 2


@pytest.mark.parametrize("what", [REPEATABLE, UNSAFE])
async def test_a_throttle_answer_uses_up_no_attempt(what):
    """It was not processed; any call is sent again when the gate opens, up to four times."""
    refusal = httpx.Response(503, headers={"retry-after": "1"})
    good = httpx.Response(201, headers={"location": "/clients/7"}) if what is UNSAFE else json_answer(CLIENT)
    answers = [refusal, httpx.Response(200, json=STATUS)] * 4
    harvest, inner = harvest_of(*answers, good)

    assert (await call(harvest, what)).id == 7
    assert [request.url.path for request in inner.sent].count("/account/rate_limit_status") == 5


async def test_retries_draw_on_a_budget():
    """An outage does not become a storm: twenty retries, then every call has one try."""
    harvest, inner = harvest_of(*[httpx.Response(500)] * 200)
    for _ in range(10):
        with pytest.raises(ServerError):
            await call(harvest, REPEATABLE)

    assert len(inner.sent) == 1 + 10 + 20


async def test_a_throttled_account_raises_an_error_with_the_request():
    """The error has what would have been sent."""
    clock = asyncio.get_running_loop().clock
    refusals = [httpx.Response(503, headers={"retry-after": "1000"})]
    harvest, _ = harvest_of(*refusals, throttle=Throttle(clock=clock, max_block=10))
    with pytest.raises(Throttled) as caught:
        await call(harvest, UNSAFE)

    assert "POST https://acme.example.com/clients" in caught.value.report()


# Doubt


UPDATE = ("clients", "update", (7,), {"name": "ACME"})
DELETE = ("clients", "delete", (7,))


async def test_a_write_that_was_lost_once_stays_in_doubt():
    """That its repeats never left does not make the first one unsent; a read has nothing to doubt."""
    harvest, _ = harvest_of(httpx.ReadError("lost"), *[httpx.ConnectError("no route")] * 4)
    with pytest.raises(OutcomeUnknown, match="may or may not"):
        await call(harvest, UPDATE)
    harvest, _ = harvest_of(httpx.ReadError("lost"), *[httpx.ConnectError("no route")] * 4)
    with pytest.raises(NotSent):
        await call(harvest, REPEATABLE)


async def test_a_write_that_was_lost_and_then_refused_a_place_has_an_unknown_outcome():
    """`WouldWait` says that nothing was sent, which is not so any more."""
    clock = asyncio.get_running_loop().clock
    harvest, inner = harvest_of(httpx.ReadError("lost"), throttle=Throttle(2, 15, clock=clock))
    with pytest.raises(OutcomeUnknown, match="a repeat failed") as caught:
        await call(harvest.options(max_wait=5), UPDATE)

    assert isinstance(caught.value.__cause__, WouldWait)
    assert len(inner.sent) == 2


async def test_a_read_that_was_lost_and_then_refused_a_place_may_be_tried_again():
    """A caller that fails fast gets the seconds to wait."""
    clock = asyncio.get_running_loop().clock
    harvest, _ = harvest_of(httpx.ReadError("lost"), throttle=Throttle(2, 15, clock=clock))
    with pytest.raises(WouldWait):
        await call(harvest.options(max_wait=5), REPEATABLE)


async def test_a_delete_of_which_a_repeat_finds_nothing_was_done():
    """The first one deleted the record, or archived it: which one is unknown."""
    harvest, _ = harvest_of(httpx.ReadError("lost"), httpx.Response(404))

    assert await call(harvest, DELETE) is DeleteResult.UNKNOWN


async def test_a_delete_that_finds_nothing_at_once_raises():
    """Nothing was there, or the role may not see it."""
    harvest, _ = harvest_of(httpx.ConnectError("no route"), httpx.Response(404))
    with pytest.raises(NotFound):
        await call(harvest, DELETE)


@pytest.mark.parametrize("what", [UPDATE, REPEATABLE])
async def test_a_call_cancelled_between_two_attempts_is_handed_over(what):
    """The first one may have been processed."""
    reported = []

    async def on_unknown(cut):
        reported.append(cut.name)

    harvest, _ = harvest_of(httpx.ReadError("lost"), throttle=Throttle(2, 15, clock=asyncio.get_running_loop().clock))
    with anyio.move_on_after(5) as scope:
        await call(harvest.options(on_unknown=on_unknown), what)

    assert scope.cancelled_caught
    assert reported == [f"clients.{what[1]}"]


# Creates


async def test_a_created_record_is_read_where_location_says():
    """A 201 with nothing but Location is followed by one read."""
    harvest, inner = harvest_of(httpx.Response(201, headers={"location": "/clients/7"}), json_answer(CLIENT))

    assert (await harvest.clients.create("ACME")).name == "ACME"
    assert [(request.method, request.url.path) for request in inner.sent[1:]] == [
        ("POST", "/clients"),
        ("GET", "/clients/7"),
    ]


async def test_a_created_record_that_came_along_is_not_read():
    """A body with the record is enough."""
    harvest, inner = harvest_of(json_answer(CLIENT, 201, location="/clients/7"))

    assert (await harvest.clients.create("ACME")).id == 7
    assert len(inner.sent) == 2


async def test_a_lost_read_after_a_create_never_creates_again():
    """The caller gets the id, and knows not to send it again."""
    harvest, inner = harvest_of(httpx.Response(201, headers={"location": "/clients/7"}), httpx.Response(404))
    with pytest.raises(CreatedUnread, match="created with id 7") as caught:
        await harvest.clients.create("ACME")

    assert (caught.value.id, caught.value.location) == (7, "/clients/7")
    assert [request.method for request in inner.sent].count("POST") == 1


async def test_a_create_without_any_id_raises():
    """Without a body and a Location nobody can read the record."""
    harvest, _ = harvest_of(httpx.Response(201, content=b" "))
    with pytest.raises(CreatedUnread, match="names no record") as caught:
        await harvest.clients.create("ACME")

    assert caught.value.id is None
    assert "> POST https://acme.example.com/clients" in caught.value.report()
    assert "< 201" in caught.value.report()


@pytest.mark.parametrize("location", ["http://[", "nowhere", "/clients/x"])
async def test_a_create_with_a_useless_location_raises(location):
    """It was created nevertheless."""
    harvest, _ = harvest_of(httpx.Response(201, headers={"location": location}))
    with pytest.raises(CreatedUnread, match="names no record") as caught:
        await harvest.clients.create("ACME")

    assert (caught.value.id, caught.value.location) == (None, location)


@pytest.mark.parametrize(
    "response",
    [
        httpx.Response(200, html="<html><title>Sign in</title></html>"),
        httpx.Response(201, headers={"content-type": "application/json"}, content=b'{"client": {"id": '),
        httpx.Response(201, headers={"content-encoding": "br"}, stream=Drip(b"x")),
    ],
)
async def test_a_create_with_an_unreadable_response_has_an_unknown_outcome(response):
    """A page in place of the response does not show whether the record was created."""
    harvest, inner = harvest_of(response)
    with pytest.raises((OutcomeUnknown, CreatedUnread), match=r"read what is there|look for it") as caught:
        await harvest.clients.create("ACME")

    assert [request.method for request in inner.sent].count("POST") == 1
    assert "> POST https://acme.example.com/clients" in caught.value.report()
    assert f"< {response.status_code}" in caught.value.report()


async def test_a_create_with_a_truncated_body_is_known_by_its_location():
    """The header fields say that it was created, and where."""
    body = Drip(b'{"client"', end=httpx.ReadError("lost"))
    harvest, _ = harvest_of(httpx.Response(201, headers={"location": "/clients/7"}, stream=body))

    assert (await harvest.clients.create_id("ACME")).id == 7


# Cancellation


@pytest.mark.parametrize("after", [0.5, 1.5])
async def test_a_call_cancelled_after_the_send_is_handed_over(after):
    """The hook gets the call, and cancellation is raised as cancellation."""
    reported = []

    async def on_unknown(cut):
        await asyncio.sleep(3)  # it is shielded
        reported.append(cut.name)

    async def slow(request):
        await asyncio.sleep(1)
        return httpx.Response(201, headers={"location": "/clients/7"}, stream=Drip(b" ", pause=1))

    harvest, _ = harvest_of(slow)
    with anyio.move_on_after(after) as scope:
        await harvest.options(on_unknown=on_unknown).clients.create_id("ACME")

    assert scope.cancelled_caught
    assert reported == ["clients.create"]
    assert harvest.throttle._gate().connections.busy == 0


async def test_a_listener_is_heard_out_however_often_the_caller_is_cancelled():
    """A journal that is being written is written to its end."""
    reported = []

    async def on_unknown(cut):
        await asyncio.sleep(3)
        reported.append(cut.name)

    async def slow(request):
        await asyncio.sleep(60)

    harvest, _ = harvest_of(slow)
    task = asyncio.ensure_future(harvest.options(on_unknown=on_unknown).clients.create_id("ACME"))
    for _ in range(3):
        await asyncio.sleep(1)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert reported == ["clients.create"]


async def test_a_listener_that_fails_does_not_hide_the_cancellation(caplog):
    """What went wrong in it is logged."""

    async def on_unknown(cut):
        raise OSError("disk full")

    async def slow(request):
        await asyncio.sleep(60)

    harvest, _ = harvest_of(slow)
    with anyio.move_on_after(1) as scope:
        await harvest.options(on_unknown=on_unknown).clients.create_id("ACME")

    assert scope.cancelled_caught
    assert "disk full" in caplog.text


async def test_without_a_listener_cancellation_just_comes_out():
    """There is no hook."""

    async def slow(request):
        await asyncio.sleep(60)

    harvest, _ = harvest_of(slow)
    with anyio.move_on_after(1) as scope:
        await harvest.clients.create_id("ACME")

    assert scope.cancelled_caught
    assert harvest.throttle._gate().connections.busy == 0


async def test_the_last_word_before_a_send_holds_the_lease():
    """What it raises sends nothing, leaves nothing behind, and comes out as it is."""
    reported = []

    async def before(call):
        reported.append((call.name, harvest.throttle.snapshot().in_flight))
        if len(reported) == 2:
            raise OSError("disk full")

    harvest, inner = harvest_of(json_answer(CLIENT))
    await harvest.options(before_send=before).clients.get(7)
    with pytest.raises(OSError, match="disk full"):
        await harvest.options(before_send=before).clients.create_id("ACME")

    assert reported == [("clients.get", 1), ("clients.create", 1)]
    assert len(inner.sent) == 2
    assert harvest.throttle.snapshot().in_flight == harvest.throttle._gate().connections.busy == 0


async def test_a_call_cancelled_in_the_line_is_not_handed_over():
    """Nothing was sent, so nothing is unknown; not even after a refusal."""
    reported = []

    async def on_unknown(cut):
        reported.append(cut.name)

    harvest, _ = harvest_of(httpx.Response(503, headers={"retry-after": "60"}))
    with anyio.move_on_after(5):
        await harvest.options(on_unknown=on_unknown).clients.create_id("ACME")

    assert reported == []
    assert harvest.throttle._gate().idle


async def test_a_create_cancelled_while_it_is_read_back_is_handed_over():
    """Its result does not reach the caller, though it was created."""
    reported = []

    async def on_unknown(cut):
        reported.append(cut.name)

    async def slow(request):
        await asyncio.sleep(10)

    harvest, _ = harvest_of(httpx.Response(201, headers={"location": "/clients/7"}), slow)
    with anyio.move_on_after(2):
        await harvest.options(on_unknown=on_unknown).clients.create("ACME")

    assert reported == ["clients.get", "clients.create"]


# Hostile responses


async def test_a_page_in_place_of_json_raises():
    """A sign-in page is named as what it is."""
    harvest, _ = harvest_of(httpx.Response(200, html="<html><title>Sign in</title></html>"))
    with pytest.raises(DecodeError, match="HTML page") as caught:
        await harvest.clients.get(7)

    assert "GET https://acme.example.com/clients/7" in caught.value.report()
    assert caught.value.response.status == 200


async def test_an_answer_that_unfolds_without_end_is_not_read(monkeypatch):
    """A small body may not fill the memory."""
    monkeypatch.setattr(body, "LARGEST", 1_000_000)
    bomb = gzip.compress(b" " * 20_000_000)
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    harvest, _ = harvest_of(httpx.Response(200, headers=headers, stream=Drip(bomb)))
    with pytest.raises(DecodeError, match="larger than"):
        await harvest.clients.get(7)
    assert harvest.throttle._gate().connections.busy == 0


async def test_a_record_may_be_large_but_not_huge(monkeypatch):
    """What is large is read through a file, what no record can be is not read into memory."""
    notes = "x" * 3_000_000
    response = {"client": {"id": 7, "details": notes}}
    harvest, _ = harvest_of(*[json_answer(response) for _ in range(2)])
    assert (await harvest.clients.get(7)).details == notes

    monkeypatch.setattr(body, "LARGEST_RECORD", 2_000_000)
    with pytest.raises(DecodeError, match="which no record is") as caught:
        await harvest.clients.get(7)
    assert "< 200" in caught.value.report()


async def test_a_large_page_of_an_error_is_cut():
    """Nobody reads more of it, and no file is left behind."""
    harvest, _ = harvest_of(httpx.Response(404, stream=Drip(*[b"x" * 500_000] * 5)))
    with pytest.raises(NotFound) as caught:
        await harvest.clients.get(7)

    assert len(caught.value.response.content) == 1 << 20
    assert caught.value.response.buffer is None


@pytest.mark.parametrize("end", [None, httpx.ReadError("lost")])
async def test_a_large_answer_that_goes_wrong_leaves_no_file(end, monkeypatch):
    """Neither one that is too large nor one that breaks off; warnings are errors here."""
    monkeypatch.setattr(body, "LARGEST", 1_800_000)
    count = 3 if end else 5
    harvest, _ = harvest_of(*[httpx.Response(200, stream=Drip(*[b" " * 500_000] * count, end=end)) for _ in range(5)])
    with pytest.raises(OutcomeUnknown if end else DecodeError):
        await harvest.clients.get(7)

    assert harvest.throttle._gate().connections.busy == 0


async def test_bombs_inside_bombs_are_not_unfolded():
    """Two encodings unfold to a million times the size: one is what was asked for."""
    bomb = gzip.compress(gzip.compress(bytes(50_000_000)))
    headers = {"content-encoding": "gzip, gzip", "content-type": "application/json"}
    harvest, inner = harvest_of(httpx.Response(200, headers=headers, stream=Drip(bomb)))
    with pytest.raises(DecodeError, match="not asked for") as caught:
        await harvest.clients.get(7)

    assert len(inner.sent) == 2
    assert inner.sent[1].headers["accept-encoding"] == "gzip, deflate"
    assert "< content-encoding: gzip, gzip" in caught.value.report()


async def test_a_compressed_answer_is_read():
    """Encoded as it was asked for."""
    headers = {"content-encoding": "gzip", "content-type": "application/json"}
    harvest, _ = harvest_of(httpx.Response(200, headers=headers, stream=Drip(gzip.compress(b'{"client": {"id": 7}}'))))

    assert (await harvest.clients.get(7)).id == 7


@pytest.mark.parametrize("location", ["https://evil.example/", "//evil.example/", "http://127.0.0.1/", "/clients/8"])
async def test_a_redirect_is_never_followed(location):
    """Credentials go to the account's own address and nowhere else."""
    harvest, inner = harvest_of(*[httpx.Response(307, headers={"location": location})] * 2)
    for what in (REPEATABLE, UNSAFE):
        with pytest.raises(ServerError, match="never followed"):
            await call(harvest, what)

    assert {request.url.host for request in inner.sent} == {"acme.example.com"}
    assert len(inner.sent) == 3


@pytest.mark.parametrize(
    "location", ["http://[", "http://127.0.0.1:6379/", "ftp://files.example/", "http://files.example/"]
)
async def test_a_file_store_can_not_send_us_anywhere(location):
    """What it points to is looked at like any address, and nothing is sent there."""
    harvest, inner = harvest_of(httpx.Response(302, headers={"location": location}), status=False)
    with pytest.raises(InvalidArgument):
        await harvest._exchange.fetch("https://files.example/x", accept="image/*", largest=1_000)

    assert [request.url.host for request in inner.sent] == ["files.example"]
    assert "authorization" not in inner.sent[0].headers


async def test_cookies_are_not_kept():
    """A server may set any number of them; none is sent or stored."""
    good = json_answer(CLIENT, **{"set-cookie": "session=1; Path=/"})
    harvest, inner = harvest_of(good, json_answer(CLIENT))
    await harvest.clients.get(7)
    await harvest.clients.get(7)

    assert "cookie" not in inner.sent[-1].headers
    assert len(harvest._exchange._shared.client.cookies) == 0


@pytest.mark.parametrize("wait", ["-1", "99999999999999999999", "never", "1e9", "\x00"])
async def test_an_absurd_wait_is_not_believed(wait):
    """An hour is the longest, and what can't be read means 16 s."""
    throttle = Throttle(clock=asyncio.get_running_loop().clock, max_block=None)
    harvest, _ = harvest_of(httpx.Response(503, headers={"retry-after": wait}), throttle=throttle)
    with anyio.move_on_after(5):
        await harvest.clients.get(7)

    assert 10 < harvest.throttle.snapshot().closed_for <= 3_600


async def test_a_body_that_never_ends_is_given_up():
    """The deadline holds for the body, too."""
    harvest, _ = harvest_of(*[httpx.Response(200, stream=Drip(*[b" "] * 1_000, pause=1)) for _ in range(5)], timeout=5)
    with pytest.raises(OutcomeUnknown):
        await harvest.clients.get(7)


async def test_a_body_with_a_broken_encoding_raises():
    """What says it is gzip and is not can't be read."""
    headers = {"content-encoding": "gzip"}
    harvest, _ = harvest_of(*[httpx.Response(200, headers=headers, stream=Drip(b"no gzip")) for _ in range(5)])
    with pytest.raises(OutcomeUnknown):
        await harvest.clients.get(7)


# Secrets and logs


@pytest.mark.parametrize(
    "auth", [BasicAuth("me@example.com", "hush-hush"), BearerAuth("hush-hush"), QueryTokenAuth("hush-hush")]
)
async def test_no_secret_is_logged_or_shown(auth, caplog):
    """Neither in a log of any level nor in an error, its report, its curl command or a repr."""
    caplog.set_level(logging.DEBUG)
    harvest, inner = harvest_of(httpx.Response(404, text="no"), auth=auth)
    with pytest.raises(NotFound) as caught:
        await harvest.clients.get(7)

    error = caught.value
    shown = [
        caplog.text,
        str(error),
        repr(error),
        error.report(),
        error.as_curl(),
        repr(harvest),
        repr(auth),
        repr(error.request),
    ]
    sent = inner.sent[1]
    assert "authorization" in sent.headers or "hush-hush" in str(sent.url)
    assert not any(secret in text for text in shown for secret in ("hush-hush", "aHVzaC1odXNo"))


@pytest.mark.parametrize(
    ("auth", "line"),
    [
        (BasicAuth("me@example.com", "hush-hush"), "> Authorization: Basic [redacted]"),
        (BearerAuth("hush-hush"), "> Authorization: Bearer [redacted]"),
        (QueryTokenAuth("hush-hush"), "> GET https://acme.example.com/clients/7?access_token=[redacted]"),
    ],
)
async def test_a_report_says_how_the_request_was_signed(auth, line):
    """There is a placeholder for the credential."""
    harvest, _ = harvest_of(httpx.Response(404), auth=auth)
    with pytest.raises(NotFound) as caught:
        await harvest.clients.get(7)

    assert line in caught.value.report().splitlines()
    assert "[redacted]" in caught.value.as_curl()


async def test_a_foreign_way_to_sign_is_not_shown():
    """What another `httpx.Auth` does is its own business."""

    class Own(httpx.Auth):
        def auth_flow(self, request):
            request.headers["x-own"] = "hush-hush"
            yield request

    harvest, inner = harvest_of(httpx.Response(404), auth=Own())
    with pytest.raises(NotFound) as caught:
        await harvest.clients.get(7)

    assert inner.sent[1].headers["x-own"] == "hush-hush"
    assert "hush-hush" not in caught.value.report()


@pytest.mark.parametrize(
    "failure",
    [
        httpx.ReadError("GET https://acme.example.com/?access_token=hush-hush broke"),
        httpx.LocalProtocolError("Illegal header value b'Basic aHVzaC1odXNo'"),
    ],
)
async def test_the_message_of_a_transport_is_shown_without_secrets(failure):
    """It may quote what it sent."""
    harvest, _ = harvest_of(*[failure] * 5)
    with pytest.raises(RequestError) as caught:
        await call(harvest, UNSAFE)

    assert type(failure).__name__ in str(caught.value)
    assert "hush" not in str(caught.value)
    assert "aHVzaC1odXNo" not in str(caught.value)


async def test_a_server_that_echoes_the_request_gives_nothing_away(caplog):
    """Its words are in the message, the credentials that it quotes are not."""
    caplog.set_level(logging.DEBUG)
    words = '{"message": "denied: Authorization: Basic bWVAZXhhbXBsZS5jb206aHVzaC1odXNo, ?access_token=hush-hush"}'
    response = httpx.Response(
        403, content=words, headers={"content-type": "application/json", "hint": "token=hush-hush"}
    )
    harvest, _ = harvest_of(response)
    with pytest.raises(Forbidden, match="denied") as caught:
        await harvest.clients.get(7)

    shown = f"{caught.value} {caught.value.report()} {caplog.text}"
    assert not any(secret in shown for secret in ("hush-hush", "bWVAZXhhbXBsZS5jb20"))


async def test_each_call_is_one_line_in_the_log(caplog):
    """At DEBUG: what, how it ended, how long it took and waited."""
    caplog.set_level(logging.DEBUG, "harvest_async")
    harvest, _ = harvest_of(json_answer(CLIENT))
    await harvest.clients.get(7)

    lines = [record.message for record in caplog.records if record.name == "harvest_async"]
    assert len(lines) == 1
    assert lines[0].startswith("GET https://acme.example.com/clients/7 -> 200 in 0.0")


# Lanes, options, opening


async def test_calls_inside_bulk_stand_in_the_bulk_lane():
    """Only the calls of this task and those it starts; a lane given by name comes first."""
    harvest, _ = harvest_of(*[json_answer(CLIENT)] * 6)
    other, _ = harvest_of()
    lanes = []
    acquire = harvest.throttle.acquire

    async def watch(ticket):
        lanes.append(ticket.lane.value)
        return await acquire(ticket)

    harvest.throttle.acquire = watch
    await harvest.clients.get(7)
    with harvest.bulk(), other.bulk():
        await asyncio.gather(harvest.clients.get(7), harvest.options(lane="interactive").clients.get(7))
    with other.bulk():
        await harvest.options(lane="bulk").clients.get(7)

    assert lanes == ["interactive", "bulk", "interactive", "bulk"]


async def test_a_client_that_fails_fast_shares_the_gate():
    """`options(max_wait=...)` refuses what would wait longer; the client itself does not change."""
    harvest, _ = harvest_of(json_answer(CLIENT), throttle=Throttle(1, 15, clock=asyncio.get_running_loop().clock))
    with pytest.raises(WouldWait) as caught:
        await harvest.options(max_wait=1).clients.get(7)

    assert caught.value.wait > 10
    assert caught.value.request is not None
    assert "harvest_async" in caught.value.request.header("user-agent")


@pytest.mark.parametrize("wait", [-1, float("nan"), float("inf"), "2"])
async def test_a_wait_that_can_not_be_is_refused(wait):
    """The error is raised before anything is sent."""
    harvest, _ = harvest_of()
    with pytest.raises(InvalidArgument, match="max_wait"):
        harvest.options(max_wait=wait)


async def test_an_auth_flow_that_fails_gives_its_lease_back():
    """A lease that nothing was sent on is free again."""

    class Broken(httpx.Auth):
        def auth_flow(self, request):
            raise RuntimeError("no token")
            yield request

    harvest, _ = harvest_of(auth=Broken(), status=False)
    with pytest.raises(RuntimeError):
        await harvest.clients.get(7)

    assert harvest.throttle.snapshot().in_flight == 0
    assert harvest.throttle._gate().connections.busy == 0


async def test_a_status_call_that_fails_lets_the_call_go():
    """The error is raised from the call at the head of the queue, not from the probe."""
    harvest, inner = harvest_of(httpx.ReadError("lost"), json_answer(CLIENT), status=False)

    assert (await harvest.clients.get(7)).id == 7
    assert len(inner.sent) == 2


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"base_url": "http://acme.example.com"}, "https"),
        ({"base_url": "ftp://acme.example.com"}, "whole address"),
        ({"base_url": "https://me:pw@acme.example.com"}, "credentials"),
        ({"base_url": "https://acme.example.com/?a=b"}, "query"),
        ({"base_url": "https://acme.example.com/a b"}, "character"),
        ({"base_url": "https://[::1"}, "base_url"),
        ({"base_url": "https://a:port"}, "base_url"),
        ({"app": "x\r\nX-Evil: 1"}, "line breaks"),
        ({"app": " "}, "app"),
        ({"timeout": 0}, "timeout"),
        ({"timeout": float("inf")}, "timeout"),
        ({"timeout": float("nan")}, "timeout"),
        ({"app": "x\u2028y"}, "app"),
        ({"app": "x\x00"}, "app"),
        ({"auth": ("me", "pw")}, "auth"),
        ({"proxy": "ftp://me:pw@proxy.example"}, "proxy"),
        ({"proxy": "http://[me:pw"}, "proxy"),
        ({"proxy": "socks5://me:pw@proxy.example"}, "SOCKS"),
        ({"format": "yaml"}, "json"),
        ({"account": "evil.example.com/", "base_url": None}, "subdomain"),
    ],
)
def test_a_client_that_can_not_work_is_not_made(wrong, words):
    """Bad arguments raise when the client is created, before anything is sent."""
    given = {"account": "acme", "auth": BearerAuth("t"), "app": "tests", "base_url": "https://acme.example.com"}
    options = given | wrong
    with pytest.raises(InvalidArgument, match=words) as caught:
        HarvestV1(options.pop("account"), **options)
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1", "http://localhost:1/", "http://[::1]:1", "https://a.example"]
)
def test_plain_http_is_for_loopback(address):
    """Credentials in the clear may not leave this machine."""
    assert HarvestV1("acme", auth=BearerAuth("t"), app="tests", base_url=address).name == "acme"


def test_clients_of_one_account_share_the_process_throttle():
    """Without a throttle of its own, a client finds the account's."""
    one, two = (HarvestV1("acme", auth=BearerAuth("t"), app="tests") for _ in range(2))
    other = HarvestV1("other", auth=BearerAuth("t"), app="tests")

    assert one.throttle is two.throttle
    assert one.throttle is not other.throttle


def test_errors_are_harvest_errors():
    """One class catches all."""
    assert all(issubclass(kind, HarvestError) for kind in (NotSent, OutcomeUnknown, WouldWait, InvalidArgument))
