"""The connection for notices, with a client of the server that loses cancellations."""

import asyncio

from harvest_async.throttle.ledgers.redis_connection import RedisConnection


class LosingPubSub:
    """Waits for messages, and goes on as if nothing had happened when it is cancelled."""

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def subscribe(self, *_):
        pass

    async def ping(self):
        pass

    async def get_message(self, *, timeout):  # noqa: ASYNC109 - the name is that of redis-py
        try:
            await asyncio.sleep(timeout)
        except asyncio.CancelledError:
            return
        return


class LosingClient:
    """A client whose connection for notices loses cancellations."""

    def pubsub(self):
        return LosingPubSub()

    async def info(self, _):
        return {"run_id": "a"}


class Connection(RedisConnection):
    """A connection over such a client."""

    def _client(self, _):
        return LosingClient()


def test_a_lost_cancellation_does_not_keep_a_program_from_ending():
    """`asyncio.run` cancels what is left and waits for it: the task that listens ends, though the client went on."""

    async def program():
        Connection("redis://127.0.0.1:1").listen("channel", lambda _: None)
        await asyncio.sleep(0.01)

    asyncio.run(asyncio.wait_for(program(), 5))
