"""Connections to a Redis or Valkey server."""

import asyncio
import gc

import pytest

from harvest_async.errors import InvalidArgument
from harvest_async.redis_client import connect, location
from tests.support.valkey import Valkey


@pytest.mark.anyio
async def test_a_client_reaches_a_real_server(tmp_path):
    """The address of a server gives a client that reads what it wrote."""
    with Valkey(tmp_path) as server:
        async with connect(server.url) as client:
            await client.set("key", "value")
            assert await client.get("key") == b"value"


@pytest.mark.parametrize("url", ["http://127.0.0.1:6379", "127.0.0.1:6379", "", "redis://[", "redis://h:port"])
def test_an_address_of_something_else_is_refused(url):
    """What is not the address of a Redis server is refused before anything is sent."""
    with pytest.raises(InvalidArgument, match="is not the address of a Redis server"):
        connect(url)


def test_an_address_is_named_without_its_password():
    """The name of a server for messages has no user, password or options."""
    assert location("rediss://me:secret@127.0.0.1:6380/1?password=secret") == "rediss://127.0.0.1:6380/1"


async def cancelled_after(steps, work):
    """Cancel work after some steps of the event loop; gives the task, two seconds later at most."""
    task = asyncio.create_task(work)
    for _ in range(steps):
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task], timeout=2)
    return task


@pytest.mark.anyio
async def test_a_command_that_is_cancelled_ends_at_every_step(tmp_path):
    """A task that is cancelled while it connects, sends, waits or reads does not go on to what comes next."""

    async def use(client):
        await client.set("key", "value")
        await asyncio.sleep(60)

    with Valkey(tmp_path) as server:
        for steps in range(150):
            async with connect(server.url) as client:
                task = await cancelled_after(steps, use(client))
            assert task.cancelled(), steps


@pytest.mark.anyio
async def test_closing_a_client_closes_its_connections_even_if_it_is_cancelled(tmp_path):
    """However far it is, no connection stays open: one that did would be a warning, which is an error."""

    async def close(client):
        await client.aclose()

    with Valkey(tmp_path) as server:
        for steps in range(1, 30):
            client = connect(server.url)
            await client.ping()
            await cancelled_after(steps, close(client))
            del client
            gc.collect()


@pytest.mark.anyio
async def test_closing_a_client_leaves_no_connection_of_a_command_that_is_under_way(tmp_path):
    """However far it is: also one that is being made when the client is closed."""
    with Valkey(tmp_path) as server:
        async with connect(server.url) as observer:
            for steps in range(1, 30):
                client = connect(server.url)
                command = asyncio.create_task(client.ping())
                for _ in range(steps):
                    await asyncio.sleep(0)
                await client.aclose()
                await asyncio.gather(command, return_exceptions=True)
                for _ in range(1_000):
                    if len(await observer.client_list()) == 1:
                        break
                    await asyncio.sleep(0.001)  # the server takes a little to notice
                else:
                    raise AssertionError(client)
