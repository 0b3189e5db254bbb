"""The receiver of statuses, in front of a stream that notes what it gets."""

import asyncio

import pytest

from harvest_async.throttle.ledgers.status_replies import StatusReplies

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Stream:
    """What redis-py reads; also the transport.

    Attributes:
        noted: what was passed on, and what was sent.
    """

    def __init__(self):
        self.noted = []

    def get_protocol(self):
        return self

    def set_protocol(self, protocol):
        pass

    def write(self, command):
        self.noted.append(command)

    def data_received(self, data):
        self.noted.append(data)

    def eof_received(self):
        self.noted.append("end")
        return True

    def connection_lost(self, error):
        self.noted.append(error)

    def pause_writing(self):
        self.noted.append("pause")

    def resume_writing(self):
        self.noted.append("resume")


async def sent(seconds=5.0):
    """Return a stream, the receiver before it, and a command that was sent."""
    stream = Stream()
    replies = StatusReplies(stream)
    task = asyncio.ensure_future(replies.send(b"A", asyncio.get_running_loop().time() + seconds))
    await asyncio.sleep(0)
    assert stream.noted.pop() == b"A"
    return stream, replies, task


async def test_only_one_status_is_taken_for_a_command():
    """A second one, which nobody asked for, is passed on, also if it comes before the first one was used."""
    stream, replies, task = await sent()
    replies.data_received(b"+OK\r\n")
    quiet = replies.quiet
    replies.data_received(b"+more\r\n")

    assert (await task, stream.noted) == (b"OK", [b"+more\r\n"])
    assert (quiet, replies.quiet) == (True, False)


@pytest.mark.parametrize("data", [b"+A\r\n+B\r\n", b"+A", b"+A\r", b"-ERR\r\n", b"$1\r\n", b":1\r\n"])
async def test_what_is_no_whole_status_is_passed_on(data):
    """The caller reads it from the stream."""
    stream, replies, task = await sent()
    replies.data_received(data)

    assert (await task, stream.noted, replies.quiet) == (None, [data], False)


async def test_the_end_of_the_connection_is_passed_on():
    """Both that of the server's data and that of the connection; the stream decides whether it is kept half open."""
    stream, replies, task = await sent()
    kept, error = replies.eof_received(), OSError("reset")
    replies.connection_lost(error)

    assert (await task, stream.noted, kept, replies.quiet) == (None, ["end", error], True, False)


async def test_a_full_buffer_is_passed_on():
    """The stream may be written to as well."""
    stream, replies, task = await sent()
    replies.pause_writing()
    replies.resume_writing()
    replies.data_received(b"+OK\r\n")

    assert (await task, stream.noted) == (b"OK", ["pause", "resume"])


async def test_a_status_is_awaited_until_the_deadline():
    """One that comes later is passed on."""
    stream, replies, task = await sent()
    with pytest.raises(TimeoutError):
        await task
    replies.data_received(b"+OK\r\n")

    assert (stream.noted, replies.quiet) == ([b"+OK\r\n"], False)


async def test_a_status_that_comes_at_the_deadline_counts():
    """It is in the same turn of the event loop."""
    _, replies, task = await sent(0.0)
    asyncio.get_running_loop().call_soon(replies.data_received, b"+OK\r\n")

    assert await task == b"OK"


async def test_a_cancelled_wait_takes_no_status():
    """The connection is closed, and nothing else is sent over it."""
    stream, replies, task = await sent()
    task.cancel()
    replies.data_received(b"+OK\r\n")
    with pytest.raises(asyncio.CancelledError):
        await task

    assert (stream.noted, replies.quiet) == ([b"+OK\r\n"], False)
