"""A failover of a real Valkey server: the primary is killed while calls are made, and its replica takes over."""

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import httpx
import pytest
import redis

from harvest_async import RedisLedger, Throttle, ThrottledTransport
from harvest_async.clock import SECOND, SystemClock
from harvest_async.throttle.lease import Ticket
from harvest_async.transport import TICKET
from tests.support.account import SlowAccount
from tests.support.valkey import Valkey

pytestmark = [pytest.mark.anyio, pytest.mark.socket, pytest.mark.slow]

CALLS, PERIOD = 5, 1
DEADLINE = 2 * SECOND
"""As long the calls are awaited that a replica without the last steps has as calls in flight."""


class Relay:
    """A TCP connection's way to the server that is the primary now.

    Attributes:
        port: the port of that server.
        url: the address of the relay.
    """

    def __init__(self, port):
        self.port, self.url = port, ""
        self._writers, self._connections = set(), set()

    @asynccontextmanager
    async def listening(self):
        """Accept connections while the block runs."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}/0"
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.gather(*self._connections)

    def cut(self):
        """Close all connections."""
        for writer in self._writers:
            writer.close()

    async def _accept(self, reader, writer):
        self._writers.add(writer)
        self._connections.add(asyncio.current_task())
        with suppress(OSError):
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self.port)
            self._writers.add(to_server)
            await asyncio.gather(_carry(reader, to_server), _carry(from_server, writer))
        writer.close()


async def _carry(reader, writer):
    """Carry bytes until one side closes."""
    with suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def until(met):
    """Wait until a condition is met, at most half a minute."""
    for _ in range(3_000):
        if met():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


@asynccontextmanager
async def process(url, account):
    """A client with a throttle of its own, as another process has; it makes calls one after another."""
    ledger = RedisLedger(url, account="acme")
    throttle = Throttle(CALLS, PERIOD, guard=0.2, pace="burst", ledger=ledger)
    transport = ThrottledTransport(account, throttle)
    async with httpx.AsyncClient(transport=transport, base_url="https://a.example") as client:
        calls = asyncio.create_task(_make_calls(client))
        try:
            yield calls
        finally:
            calls.cancel()
            await asyncio.wait([calls])
    await ledger.aclose()


async def _make_calls(client):
    while True:
        with suppress(httpx.TimeoutException):  # a busy machine may take longer
            await client.get("/x", extensions={TICKET: Ticket(deadline=DEADLINE)})


def is_in_step(replica):
    """Return whether a replica receives what its primary stores."""
    with redis.Redis(port=replica.port) as client:
        return client.info("replication").get("master_link_status") == "up"


def promote(replica):
    """Make a replica a primary."""
    with redis.Redis(port=replica.port) as client:
        client.replicaof("NO", "ONE")


@pytest.mark.parametrize("behind", [False, True])
async def test_a_failover_lets_no_call_too_many_pass_and_calls_go_on(tmp_path, behind):
    """Also if the replica lacks the last steps: the server refuses none and sees no more than it allows."""
    account = SlowAccount(SystemClock(), CALLS, PERIOD, way=0.01, back=0.01)
    folders = [tmp_path / name for name in ("primary", "replica")]
    for folder in folders:
        folder.mkdir()
    async with AsyncExitStack() as stack:
        primary = stack.enter_context(Valkey(folders[0], "--repl-diskless-sync-delay", "0"))
        replica = stack.enter_context(Valkey(folders[1], "--replicaof", "127.0.0.1", str(primary.port)))
        await until(lambda: is_in_step(replica))
        relay = await stack.enter_async_context(Relay(primary.port).listening())
        processes = [await stack.enter_async_context(process(relay.url, account)) for _ in range(2)]
        await until(lambda: len(account.served) >= 2 * CALLS)
        if behind:
            promote(replica)  # it receives no more, and the primary goes on for a while
            seen = len(account.served)
            await until(lambda: len(account.served) >= seen + CALLS)
        primary.end()
        promote(replica)
        relay.port = replica.port
        relay.cut()
        seen = len(account.served)
        await until(lambda: len(account.served) >= seen + 3 * CALLS)

        assert [each.done() for each in processes] == [False, False]

    assert account.refused == 0
    assert account.most_in_any_period() == CALLS
