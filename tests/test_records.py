"""Lists from a server: any size, in the order of their pages, each record once."""

import asyncio
import gzip
import json
from datetime import date
from urllib.parse import parse_qs

import httpx
import pytest

from harvest_async import BasicAuth, DecodeError, HarvestV1, NotFound, Throttle
from harvest_async.body_buffer import IN_MEMORY, BodyBuffer
from harvest_async.call import Call, Repeat
from harvest_async.client.results import Many
from harvest_async.exchange import response_body as body
from harvest_async.v1.models import Client
from tests.support.answers import Drip

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

DAYS = (date(2026, 1, 1), date(2026, 12, 31))
STATUS = {"count": 1, "max_calls": 100, "timeframe_limit": 15}


class Server(httpx.AsyncBaseTransport):
    """Responds with what `response` returns for a request, except for status calls; counts the bodies that are open."""

    def __init__(self, response):
        self.response, self.sent = response, []

    async def handle_async_request(self, request):
        if request.url.path == "/account/rate_limit_status":
            return httpx.Response(200, json=STATUS)
        self.sent.append(request)
        return self.response(request)


def harvest_of(response, **options):
    server = Server(response)
    clock = asyncio.get_running_loop().clock
    auth = BasicAuth("me@example.com", "secret")
    options = {"app": "tests", "base_url": "https://acme.example.com", "transport": server, **options}
    return HarvestV1("acme", auth=auth, throttle=Throttle(clock=clock), **options), server


def body_of(count, format="json"):
    """Return a report of N entries."""
    if format == "json":
        return json.dumps(
            [{"day_entry": {"id": each, "notes": "n" * 100, "hours": 1.5}} for each in range(count)]
        ).encode()
    entries = (f"<day-entry><id>{each}</id><notes>{'n' * 100}</notes></day-entry>" for each in range(count))
    return b"<day-entries>" + "".join(entries).encode() + b"</day-entries>"


def answer_of(content, format="json", **how):
    parts = [content[place : place + 50_000] for place in range(0, len(content), 50_000)]
    return httpx.Response(200, headers={"content-type": f"application/{format}"}, stream=Drip(*parts, **how))


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_a_large_list_comes_out_whole_and_in_order(format):
    """What does not fit into memory goes through a file, and comes out as it came in."""
    content = body_of(20_000, format)
    harvest, server = harvest_of(lambda _: answer_of(content, format), format=format)
    entries = [entry.id async for entry in harvest.reports.project_entries(7, *DAYS)]

    assert entries == list(range(20_000))
    assert len(content) > IN_MEMORY
    assert len(server.sent) == 1


@pytest.mark.parametrize("format", ["json", "xml"])
async def test_others_get_their_turn_while_a_list_is_read(format):
    """Between two slices everyone else may go on."""
    content = body_of(20_000, format)
    harvest, _ = harvest_of(lambda _: answer_of(content, format), format=format)
    turns = 0

    async def other():
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    going = asyncio.create_task(other())
    entries = aiter(harvest.reports.project_entries(7, *DAYS))
    await anext(entries)
    before = turns
    count = 1 + len([entry async for entry in entries])
    going.cancel()

    assert count == 20_000
    assert turns - before >= len(content) // 64 // 1024


async def test_a_large_list_that_breaks_off_is_asked_for_again_before_a_record_is_given():
    """Half a response yields nothing: the whole is read first, so a repeat can't yield a record twice."""
    content = body_of(20_000)
    broken = Drip(content[: len(content) // 2], end=httpx.ReadError("connection closed"))
    answers = [httpx.Response(200, stream=broken), answer_of(content)]
    harvest, server = harvest_of(lambda _: answers.pop(0))

    assert [entry.id async for entry in harvest.reports.project_entries(7, *DAYS)] == list(range(20_000))
    assert len(server.sent) == 2
    assert broken.closed


async def test_who_stops_in_the_middle_leaves_nothing_open():
    """The file of a list is closed when nobody wants the rest (a file left open is a warning, and an error here)."""
    harvest, _ = harvest_of(lambda _: answer_of(body_of(20_000)))
    records = aiter(harvest.reports.project_entries(7, *DAYS))

    assert (await anext(records)).id == 0
    await records.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(records)


async def test_a_list_that_turns_bad_in_the_middle_tells_of_which_request():
    """The records before are yielded, then the error, with the request and the response's beginning in its report."""
    content = body_of(20_000)[:-1] + b', {"day_entry": {"id": "x"}}]'
    harvest, _ = harvest_of(lambda _: answer_of(content))
    found = []

    async def gather():
        async for entry in harvest.reports.project_entries(7, *DAYS):
            found.append(entry.id)  # noqa: PERF401 - what came before the error counts

    with pytest.raises(DecodeError, match="whole number") as caught:
        await gather()

    assert found == list(range(len(found)))
    assert len(found) > 19_000
    assert "GET https://acme.example.com/projects/7/entries?from=20260101" in caught.value.report()
    assert len(caught.value.report()) < 10_000


async def test_a_large_answer_where_a_record_was_expected_is_read_whole():
    """A record of any reasonable size is read from the file."""
    details = "x" * (2 * IN_MEMORY)
    content = json.dumps({"client": {"id": 7, "details": details}}).encode()
    harvest, _ = harvest_of(lambda _: answer_of(content))

    assert (await harvest.clients.get(7)).details == details


async def test_an_unreasonably_large_record_is_refused(monkeypatch):
    """What is no list is not read into memory beyond a size."""
    monkeypatch.setattr(body, "LARGEST_RECORD", IN_MEMORY)
    content = json.dumps({"client": {"id": 7, "details": "x" * (2 * IN_MEMORY)}}).encode()
    harvest, _ = harvest_of(lambda _: answer_of(content))
    with pytest.raises(DecodeError, match="larger than"):
        await harvest.clients.get(7)


async def test_a_large_error_page_is_shown_by_its_beginning():
    """An error's body is read up to a size, however far it would unfold."""
    bomb = gzip.compress(b"x" * 50 * IN_MEMORY)
    pages = [Drip(b"x" * 50_000, b"y" * 3 * IN_MEMORY), Drip(bomb)]
    headers = [{}, {"content-encoding": "gzip"}]
    harvest, _ = harvest_of(lambda _: httpx.Response(404, headers=headers.pop(0), stream=pages.pop(0)))
    for _ in range(2):
        with pytest.raises(NotFound) as caught:
            await harvest.clients.get(7)

        assert len(caught.value.response.content) == IN_MEMORY


# Pages

PAGED = Call(
    "clients.pages", "GET", "/clients", Many(Client, "client", page_size=3), Repeat.SAFE, (("status", "open"),)
)


def pages_of(*pages):
    """A server with these ids on its pages."""

    def response(request):
        page = int(parse_qs(request.url.query.decode()).get("page", ["1"])[0])
        return httpx.Response(200, json=[{"client": {"id": number}} for number in pages[page - 1]])

    return response


@pytest.mark.parametrize(
    ("pages", "asked"),
    [
        ([[1, 2]], 1),
        ([[]], 1),
        ([[1, 2, 3], []], 2),
        ([[1, 2, 3], [4]], 2),
        ([[1, 2, 3], [4, 5, 6], [7, 8]], 3),
    ],
)
async def test_pages_are_asked_for_until_one_is_not_full(pages, asked):
    """A page with fewer records than it may have is the last; filters stay."""
    harvest, server = harvest_of(pages_of(*pages))
    found = [client.id async for some in harvest._exchange.slices(PAGED) for client in some]

    assert found == [number for page in pages for number in page]
    assert len(server.sent) == asked
    assert all(request.url.params["status"] == "open" for request in server.sent)


async def test_a_record_that_moves_to_the_next_page_is_given_once():
    """Records created meanwhile shift the others; each is still yielded once."""
    harvest, _ = harvest_of(pages_of([9, 8, 7], [7, 6, 5], [5, 4]))

    assert [client.id async for some in harvest._exchange.slices(PAGED) for client in some] == [9, 8, 7, 6, 5, 4]


async def test_a_page_is_not_asked_for_before_it_is_wanted():
    """Who needs only the first records makes one call."""
    harvest, server = harvest_of(pages_of([1, 2, 3], [4]))
    slices = harvest._exchange.slices(PAGED)
    found = 0
    while found < 3:
        found += len(await anext(slices))
    await slices.aclose()

    assert len(server.sent) == 1


# Spools


def test_a_spool_gives_what_was_put_in_as_often_as_asked():
    """The chunks are the bytes, whether they are in memory or in a file."""
    for size in (0, 10, IN_MEMORY + 10):
        content = bytes(range(256)) * (size // 256 + 1)
        with BodyBuffer() as buffer:
            for place in range(0, len(content), 1_000):
                buffer.write(content[place : place + 1_000])

            assert buffer.size == len(content)
            assert buffer.read() == b"".join(buffer.chunks(777)) == content
            assert buffer.read(5) == content[:5]
