"""The ledger on a real Valkey server: errors that name it, restarts, replicas, clusters, and memory that runs out."""

import asyncio
import gc
import subprocess
import sys
from contextlib import asynccontextmanager
from functools import partial
from weakref import ref

import httpx
import pytest
import redis

from harvest_async import RedisLedger, Throttle, ThrottledTransport
from harvest_async.clock import SECOND
from harvest_async.errors import InvalidArgument, StorageError, WouldWait
from harvest_async.throttle.lease import Ticket
from harvest_async.throttle.ledgers.redis_connection import RedisConnection
from tests.support.calls import call
from tests.support.valkey import Valkey, free_port

pytestmark = [pytest.mark.anyio, pytest.mark.socket]


@pytest.fixture
def own(tmp_path):
    """A server of one test's own."""
    with Valkey(tmp_path) as server:
        yield server


def throttle_of(url, account="acme", calls=5, period=1, **options):
    ledger = RedisLedger(url, account=account, **options)
    return Throttle(calls, period, guard=0.5, pace="burst", ledger=ledger)


@asynccontextmanager
async def used(*throttles):
    """Throttles whose connections are closed in the end."""
    try:
        yield throttles[0] if len(throttles) == 1 else throttles
    finally:
        for throttle in throttles:
            await throttle._ledger.aclose()


async def until(met):
    """Wait until a condition is met, at most ten seconds."""
    for _ in range(1_000):
        if met():
            return
        await asyncio.sleep(0.01)
    raise AssertionError


async def failing(throttle):
    with pytest.raises(StorageError) as raised:
        await call(throttle)
    return raised.value.message


# Addresses


@pytest.mark.parametrize("url", ["http://127.0.0.1", "localhost:6379", ""])
async def test_a_wrong_url_is_refused_at_once(url):
    """The ledger can't be made with what is not the address of a Redis server."""
    with pytest.raises(InvalidArgument, match="is not the address of a Redis server"):
        RedisLedger(url, account="acme")


@pytest.mark.parametrize(("account", "share"), [("", None), ("acme", 0), ("acme", 1.5)])
async def test_an_account_without_a_name_and_no_share_are_refused(account, share):
    """A ledger needs the account's name, and a share is a part of the budget."""
    with pytest.raises(InvalidArgument, match="RedisLedger"):
        RedisLedger("redis://127.0.0.1", account=account, share=share)


async def test_a_server_that_is_not_there_fails_the_first_call():
    """The error names the address without the password, and says what to do; nothing was sent."""
    port = free_port()
    async with used(throttle_of(f"redis://me:secret@127.0.0.1:{port}/0")) as throttle:
        message = await failing(throttle)

    assert f"the throttle's ledger redis://127.0.0.1:{port}/0 can't be reached" in message
    assert "correct the URL" in message
    assert "secret" not in message


async def test_a_wrong_password_fails_the_first_call(tmp_path):
    """The error names the server and not the password; with the right one it works."""
    with Valkey(tmp_path, "--requirepass", "right") as server:
        async with used(throttle_of(server.url.replace("//", "//:wrong@"))) as throttle:
            message = await failing(throttle)
        async with used(throttle_of(server.url.replace("//", "//:right@"))) as throttle:
            await call(throttle)

    assert f"{server.url} refuses the user, the password" in message
    assert "wrong@" not in message


async def test_a_ledger_is_shown_without_its_password():
    """Neither repr nor location has it."""
    ledger = RedisLedger("rediss://me:secret@127.0.0.1:6380/1", account="acme")

    assert repr(ledger) == "RedisLedger('rediss://127.0.0.1:6380/1', account='acme')"


# Sharing


async def test_two_processes_share_the_limit(valkey):
    """Leases that one throttle holds are not free for another."""
    async with used(throttle_of(valkey.url, "shared"), throttle_of(valkey.url, "shared")) as (one, two):
        for _ in range(4):
            await call(one)
        await call(two)
        with pytest.raises(WouldWait):
            await two.acquire(Ticket(max_wait=SECOND // 10))

        assert two.snapshot().free == 0


async def test_a_refusal_stops_the_others_at_once(valkey):
    """A call that has its lease and has not left yet does not leave, as soon as the other process was notified."""
    async with used(throttle_of(valkey.url, "refused"), throttle_of(valkey.url, "refused")) as (one, two):
        await call(one)
        await call(two)
        first, second = await one.acquire(Ticket()), await two.acquire(Ticket())
        first.refused(30 * SECOND)
        await until(lambda: second.withheld)

        assert two.snapshot().closed_for > 20
        second.put_back()
        first.release()


async def test_keys_have_one_hash_tag_and_expire(valkey):
    """In a cluster all keys of an account are on one node, with any name; and no key stays for ever."""
    async with used(throttle_of(valkey.url, "a}b/c d")) as throttle:
        await call(throttle)
    with redis.Redis.from_url(valkey.url) as client:
        keys = list(client.scan_iter("harvest_async:{a%7Db*"))
        assert len(keys) == 2
        assert all(key.startswith(b"harvest_async:{a%7Db%2Fc%20d}:general") for key in keys)
        assert all(0 < client.ttl(key) < 2 * 3600 for key in keys)


async def test_a_disagreement_on_the_numbers_is_refused(valkey):
    """With both values, as long as calls of the other throttle are counted."""
    one, two = throttle_of(valkey.url, "numbers", calls=5), throttle_of(valkey.url, "numbers", calls=4)
    async with used(one, two):
        await call(one)
        with pytest.raises(InvalidArgument, match=r"calls=4.* has calls=5"):
            await call(two)
        await asyncio.sleep(1.1)
        await call(two)


async def test_a_script_that_the_server_forgot_is_sent_again(valkey):
    """After SCRIPT FLUSH the next call sends the text of the script; calls before and after it only its name."""
    with redis.Redis.from_url(valkey.url) as client:

        def texts_sent():
            return client.info("commandstats").get("cmdstat_eval", {"calls": 0})["calls"]

        async with used(throttle_of(valkey.url, "script")) as throttle:
            await call(throttle)
            known = texts_sent()
            await call(throttle)
            before = texts_sent()
            client.script_flush()
            await call(throttle)
            after = texts_sent()
            await call(throttle)

            assert before == known
            assert after > before
            assert texts_sent() == after
            assert throttle.snapshot().sent == 4


async def test_a_state_of_a_later_version_is_refused(valkey):
    """The error says that harvest-async has to be upgraded; the state stays."""
    with redis.Redis.from_url(valkey.url) as client:
        key = "harvest_async:{later}:general"
        client.hset(key, mapping={"version": "x.1", "state": '{"format": 99}', "at": "0 0"})
        async with used(throttle_of(valkey.url, "later")) as throttle:
            message = await failing(throttle)
        assert client.hget(key, "state") == b'{"format": 99}'

    assert "has format 99" in message
    assert "upgrade harvest-async" in message


async def test_a_state_that_cannot_be_read_begins_anew(valkey, caplog):
    """It is an account of which nothing is known."""
    with redis.Redis.from_url(valkey.url) as client:
        client.hset("harvest_async:{odd}:general", mapping={"version": "x.1", "state": "[", "at": "0 0"})
    async with used(throttle_of(valkey.url, "odd")) as throttle:
        await call(throttle)

    assert "can't be read" in caplog.text


async def test_a_throttle_that_is_dropped_leaves_nothing_in_memory(valkey):
    """Its ledger shares the connections with ledgers that are still in use."""
    async with used(throttle_of(valkey.url, "kept")) as kept:
        await call(kept)
        dropped = throttle_of(valkey.url, "dropped")
        await call(dropped)
        await dropped.flush()
        gate = ref(dropped._gate())
        dropped._gate()._access._heartbeat._timer.cancel()
        dropped._gate()._access._store.idle()
        del dropped
        gc.collect()
        assert gate() is None


async def test_entries_of_many_thousand_processes_are_read_and_removed(valkey):
    """Their number is not limited by the arguments of a command in a script, nor by the length of a line."""
    key = "harvest_async:{many}:general:entries"
    entries = {b"lease:%d" % number: b"lease:%d,%d,%s" % (number, number, b"e" * 20) for number in range(9_000)}
    with redis.Redis.from_url(valkey.url) as client:
        async with used(throttle_of(valkey.url, "many")) as throttle:
            await call(throttle)
            await throttle.flush()
            client.hset(key, mapping=entries)
            await call(throttle)
            await call(throttle)
            await throttle.flush()
            assert set(client.hkeys(key)).isdisjoint(entries)


# Failures


async def test_calls_go_on_after_the_server_was_restarted_empty(own, caplog):
    """What was sent is unknown then: all leases are held for one period."""
    async with used(throttle_of(own.url)) as throttle:
        for _ in range(3):
            await call(throttle)
        own.end()
        restarted = asyncio.get_running_loop().run_in_executor(None, own.start)
        began = asyncio.get_running_loop().time()
        await call(throttle)
        took = asyncio.get_running_loop().time() - began
        await restarted

    assert took >= 1
    assert "lost what it stored" in caplog.text


async def test_calls_fail_while_the_server_is_away_and_go_on_after_it(own, monkeypatch):
    """With an error that names it; once it is back, calls are sent again."""
    monkeypatch.setattr("harvest_async.throttle.remote_exchange._PATIENCE", SECOND // 5)
    async with used(throttle_of(own.url)) as throttle:
        await call(throttle)
        own.end()
        message = await failing(throttle)
        assert "can't be reached" in message
        assert own.url in message
        own.start()
        await call(throttle)


async def test_a_share_is_used_while_the_server_is_away(own, monkeypatch):
    """After one period without calls, no more than the share; the server is used again when it is back."""
    monkeypatch.setattr("harvest_async.throttle.remote_exchange._PATIENCE", SECOND // 5)
    async with used(throttle_of(own.url, share=2 / 5)) as throttle:
        await call(throttle)
        own.end()
        loop = asyncio.get_running_loop()
        began, times = loop.time(), []
        for _ in range(6):
            await call(throttle)
            times.append(loop.time() - began)
        own.start()
        await until(lambda: throttle._gate()._access._alone is None)
        await call(throttle)

    assert times[0] >= 1
    assert times[2] - times[0] >= 1
    assert times[4] - times[2] >= 1


async def test_without_enough_calls_for_a_share_calls_fail(own, monkeypatch):
    """A share of less than one call is none."""
    monkeypatch.setattr("harvest_async.throttle.remote_exchange._PATIENCE", 0)
    async with used(throttle_of(own.url, share=1 / 10)) as throttle:
        await call(throttle)
        own.end()
        assert "can't be reached" in await failing(throttle)


async def test_a_replica_is_refused(own, tmp_path_factory, monkeypatch):
    """A read-only replica is named as one; the primary's URL is needed."""
    monkeypatch.setattr("harvest_async.throttle.remote_exchange._PATIENCE", SECOND // 5)
    folder = tmp_path_factory.mktemp("replica")
    with Valkey(folder, "--replicaof", "127.0.0.1", str(own.port)) as replica:
        async with used(throttle_of(replica.url)) as throttle:
            message = await failing(throttle)

    assert f"{replica.url} is a replica" in message


async def test_a_server_without_memory_is_refused(tmp_path):
    """With `noeviction` it takes no more writes, and the error says so."""
    with Valkey(tmp_path, "--maxmemory", "1", "--maxmemory-policy", "noeviction") as server:
        async with used(throttle_of(server.url)) as throttle:
            message = await failing(throttle)

    assert "is out of memory" in message


async def test_a_key_that_was_evicted_is_a_loss(valkey, caplog):
    """With another policy the server may delete the state: all leases are held for one period."""
    async with used(throttle_of(valkey.url, "evicted")) as throttle:
        await call(throttle)
        with redis.Redis.from_url(valkey.url) as client:
            client.delete("harvest_async:{evicted}:general")
        began = asyncio.get_running_loop().time()
        await call(throttle)

    assert asyncio.get_running_loop().time() - began >= 1
    assert "lost what it stored" in caplog.text


async def test_the_node_of_a_cluster_that_has_the_keys_is_found(tmp_path_factory):
    """A node that does not have them names the one that has."""
    folders = [tmp_path_factory.mktemp(f"node{number}") for number in range(2)]
    options = ["--cluster-enabled", "yes", "--cluster-require-full-coverage", "no"]
    with Valkey(folders[0], *options) as first, Valkey(folders[1], *options) as second:  # noqa: SIM117
        with redis.Redis(port=first.port) as one, redis.Redis(port=second.port) as two:
            one.execute_command("CLUSTER ADDSLOTSRANGE 0 8191")
            two.execute_command("CLUSTER ADDSLOTSRANGE 8192 16383")
            one.execute_command("CLUSTER MEET", "127.0.0.1", second.port)
            for client in (one, two):
                await until(partial(_knows_both, client))
            for account in ("a", "b", "c", "d"):
                async with used(throttle_of(first.url, account)) as throttle:
                    await call(throttle)
            assert one.dbsize() > 0
            assert two.dbsize() > 0


def _knows_both(client):
    """Return whether a node of a cluster knows which node has which keys."""
    known = len(client.execute_command("CLUSTER SLOTS")) == 2
    return known and client.execute_command("CLUSTER INFO")["cluster_state"] == "ok"


async def test_the_last_ends_are_written_before_the_loop_ends(valkey):
    """A plain program that ends after its last call leaves no lease that seems to be in flight."""

    async def program():
        async def respond(_):
            return httpx.Response(200)

        throttle = throttle_of(valkey.url, "ending")
        transport = ThrottledTransport(httpx.MockTransport(respond), throttle)
        async with httpx.AsyncClient(transport=transport) as client:
            await asyncio.gather(*(client.get("https://a.example") for _ in range(3)))

    await asyncio.to_thread(asyncio.run, program())
    async with used(throttle_of(valkey.url, "ending")) as throttle:
        await call(throttle)

        assert (throttle.snapshot().in_flight, throttle.snapshot().sent) == (1, 4)


def test_importing_the_package_does_not_load_redis():
    """The library of the server is loaded by the first ledger on one."""
    code = "import harvest_async, sys; print('redis' in sys.modules, harvest_async.RedisLedger.__name__)"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False RedisLedger\n"


# The end


def connected(server):
    """Return how many clients the server has, without the one that asks."""
    with redis.Redis(port=server.port) as client:
        return len(client.client_list()) - 1


async def test_closing_writes_what_is_left_and_leaves_no_connection(own):
    """Not even if the end of a call was not stored yet: it is written over the connections that are closed then."""
    tasks = asyncio.all_tasks()
    throttle = throttle_of(own.url)
    lease = await throttle.acquire(Ticket())
    lease.put_back()
    await throttle._ledger.aclose()

    await until(lambda: not connected(own))
    assert asyncio.all_tasks() == tasks
    async with used(throttle_of(own.url)) as other:
        lease = await other.acquire(Ticket(max_wait=SECOND // 10))  # it would wait if the first one had not ended
        lease.put_back()


async def test_the_connection_for_notices_is_closed_once_nobody_listens(own):
    """And is there again when somebody listens."""
    tasks, notices = asyncio.all_tasks(), []
    connection = RedisConnection(own.url)
    connection.listen("channel", notices.append)
    await until(lambda: connected(own) == 2)
    connection.ignore("channel", notices.append)
    await until(lambda: asyncio.all_tasks() == tasks)
    connection.listen("channel", notices.append)
    with redis.Redis(port=own.port) as client:
        await until(lambda: client.publish("channel", "hello"))
    await until(lambda: notices == [b"hello"])
    await connection.aclose()

    assert asyncio.all_tasks() == tasks


async def test_a_closed_connection_opens_no_other(own):
    """A ledger that begins to listen to what was closed meanwhile waits for its next exchange."""
    tasks = asyncio.all_tasks()
    connection = RedisConnection(own.url)
    await connection.aclose()
    connection.listen("channel", print)

    assert asyncio.all_tasks() == tasks


async def test_who_begins_to_listen_while_the_connection_is_made_gets_notices(own):
    """A second channel is subscribed to although the first was asked for already."""
    notices = []
    connection = RedisConnection(own.url)
    connection.listen("first", notices.append)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    connection.listen("second", notices.append)
    with redis.Redis(port=own.port) as client:
        await until(lambda: client.publish("second", "hello"))
    await until(lambda: notices)
    await connection.aclose()

    assert notices == [b"hello"]
