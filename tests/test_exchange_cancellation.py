"""Calls that are cancelled: what may have been processed is handed over, and nothing hides the cancellation."""

import asyncio

import anyio
import httpx
import pytest

from tests.support.answers import Drip
from tests.support.exchange import CLIENT, harvest_of, json_answer

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


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
