"""A client of a Redis server whose responses and messages a test gives: what a real server rarely does, at will."""

import asyncio

from harvest_async.throttle.ledgers.redis_connection import RedisConnection


class ScriptedRedis:
    """A server, and the clients of it.

    Attributes:
        replies: what is returned for the next commands; an exception is raised.
        commands: the commands that were sent: the URL, the name, and the arguments.
        run_id: the name that it got when it was started.
        subscribed: what each connection for notices has subscribed to; the latest last.
        unsubscribed: what is subscribed to no more.
        refused: how many of the next subscriptions fail.
        pings: how often a connection for notices was tested.
        closed: how many clients were closed.
    """

    def __init__(self, *replies):
        self.replies, self.commands = list(replies), []
        self.run_id = "first"
        self.messages = asyncio.Queue()
        self.subscribed, self.unsubscribed = [], []
        self.refused = self.pings = self.closed = 0

    def client(self, url):
        return ScriptedClient(self, url)

    def commands_to(self, url):
        return ScriptedCommands(self, url)

    def publish(self, channel, data):
        """Send a message to all that listen."""
        self.messages.put_nowait({"type": "message", "channel": channel, "data": data})

    def confirm(self):
        """Send the confirmation of a subscription, which a client passes over."""
        self.messages.put_nowait({"type": "subscribe", "channel": b"", "data": 1})

    def lose(self):
        """Lose the connection for notices."""
        self.messages.put_nowait(ConnectionError("reset"))


class ScriptedClient:
    """One client of the server."""

    def __init__(self, server, url):
        self._server, self._url = server, url

    def pubsub(self):
        return ScriptedPubSub(self._server)

    async def info(self, _):
        return {"run_id": self._server.run_id}

    async def aclose(self):
        self._server.closed += 1


class ScriptedCommands:
    """The connections that carry commands to one node; see `redis_commands.Commands`."""

    def __init__(self, server, url):
        self._server, self._url = server, url

    async def execute(self, name, *arguments):
        self._server.commands.append((self._url, name, arguments))
        reply = self._server.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        return reply, self._server.run_id.encode()

    async def aclose(self):
        self._server.closed += 1


class ScriptedPubSub:
    """A connection for notices."""

    def __init__(self, server):
        self._server = server

    async def __aenter__(self):
        return self

    async def __aexit__(self, *_):
        pass

    async def subscribe(self, *channels):
        if self._server.refused:
            self._server.refused -= 1
            raise ConnectionError("refused")
        self._server.subscribed.append(channels)

    async def unsubscribe(self, *channels):
        self._server.unsubscribed.append(channels)

    async def ping(self):
        self._server.pings += 1

    async def get_message(self, *, timeout):  # noqa: ASYNC109 - the name is that of redis-py
        try:
            message = await asyncio.wait_for(self._server.messages.get(), timeout)
        except TimeoutError:
            return None
        if isinstance(message, Exception):
            raise message
        return message


class ScriptedConnection(RedisConnection):
    """The connections to such a server."""

    def __init__(self, server, url="redis://ledger:6379/0"):
        super().__init__(url)
        self._scripted = server

    def _client(self, url):
        return self._clients.setdefault(url, self._scripted.client(url))

    def _commands_to(self, url):
        return self._commands.setdefault(url, self._scripted.commands_to(url))
