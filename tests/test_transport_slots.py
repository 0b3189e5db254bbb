"""`SlotTransport`: a number of connections, each with a transport of its own, for the clients of a pool."""

import asyncio

import httpx
import pytest

from harvest_async import InvalidArgument
from harvest_async.transport import SlotTransport

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Body(httpx.AsyncByteStream):
    """Two pieces; closing it may fail."""

    def __init__(self, error):
        self.error = error

    async def __aiter__(self):
        yield b"a"
        yield b"b"

    async def aclose(self):
        if self.error is not None:
            raise self.error


class Connection(httpx.AsyncBaseTransport):
    """Responds after a second."""

    def __init__(self, address, log):
        self.address, self.log, self.error, self.body_error = address, log, None, None
        log.append(self)
        self.sent, self.closed = 0, False

    async def handle_async_request(self, request):
        self.sent += 1
        await asyncio.sleep(1)
        if self.error is not None:
            raise self.error
        if request.url.path == "/whole":
            return httpx.Response(200, content=b"whole")
        return httpx.Response(200, stream=Body(self.body_error))

    async def aclose(self):
        self.closed = True


@pytest.fixture
def made():
    """The connections that were made."""
    return []


@pytest.fixture
async def slots(made):
    """A transport of two connections."""
    transport = SlotTransport(lambda address: Connection(address, made), 2)
    yield transport
    await transport.shut()


async def get(slots, url="https://acme.example/", **timeouts):
    request = httpx.Request("GET", url, extensions={"timeout": timeouts})
    response = await slots.handle_async_request(request)
    if not response.is_closed:
        await response.aread()
    return response


async def test_a_connection_is_used_again(slots, made):
    """The last connection that was used is the next one, so that the others become idle."""
    await asyncio.gather(get(slots), get(slots))
    for _ in range(3):
        await get(slots)

    assert sorted(each.sent for each in made) == [1, 4]


async def test_a_response_without_a_stream_returns_its_connection(slots):
    """A response that is complete when it comes holds nothing."""
    await get(slots, "https://acme.example/whole")

    assert (slots.busy, slots.open) == (0, 1)


async def test_requests_wait_in_their_order(slots):
    """A third request gets the first connection that is returned."""
    ended = []

    async def named(name):
        await get(slots)
        ended.append(name)

    await asyncio.gather(*(named(name) for name in "abcde"))

    assert "".join(ended) == "abcde"


async def test_a_wait_that_takes_too_long_sends_nothing(slots, made):
    """Raises PoolTimeout, which means that nothing was sent."""
    running = [asyncio.ensure_future(get(slots)) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(httpx.PoolTimeout):
        await get(slots, pool=0.5)
    await asyncio.gather(*running)

    assert sum(each.sent for each in made) == 2


async def test_a_request_that_is_cancelled_as_it_gets_a_connection_returns_it(slots):
    """The connection goes to the next request."""
    running = [asyncio.ensure_future(get(slots)) for _ in range(2)]
    await asyncio.sleep(0)
    waiting = [asyncio.ensure_future(get(slots)) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    waiting[0].cancel()
    await asyncio.wait(waiting)

    assert waiting[0].cancelled()
    assert (waiting[1].result().status_code, slots.busy) == (200, 0)


async def test_a_connection_that_failed_is_closed(slots, made):
    """The error is passed on; the next request gets a new connection."""
    await get(slots)
    made[0].error = httpx.ReadError("reset")
    with pytest.raises(httpx.ReadError):
        await get(slots)
    await get(slots)

    assert [(each.sent, each.closed) for each in made] == [(2, True), (1, False)]


async def test_a_cancelled_request_closes_its_connection(slots, made):
    """Its response may still be on its way, so nobody else may use the connection."""
    running = asyncio.ensure_future(get(slots))
    await asyncio.sleep(0.5)
    running.cancel()
    await asyncio.wait([running])

    assert (made[0].closed, slots.open) == (True, 0)


async def test_a_body_that_is_not_read_closes_its_connection(slots, made):
    """A response that is closed early leaves bytes behind."""
    response = await slots.handle_async_request(httpx.Request("GET", "https://acme.example/"))
    await response.aclose()
    await response.stream.aclose()

    assert (made[0].closed, slots.busy, slots.open) == (True, 0, 0)


async def test_a_body_that_fails_when_it_is_closed_closes_its_connection(slots, made):
    """The error is passed on, and the place is free."""
    await get(slots)
    made[0].body_error = httpx.ReadError("reset")
    with pytest.raises(httpx.ReadError):
        await get(slots)

    assert (made[0].closed, slots.busy) == (True, 0)


async def test_another_address_gets_the_connection_that_was_idle_longest(slots, made):
    """It is closed, and a new one leads to the address."""
    for host in ("acme", "beta", "gamma"):
        await get(slots, f"https://{host}.example/")

    assert [(each.address, each.closed) for each in made] == [
        ("https://acme.example/", True),
        ("https://beta.example/", False),
        ("https://gamma.example/", False),
    ]


async def test_an_old_connection_that_can_not_be_closed_keeps_no_place(slots, made):
    """The error of closing it is passed on."""
    await get(slots)

    async def fail():
        raise OSError

    made[0].aclose = fail
    await get(slots, "https://beta.example/")
    with pytest.raises(OSError):  # noqa: PT011 - it has no text
        await get(slots, "https://gamma.example/")

    assert slots.busy == 0


async def test_idle_connections_are_closed_one_after_the_other(slots, made):
    """Each is closed two seconds after its last use."""
    await asyncio.gather(get(slots), get(slots))
    await asyncio.sleep(1)
    await get(slots)  # until 2 s, on the second one
    await asyncio.sleep(0.5)
    assert sorted(each.closed for each in made) == [False, True]
    await asyncio.sleep(2)

    assert [each.closed for each in made] == [True, True]


async def test_a_closed_transport_sends_nothing(made):
    """Requests that wait fail as not sent, and so do later ones; those in flight end by themselves."""
    slots = SlotTransport(lambda address: Connection(address, made), 1)
    running, waiting = (asyncio.ensure_future(get(slots)) for _ in range(2))
    await asyncio.sleep(0)
    await slots.shut()

    with pytest.raises(httpx.ConnectError, match="has been closed"):
        await waiting
    with pytest.raises(httpx.ConnectError, match="has been closed"):
        await get(slots)
    with pytest.raises(InvalidArgument, match="has been closed"):
        await slots.current()
    await running
    assert (made[0].closed, slots.open) == (True, 0)


async def test_clients_do_not_close_it(slots, made):
    """Closing a client leaves the connections to the others."""
    await get(slots)
    await slots.aclose()

    assert not made[0].closed
