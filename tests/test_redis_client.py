"""Connections to a Redis or Valkey server."""

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
