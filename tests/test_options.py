"""Options of calls: timeout, header fields, attempts and retries; and raw responses beside records."""

import asyncio
import string
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async import (
    HttpCache,
    InvalidArgument,
    NotFound,
    NotSent,
    OutcomeUnknown,
    ServerError,
    Throttle,
    WouldWait,
)
from harvest_async.exchange import options as module
from harvest_async.exchange.options import PLAIN, change
from harvest_async.messages import Response
from tests.support.v1 import STATUS, Script, reply, scripted, silent

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

CLIENT = {"client": {"id": 7, "name": "ACME"}}
SECRET = "q7Zk-hush-hush"


def now():
    return asyncio.get_running_loop().time()


class Late(httpx.AsyncByteStream):
    """A body whose second half comes late."""

    def __init__(self, seconds):
        self.seconds = seconds

    async def __aiter__(self):
        yield b'{"client":'
        await asyncio.sleep(self.seconds)
        yield b'{"id": 7}}'


def answering_after(seconds, *responses):
    """A client whose server takes so long for its headers."""
    harvest, server = scripted(*responses)
    at_once = server.handle_async_request

    async def late(request):
        if request.url.path != "/account/rate_limit_status":
            await asyncio.sleep(seconds)
        return await at_once(request)

    server.handle_async_request = late
    return harvest, server


# Timeout


async def test_a_timeout_ends_an_attempt_that_has_no_headers():
    """After the given seconds, however long the client itself would wait."""
    harvest, _ = answering_after(30)
    await harvest.options(max_wait=None).account.rate_limit_status()
    began = now()
    with pytest.raises(OutcomeUnknown, match="ReadTimeout"):
        await harvest.options(timeout=5, attempts=1).clients.get(7)

    assert now() - began == pytest.approx(5, abs=0.1)


async def test_a_timeout_may_be_longer_than_the_clients():
    """It replaces the client's timeout in both directions."""
    harvest, _ = answering_after(90, reply(CLIENT))

    assert (await harvest.options(timeout=100).clients.get(7)).name == "ACME"


async def test_a_timeout_of_none_is_the_clients_again():
    """What was set before is undone."""
    harvest, _ = answering_after(30, reply(CLIENT))

    assert (await harvest.options(timeout=5).options(timeout=None).clients.get(7)).name == "ACME"


async def test_a_timeout_holds_for_the_body_after_the_headers():
    """A body that stops half way is given up after as many seconds."""
    harvest, _ = scripted(httpx.Response(200, stream=Late(30)))
    began = now()
    with pytest.raises(OutcomeUnknown):
        await harvest.options(timeout=5, attempts=1).clients.get(7)

    assert now() - began < 6


async def test_a_timeout_comes_before_that_of_an_upload():
    """A receipt that is attached has a long timeout of its own; who sets one means it."""
    harvest, _ = answering_after(30)
    with pytest.raises(OutcomeUnknown):
        await harvest.options(timeout=5, attempts=1).receipts.attach(7, b"\x89PNG\r\n\x1a\n" + bytes(20))


async def test_waiting_at_the_gate_is_not_part_of_the_timeout():
    """The clock starts when the request may leave."""
    harvest, _ = scripted(*(reply(CLIENT) for _ in range(101)))
    await asyncio.gather(*(harvest.clients.get(7) for _ in range(99)))
    began = now()

    assert (await harvest.options(timeout=1, attempts=1).clients.get(7)).name == "ACME"
    assert now() - began > 10


async def test_httpx_gets_the_timeout_of_the_call():
    """Each step on the network has it; a connection takes ten seconds at most."""
    harvest, server = scripted(reply(CLIENT), reply(CLIENT))
    await harvest.options(timeout=5).clients.get(7)
    await harvest.options(timeout=50).clients.get(7)

    short, long = (request.extensions["timeout"] for request in server.sent)
    assert short == {"connect": 5, "read": 5, "write": 5, "pool": 5}
    assert long == {"connect": 10, "read": 50, "write": 50, "pool": 50}


NO_TIMEOUTS = [0, -1, float("nan"), float("inf"), 86_401, 10**400, True, "5", Decimal(5), httpx.Timeout(5)]


@pytest.mark.parametrize("seconds", NO_TIMEOUTS)
async def test_a_timeout_is_a_number_of_seconds(seconds):
    """Above 0 and at most a day; the same for a call as for the client."""
    harvest, _ = scripted()
    with pytest.raises(InvalidArgument, match=r"timeout=.*give seconds above 0"):
        harvest.options(timeout=seconds)
    with pytest.raises(InvalidArgument, match=r"timeout=.*give seconds above 0"):
        scripted(timeout=seconds)


# Attempts and retries


@pytest.mark.parametrize(("attempts", "sent"), [(1, 1), (2, 2), (7, 7), (None, 5)])
async def test_a_call_is_sent_so_often_at_most(attempts, sent):
    """One attempt is no retry; None is five."""
    harvest, server = scripted(*(silent(502) for _ in range(8)))
    with pytest.raises(ServerError):
        await harvest.options(attempts=attempts).clients.get(7)

    assert len(server.sent) == sent


async def test_one_attempt_does_not_try_another_connection():
    """Also where nothing was sent, and sending again could double nothing."""
    harvest, server = scripted(httpx.ConnectError("no route"), reply(CLIENT))
    with pytest.raises(NotSent):
        await harvest.options(attempts=1).clients.get(7)

    assert len(server.sent) == 1


async def test_more_attempts_repeat_no_create():
    """What may double something is sent once, for any number of attempts."""
    harvest, server = scripted(silent(502), reply(CLIENT, 201))
    with pytest.raises(OutcomeUnknown):
        await harvest.options(attempts=9).clients.create("ACME")

    assert len(server.sent) == 1


async def test_a_refusal_of_the_throttle_is_no_attempt():
    """The server has not processed it, so the call returns to the queue."""
    harvest, server = scripted(silent(503, **{"retry-after": "1"}), reply(CLIENT))

    assert (await harvest.options(attempts=1).clients.get(7)).name == "ACME"
    assert len(server.sent) == 2


async def test_a_budget_of_retries_is_shared_by_what_is_made_from_it():
    """When it is used up, calls are sent once, also those with further options."""
    harvest, server = scripted(*(silent(502) for _ in range(9)))
    small = harvest.options(retry_budget=1)
    for client in (small, small.options(timeout=5)):
        with pytest.raises(ServerError):
            await client.clients.get(7)

    assert len(server.sent) == 2 + 1


async def test_a_budget_of_its_own_leaves_the_clients_alone():
    """And None goes back to it."""
    harvest, server = scripted(*(silent(502) for _ in range(9)))
    none = harvest.options(retry_budget=0)
    with pytest.raises(ServerError):
        await none.clients.get(7)
    assert len(server.sent) == 1
    with pytest.raises(ServerError):
        await none.options(retry_budget=None).clients.get(7)

    assert len(server.sent) == 1 + 5


@pytest.mark.parametrize("attempts", [0, -1, 101, 10**400, 1.0, True, "2", float("nan")])
def test_attempts_are_a_whole_number(attempts):
    """At least one, and not more than the pauses can be computed for."""
    with pytest.raises(InvalidArgument, match=r"attempts=.*give a whole number from 1 to 100"):
        change(PLAIN, {"attempts": attempts})


@pytest.mark.parametrize("retries", [-1, 10**9, 1.5, False, "2"])
def test_a_budget_is_a_whole_number(retries):
    """Of retries."""
    with pytest.raises(InvalidArgument, match=r"retry_budget=.*give a whole number from 0 to 1000000"):
        change(PLAIN, {"retry_budget": retries})


@pytest.mark.parametrize("wait", [-1, float("nan"), float("inf"), 1e300, 10**400, True, "5"])
def test_a_longest_wait_is_a_number_of_seconds(wait):
    """Or None."""
    with pytest.raises(InvalidArgument, match=r"max_wait=.*give 0 or more seconds, or None"):
        change(PLAIN, {"max_wait": wait})


@pytest.mark.parametrize("option", ["timeout", "attempts", "retry_budget", "max_wait"])
def test_a_number_of_thousands_of_digits_is_refused_like_any_other(option):
    """Python itself does not write such numbers."""
    with pytest.raises(InvalidArgument, match=f"{option}=a number of too many digits: give"):
        change(PLAIN, {option: 10**5000})


def test_an_error_shows_the_beginning_of_a_long_value():
    """A megabyte that was given by mistake is not repeated."""
    with pytest.raises(InvalidArgument) as caught:
        change(PLAIN, {"timeout": "5" * 1_000_000})

    assert len(str(caught.value)) < 200


# Header fields


async def test_header_fields_are_sent_with_each_call():
    """Beside the client's own."""
    harvest, server = scripted(reply(CLIENT), reply(CLIENT))
    await harvest.options(headers={"X-Request-Id": "1", "Traceparent": " 00-ab "}).clients.get(7)
    await harvest.clients.get(7)

    with_them, without = (request.headers for request in server.sent)
    assert (with_them["x-request-id"], with_them["traceparent"]) == ("1", "00-ab")
    assert with_them["user-agent"] == without["user-agent"]
    assert "x-request-id" not in without


async def test_header_fields_are_added_to_those_set_before():
    """A value replaces an older one in any case of the name, None takes it out; None for all takes all out."""
    harvest, server = scripted(*(reply(CLIENT) for _ in range(2)))
    first = harvest.options(headers={"X-One": "1", "X-Two": "2", "X-Three": "3"})
    await first.options(headers={"x-one": "uno", "X-TWO": None, "X-Four": "4"}).clients.get(7)
    await first.options(headers=None).clients.get(7)

    changed, cleared = (
        {name: value for name, value in each.headers.items() if name.startswith("x-")} for each in server.sent
    )
    assert changed == {"x-one": "uno", "x-three": "3", "x-four": "4"}
    assert cleared == {}


async def test_header_fields_go_with_calls_alone():
    """The status call that the throttle makes does not have them, nor has a file on another host."""
    seen = []

    class Seeing(Script):
        async def handle_async_request(self, request):
            seen.append((request.url.host, request.url.path, request.headers.get("x-tenant")))
            if request.url.host == "files.example.com":
                return httpx.Response(200, content=b"\x89PNG", headers={"content-type": "image/png"})
            if request.url.path == "/expenses/7/receipt":
                return httpx.Response(302, headers={"location": "https://files.example.com/7.png"})
            return httpx.Response(200, json=STATUS)

    harvest, _ = scripted()
    harvest = type(harvest)(
        "acme",
        auth=harvest.auth,
        app="tests",
        base_url=harvest.address,
        throttle=Throttle(clock=asyncio.get_running_loop().clock),
        transport=Seeing(),
    )
    await harvest.options(headers={"X-Tenant": "acme"}).receipts.get(7)

    assert seen == [
        ("acme.example.com", "/account/rate_limit_status", None),
        ("acme.example.com", "/expenses/7/receipt", "acme"),
        ("files.example.com", "/7.png", None),
    ]


RESERVED = [
    "Authorization",
    "authorization",
    "AUTHORIZATION",
    "Proxy-Authorization",
    "User-Agent",
    "user_agent",
    "Host",
    "Cookie",
    "Content-Type",
    "Content_Type",
    "Content-Length",
    "Content-Encoding",
    "Transfer-Encoding",
    "transfer_encoding",
    "Connection",
    "Upgrade",
    "TE",
    "Trailer",
    "Expect",
    "Keep-Alive",
    "Accept",
    "Accept-Encoding",
    "If-None-Match",
    "If-Match",
    "If-Modified-Since",
    "Range",
    "X-HTTP-Method-Override",
    "X_HTTP_Method_Override",
    "X-Method-Override",
    "X-HTTP-Method",
    "Harvest-Account-Id",
]


@pytest.mark.parametrize("name", RESERVED)
@pytest.mark.parametrize("value", [SECRET, None])
def test_what_belongs_to_the_client_or_the_connection_can_not_be_set(name, value):
    """The error names the field and the reason, and does not show the value."""
    with pytest.raises(InvalidArgument, match=f"headers: {name} can't be set here: ") as caught:
        change(PLAIN, {"headers": {name: value}})

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "a\rb", "a\0b", "a\x7fb", "a\tb", "ä", "\u2028", "\ud800"])
def test_nothing_breaks_out_of_a_value(value):
    """Nothing but printable ASCII is sent, and the error does not show what it was."""
    with pytest.raises(
        InvalidArgument, match="the value of X-Token has a character that is not printable ASCII"
    ) as caught:
        change(PLAIN, {"headers": {"X-Token": SECRET + value}})

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["", " ", "a b", "a:b", "a\r\nb", "a\n", "ä", "a\0", "(a)", 7, b"X-One", None])
def test_a_name_is_a_token(name):
    """As HTTP has it."""
    with pytest.raises(InvalidArgument, match="is no name of a header field"):
        change(PLAIN, {"headers": {name: "1"}})


@pytest.mark.parametrize("value", [7, b"1", True, ["1"]])
def test_a_value_is_a_text(value):
    """Nothing is turned into one in silence."""
    with pytest.raises(InvalidArgument, match="the value of X-One is a"):
        change(PLAIN, {"headers": {"X-One": value}})


@pytest.mark.parametrize("headers", [[("X-One", "1")], "X-One: 1", 7, {"X-One": "1", "x-one": "2"}])
def test_header_fields_are_a_mapping(headers):
    """A name is given once."""
    with pytest.raises(InvalidArgument, match="headers: "):
        change(PLAIN, {"headers": headers})


@given(st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=3))
def test_any_mapping_is_refused_or_sent_as_it_is(headers):
    """What is let through are tokens and printable values, and h11 sends them."""
    try:
        kept = change(PLAIN, {"headers": headers}).headers
    except InvalidArgument:
        return

    tokens = set(string.ascii_letters + string.digits + "!#$%&'*+.^_`|~-")
    assert [(name, value.strip()) for name, value in headers.items()] == list(kept)
    assert all(name and set(name) <= tokens and value.isascii() for name, value in kept)
    assert all(value.isprintable() for _, value in kept)


SECRETIVE = ["X-Api-Key", "X-Auth-Token", "X-Session", "X-Amz-Signature", "X-Client-Secret", "X-Auth", "X_Access_Key"]


@pytest.mark.parametrize("name", SECRETIVE)
async def test_a_credential_in_a_header_field_is_shown_nowhere(name, caplog):
    """Not in the error, its report, the curl command, the options or the log."""
    caplog.set_level("DEBUG")
    harvest, server = scripted(reply({"message": "no"}, 404))
    with_it = harvest.options(headers={name: SECRET})
    with pytest.raises(NotFound) as caught:
        await with_it.clients.get(7)

    error = caught.value
    shown = [str(error), repr(error), error.report(), error.as_curl(), caplog.text, repr(with_it._exchange.options)]
    assert server.sent[0].headers[name] == SECRET
    assert [each for each in shown if SECRET in each] == []
    assert name in error.report()


async def test_a_call_with_header_fields_of_its_own_is_not_served_from_the_cache(tmp_path):
    """Another value may have another response."""
    kept = {"etag": '"1"', "cache-control": "max-age=600"}
    responses = [reply(CLIENT, **kept), reply({"client": {"id": 7, "name": "Other"}}, **kept)]
    harvest, server = scripted(*responses, cache=HttpCache(tmp_path / "cache.sqlite3"))
    names = [(await harvest.clients.get(7)).name for _ in range(2)]
    names.append((await harvest.options(headers={"X-Tenant": "other"}).clients.get(7)).name)
    names.append((await harvest.clients.get(7)).name)
    await harvest.aclose()

    assert names == ["ACME", "ACME", "Other", "ACME"]
    assert len(server.sent) == 2


def test_an_unknown_option_is_refused():
    """By its name."""
    with pytest.raises(TypeError, match="retries"):
        change(PLAIN, {"retries": 3})


def test_every_reserved_name_is_in_lower_case():
    """Names are compared in lower case."""
    assert [name for name in module._RESERVED if name != name.lower()] == []


# Raw responses


async def test_a_record_comes_with_its_response():
    """Status, header fields in any case, and the body."""
    harvest, _ = scripted(reply(CLIENT, **{"X-Request-Id": "abc"}))
    raw = await harvest.with_raw_response(harvest.clients.get(7))

    assert (raw.record.name, raw.status, raw.headers["x-request-ID"]) == ("ACME", 200, "abc")
    assert raw.content == httpx.Response(200, json=CLIENT).content
    assert repr(raw) == f"<RawResponse Client: 200 with {len(raw.content)} bytes>"


async def test_a_create_has_the_response_to_each_request():
    """The last one is that from which the record was read; the first one says where it is."""
    harvest, _ = scripted(silent(201, location="/clients/7"), reply(CLIENT))
    raw = await harvest.with_raw_response(harvest.clients.create("ACME"))

    assert [each.status for each in raw.responses] == [201, 200]
    assert raw.responses[0].header("Location") == "/clients/7"
    assert (raw.status, raw.record.id) == (200, 7)


async def test_a_list_has_the_response_to_each_page():
    """Whole, also where it is too large to be read at once."""
    notes = "x" * 2_000
    full = [{"invoice": {"id": number, "notes": notes}} for number in range(50)]
    pages = [reply([*full]), reply([{"invoice": {"id": 99, "notes": notes * 1_000}}])]
    bodies = [page.content for page in pages]
    harvest, _ = scripted(*pages)
    raw = await harvest.with_raw_response(harvest.invoices.list())

    assert [each.id for each in raw.record] == [*range(50), 99]
    assert [each.content for each in raw.responses] == bodies
    assert [each.buffer for each in raw.responses] == [None, None]


async def test_a_call_that_sends_nothing_has_no_response():
    """The record is there, and asking for the status says why it is not."""
    harvest, _ = scripted(reply(CLIENT))
    client = await harvest.clients.get(7)
    raw = await harvest.with_raw_response(harvest.clients.update(client, client))

    assert (raw.record, raw.responses, repr(raw)) == (client, (), "<RawResponse Client: no response>")
    for name in ("status", "headers", "content"):
        with pytest.raises(LookupError, match="the call had nothing to send"):
            getattr(raw, name)


async def test_a_retried_call_has_one_response():
    """What failed on the way is no response to the call."""
    harvest, _ = scripted(silent(502), reply(CLIENT))
    raw = await harvest.with_raw_response(harvest.clients.get(7))

    assert [each.status for each in raw.responses] == [200]


async def test_a_failed_call_raises_with_its_response():
    """As without."""
    harvest, _ = scripted(reply({"message": "no"}, 404, **{"X-Request-Id": "abc"}))
    with pytest.raises(NotFound) as caught:
        await harvest.with_raw_response(harvest.clients.get(7))

    assert (caught.value.response.status, caught.value.response.header("x-request-id")) == (404, "abc")


async def test_calls_side_by_side_have_their_own_responses():
    """Nothing of one is recorded with the other, and nothing once the call has ended."""
    harvest, _ = scripted(*(reply({"client": {"id": number}}) for number in range(30)))
    raws = await asyncio.gather(*(harvest.with_raw_response(harvest.clients.get(7)) for _ in range(20)))
    await harvest.clients.get(7)

    assert [len(raw.responses) for raw in raws] == [1] * 20
    assert sorted(raw.record.id for raw in raws) == list(range(20))
    assert [raw.content for raw in raws] == [f'{{"client":{{"id":{raw.record.id}}}}}'.encode() for raw in raws]


async def test_several_calls_in_one_are_all_recorded():
    """Those of the tasks that it starts, too; and once more by a recorder around it."""
    harvest, _ = scripted(*(reply({"client": {"id": number}}) for number in range(4)))

    async def four():
        first = await harvest.with_raw_response(harvest.clients.get(7))
        await asyncio.gather(*(harvest.clients.get(7) for _ in range(3)))
        return first

    outer = await harvest.with_raw_response(four())

    assert (len(outer.record.responses), len(outer.responses)) == (1, 4)


async def test_a_task_that_outlives_its_call_is_not_recorded_any_longer():
    """A record's responses are those that were there when it came."""
    harvest, _ = scripted(reply(CLIENT), reply(CLIENT))

    async def starting():
        return asyncio.ensure_future(harvest.clients.get(7))

    raw = await harvest.with_raw_response(starting())
    await raw.record

    assert raw.responses == ()


@pytest.mark.parametrize("what", ["task", "function", "number"])
async def test_what_is_no_call_is_refused(what):
    """A running task can't be followed; the error says what to give."""
    harvest, _ = scripted(reply(CLIENT))
    task = asyncio.ensure_future(harvest.clients.get(7))
    given = {"task": task, "function": harvest.clients.get, "number": 7}[what]
    with pytest.raises(InvalidArgument, match=r"give the call itself, like harvest\.clients\.get\(7\), not a"):
        await harvest.with_raw_response(given)

    assert (await task).id == 7


async def test_a_refusal_at_the_gate_comes_out():
    """Nothing was sent, nothing is recorded."""
    harvest, _ = scripted(*(reply(CLIENT) for _ in range(99)))
    await asyncio.gather(*(harvest.clients.get(7) for _ in range(99)))
    with pytest.raises(WouldWait):
        await harvest.with_raw_response(harvest.options(max_wait=0).clients.get(7))


async def test_a_picture_comes_with_its_response():
    """A body that is no record is kept as well."""
    harvest, _ = scripted(httpx.Response(200, content=b"\x89PNG", headers={"content-type": "image/png"}))
    raw = await harvest.with_raw_response(harvest.receipts.get(7))

    assert raw.content == raw.record.content == b"\x89PNG"
    assert isinstance(raw.responses[0], Response)
