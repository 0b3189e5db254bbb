"""What every client has beside its resources, over API v2: lanes, options, raw requests, watchers and the cache."""

import asyncio

import httpx
import pytest

from harvest_async import HttpCache, OutcomeUnknown, outcomes
from harvest_async.v2.clients import Client
from tests.support.v2 import body_of, page, scripted

pytestmark = pytest.mark.anyio

ACME = {"id": 7, "name": "ACME"}


def ok(**fields):
    """Return a response with a client."""
    return httpx.Response(200, json={**ACME, **fields})


async def test_calls_inside_bulk_are_in_the_bulk_lane():
    """A lane given by name comes first."""
    harvest, _ = scripted(ok(), ok(), ok())
    lanes = []
    acquire = harvest.throttle.acquire

    async def watch(ticket):
        lanes.append(ticket.lane.value)
        return await acquire(ticket)

    harvest.throttle.acquire = watch
    await harvest.clients.get(7)
    with harvest.bulk():
        await asyncio.gather(harvest.clients.get(7), harvest.options(lane="interactive").clients.get(7))

    assert lanes == ["interactive", "bulk", "interactive"]


async def test_bulk_map_yields_what_became_of_each_call():
    """A create counts as created although its record is returned; the others as updated, rejected or unknown."""
    refused = httpx.Response(422, json={"message": "Name is too long"})
    harvest, _ = scripted(httpx.Response(201, json=ACME), ok(name="Other"), refused, httpx.Response(502))
    calls = [
        lambda: harvest.clients.create("ACME"),
        lambda: harvest.clients.update(7, name="Other"),
        lambda: harvest.clients.create("A" * 300),
        lambda: harvest.clients.create("Lost"),
    ]

    found = [each async for each in harvest.bulk_map(calls, side_by_side=1)]

    assert [type(each) for each in found] == [
        outcomes.Created,
        outcomes.Updated,
        outcomes.Rejected,
        outcomes.Unknown,
    ]
    assert (found[0].id, found[0].record) == (7, Client(id=7, name="ACME"))


async def test_a_function_that_creates_several_records_counts_as_updated():
    """There is no single id."""
    harvest, _ = scripted(httpx.Response(201, json=ACME), httpx.Response(201, json={"id": 8}))

    async def both():
        await harvest.clients.create("ACME")
        return await harvest.tasks.create("Design")

    found = [each async for each in harvest.bulk_map([both])]

    assert [type(each) for each in found] == [outcomes.Updated]


async def test_a_lost_create_is_not_sent_again():
    """The error has the request, so that the caller can look for the record."""
    harvest, sent = scripted(httpx.Response(502))

    with pytest.raises(OutcomeUnknown) as caught:
        await harvest.clients.create("ACME")

    assert (caught.value.request.method, len(sent)) == ("POST", 1)


async def test_a_raw_request_is_sent_to_any_path():
    """Query and body are sent as given, and the response is a tree."""
    harvest, sent = scripted(httpx.Response(200, json={"kept": [1]}))

    found = await harvest.request("PATCH", "/clients/7", query={"a": "b"}, fields={"name": "ACME"})

    assert (found, body_of(sent[0])) == ({"kept": [1]}, {"name": "ACME"})
    assert (sent[0].method, sent[0].url.path, sent[0].url.query) == ("PATCH", "/v2/clients/7", b"a=b")


async def test_a_watcher_is_notified_of_writes_only():
    """Reads change nothing."""
    harvest, _ = scripted(ok(), page("clients", ACME), ok())
    seen = []

    class Watcher:
        def wrote(self, call, *, done):
            seen.append((call.name, done))

    watcher = Watcher()
    harvest.watch(watcher)
    await harvest.clients.get(7)
    await harvest.clients.list()
    await harvest.clients.update(7, name="Other")

    assert seen == [("clients.update", True)]


async def test_a_fresh_response_is_read_from_the_cache(tmp_path):
    """The second read sends nothing."""
    fresh = httpx.Response(200, json=ACME, headers={"cache-control": "max-age=60", "etag": '"1"'})
    harvest, sent = scripted(fresh, cache=HttpCache(tmp_path / "harvest.db"))
    async with harvest:
        names = [(await harvest.clients.get(7)).name for _ in range(2)]

    assert (names, len(sent)) == (["ACME", "ACME"], 1)


async def test_header_fields_of_the_options_are_sent():
    """They are added to the client's own."""
    harvest, sent = scripted(ok())

    await harvest.options(headers={"X-Request-Id": "1"}).clients.get(7)

    assert (sent[0].headers["x-request-id"], sent[0].headers["harvest-account-id"]) == ("1", "7")
