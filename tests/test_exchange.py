"""The exchange: what becomes of a failed call, by phase and by what the endpoint allows."""

import asyncio

import anyio
import httpx
import pytest

from harvest_async import (
    CreatedUnread,
    DeleteResult,
    NotFound,
    NotSent,
    OutcomeUnknown,
    ServerError,
    Throttle,
    Throttled,
    Unauthorized,
    WouldWait,
)
from tests.support.answers import Drip
from tests.support.exchange import CLIENT, DELETE, REPEATABLE, STATUS, UNSAFE, UPDATE, call, harvest_of, json_answer

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


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
