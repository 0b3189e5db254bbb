"""Many calls, one outcome each."""

import asyncio
from collections import Counter

import pytest

from harvest_async import BadRequest, BasicAuth, InvalidArgument, OutcomeUnknown, Throttle, outcomes
from harvest_async.throttle.queue import Lane
from harvest_async.v1.resources.clients import GET_CLIENT

pytestmark = pytest.mark.anyio


@pytest.fixture
def sandbox(harvest_sandbox):
    harvest_sandbox.set_limits(5000, 1)
    return harvest_sandbox


def makers(harvest, names):
    return (lambda name=name: harvest.clients.create_id(name) for name in names)


@pytest.mark.parametrize("ordered", [True, False])
async def test_each_call_has_its_outcome(sandbox, harvest_client, ordered):
    """Each of many calls returns once, with its place; in the order of the input where that is asked for."""
    names = [f"Client {n}" for n in range(60)]
    sandbox.fault("latency_out", times=None, seconds=(0, 0.02))
    async with harvest_client() as harvest:
        found = [each async for each in harvest.bulk_map(makers(harvest, names), ordered=ordered)]

    places = [each.place for each in found]
    assert (places if ordered else sorted(places)) == list(range(60))
    assert all(isinstance(each, outcomes.Created) and each.id for each in found)
    assert len(sandbox.world.clients()) == 60


async def test_every_kind_of_outcome(sandbox, harvest_client):
    """Created, updated, read, refused, unknown and not sent are distinguished."""
    sandbox.fault("drop_after", match={"method": "POST", "path": "/tasks"})
    async with harvest_client() as harvest:
        client = await harvest.clients.create("ACME")
        found = [
            each
            async for each in harvest.bulk_map(
                [
                    lambda: harvest.clients.create_id("Other"),
                    lambda: harvest.clients.update(client.id, details="x"),
                    GET_CLIENT(client.id),
                    lambda: harvest.clients.create_id("ACME"),
                    lambda: harvest.tasks.create_id("Work"),
                    lambda: harvest.options(max_wait=0).clients.get(0 + client.id),
                ],
                side_by_side=1,
            )
        ]

    kinds = [type(each) for each in found[:5]]
    assert kinds == [
        outcomes.Created, outcomes.Updated, outcomes.Existing, outcomes.Rejected, outcomes.Unknown,
    ]  # fmt: skip
    assert found[2].record.name == "ACME"
    assert isinstance(found[3].error, BadRequest)
    assert isinstance(found[4].error, OutcomeUnknown)


async def test_after_so_many_failures_the_rest_is_not_sent(sandbox, harvest_client):
    """With `max_failures` what follows returns as not sent, and nothing of it leaves."""
    async with harvest_client() as harvest:
        found = [
            each
            async for each in harvest.bulk_map(
                makers(harvest, ["A", "A", "A", "B", "C"]), side_by_side=1, max_failures=2
            )
        ]

    assert [type(each).__name__ for each in found] == ["Created", "Rejected", "Rejected", "NotSent", "NotSent"]
    assert len(sandbox.world.clients()) == 1


async def test_a_failed_sign_in_ends_the_whole(sandbox, harvest_client):
    """What every call would meet is met once: the rest is not sent."""
    async with harvest_client(auth=BasicAuth("admin@example.com", "wrong")) as harvest:
        found = [each async for each in harvest.bulk_map(makers(harvest, "ABCDEF"), side_by_side=1)]

    assert all(isinstance(each, outcomes.NotSent) for each in found)
    assert [each.error is None for each in found] == [False, True, True, True, True, True]
    assert sum(each.method == "POST" for each in sandbox.requests()) == 1


async def test_the_input_is_read_as_it_is_needed(sandbox, harvest_client):
    """An endless input is fine: a bounded number is read ahead, and a caller that stops iterating stops the rest."""
    read = []

    async def endless():
        while True:
            read.append(1)
            number = len(read)
            yield lambda n=number: harvest.clients.create_id(f"C{n}")

    async with harvest_client() as harvest:
        stream = harvest.bulk_map(endless(), side_by_side=4)
        taken = [await anext(stream) for _ in range(10)]
        await stream.aclose()
        await asyncio.sleep(0.05)
        sent = sum(each.method == "POST" for each in sandbox.requests())

    assert len(taken) == 10
    assert 10 <= sent <= 10 + 16
    assert len(read) <= 10 + 16


async def test_it_is_in_the_bulk_lane(sandbox, harvest_client):
    """Its calls wait in the bulk lane, and those of others beside it do not."""
    lanes = []

    class Seen(Throttle):
        async def acquire(self, ticket):
            lanes.append(ticket.lane)
            return await super().acquire(ticket)

    async with harvest_client(throttle=Seen()) as harvest:
        async for _ in harvest.bulk_map(makers(harvest, "AB")):
            await harvest.account.who_am_i()

    assert Counter(lanes) == {Lane.BULK: 2, Lane.INTERACTIVE: 2}


async def test_numbers_that_make_no_sense(harvest_client):
    """Fewer than one call side by side, or failure, is refused at once."""
    async with harvest_client() as harvest:
        with pytest.raises(InvalidArgument):
            harvest.bulk_map([], side_by_side=0)
        with pytest.raises(InvalidArgument):
            harvest.bulk_map([], max_failures=0)
