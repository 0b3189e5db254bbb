"""One client over several event loops: one after the other, or in several threads."""

import asyncio
import gc
import subprocess
import sys
import threading

import httpx
import pytest

from harvest_async import (
    BearerAuth,
    Directory,
    HarvestV1,
    HttpCache,
    InvalidArgument,
    Throttle,
)
from harvest_async.codec import fast
from harvest_async.per_loop import PerLoop
from harvest_async.testing import VirtualLoop
from tests.renewal.server import TokenServer


@pytest.fixture
def address():
    """A real server, in a thread of its own."""
    up, down, found = threading.Event(), threading.Event(), []

    async def serve():
        async with TokenServer(0, 0) as server:
            server.access = "t"
            found.append(server.address)
            up.set()
            await asyncio.to_thread(down.wait, 30)

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    up.wait(10)
    yield found[0]
    down.set()
    thread.join(10)


def harvest_of(address, **options):
    return HarvestV1("acme", auth=BearerAuth("t"), app="x (a@b.example)", base_url=address, **options)


async def some(harvest):
    return [client.id for client in await asyncio.gather(*(harvest.clients.get(7) for _ in range(3)))]


@pytest.mark.socket
@pytest.mark.parametrize("cached", [False, True])
def test_one_client_serves_successive_event_loops(address, cached, tmp_path):
    """Each has connections of its own, which are closed when it ends."""
    harvest = harvest_of(address, cache=HttpCache(tmp_path / "cache.db") if cached else None)

    assert [asyncio.run(some(harvest)) for _ in range(4)] == [[7] * 3] * 4


@pytest.mark.socket
@pytest.mark.parametrize("cached", [False, True])
def test_one_client_serves_several_threads(address, cached, tmp_path):
    """Eight event loops at a time."""
    harvest = harvest_of(address, cache=HttpCache(tmp_path / "cache.db") if cached else None)
    assert in_threads(lambda: asyncio.run(some(harvest))) == [[7] * 3] * 8


@pytest.mark.socket
def test_default_clients_in_several_threads_share_the_account_s_throttle(address):
    """Each thread makes its own client, and none of them a throttle."""

    async def work():
        async with harvest_of(address) as harvest:
            return await some(harvest)

    assert in_threads(lambda: asyncio.run(work())) == [[7] * 3] * 8


def in_threads(work, count=8):
    ends, start = [], threading.Barrier(count)

    def run():
        start.wait(10)
        try:
            ends.append(work())
        except Exception as error:  # noqa: BLE001 - compared with what is right
            ends.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return ends


@pytest.mark.socket
def test_a_transport_of_the_caller_s_serves_one_event_loop(address):
    """On another one nothing is sent, and the error says what to do."""
    transport = httpx.AsyncHTTPTransport()
    harvest = harvest_of(address, transport=transport)

    async def work():
        async with transport:
            await some(harvest)

    asyncio.run(work())
    for _ in range(2):
        with pytest.raises(InvalidArgument, match="belongs to another event loop: leave the argument out"):
            asyncio.run(harvest.clients.get(7))

    assert harvest.throttle.snapshot().in_flight == 0


class CountedClosings(httpx.AsyncHTTPTransport):
    def __init__(self):
        super().__init__()
        self.closings, self.was_closed = 0, threading.Event()

    async def aclose(self):
        await super().aclose()
        self.closings += 1
        self.was_closed.set()


@pytest.mark.socket
def test_a_transport_of_the_caller_s_stays_open_when_its_client_is_garbage_collected(address):
    """The caller may use it elsewhere: `aclose` of a client closes it, and nothing else."""

    async def work():
        transport = CountedClosings()
        await some(harvest_of(address, transport=transport))
        gc.collect()
        await asyncio.sleep(0.01)  # where something closed it, that would be done by now
        collected = transport.closings
        async with harvest_of(address, transport=transport) as harvest:
            await some(harvest)
        return collected, transport.closings

    assert asyncio.run(work()) == (0, 1)


@pytest.mark.socket
def test_a_transport_of_the_caller_s_is_closed_on_its_own_event_loop(address):
    """A client may be closed by another thread."""
    transport, used = CountedClosings(), threading.Event()
    harvest = harvest_of(address, transport=transport)

    async def work():
        await some(harvest)
        used.set()
        await asyncio.to_thread(transport.was_closed.wait, 30)

    async def close():
        await harvest.aclose()
        await asyncio.to_thread(transport.was_closed.wait, 30)

    thread = threading.Thread(target=asyncio.run, args=(work(),))
    thread.start()
    used.wait(30)
    asyncio.run(close())
    thread.join(30)
    asyncio.run(harvest.aclose())

    assert transport.closings == 1


def test_a_transport_without_connections_serves_any_event_loop():
    """A fake, for example."""
    fake = httpx.MockTransport(lambda _: httpx.Response(200, json={"client": {"id": 7, "name": "ACME"}}))
    harvest = harvest_of("http://127.0.0.1:1", transport=fake, throttle=Throttle(pace="burst"))
    for _ in range(3):
        assert asyncio.run(some(harvest)) == [7] * 3


def test_a_client_that_was_closed_says_so():
    """Its error says what to do; nothing is sent."""
    harvest = harvest_of("http://127.0.0.1:1")
    asyncio.run(harvest.aclose())
    with pytest.raises(InvalidArgument, match="has been closed: make a new one"):
        asyncio.run(harvest.clients.get(7))


def test_a_directory_goes_on_after_its_event_loop_ended_in_the_middle():
    """A list that was being loaded on a loop that is closed is loaded anew."""
    slow = [True]

    async def response(request):
        if request.url.path == "/account/rate_limit_status":
            return httpx.Response(200, json={"count": 1, "max_calls": 100, "timeframe_limit": 15})
        if slow:
            slow.clear()
            await asyncio.sleep(60)
        return httpx.Response(200, json=[{"client": {"id": 7, "name": "ACME"}}])

    transport = httpx.MockTransport(response)
    directory = Directory(harvest_of("http://127.0.0.1:1", transport=transport, throttle=Throttle()))
    loop = asyncio.new_event_loop()
    load = loop.create_task(directory.clients.by_id(7))
    while slow:
        loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()

    assert asyncio.run(directory.clients.by_id(7)).name == "ACME"
    assert not load.done()


# The parts


def test_a_value_is_made_for_each_loop_and_closed_with_it():
    """Also where nobody closes it."""
    made, closed = iter(range(10)), []

    async def close(value):
        await asyncio.sleep(0)
        closed.append(value)

    values = PerLoop(lambda: next(made), close)

    async def twice():
        return [await values.get(), await values.get()]

    assert [asyncio.run(twice()) for _ in range(3)] == [[0, 0], [1, 1], [2, 2]]
    assert closed == [0, 1, 2]


def test_closing_closes_what_other_running_loops_have():
    """On their own loops."""
    closed, up, down = [], threading.Event(), threading.Event()

    async def close(value):
        closed.append((value, asyncio.get_running_loop() is value))

    values = PerLoop(asyncio.get_running_loop, close)

    async def other():
        await values.get()
        up.set()
        await asyncio.to_thread(down.wait, 10)
        await asyncio.sleep(0)

    async def main():
        await values.get()
        await values.aclose()
        await values.aclose()

    thread = threading.Thread(target=asyncio.run, args=(other(),))
    thread.start()
    up.wait(10)
    asyncio.run(main())
    down.set()
    thread.join(10)

    assert [own for _, own in closed] == [True, True]


def test_a_loop_that_was_closed_without_a_word_is_forgotten():
    """What was connected on it can't be used any more."""
    closed = []

    async def close(value):
        closed.append(value)

    values = PerLoop(object, close)
    loop = VirtualLoop()
    first = loop.run_until_complete(values.get())
    loop.close()

    assert asyncio.run(values.get()) is not first
    assert len(values._held) == 1


# Imports of what may be missing


_WITHOUT_SPEED = """
import sys, threading
sys.modules["msgspec"] = None
from harvest_async.v1 import dialect
from harvest_async.v1.resources.clients import LIST_CLIENTS
from harvest_async.messages import Response

start, ends = threading.Barrier(8), []

def work():
    start.wait(10)
    for _ in range(50):
        try:
            response = Response(200, (("content-type", "application/json"),), b'[{"client": {"id": 7, "name": "A"}}]')
            ends.append(dialect.V1Dialect("json").decode(LIST_CLIENTS(), response).items[0].id)
        except BaseException as error:
            ends.append(repr(error))

threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join(30)
print(set(ends), "harvest_async.codec.speed" in sys.modules)
"""


def test_threads_read_lists_without_the_extra_speed():
    """The choice is made once: no thread meets a module whose import is failing in another one."""
    ended = subprocess.run(
        [sys.executable, "-c", _WITHOUT_SPEED], check=False, capture_output=True, text=True, timeout=60
    )

    assert ended.stdout.strip() == "{7} False", ended.stderr


def test_the_choice_of_a_fast_reader_is_made_once():
    """Not for every list."""
    assert fast._fast_readers() is fast._fast_readers()
