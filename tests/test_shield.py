"""What has been begun is finished, and cancellation comes out afterwards."""

import asyncio

import anyio
import pytest

from harvest_async.shield import finish
from harvest_async.testing import VirtualLoop

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio", {"loop_factory": VirtualLoop}


async def work(done, seconds=5.0):
    await asyncio.sleep(seconds)
    done.append(True)
    return 7


async def test_it_gives_what_the_work_gives():
    """Its result, or its error."""

    async def fail():
        raise ValueError("no")

    assert await finish(work([])) == 7
    with pytest.raises(ValueError, match="no"):
        await finish(fail())


@pytest.mark.parametrize("times", [1, 3])
async def test_cancellation_waits_for_the_work(times):
    """However often it comes, it comes out once the work is done."""
    done = []
    task = asyncio.ensure_future(finish(work(done)))
    for _ in range(times):
        await asyncio.sleep(1)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert done == [True]


async def test_a_scope_waits_for_the_work():
    """A timeout of anyio's is put off in the same way."""
    done = []
    with anyio.move_on_after(1) as scope:
        await finish(work(done))
        await anyio.sleep(60)

    assert scope.cancelled_caught
    assert done == [True]


async def test_cancellation_goes_before_an_error_of_the_work():
    """Whoever cancels gets what they asked for."""

    async def fail():
        await asyncio.sleep(5)
        raise ValueError("no")

    task = asyncio.ensure_future(finish(fail()))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_work_that_cancels_itself_is_cancelled():
    """The caller sees it."""

    async def stop():
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await finish(stop())
