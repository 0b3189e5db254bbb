"""Commands to a Redis server over connections that a test scripts, and the stored form of a state."""

import asyncio
import json
from struct import pack

import pytest
from redis import exceptions

from harvest_async.clock import SECOND
from harvest_async.errors import StorageError
from harvest_async.throttle.ledgers.redis_commands import Commands, packed
from harvest_async.throttle.processes import Demand
from harvest_async.throttle.remote_format import FORMAT, decode, encode
from harvest_async.throttle.state import AccountState

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]


class Connection:
    """A connection as redis-py makes it.

    Attributes:
        replies: what it responds next; an exception is raised, None waits for ever.
        stale: what shows whether it was closed by the server: a value, or an error that is raised.
        info: what the server responds about itself; an exception is raised.
        sent: the commands that were sent over it, without that for the server's name.
        closed: how often it was closed.
    """

    def __init__(self, *replies):
        self.replies, self.stale, self.sent, self.closed = list(replies), False, [], 0
        self.info = b"# Server\r\nredis_version:7.2.4\r\nrun_id:first\r\n"
        self.is_connected = self._asked = False

    async def connect(self):
        self.is_connected = True

    async def send_packed_command(self, command):
        assert self.is_connected
        self.sent.append(command)

    async def send_command(self, *words):
        assert words == ("INFO", "server")
        self._asked = True

    async def read_response(self):
        asked, self._asked = self._asked, False
        reply = self.info if asked else self.replies.pop(0)
        if isinstance(reply, Exception):
            raise reply
        if reply is None:
            await asyncio.Event().wait()
        return reply

    async def can_read(self):
        if isinstance(self.stale, Exception):
            raise self.stale
        return self.stale

    async def disconnect(self, *, nowait):
        assert nowait
        self.is_connected, self.closed = False, self.closed + 1


class OldConnection(Connection):
    """A connection of redis-py before version 8."""

    can_read = None
    can_read_destructive = Connection.can_read


class Transport:
    """The transport of a connection: it responds to each command with bytes, and keeps those that redis-py reads.

    Attributes:
        responses: the bytes that come next; None is the end of the connection.
        passed: what redis-py got.
    """

    def __init__(self, *responses):
        self.responses, self.passed = list(responses), []
        self.protocol = self

    def get_protocol(self):
        return self

    def set_protocol(self, protocol):
        self.protocol = protocol

    def write(self, _):
        response = self.responses.pop(0)
        call, value = ("connection_lost", None) if response is None else ("data_received", response)
        asyncio.get_running_loop().call_soon(getattr(self.protocol, call), value)

    def data_received(self, data):
        self.passed.append(data)

    def connection_lost(self, _):
        self.passed.append(None)


class StreamConnection(Connection):
    """A connection over a transport: the replies are what redis-py makes of bytes that it got."""

    def __init__(self, transport, *replies):
        super().__init__(*replies)
        self.transport = transport

    @property
    def _writer(self):
        return self


class Pool:
    def __init__(self, *connections):
        self._connections = list(connections)

    def make_connection(self):
        return self._connections.pop(0)


def commands_over(*connections):
    """Return commands that use the given connections, in this order."""
    commands = Commands("redis://127.0.0.1:1", timeout=5)
    commands._pool = Pool(*connections)
    return commands


def test_a_command_is_an_array_of_strings():
    """With its length and theirs, in bytes; a string may be empty."""
    assert packed((b"GET", "ü".encode(), b"")) == b"*3\r\n$3\r\nGET\r\n$2\r\n\xc3\xbc\r\n$0\r\n\r\n"


async def test_a_connection_is_used_again():
    """After its response is there."""
    connection = Connection(b"1", b"2")
    commands = commands_over(connection)

    assert [await commands.execute(b"A"), await commands.execute(b"B")] == [(b"1", b"first"), (b"2", b"first")]
    assert connection.sent == [packed((b"A",)), packed((b"B",))]
    await commands.aclose()
    assert connection.closed == 1


async def test_a_command_after_the_end_closes_its_connection():
    """So does one that is connecting at the end: nobody would close it."""
    connecting, late = Connection(b"1"), Connection(b"2")
    connected = asyncio.Event()
    connecting.connect = gate(connecting.connect, connected)
    commands = commands_over(connecting, late)
    task = asyncio.ensure_future(commands.execute(b"A"))
    await asyncio.sleep(0.001)
    await commands.aclose()
    connected.set()

    assert await task == (b"1", b"first")
    assert await commands.execute(b"B") == (b"2", b"first")
    assert (connecting.is_connected, late.is_connected) == (False, False)


def gate(connect, connected):
    """Return a function that connects once an event is set."""

    async def wait():
        await connected.wait()
        await connect()

    return wait


async def test_commands_at_the_same_time_have_a_connection_each():
    """None waits for the response to another one."""
    slow, quick = Connection(None), Connection(b"2")
    commands = commands_over(slow, quick)
    task = asyncio.ensure_future(commands.execute(b"A"))
    await asyncio.sleep(0)

    assert (await commands.execute(b"B"))[0] == b"2"
    task.cancel()
    await asyncio.wait([task])
    assert (slow.closed, quick.closed) == (1, 0)


@pytest.mark.parametrize("made", [Connection, OldConnection])
@pytest.mark.parametrize("stale", [True, exceptions.ConnectionError("reset"), OSError("closed")])
async def test_a_connection_that_the_server_has_closed_is_opened_again_before_it_is_used(made, stale):
    """A command that was sent over it would have an unknown outcome."""
    connection = made(b"1", b"2")
    commands = commands_over(connection)
    await commands.execute(b"A")
    connection.stale = stale

    assert (await commands.execute(b"B"))[0] == b"2"
    assert connection.closed == 1


async def test_a_connection_that_is_opened_again_learns_who_responds_now():
    """A server that has taken over has another name, and may lack the latest steps."""
    connection = Connection(b"1", b"2")
    commands = commands_over(connection)
    await commands.execute(b"A")
    connection.stale, connection.info = True, b"run_id:second\r\n"

    assert await commands.execute(b"B") == (b"2", b"second")


@pytest.mark.parametrize("info", [b"# Server\r\n", exceptions.NoPermissionError("NOPERM")])
async def test_a_server_that_does_not_show_its_name_has_none(info):
    """A user may not know it, or a proxy may hide it; steps are still sent."""
    connection = Connection(b"1")
    connection.info = info

    assert await commands_over(connection).execute(b"A") == (b"1", b"")


async def test_a_status_is_taken_without_redis_py():
    """It is what most steps are responded to with, and comes in one piece."""
    transport = Transport(b"+1 2\r\n", b"+3 4\r\n")
    commands = commands_over(StreamConnection(transport))

    assert [(await commands.execute(b"A"))[0], (await commands.execute(b"B"))[0]] == [b"1 2", b"3 4"]
    assert transport.passed == []


@pytest.mark.parametrize("response", [b"*1\r\n$1\r\n1\r\n", b"+1", b"-ERR\r\n"])
async def test_all_other_responses_are_read_by_redis_py(response):
    """It makes lists and errors of them, and waits for what is missing."""
    transport = Transport(response, b"+2\r\n")
    commands = commands_over(StreamConnection(transport, b"read"))

    assert [(await commands.execute(b"A"))[0], (await commands.execute(b"B"))[0]] == [b"read", b"2"]
    assert transport.passed == [response]


async def test_a_connection_that_is_lost_while_a_status_is_awaited_is_an_error():
    """That of redis-py."""
    transport = Transport(None)
    with pytest.raises(exceptions.ConnectionError):
        await commands_over(StreamConnection(transport, exceptions.ConnectionError("closed"))).execute(b"A")

    assert transport.passed == [None]


async def test_redis_py_checks_a_connection_over_which_came_what_nobody_asked_for():
    """Or one that the server has closed: it is opened again before it is used."""
    transport = Transport(b"+1\r\n", b"+2\r\n")
    connection = StreamConnection(transport)
    commands = commands_over(connection)
    await commands.execute(b"A")
    transport.protocol.data_received(b"+unasked\r\n")
    connection.stale = True

    assert (await commands.execute(b"B"))[0] == b"2"
    assert (connection.closed, transport.passed) == (1, [b"+unasked\r\n"])


async def test_a_connection_is_not_used_again_after_an_error():
    """Whether a response is still on its way is not known from each of them."""
    broken, other = Connection(exceptions.ResponseError("ERR")), Connection(b"2")
    commands = commands_over(broken, other)
    with pytest.raises(exceptions.ResponseError):
        await commands.execute(b"A")

    assert (await commands.execute(b"B"))[0] == b"2"
    assert broken.closed == 1


async def test_a_server_that_does_not_respond_is_awaited_for_the_given_time():
    """The connection is closed then."""
    connection = Connection(None)
    commands = commands_over(connection)
    began = asyncio.get_running_loop().time()
    with pytest.raises(TimeoutError):
        await commands.execute(b"A")

    assert asyncio.get_running_loop().time() - began == pytest.approx(5)
    assert connection.closed == 1


# The stored form


def used_state():
    """Return a state with a lease of each kind."""
    state = AccountState()
    state.take(7 * SECOND, 67 * SECOND)
    for lease in (11, 12, 13):
        state.number_from(lease - 1)
        state.take(8 * SECOND, 60 * SECOND)
    state.responded(11, 9 * SECOND)
    state.refused(12, 9 * SECOND, 5 * SECOND)
    state.lost(13, 9 * SECOND)
    return state


def test_a_stored_state_is_read_at_the_reader_s_times():
    """The scales of both processes are known from how far the server's clock is ahead of theirs."""
    state = used_state()
    state.processes.register("a", Demand(2, 1), Demand(3, 0), 0, since=SECOND, until=2 * SECOND)
    moved = state.copy()
    moved.shift(3 * SECOND - SECOND)
    found, epoch = decode(encode(state, 3 * SECOND, "e"), SECOND)

    assert (found.dump(), epoch) == (moved.dump(), "e")


def test_each_value_of_a_state_is_stored():
    """Also after another state was, whose values were the same but for one."""
    values = AccountState().dump()
    for name in set(values) - {"window", "processes", "why", "_agreed", "_reported"}:
        stored = {**values, name: not values[name] if isinstance(values[name], bool) else 7}

        assert decode(encode(AccountState.load(stored), 0), 0)[0].dump() == AccountState.load(stored).dump()


def test_the_first_format_is_read():
    """It has all values in the JSON, at the server's times."""
    state = used_state()
    moved = state.copy()
    moved.shift(-SECOND)
    stored = json.dumps({"format": 1, "state": state.dump()}).encode()

    assert decode(stored, SECOND)[0].dump() == moved.dump()


def test_the_second_format_is_read():
    """It has all but the leases of ended calls in the JSON, and how far the server's clock is ahead."""
    state = used_state()
    state.processes.register("a", Demand(2, 1), Demand(3, 0), 0, since=SECOND, until=2 * SECOND)
    moved = state.copy()
    moved.shift(3 * SECOND - SECOND)
    values = state.dump()
    past = [number for pair in values["window"].pop("past") for number in pair]
    head = json.dumps({"format": 2, "offset": 3 * SECOND, "epoch": "e", "state": values}).encode()
    found, epoch = decode(head + b"\n" + pack(f"<{len(past)}q", *past), SECOND)

    assert (found.dump(), epoch) == (moved.dump(), "e")


@pytest.mark.parametrize(
    "stored",
    [
        b"",
        b"[]",
        b'{"format": 2}',
        b'{"format": 3}',
        b'{"format": 3}\n' + bytes(80),
        b"\xff",
        encode(used_state(), 0)[:-1],
        encode(used_state(), 0)[:-8],
    ],
)
def test_what_is_no_state_is_not_read(stored):
    """Nor one of which a part is missing."""
    assert decode(stored, 0) is None


def test_a_later_format_is_refused():
    """It may hold what this version does not know."""
    with pytest.raises(StorageError, match=f"format {FORMAT + 1}.*reads format {FORMAT}: upgrade"):
        decode(json.dumps({"format": FORMAT + 1}).encode(), 0)
