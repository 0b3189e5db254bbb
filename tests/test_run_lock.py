"""Run locks: one suite over memory, SQLite and a real Valkey server."""

import asyncio
import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvest_async.clock import SECOND, SystemClock
from harvest_async.errors import InvalidArgument, StorageError
from harvest_async.run_lock import (
    LockHeld,
    LockLost,
    MemoryRunLocks,
    RedisRunLocks,
    SqliteRunLocks,
    hold,
    new_owner,
)
from harvest_async.testing import VirtualClock
from harvest_async.throttle.ledgers.sqlite import SqliteLedger
from tests.support.valkey import Valkey

pytestmark = pytest.mark.anyio

LEASE = 0.3
"""Seconds of a lease in tests over real time."""
LONG = 30
"""Seconds of a lease that does not end during a test."""


class Skewed:
    """A clock that is ahead of the machine's, as another machine's may be, and can be moved on."""

    def __init__(self, seconds=0.0):
        self.seconds = seconds

    def now(self):
        return SystemClock().now() + round(self.seconds * SECOND)


class Stores:
    """Returns stores of the same locks, each as another process sees it.

    Args:
        make: returns a store, given how many there are.
        clock: the clock of stores in this process; None for those of a server, which has its own.
    """

    def __init__(self, make, clock=None):
        self.made = []
        self._make = make
        self._clock = clock

    def __call__(self):
        self.made.append(self._make(len(self.made)))
        return self.made[-1]

    async def pass_time(self, seconds):
        """Let time pass for the locks: at once where their clock can be moved."""
        if self._clock is None:
            await asyncio.sleep(seconds)
        else:
            self._clock.seconds += seconds


@pytest.fixture(params=["memory", "sqlite", "valkey"])
async def stores(request, tmp_path):
    """The stores of one kind; see `Stores`."""
    clock = Skewed()
    if request.param == "memory":
        one = MemoryRunLocks(clock=clock)
        yield Stores(lambda _: one, clock)
        return
    if request.param == "sqlite":
        found = Stores(lambda _: SqliteRunLocks(tmp_path / "locks.sqlite3", clock=clock), clock)
    else:
        server = request.getfixturevalue("valkey")
        found = Stores(lambda number: RedisRunLocks(server.url, clock=Skewed(300 * number)))
        await data_is_known(found())
    yield found
    for each in found.made:
        if isinstance(each, RedisRunLocks):
            await each.aclose()
        else:
            each.close()


async def data_is_known(locks):
    """Let the server have had its data for an hour."""
    client = await locks._clients.get()
    await client.set("harvest_async:data-since", round((time.time() - 3600) * 1_000_000))


@pytest.fixture
def account():
    """An account that no other test uses."""
    return f"acme-{new_owner()}"


async def test_one_owner_at_a_time(stores, account):
    """A lock that one owner holds is refused to another, with the holder and the time left."""
    one, two = stores(), stores()
    await one.acquire(account, "first", LONG)

    with pytest.raises(LockHeld, match="the run first is writing") as refused:
        await two.acquire(account, "second", LONG)
    assert 0 < refused.value.retry_after <= LONG
    assert refused.value.holder.is_held


async def test_the_same_owner_gets_the_same_lock_again(stores, account):
    """An acquire whose response was lost can be repeated: the token is the same."""
    one = stores()
    first = await one.acquire(account, "first", LONG)

    assert (await one.acquire(account, "first", LONG)).token == first.token


async def test_tokens_grow(stores, account):
    """Each holder gets a greater token, whether the one before released the lock or let it end."""
    one, two = stores(), stores()
    first = await one.acquire(account, "first", LONG)
    await one.release(first)
    second = await two.acquire(account, "second", 0.05)
    await stores.pass_time(0.1)
    third = await one.acquire(account, "first", LONG)

    assert first.token < second.token < third.token


async def test_a_renewed_lock_outlives_its_first_lease(stores, account):
    """A lock that is renewed is held longer than one lease."""
    one, two = stores(), stores()
    lock = await one.acquire(account, "first", LEASE)
    for _ in range(4):
        await stores.pass_time(LEASE / 3)
        lock = await one.renew(lock)

    with pytest.raises(LockHeld):
        await two.acquire(account, "second", LEASE)
    assert lock.is_valid(one.clock)


async def test_a_lock_that_others_took_is_lost(stores, account):
    """The renewal and the release of a lock that another owner has taken change nothing."""
    one, two = stores(), stores()
    lost = await one.acquire(account, "first", 0.05)
    await stores.pass_time(0.1)
    taken = await two.acquire(account, "second", LONG)

    assert not lost.is_valid(one.clock)
    with pytest.raises(LockLost, match="another run has taken its lock"):
        await one.renew(lost)
    await one.release(lost)
    assert (await one.holder(account)).token == taken.token
    assert (await one.holder(account)).is_held


async def test_a_released_lock_is_not_renewed(stores, account):
    """A lock ends with its release."""
    one = stores()
    lock = await one.acquire(account, "first", LONG)
    await one.release(lock)

    with pytest.raises(LockLost):
        await one.renew(lock)


async def test_the_holder_is_known(stores, account):
    """The last holder and its heartbeat are known while it holds the lock and after."""
    one, two = stores(), stores()
    assert await two.holder(account) is None
    lock = await one.acquire(account, "first", LONG)
    seen = await two.holder(account)

    assert (seen.owner, seen.token, seen.is_held) == ("first", lock.token, True)
    assert 0 <= seen.heartbeat_age < LONG
    assert 0 < seen.expires_in <= LONG
    await one.release(lock)
    assert (await two.holder(account)).expires_in == 0


async def test_quiet_counts_from_the_end_of_a_dead_run(stores, account):
    """After a run that died, the account is quiet since its lease has ended."""
    one, two = stores(), stores()
    await one.acquire(account, "first", 0.05)
    await stores.pass_time(0.15)
    lock = await two.acquire(account, "second", LEASE)

    assert 0.05 <= lock.quiet(two.clock) < 30


async def test_quiet_counts_from_a_release_with_work_left(stores, account):
    """After a release whose writes have unknown outcomes, the account is quiet since that release."""
    one, two = stores(), stores()
    await one.release(await one.acquire(account, "first", LONG), clean=False)
    lock = await two.acquire(account, "second", LONG)

    assert 0 <= lock.quiet(two.clock) < LONG


async def test_after_clean_work_nothing_has_to_be_waited_for(stores, account):
    """After a release with all work done, the next run need not wait."""
    one, two = stores(), stores()
    await one.release(await one.acquire(account, "first", LONG))

    assert (await two.acquire(account, "second", LONG)).quiet(two.clock) > 60


async def test_accounts_have_locks_of_their_own(stores, account):
    """One account's lock does not concern another account."""
    one, two = stores(), stores()
    await one.acquire(account, "first", LONG)

    assert (await two.acquire(f"{account}-other", "second", LONG)).owner == "second"


@pytest.mark.parametrize(("name", "owner", "lease"), [("", "a", 1), ("a", "", 1), ("a", "b", 0), ("a", "b", 3601)])
async def test_arguments_are_checked(stores, name, owner, lease):
    """Empty names and leases out of bounds are refused."""
    with pytest.raises(InvalidArgument):
        await stores().acquire(name, owner, lease)


# Holding


async def test_held_work_keeps_its_lock(stores, account):
    """Work that takes several leases keeps the lock, and may write all the time."""
    one, two = stores(), stores()
    async with hold(one, account, lease=LEASE) as lock:
        for _ in range(6):
            await asyncio.sleep(LEASE / 3)
            lock.check()
            with pytest.raises(LockHeld):
                await two.acquire(account, "second", LEASE)
    assert not (await two.holder(account)).is_held


async def test_work_waits_for_its_turn(stores, account):
    """With a wait, a second run begins when the first has ended."""
    one, two, order = stores(), stores(), []

    async def first():
        async with hold(one, account, lease=LEASE):
            order.append("first begins")
            await asyncio.sleep(LEASE)
            order.append("first ends")

    async def second():
        await asyncio.sleep(LEASE / 3)
        async with hold(two, account, lease=LEASE, wait=5):
            order.append("second begins")

    await asyncio.gather(first(), second())
    assert order == ["first begins", "first ends", "second begins"]


async def test_no_wait_is_an_error(stores, account):
    """Without a wait, the second run is refused at once; with a short one, after that time."""
    one, two = stores(), stores()
    async with hold(one, account, lease=LEASE):
        for wait in (0, 0.05):
            with pytest.raises(LockHeld):
                async with hold(two, account, lease=LEASE, wait=wait):
                    pass


class SlowLocks(MemoryRunLocks):
    """Locks on a server whose response takes a while."""

    async def acquire(self, account, owner, lease):
        lock = await super().acquire(account, owner, lease)
        await asyncio.sleep(0.01)
        return lock


async def cancelled_while_it_acquires(locks):
    """A run that the store gave the lock, and that was cancelled before it got the response."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.005), hold(locks, "acme", lease=LONG):
            raise AssertionError


async def test_a_run_that_was_cancelled_while_it_acquired_its_lock_holds_none():
    """The next run need not wait: nothing was sent."""
    locks = SlowLocks()
    await cancelled_while_it_acquires(locks)

    assert (await locks.acquire("acme", "next", LONG)).quiet_since is None


async def test_an_earlier_run_is_waited_for_after_one_that_was_cancelled_while_it_acquired_its_lock():
    """What the earlier run sent may still be processed."""
    locks = SlowLocks()
    await locks.release(await locks.acquire("acme", "earlier", LONG), clean=False)
    await cancelled_while_it_acquires(locks)

    assert (await locks.acquire("acme", "next", LONG)).quiet_since is not None


async def test_work_is_cancelled_when_its_lock_is_lost(stores, account):
    """Work whose lock another run has taken is cancelled, and may not write."""
    one, two, seen = stores(), stores(), []

    async def work():
        async with hold(one, account, lease=LEASE) as lock:
            await two.release(lock.lock)
            await two.acquire(account, "second", 5)
            try:
                await asyncio.Event().wait()
            finally:
                with pytest.raises(LockLost):
                    lock.check()
                seen.append("cancelled")

    with pytest.raises(LockLost):
        await work()
    assert seen == ["cancelled"]


async def test_failed_work_makes_the_next_run_wait(stores, account):
    """After an error of the block, the next run waits until what was sent can't be processed any more."""
    one, two = stores(), stores()

    async def fail():
        async with hold(one, account, lease=LEASE):
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with hold(two, account, lease=LEASE) as lock:
        assert lock.lock.quiet(two.clock) < 30
        await lock.wait_until_quiet(0.2)
        assert lock.lock.quiet(two.clock) >= 0.2

    async with hold(one, account, lease=LEASE) as lock:
        await asyncio.wait_for(lock.wait_until_quiet(60), 30)


async def test_a_failure_before_the_first_write_lets_nobody_wait(stores, account):
    """After an error of a block that has waited, and has not checked whether it may write, the next run need not wait."""
    one, two = stores(), stores()

    async def fail():
        async with hold(one, account, lease=LEASE) as lock:
            await lock.wait_until_quiet(0.1)
            raise KeyError

    with pytest.raises(KeyError):
        await fail()
    async with hold(two, account, lease=LEASE) as lock:
        assert lock.lock.quiet(two.clock) > 60


# Stores of their own kind


async def test_the_file_of_a_ledger_can_be_used(tmp_path, account):
    """Run locks and a ledger can share a file."""
    ledger, locks = SqliteLedger(tmp_path / "state.db", account), SqliteRunLocks(tmp_path / "state.db")
    ledger.transact(lambda state: state.forget())
    lock = await locks.acquire(account, "first", LEASE)

    assert lock.token == 1
    assert repr(locks) == f"SqliteRunLocks({str(tmp_path / 'state.db')!r})"
    ledger.close()
    locks.close()


async def test_a_machine_that_started_again_has_no_holders(tmp_path):
    """A heartbeat in the future is of the machine's start before: its holder is dead, and quiet counts from now."""
    clock = VirtualClock()
    clock.moment = 1_000 * SECOND
    locks = SqliteRunLocks(tmp_path / "locks.db", clock=clock)
    await locks.acquire("acme", "first", 30)
    clock.moment = 5 * SECOND
    lock = await locks.acquire("acme", "second", 30)

    assert (lock.token, lock.quiet(clock)) == (2, 0)
    locks.close()


async def test_a_file_that_others_keep_locked(tmp_path, monkeypatch):
    """A file that another process keeps locked is an error after some seconds."""
    monkeypatch.setattr("harvest_async.run_lock.sqlite._PATIENCE", 0.05)
    one, two = SqliteRunLocks(tmp_path / "locks.db"), SqliteRunLocks(tmp_path / "locks.db")
    await one.acquire("acme", "first", LEASE)

    def keep(database):
        database.execute("begin exclusive")

    one._file.use(keep)
    with pytest.raises(StorageError, match="kept the file locked"):
        await two.acquire("acme", "second", LEASE)
    one.close()
    two.close()


async def test_a_server_that_is_down(tmp_path):
    """A server that can't be reached is an error that names it without its password."""
    server = Valkey(tmp_path)
    locks = RedisRunLocks(f"redis://me:secret@127.0.0.1:{server.port}/0")

    with pytest.raises(
        StorageError, match=f"the run locks on redis://127.0.0.1:{server.port}/0 can't be reached"
    ) as down:
        await locks.acquire("acme", "first", LEASE)
    assert "secret" not in str(down.value)
    assert "secret" not in repr(locks)
    await locks.aclose()


def test_a_wrong_address_is_refused_at_once():
    """An address of something else is refused before anything is sent."""
    with pytest.raises(InvalidArgument, match="not the address of a Redis server"):
        RedisRunLocks("http://127.0.0.1:6379")


async def test_a_server_that_lost_its_data_gives_no_lock_away(tmp_path, account):
    """A server that restarts empty gives no lock for the length of a lease, and the holder's renewal restores its own."""
    with Valkey(tmp_path) as server:
        one, two = RedisRunLocks(server.url), RedisRunLocks(server.url)
        await data_is_known(one)
        lock = await one.acquire(account, "first", 3 * LEASE)
        server.end()
        with pytest.raises(StorageError):
            await one.renew(lock)
        server.start()

        with pytest.raises(LockHeld, match="began empty") as refused:
            await two.acquire(account, "second", 3 * LEASE)
        assert refused.value.holder is None
        renewed = await one.renew(lock)
        assert renewed.token == lock.token
        await asyncio.sleep(refused.value.retry_after / 2)
        await one.renew(renewed)
        await asyncio.sleep(refused.value.retry_after / 2)
        with pytest.raises(LockHeld, match="the run first is writing"):
            await two.acquire(account, "second", LEASE)
        for each in (one, two):
            await each.aclose()


async def test_after_an_empty_restart_the_account_counts_as_quiet_since_then(tmp_path, account):
    """A run that finds no record on a server with young data waits as if a run had just ended."""
    with Valkey(tmp_path) as server:
        locks = RedisRunLocks(server.url)
        async with hold(locks, account, lease=LEASE, wait=5) as lock:
            assert lock.lock.quiet(locks.clock) < 3 * LEASE
        await locks.aclose()


async def test_held_work_survives_a_restart_of_the_server(tmp_path, account):
    """Work goes on if the server is back before its lease has ended."""
    with Valkey(tmp_path) as server:
        locks = RedisRunLocks(server.url)
        await data_is_known(locks)
        async with hold(locks, account, lease=1) as lock:
            server.end()
            server.start()
            await asyncio.sleep(1.2)
            lock.check()
        await locks.aclose()


async def test_held_work_ends_with_its_lease_if_the_server_stays_down(tmp_path, account):
    """Work is cancelled when its lease has ended and the server can't be reached."""
    with Valkey(tmp_path) as server:
        locks = RedisRunLocks(server.url)
        await data_is_known(locks)

        async def work():
            async with hold(locks, account, lease=LEASE):
                server.end()
                await asyncio.Event().wait()

        with pytest.raises(LockLost, match="could not be renewed"):
            await work()
        await locks.aclose()


# Any schedule


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["acquire", "renew", "release", "pass"])), max_size=40))
def test_never_two_holders(steps):
    """Whichever steps three runs take, however long they pause, at most one of them may write at any time."""
    clock = VirtualClock()
    locks, held = MemoryRunLocks(clock=clock), {}

    async def do(who, what):
        if what == "pass":
            clock.advance(0.4 * (who + 1))
        elif what == "acquire":
            held[who] = await locks.acquire("acme", str(who), 1)
        elif who in held and what == "renew":
            held[who] = await locks.renew(held[who])
        elif who in held:
            await locks.release(held.pop(who))

    for who, what in steps:
        with contextlib.suppress(LockHeld, LockLost):
            asyncio.run(do(who, what))
        assert sum(lock.is_valid(clock) for lock in held.values()) <= 1


@pytest.mark.parametrize(("seconds", "shown"), [(0.004, "0.1 s"), (0.3, "0.3 s"), (1.1, "1.1 s"), (2.31, "2.4 s")])
def test_the_time_until_a_lock_is_free_is_rounded_up(seconds, shown):
    """Who tries again after the time in the message does not come too early."""
    assert f"Try again in {shown}," in str(LockHeld("acme", None, seconds))
