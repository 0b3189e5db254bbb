"""Responses that are broken, endless, huge, or lead elsewhere."""

import asyncio
import gzip

import anyio
import httpx
import pytest

from harvest_async import DecodeError, InvalidArgument, NotFound, OutcomeUnknown, ServerError, Throttle
from harvest_async.exchange import response_body as body
from tests.support.answers import Drip
from tests.support.exchange import CLIENT, REPEATABLE, UNSAFE, call, harvest_of, json_answer

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


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
