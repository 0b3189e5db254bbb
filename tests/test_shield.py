"""What has been begun is finished, and cancellation comes out afterwards."""

import asyncio

import anyio
import anyio.lowlevel
import pytest

from harvest_async.cancellation import finish, in_one_go

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


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
    """The caller that cancels gets what it asked for."""

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


async def test_work_that_cancels_itself_while_the_caller_is_cancelled_is_over():
    """There is nothing left to wait for."""

    async def stop():
        await asyncio.sleep(5)
        raise asyncio.CancelledError

    task = asyncio.ensure_future(finish(stop()))
    await asyncio.sleep(1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


class RateLimitStatus(Exception):
    pass


async def test_short_work_is_done_in_one_go():
    """It runs in its caller's own task, and what it raises comes out."""
    seen = []

    async def short():
        seen.append(asyncio.current_task())
        await asyncio.sleep(0)
        raise RateLimitStatus

    with pytest.raises(RateLimitStatus):
        await in_one_go(short())

    assert seen == [asyncio.current_task()]


@pytest.mark.parametrize("times", [1, 2, 5])
async def test_short_work_puts_cancellation_off(times):
    """However often its caller is cancelled while it only lets others run."""
    done = []

    async def short():
        for _ in range(4):
            await asyncio.sleep(0)
        done.append(True)

    task = asyncio.create_task(in_one_go(short()))
    for _ in range(times):
        await asyncio.sleep(0)
        task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert done == [True]


async def test_short_work_inside_a_cancelled_scope_is_done():
    """Scopes of anyio cancel again and again: it is still done, and cancellation comes after it."""
    done = []

    async def short():
        await anyio.lowlevel.checkpoint()
        done.append(True)

    with anyio.CancelScope() as scope:
        scope.cancel()
        await in_one_go(short())
        await anyio.lowlevel.checkpoint()

    assert (done, scope.cancelled_caught) == ([True], True)


@pytest.mark.parametrize("cancels", [0, 1, 3])
async def test_short_work_is_done_even_where_it_waits(cancels):
    """What it waits for is not cancelled with its caller, and reports how it ended."""
    loop, seen = asyncio.get_running_loop(), []

    async def short():
        for result in (1, RateLimitStatus()):
            future = loop.create_future()
            settle = future.set_exception if isinstance(result, Exception) else future.set_result
            loop.call_later(1, settle, result)
            try:
                seen.append(await future)
            except RateLimitStatus:
                seen.append("status")

    task = asyncio.create_task(in_one_go(short()))
    for _ in range(cancels):
        await asyncio.sleep(0.4)
        task.cancel()
    ends = await asyncio.gather(task, return_exceptions=True)

    assert seen == [1, "status"]
    assert isinstance(ends[0], asyncio.CancelledError) is bool(cancels)


async def test_short_work_that_ends_as_its_caller_is_cancelled_is_done():
    """Both in one moment: the work goes on, and cancellation comes out."""
    future, done = asyncio.get_running_loop().create_future(), []

    async def short():
        await future
        done.append(True)

    task = asyncio.create_task(in_one_go(short()))
    await asyncio.sleep(1)
    task.cancel()
    future.set_result(None)
    with pytest.raises(asyncio.CancelledError):
        await task

    assert done == [True]


def test_a_coroutine_that_is_destroyed_awaits_nothing():
    """Drops the work, without a warning, where the event loop has ended and the coroutine is closed."""
    done = []

    async def clean_up():
        done.append(True)

    async def call():
        try:
            await asyncio.sleep(1)
        except BaseException:
            await in_one_go(clean_up())
            raise

    async def start():
        coroutine = call()
        coroutine.send(None)
        return coroutine

    asyncio.run(start()).close()

    assert done == []
