"""What the ledger on a Redis server does with responses, notices and losses that a real server gives rarely."""

import asyncio
import gc
import weakref

import pytest
from attrs import evolve
from redis import exceptions

from harvest_async.errors import InvalidArgument, StorageError
from harvest_async.throttle.ledgers.redis import RedisLedger, RedisStore
from harvest_async.throttle.ledgers.redis_connection import Script, connections, end_if_cancelled
from harvest_async.throttle.ledgers.remote import Commit, LedgerDown, Reply
from harvest_async.throttle.remote_entries import Entry
from tests.support.scripted_redis import ScriptedConnection, ScriptedRedis

pytestmark = [pytest.mark.anyio, pytest.mark.virtual_time]

URL = "redis://ledger:6379/0"
SCRIPT = Script("return 1")
COMMIT = Commit(b"1:a:1", b"state", 1_000, b"c")


@pytest.fixture
async def server():
    """A server without anything to respond yet."""
    return ScriptedRedis()


@pytest.fixture
async def connection(server):
    """The connections to it, closed at the end."""
    made = ScriptedConnection(server)
    yield made
    await made.aclose()


def store_of(connection, flush=None):
    """Return the store of one gate."""

    async def connect():
        return connection

    async def nothing():
        pass

    return RedisStore(connect, "harvest_async:{acme}:general", "a", flush or nothing)


async def pass_on():
    """Let everything run that is ready."""
    await asyncio.sleep(0.001)


# Scripts


async def test_a_script_is_sent_by_its_name(server, connection):
    """The server has it already."""
    server.replies = [[b"1"]]

    assert await connection.run(SCRIPT, [b"key"], [b"a", b"2"]) == ([b"1"], b"first")
    assert server.commands == [(URL, b"EVALSHA", (SCRIPT.sha, b"1", b"key", b"a", b"2"))]


async def test_a_script_that_the_server_does_not_have_is_sent_whole(server, connection):
    """Nothing was run, so it is sent again."""
    server.replies = [exceptions.NoScriptError("NOSCRIPT"), [b"1"]]

    assert await connection.run(SCRIPT, [b"key"], []) == ([b"1"], b"first")
    assert [name for _, name, _ in server.commands] == [b"EVALSHA", b"EVAL"]


async def test_a_script_goes_to_the_node_that_has_its_keys(server, connection):
    """That node is used for these keys from then on."""
    server.replies = [exceptions.MovedError("1 other:7000"), [b"1"], [b"2"], [b"3"]]

    await connection.run(SCRIPT, [b"key"], [])
    await connection.run(SCRIPT, [b"key"], [])
    await connection.run(SCRIPT, [b"another"], [])
    assert [url for url, *_ in server.commands] == [URL, "redis://other:7000/0", "redis://other:7000/0", URL]


async def test_keys_that_move_all_the_time_are_an_error(server, connection):
    """It names where they went last."""
    server.replies = [exceptions.MovedError(f"1 other:{port}") for port in (7000, 7001, 7002)]

    with pytest.raises(StorageError, match="other:7002"):
        await connection.run(SCRIPT, [b"key"], [])


async def test_clients_are_made_once_for_each_node_and_closed():
    """A connection pool is not made for each command."""
    held = connections("redis://127.0.0.1:1")
    connection = await held.get()
    assert connection._client("redis://127.0.0.1:1") is connection._client("redis://127.0.0.1:1")
    assert connection._commands_to("redis://127.0.0.1:1") is connection._commands_to("redis://127.0.0.1:1")
    assert connections("redis://127.0.0.1:1") is held
    await held.aclose()


# Notices


async def test_a_notice_goes_to_those_who_listen_to_its_channel(server, connection):
    """Confirmations and other channels are passed over."""
    received = []
    connection.listen("one", received.append)
    await pass_on()
    server.confirm()
    server.publish(b"two", b"other")
    server.publish(b"one", b"c1:a:1")
    await pass_on()

    assert received == [b"c1:a:1"]
    assert server.subscribed == [(b"one",)]


async def test_further_channels_are_subscribed_to_and_left_on_the_same_connection(server, connection):
    """A channel is left with its last listener; one that nobody listens to changes nothing."""
    first, second = [], []
    connection.listen("one", first.append)
    await pass_on()
    listener = second.append
    connection.listen("two", listener)
    connection.listen("two", first.append)
    await pass_on()
    connection.ignore("two", listener)
    await pass_on()
    assert server.unsubscribed == []
    connection.ignore("two", first.append)
    connection.ignore("two", first.append)
    connection.ignore("three", listener)
    await pass_on()

    assert server.subscribed == [(b"one",), (b"two",)]
    assert server.unsubscribed == [(b"two",)]


async def test_a_channel_that_is_added_before_the_connection_is_there_is_subscribed_to_with_it(server, connection):
    """One request for both."""
    connection.listen("one", [].append)
    connection.listen("two", [].append)
    connection.ignore("three", [].append)
    await pass_on()

    assert server.subscribed == [(b"one", b"two")]


async def test_a_channel_left_before_the_connection_is_there_is_not_subscribed_to(server, connection):
    """There is nothing to take back."""
    listener = [].append
    connection.listen("one", listener)
    connection.listen("two", listener)
    connection.ignore("two", listener)
    await pass_on()

    assert server.subscribed == [(b"one",)]
    assert server.unsubscribed == []


async def test_a_subscription_that_fails_is_no_error_of_the_caller(server, connection):
    """The connection is lost then, and made again with all channels."""
    connection.listen("one", [].append)
    await pass_on()
    server.refused = 1
    connection.listen("two", [].append)
    await pass_on()
    server.lose()
    await asyncio.sleep(0.1)

    assert server.subscribed == [(b"one",), (b"one", b"two")]


@pytest.mark.parametrize(("run_id", "message"), [("first", b"o"), ("second", b"l")])
async def test_after_a_lost_connection_each_listener_looks_by_itself(server, connection, run_id, message):
    """It is notified whether the same server responds, or one that may lack what was stored."""
    received = []
    connection.listen("one", received.append)
    connection.listen("two", received.append)
    await pass_on()
    server.run_id = run_id
    server.lose()
    await asyncio.sleep(0.1)

    assert received == [message, message]


async def test_attempts_to_connect_again_become_rarer(server, connection):
    """After 0.05 s, 0.1 s, 0.2 s and 0.4 s, then every 0.5 s."""
    server.refused = 5
    connection.listen("one", [].append)
    for refused, seconds in ((4, 0.01), (3, 0.05), (2, 0.1), (1, 0.2), (0, 0.4)):
        await asyncio.sleep(seconds)
        assert server.refused == refused
    assert server.subscribed == []
    await asyncio.sleep(0.5)

    assert server.subscribed == [(b"one",)]


async def test_a_quiet_connection_is_tested_and_then_made_again(server, connection):
    """After 15 s without a notice; a notice ends the quiet."""
    connection.listen("one", [].append)
    await asyncio.sleep(16)
    assert server.pings == 1
    server.confirm()
    await asyncio.sleep(16)
    assert (server.pings, len(server.subscribed)) == (2, 1)
    await asyncio.sleep(16)

    assert len(server.subscribed) == 2


async def test_closing_writes_what_is_left_within_two_seconds(server):
    """A gate that can't write does not keep the program from ending, and no task is left."""
    connection, before = ScriptedConnection(server), asyncio.all_tasks()
    written = []

    async def write():
        written.append("all")

    writers = [store_of(connection, write), store_of(connection, asyncio.Event().wait)]
    for writer in writers:
        connection.before_close(writer)
    connection.listen("one", [].append)
    await pass_on()
    began = asyncio.get_running_loop().time()
    await connection.aclose()

    assert written == ["all"]
    assert asyncio.get_running_loop().time() - began < 3
    assert asyncio.all_tasks() == before


async def test_a_listener_that_got_the_last_notice_is_not_kept_in_memory(server, connection):
    """The task that waits for the next notice does not remember who got the last one."""
    received = []
    listener = Listener(received)
    dropped = weakref.ref(listener)
    connection.listen("kept", received.append)
    connection.listen("dropped", listener.receive)
    await pass_on()
    server.publish(b"dropped", b"hello")
    await pass_on()
    connection.ignore("dropped", listener.receive)
    del listener
    gc.collect()

    assert (received, dropped()) == ([b"hello"], None)


class Listener:
    """Appends what it receives to a list."""

    def __init__(self, received):
        self.received = received

    def receive(self, notice):
        self.received.append(notice)


async def test_closing_without_listeners_closes_the_clients(server, connection):
    """Each node's."""
    server.replies = [exceptions.MovedError("1 other:7000"), [b"1"]]
    await connection.run(SCRIPT, [b"key"], [])
    await connection.aclose()

    assert server.closed == 2


async def test_a_task_that_has_lost_its_cancellation_ends():
    """It is known from the task that it was cancelled."""
    end_if_cancelled()

    async def work():
        asyncio.current_task().cancel()
        end_if_cancelled()
        raise AssertionError

    task = asyncio.create_task(work())
    await asyncio.wait([task])

    assert task.cancelled()


# The store of a gate


async def test_a_reply_without_a_state_is_that_of_a_stored_step(server, connection):
    """Seconds and microseconds, and the entries that are left."""
    server.replies = [b"7 5", b"7 5 a,1 b,2"]
    store = store_of(connection)

    assert await store.exchange(b"", COMMIT, again=True) == Reply(stored=True, time=7_000_005_000, server=b"first")
    reply = await store.exchange(b"", None, again=False)
    assert reply.entries == (b"a,1", b"b,2")


async def test_a_step_is_sent_with_its_entries_and_the_names_of_obsolete_ones(server, connection):
    """After the number of the entries each has its name and its text."""
    server.replies = [b"7 5"]
    commit = evolve(COMMIT, entries=(Entry(b"a", b"a,1"),), obsolete=(b"a", b"b"))
    await store_of(connection).exchange(b"", commit, again=True)

    [(_, _, arguments)] = server.commands
    assert arguments[5:] == (b"", b"1:a:1", b"state", b"1000", b"c", b"1", b"1", b"a", b"a,1", b"a", b"b")


async def test_a_reply_with_a_state_is_that_of_a_step_which_others_were_before(server, connection):
    """It has the version, the state and when it was stored; an empty server has none."""
    server.replies = [
        [b"7", b"0", b"2:b:1", b"theirs", b"6 1", b"1:a:1", b"c,3"],
        [b"7", b"0", b"", b"", b"", b"", b""],
    ]
    store = store_of(connection)

    assert await store.exchange(b"1:a:1", COMMIT, again=False) == Reply(
        stored=False,
        time=7 * 10**9,
        token=b"2:b:1",
        state=b"theirs",
        written=6_000_001_000,
        own=b"1:a:1",
        server=b"first",
        entries=(b"c,3",),
    )
    assert await store.exchange(b"", None, again=False) == Reply(stored=False, time=7 * 10**9, server=b"first")


@pytest.mark.parametrize(
    ("error", "kind"),
    [(exceptions.ConnectionError("reset"), LedgerDown), (exceptions.OutOfMemoryError("OOM"), StorageError)],
)
async def test_errors_name_the_ledger(server, connection, error, kind):
    """Whether it can't be reached, or refuses the step."""
    server.replies = [error]

    with pytest.raises(kind, match=r"^the throttle's ledger redis://ledger:6379/0") as raised:
        await store_of(connection).exchange(b"", None, again=False)
    assert isinstance(raised.value, LedgerDown) == (kind is LedgerDown)


async def test_a_gate_that_listens_receives_the_version_with_each_notice(server, connection):
    """Until it does not listen any more; what arrives then is ignored."""
    store, received = store_of(connection), []
    server.replies = [b"7 0"]
    await store.exchange(b"", None, again=False)
    store.listen(lambda *notice: received.append(notice))
    await pass_on()
    server.publish(b"harvest_async:{acme}:general", b"c2:b:1")
    await pass_on()
    store.idle()
    store._receive(b"o3:b:1")

    assert received == [(b"c", b"2:b:1")]


async def test_a_gate_that_listens_before_it_is_connected_does_so_with_the_first_step(server, connection):
    """One that is idle before then has nothing to end."""
    store, received = store_of(connection), []
    store.idle()
    store.listen(lambda *notice: received.append(notice))
    server.replies = [b"7 0"]
    await store.exchange(b"", None, again=False)
    await pass_on()
    server.publish(b"harvest_async:{acme}:general", b"c2:b:1")
    await pass_on()

    assert received == [(b"c", b"2:b:1")]


async def test_a_gate_listens_on_the_connections_that_replace_closed_ones(server):
    """`aclose` of the ledger, and the next call."""
    first, second = ScriptedConnection(server), ScriptedConnection(server)
    current = [first]

    async def connect():
        return current[0]

    async def nothing():
        pass

    store, received = RedisStore(connect, "channel", "a", nothing), []
    server.replies = [b"7 0"] * 3
    await store.exchange(b"", None, again=False)
    store.listen(lambda *notice: received.append(notice))
    await pass_on()
    await first.aclose()
    current[0] = second
    await store.exchange(b"", None, again=False)
    await store.exchange(b"", None, again=False)
    await pass_on()
    server.publish(b"channel", b"c2:b:1")
    await pass_on()

    assert received == [(b"c", b"2:b:1")]
    await second.aclose()


# The ledger


@pytest.mark.parametrize("share", [0, -1, 1.5])
def test_a_share_is_a_part_of_the_budget(share):
    """Neither nothing, nor more than all of it."""
    with pytest.raises(InvalidArgument, match="such as 1 / 4"):
        RedisLedger(URL, account="acme", share=share)


def test_an_account_has_a_name():
    """An empty one would be shared by accident."""
    with pytest.raises(InvalidArgument, match="give the account a name"):
        RedisLedger(URL, account="")


def test_a_ledger_shows_its_server_without_the_password():
    """Neither in its repr, nor as its location."""
    ledger = RedisLedger("redis://me:secret@ledger:6379/0", account="acme")

    assert repr(ledger) == "RedisLedger('redis://ledger:6379/0', account='acme')"


def test_a_ledger_has_another_one_for_each_budget():
    """Itself for its own, and one of the same account and share for another."""
    ledger = RedisLedger(URL, account="acme", share=1 / 4)
    reports = ledger.for_budget("reports")

    assert ledger.for_budget("general") is ledger
    assert (reports.account, reports.budget, reports.share) == ("acme", "reports", ledger.share)


async def test_a_ledger_that_was_never_used_has_nothing_to_close():
    """No connection is made for it, and a store has keys of its account and budget."""
    ledger = RedisLedger(URL, account="a/c")
    store = ledger.store("a", ledger.aclose)
    await ledger.aclose()

    key = b"harvest_async:{a%2Fc}:general"
    assert store._keys == [key, key + b":a", key + b":entries"]
